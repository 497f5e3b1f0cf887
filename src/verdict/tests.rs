use super::*;
use crate::exits::PathId::{DirectTransfer, Leave, SelfClosure};
use crate::model::fixture::{self, DENY_ALL_EXITS, DENY_LEAVE, FULL, attach, gap, node, policy_id};
use crate::model::organization::{AccountState, FeatureSet, PolicyTypeState};
use crate::model::{Observed, Snapshot};

const MEMBER: &str = "222222222222";

fn answer(snapshot: &Snapshot, path: crate::exits::PathId) -> Answer {
    let judgement = judge(snapshot);
    let standing = judgement
        .standings
        .get(&fixture::account_id(MEMBER))
        .unwrap();
    standing.verdict(path).unwrap().clone()
}

#[test]
fn without_a_guard_every_path_is_open_and_the_management_account_stands_outside() {
    let snapshot = fixture::organization();
    for path in [Leave, DirectTransfer, SelfClosure] {
        assert_eq!(
            answer(&snapshot, path),
            Answer::Open(Opening::NoGuard { dead: vec![] })
        );
    }
    let judgement = judge(&snapshot);
    let management = fixture::account_id(fixture::MANAGEMENT);
    assert_eq!(
        judgement.standings.get(&management),
        Some(&Standing::Management)
    );
}

#[test]
fn a_deny_of_leave_alone_leaves_the_transfer_to_aws_pages() {
    let mut snapshot = fixture::organization();
    attach(
        &mut snapshot,
        "p-leave000",
        DENY_LEAVE,
        &["ou-ab12-11111111"],
    );
    let Answer::Blocked(Block::Deny(by)) = answer(&snapshot, Leave) else {
        panic!("blocked")
    };
    assert_eq!(
        (by.level, by.number, by.sid.as_deref()),
        (1, 1, Some("NoLeave"))
    );
    assert_eq!(
        answer(&snapshot, DirectTransfer),
        Answer::Undetermined(vec![Hinge::PagesDisagree])
    );
    assert!(matches!(answer(&snapshot, SelfClosure), Answer::Open(_)));
}

#[test]
fn an_arn_never_binds_leave_and_the_dead_deny_is_named() {
    let mut snapshot = fixture::organization();
    let text = DENY_LEAVE.replace(
        "\"Resource\":\"*\"",
        "\"Resource\":\"arn:aws:organizations::*:account/*\"",
    );
    attach(&mut snapshot, "p-dead0000", &text, &["r-ab12"]);
    let Answer::Open(Opening::NoGuard { dead }) = answer(&snapshot, Leave) else {
        panic!("open")
    };
    assert_eq!(dead.len(), 1);
    assert_eq!(dead.first().unwrap().policy, policy_id("p-dead0000"));
}

#[test]
fn an_exemption_is_proved_and_shown_with_a_request_that_gets_through() {
    let mut snapshot = fixture::organization();
    let text = DENY_LEAVE.replace(
        "\"Resource\":\"*\"",
        r#""Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/OrgAdmin*"}}"#,
    );
    attach(&mut snapshot, "p-cond0000", &text, &["r-ab12"]);
    let Answer::Conditional { exemptions, .. } = answer(&snapshot, Leave) else {
        panic!("conditional")
    };
    assert_eq!(
        exemptions.len(),
        1,
        "roles, also those in a path that begins so: {exemptions:?}"
    );
    assert_eq!(
        exemptions[0].sentence(),
        "any role whose ARN matches `arn:aws:iam::*:role/OrgAdmin*`"
    );
    assert_eq!(exemptions[0].grade, Grade::SelfService);
    assert_eq!(
        exemptions[0].principal,
        format!("arn:aws:iam::{MEMBER}:role/OrgAdmin")
    );
    // A second level that exempts a different role blocks everyone.
    let other = text.replace("OrgAdmin*", "BreakGlass");
    attach(&mut snapshot, "p-cond0001", &other, &["ou-ab12-11111111"]);
    let Answer::Blocked(Block::Together(by)) = answer(&snapshot, Leave) else {
        panic!("blocked")
    };
    assert_eq!(by.len(), 2);
}

#[test]
fn transition_ous_are_carved_out_and_everybody_else_is_blocked() {
    use crate::plan::Guard;
    let mut snapshot = fixture::organization();
    fixture::add_account(
        &mut snapshot,
        "333333333333",
        &["r-ab12", "ou-ab12-22222222"],
    );
    attach(
        &mut snapshot,
        FULL,
        fixture::ALLOW_ALL,
        &["ou-ab12-22222222"],
    );
    let transition = ["ou-ab12-22222222".parse().unwrap()].into();
    let guard = Guard::for_organization(&snapshot, &transition, true);
    attach(&mut snapshot, "p-guard000", &guard.text(), &["r-ab12"]);
    for path in [Leave, DirectTransfer, SelfClosure] {
        assert!(
            answer(&snapshot, path).is_blocked(),
            "{path}: {:?}",
            answer(&snapshot, path)
        );
    }
    let judgement = judge(&snapshot);
    let leaving = judgement
        .standings
        .get(&fixture::account_id("333333333333"))
        .unwrap();
    assert!(matches!(leaving.verdict(Leave), Some(Answer::Open(_))));
    assert!(leaving.verdict(SelfClosure).unwrap().is_blocked());
}

#[test]
fn a_key_compared_with_another_key_is_decided_by_requests_that_show_both() {
    let mut snapshot = fixture::organization();
    let text = DENY_LEAVE.replace(
        "\"Resource\":\"*\"",
        r#""Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalTag/owner":"${aws:username}"}}"#,
    );
    attach(&mut snapshot, "p-cond0000", &text, &["r-ab12"]);
    let Answer::Conditional { exemptions, .. } = answer(&snapshot, Leave) else {
        panic!("conditional")
    };
    let one = exemptions.first().unwrap();
    let name = one.principal.rsplit('/').next().unwrap();
    for key in ["aws:username", "aws:principaltag/owner"] {
        assert_eq!(one.context[key], Some(vec![name.to_owned()]), "{one:?}");
    }
    attach(&mut snapshot, "p-leave000", DENY_LEAVE, &[MEMBER]);
    assert!(answer(&snapshot, Leave).is_blocked());
}

#[test]
fn what_aws_does_not_document_is_not_guessed() {
    let mut snapshot = fixture::organization();
    let text = DENY_LEAVE.replace(
        "\"Resource\":\"*\"",
        r#""Resource":"*","Condition":{"StringNotLike":{"aws:PrincipalOrgPaths":"o-other00000/*"}}"#,
    );
    attach(&mut snapshot, "p-cond0000", &text, &["r-ab12"]);
    let Answer::Undetermined(hinges) = answer(&snapshot, Leave) else {
        panic!("undetermined")
    };
    let [Hinge::Statement { why, .. }] = hinges.as_slice() else {
        panic!("{hinges:?}")
    };
    assert_eq!(
        why,
        &["condition StringNotLike aws:PrincipalOrgPaths [o-other00000/*]"]
    );
    // A second, unconditional deny makes the condition irrelevant.
    attach(&mut snapshot, "p-leave000", DENY_LEAVE, &[MEMBER]);
    assert!(answer(&snapshot, Leave).is_blocked());
}

#[test]
fn a_wildcard_in_the_resource_type_counts_only_if_both_readings_agree() {
    let accept = |resource: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":"organizations:AcceptHandshake","Resource":{resource}}}]}}"#
        )
    };
    let cases = [
        (r#""arn:aws:organizations::*:hand*/*""#, "undetermined"),
        (r#"["arn:aws:organizations::*:hand*/*","*"]"#, "blocked"),
        (r#""arn:aws:organizations::*:*""#, "blocked"),
        // Neither reading covers a foreign invitation.
        (r#""arn:aws:organizations::*:pol*/*""#, "open"),
        (r#""arn:aws:iam::*:r*""#, "open"),
    ];
    for (number, (resource, expected)) in cases.into_iter().enumerate() {
        let mut snapshot = fixture::organization();
        attach(
            &mut snapshot,
            &format!("p-type000{number}"),
            &accept(resource),
            &["r-ab12"],
        );
        let found = answer(&snapshot, DirectTransfer);
        assert_eq!(found.word(), expected, "{resource}: {found:?}");
    }
}

#[test]
fn a_level_without_an_allow_blocks_and_says_so() {
    let mut snapshot = fixture::organization();
    let allow = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    snapshot.attachments.by_policy.insert(
        policy_id(FULL),
        Observed::Known(vec![node("r-ab12"), node(MEMBER)]),
    );
    attach(&mut snapshot, "p-allow000", allow, &["ou-ab12-11111111"]);
    assert_eq!(
        answer(&snapshot, Leave),
        Answer::Blocked(Block::NoAllow { level: 1 })
    );
}

#[test]
fn what_could_not_be_read_is_never_protected() {
    let mut snapshot = fixture::organization();
    attach(&mut snapshot, "p-exits000", DENY_ALL_EXITS, &["r-ab12"]);
    assert!(answer(&snapshot, Leave).is_blocked());
    let policy = snapshot.policies.get_mut(&policy_id("p-exits000")).unwrap();
    policy.content = Observed::Unknown(gap("organizations:DescribePolicy"));
    let Answer::Undetermined(hinges) = answer(&snapshot, Leave) else {
        panic!("undetermined")
    };
    assert!(hinges.iter().all(Hinge::is_gap));
    snapshot.organization = Observed::Unknown(gap("organizations:DescribeOrganization"));
    assert!(matches!(answer(&snapshot, Leave), Answer::Undetermined(_)));
}

#[test]
fn a_text_that_aws_would_refuse_is_no_guard() {
    let mut snapshot = fixture::organization();
    let text = DENY_LEAVE.replace("\"Effect\"", "\"Effect\":\"Deny\",\"Effect\"");
    attach(&mut snapshot, "p-twice000", &text, &["r-ab12"]);
    let Answer::Undetermined(hinges) = answer(&snapshot, Leave) else {
        panic!("undetermined")
    };
    let [Hinge::BadPolicy { problem, .. }] = hinges.as_slice() else {
        panic!("{hinges:?}")
    };
    assert!(problem.contains("`Effect` stands twice"), "{problem}");
}

#[test]
fn scps_that_are_off_protect_nobody() {
    let mut snapshot = fixture::organization();
    attach(&mut snapshot, "p-exits000", DENY_ALL_EXITS, &["r-ab12"]);
    let Observed::Known(root) = &mut snapshot.root else {
        panic!("known")
    };
    root.scp_state = PolicyTypeState::NotEnabled;
    assert_eq!(
        answer(&snapshot, Leave),
        Answer::Open(Opening::NoScps(NoScps::TypeNotEnabled))
    );
    let Observed::Known(root) = &mut snapshot.root else {
        panic!("known")
    };
    root.scp_state = PolicyTypeState::PendingDisable;
    assert_eq!(
        answer(&snapshot, Leave),
        Answer::Undetermined(vec![Hinge::TypeState("PENDING_DISABLE".to_owned())])
    );
    let Observed::Known(organization) = &mut snapshot.organization else {
        panic!("known")
    };
    organization.feature_set = FeatureSet::ConsolidatedBilling;
    assert_eq!(
        answer(&snapshot, Leave),
        Answer::Open(Opening::NoScps(NoScps::ConsolidatedBilling))
    );
}

#[test]
fn closed_accounts_are_listed_and_unknown_states_are_judged() {
    let mut snapshot = fixture::organization();
    let member = fixture::account_id(MEMBER);
    let set = |snapshot: &mut Snapshot, state| {
        let Observed::Known(accounts) = &mut snapshot.accounts else {
            panic!("known")
        };
        accounts.get_mut(&member).unwrap().state = state;
    };
    set(&mut snapshot, Some(AccountState::Closed));
    assert_eq!(
        judge(&snapshot).standings.get(&member),
        Some(&Standing::NotActing(AccountState::Closed))
    );
    for state in [None, Some(AccountState::from("NEW_WORD"))] {
        set(&mut snapshot, state);
        assert!(matches!(answer(&snapshot, Leave), Answer::Open(_)));
    }
}

#[test]
fn a_guarded_root_settles_everything_below_it() {
    let mut snapshot = fixture::organization();
    let root = [node("r-ab12")];
    assert!(!settled(&snapshot, &root));
    attach(&mut snapshot, "p-leave000", DENY_LEAVE, &["r-ab12"]);
    assert!(!settled(&snapshot, &root), "the transfer is still open");
    attach(&mut snapshot, "p-exits000", DENY_ALL_EXITS, &["r-ab12"]);
    assert!(settled(&snapshot, &root));
    // Nothing else needs to have been read.
    snapshot.policies_listed = Observed::Unknown(gap("organizations:ListPolicies"));
    assert!(settled(&snapshot, &root));
    assert!(answer(&snapshot, Leave).is_blocked());
}

#[test]
fn an_account_whose_place_is_unknown_is_proved_by_the_root_alone() {
    let mut snapshot = fixture::organization();
    let Observed::Known(accounts) = &mut snapshot.accounts else {
        panic!("known")
    };
    accounts
        .get_mut(&fixture::account_id(MEMBER))
        .unwrap()
        .parents = Observed::Unknown(gap("organizations:ListAccounts"));
    assert!(matches!(answer(&snapshot, Leave), Answer::Undetermined(_)));
    attach(&mut snapshot, "p-exits000", DENY_ALL_EXITS, &["r-ab12"]);
    assert!(answer(&snapshot, Leave).is_blocked());
}
