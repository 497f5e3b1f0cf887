use super::*;
use crate::flows::judge_all;
use crate::model::fixture::{self, DENY_ALL_EXITS, DENY_LEAVE, attach, gap, node};
use crate::model::organization::{Handshake, HandshakeState, PolicyTypeState};
use crate::model::settings::Settings;
use crate::model::{Observed, Snapshot};

/// Facts as `collect` leaves them: the root was asked what hangs on it.
fn organization() -> Snapshot {
    let mut snapshot = fixture::organization();
    asked(&mut snapshot);
    snapshot
}

fn asked(snapshot: &mut Snapshot) {
    let root = node("r-ab12");
    let hangs =
        |targets: &Observed<Vec<_>>| targets.known().is_some_and(|nodes| nodes.contains(&root));
    let attached = snapshot
        .attachments
        .by_policy
        .iter()
        .filter(|(_, targets)| hangs(targets));
    let attached = attached.map(|(id, _)| id.clone()).collect();
    snapshot
        .attachments
        .by_node
        .insert(root.clone(), Observed::Known(attached));
}

fn planned(snapshot: &Snapshot, wishes: &Wishes) -> Plan {
    try_plan(snapshot, wishes).unwrap()
}

fn try_plan(snapshot: &Snapshot, wishes: &Wishes) -> Result<Plan, PlanError> {
    let settings = Settings::default();
    let audited = judge_all(snapshot.clone(), &settings);
    plan(
        &audited.snapshot,
        &audited.judgement,
        &audited.findings,
        &audited.detections,
        &settings,
        wishes,
    )
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.id.as_str()).collect()
}

#[test]
fn an_open_organization_gets_the_guard_and_the_prediction_blocks_everything() {
    let plan = planned(&organization(), &Wishes::default());
    assert_eq!(ids(&plan), ["create-guard", "attach-guard"]);
    let after = judge_all((*plan.predicted).clone(), &Settings::default());
    assert!(
        after
            .document()
            .paths
            .iter()
            .all(|row| row.open == 0 && row.undetermined == 0)
    );
    assert_eq!(plan.resolves.len(), 3, "{:?}", plan.resolves);
}

#[test]
fn nothing_is_planned_where_all_is_blocked() {
    let mut snapshot = organization();
    attach(&mut snapshot, "p-exits000", DENY_ALL_EXITS, &["r-ab12"]);
    asked(&mut snapshot);
    assert!(planned(&snapshot, &Wishes::default()).steps.is_empty());
}

#[test]
fn a_guard_with_a_missing_half_gets_the_whole_one() {
    let mut snapshot = organization();
    attach(&mut snapshot, "p-leave000", DENY_LEAVE, &["r-ab12"]);
    asked(&mut snapshot);
    assert_eq!(
        ids(&planned(&snapshot, &Wishes::default())),
        ["create-guard", "attach-guard"]
    );
}

#[test]
fn an_equal_policy_is_found_by_content_and_a_taken_name_is_not_reused() {
    let mut snapshot = organization();
    let text = Guard {
        exit: true,
        self_closure: true,
        carved_out: vec![],
    }
    .text();
    attach(
        &mut snapshot,
        "p-equal000",
        &text.replace("\":", "\" :"),
        &[],
    );
    let id = fixture::policy_id("p-equal000");
    // Somebody else's is mentioned, by name and id, and left alone.
    let plan = planned(&snapshot, &Wishes::default());
    assert_eq!(ids(&plan), ["create-guard", "attach-guard"]);
    assert!(plan.notes[0].contains("SCP `name of p-equal000` (p-equal000)"));
    assert!(plan.notes[0].contains("--use-policy p-equal000"));
    let named = Wishes {
        use_policy: [id.clone()].into(),
        ..Wishes::default()
    };
    // One that is named is taken, and so is one that a run of this tool made.
    let mut ours = snapshot.clone();
    ours.policies.get_mut(&id).unwrap().tags =
        Observed::Known(crate::model::ours::policy_tags("r", "w".to_owned(), &text));
    for (snapshot, wishes) in [(&snapshot, &named), (&ours, &Wishes::default())] {
        let plan = planned(snapshot, wishes);
        assert_eq!(ids(&plan), ["attach-guard"]);
        assert!(
            plan.steps[0]
                .title
                .contains("`name of p-equal000` (p-equal000)")
        );
        assert!(plan.notes.is_empty());
    }
    let mut snapshot = organization();
    attach(&mut snapshot, "p-named000", DENY_LEAVE, &[]);
    GUARD_NAME.clone_into(
        &mut snapshot
            .policies
            .get_mut(&fixture::policy_id("p-named000"))
            .unwrap()
            .name,
    );
    let plan = planned(&snapshot, &Wishes::default());
    let Change::CreatePolicy { name, .. } = &plan.steps[0].change else {
        panic!("creates")
    };
    assert_eq!(name, "org-exit-guard-2");
}

#[test]
fn what_cannot_be_attached_is_not_planned_but_said() {
    let mut snapshot = organization();
    for n in 0..9 {
        attach(
            &mut snapshot,
            &format!("p-policy{n:02}"),
            fixture::ALLOW_ALL,
            &["r-ab12"],
        );
    }
    asked(&mut snapshot);
    let plan = planned(&snapshot, &Wishes::default());
    assert!(plan.steps.is_empty());
    assert!(
        plan.not_done[0].why.contains("LeaveOrganization"),
        "the statements to add are printed"
    );
    let mut snapshot = organization();
    let Observed::Known(root) = &mut snapshot.root else {
        panic!("known")
    };
    root.scp_state = PolicyTypeState::NotEnabled;
    let plan = planned(&snapshot, &Wishes::default());
    assert!(plan.steps.is_empty() && plan.not_done.len() == 1);
}

#[test]
fn a_gap_in_a_fact_that_a_step_rests_on_stops_the_plan() {
    let mut snapshot = organization();
    snapshot.root = Observed::Unknown(gap("organizations:ListRoots"));
    assert!(matches!(
        try_plan(&snapshot, &Wishes::default()),
        Err(PlanError::Gap(_))
    ));
}

#[test]
fn only_accounts_that_were_named_are_invited_and_open_invitations_are_reused() {
    let departed = fixture::account_id("333333333333");
    let wishes = Wishes {
        reinvite: [departed.clone()].into(),
        ..Wishes::default()
    };
    let mut snapshot = organization();
    attach(&mut snapshot, "p-exits000", DENY_ALL_EXITS, &["r-ab12"]);
    asked(&mut snapshot);
    assert_eq!(ids(&planned(&snapshot, &wishes)), ["invite-333333333333"]);
    snapshot.handshakes = Observed::Known(vec![Handshake {
        id: "h-examplehandshake".parse().unwrap(),
        action: "INVITE".to_owned(),
        state: HandshakeState::Open,
        account: Some(departed),
        email: None,
        organization: None,
        requested_at: None,
        expires_at: None,
    }]);
    let plan = planned(&snapshot, &wishes);
    assert!(plan.steps.is_empty() && plan.reused.len() == 1);
    snapshot.handshakes = Observed::Unknown(gap("organizations:ListHandshakesForOrganization"));
    assert_eq!(planned(&snapshot, &wishes).not_done.len(), 1);
    let member = Wishes {
        reinvite: [fixture::account_id("222222222222")].into(),
        ..Wishes::default()
    };
    let told = planned(&snapshot, &member);
    assert!(
        told.not_done[0].why.contains("nothing shows that it left") && told.not_done[0].unmet,
        "{:?}",
        told.not_done
    );
}

#[test]
fn the_digest_follows_the_facts_that_steps_rest_on_and_no_others() {
    let snapshot = organization();
    let before = Facts::of(&snapshot).unwrap();
    let mut other = snapshot.clone();
    attach(&mut other, "p-leave000", DENY_LEAVE, &["ou-ab12-11111111"]);
    assert_eq!(Facts::of(&other).unwrap().digest(), before.digest());
    attach(&mut other, "p-leave001", DENY_LEAVE, &["r-ab12"]);
    asked(&mut other);
    let after = Facts::of(&other).unwrap();
    assert_ne!(after.digest(), before.digest());
    assert_eq!(
        before.difference(&after),
        ["SCP p-leave001 was attached to the root"]
    );
}

#[test]
fn a_part_of_a_plan_must_stand_alone() {
    let snapshot = organization();
    let only = |names: &[&str]| {
        let mut plan = planned(&snapshot, &Wishes::default());
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        plan.keep_only(&names, &snapshot, &Settings::default())
            .map(|()| plan)
    };
    let alone = only(&["create-guard"]).unwrap();
    assert_eq!(ids(&alone), ["create-guard"]);
    assert_eq!(
        (*alone.predicted, alone.resolves.len()),
        (snapshot.clone(), 0)
    );
    assert_eq!(alone.not_done.len(), 1);
    assert_eq!(
        only(&["attach-guard", "create-guard"]).unwrap().steps.len(),
        2
    );
    let needs = only(&["attach-guard"]).unwrap_err().to_string();
    assert_eq!(
        needs,
        "step `attach-guard` needs step `create-guard`, which was left out"
    );
    assert!(matches!(
        only(&["nonsense"]),
        Err(OnlyError::NoSuchStep { .. })
    ));
}

#[test]
fn approval_wants_the_exact_organization() {
    let plan = PlanDocument::new(
        &planned(&organization(), &Wishes::default()),
        vec![],
        vec![],
    );
    for typed in [
        "",
        "yes",
        "o-exampleorg",
        "o-exampleorg1 ",
        "O-EXAMPLEORG1",
        "o-exampleorg11",
    ] {
        assert!(
            Approved::confirm(plan.clone(), typed, String::new()).is_err(),
            "{typed:?}"
        );
    }
    assert!(Approved::confirm(plan, "o-exampleorg1", "test".to_owned()).is_ok());
}

fn planned_with(snapshot: &Snapshot, wishes: &Wishes, settings: &Settings) -> Plan {
    let audited = judge_all(snapshot.clone(), settings);
    plan(
        &audited.snapshot,
        &audited.judgement,
        &audited.findings,
        &audited.detections,
        settings,
        wishes,
    )
    .unwrap()
}

#[test]
fn the_guard_is_proved_to_take_away_ways_out_and_nothing_else() {
    let plan = planned(&organization(), &Wishes::default());
    let proof = plan.proof.expect("proved");
    assert_eq!((proof.accounts, proof.unbound, proof.stacks), (1, 0, 1));
    assert!(proof.questions > 0);
    let [takes] = proof.takes.as_slice() else {
        panic!("{proof:?}")
    };
    assert_eq!(takes.step, "attach-guard");
    let only = takes.only.as_ref().expect("only ways out");
    assert_eq!(
        *only,
        [
            "account:CloseAccount",
            "organizations:AcceptHandshake",
            "organizations:LeaveOrganization"
        ]
    );
    assert_eq!(takes.resolves, plan.resolves);
}

/// A deny to everybody but `role/Admin`.
const LOCKDOWN: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/Admin"}}}]}"#;

#[test]
fn what_would_bind_a_break_glass_principal_is_not_attached() {
    let mut then = organization();
    attach(&mut then, "p-lockdown", LOCKDOWN, &["r-ab12"]);
    asked(&mut then);
    let mut now = organization();
    attach(&mut now, "p-lockdown", LOCKDOWN, &[]);
    let wishes = Wishes {
        restore: Some(Box::new(then)),
        ..Wishes::default()
    };
    let step = "attach-p-lockdown-r-ab12";
    let with = |principals: &[&str]| {
        let settings = Settings {
            break_glass: principals.iter().map(|one| (*one).to_owned()).collect(),
            ..Settings::default()
        };
        planned_with(&now, &wishes, &settings)
    };
    for spared in [
        [].as_slice(),
        &["arn:aws:iam::*:role/Admin"],
        &["arn:aws:iam::333333333333:role/BreakGlass"],
    ] {
        let plan = with(spared);
        assert_eq!(ids(&plan), [step], "{:?}", plan.not_done);
        let takes = &plan.proof.expect("proved").takes[0];
        assert_eq!((&takes.only, takes.keep.len()), (&None, spared.len()));
    }
    let plan = with(&["arn:aws:iam::*:role/BreakGlass"]);
    assert!(plan.steps.is_empty() && plan.proof.is_none());
    let why = &plan.not_done.last().expect("told").why;
    assert!(
        why.contains("role/BreakGlass") && why.contains("222222222222"),
        "{why}"
    );
}

#[test]
fn a_plan_that_is_not_proved_to_take_away_only_is_not_made() {
    let mut snapshot = organization();
    attach(
        &mut snapshot,
        "p-exits000",
        DENY_ALL_EXITS,
        &["ou-ab12-11111111"],
    );
    asked(&mut snapshot);
    let mut plan = planned(&organization(), &Wishes::default());
    let mut gives = plan.steps[0].clone();
    gives.id = "gives".to_owned();
    gives.change = Change::DetachPolicy {
        policy: PolicyRef::Existing("p-exits000".parse().unwrap()),
        target: node("ou-ab12-11111111"),
        carried_by: node("r-ab12"),
    };
    plan.steps = vec![gives];
    super::proof::prove(&mut plan, &snapshot, &Settings::default());
    assert!(plan.steps.is_empty() && plan.proof.is_none());
    let why = &plan.not_done.last().expect("told").why;
    assert!(
        why.contains("not proved that nothing more is allowed"),
        "{why}"
    );
    assert!(why.contains("222222222222"), "{why}");
}

/// An organization with so many transition OUs of one account each, beside one account in the root.
fn carved(count: usize) -> (Snapshot, Settings) {
    let mut snapshot = organization();
    let mut settings = Settings::default();
    for number in 0..count {
        let ou = format!("ou-ab12-{number:08}");
        let account = format!("3{number:011}");
        fixture::add_account(&mut snapshot, &account, &["r-ab12", &ou]);
        attach(&mut snapshot, "p-FullAWSAccess", "", &[&ou]);
        settings.transition_ous.insert(ou.parse().unwrap());
    }
    asked(&mut snapshot);
    (snapshot, settings)
}

fn plan_of(snapshot: Snapshot, settings: &Settings) -> Plan {
    crate::flows::make_plan(snapshot, settings, &Wishes::default())
        .unwrap()
        .plan
}

#[test]
fn what_a_plan_resolves_is_what_its_table_says_and_the_carve_out_is_told() {
    let (snapshot, settings) = carved(2);
    let planned = crate::flows::make_plan(snapshot, &settings, &Wishes::default()).unwrap();
    let leave = |counts: &[PathCount]| {
        let row = counts.iter().find(|row| row.path == "leave").unwrap();
        row.open + row.conditional
    };
    let document = &planned.document;
    assert_eq!(
        (leave(&document.before), leave(&document.after)),
        (3, 2),
        "{:?} {:?}",
        document.before,
        document.after
    );
    let told: Vec<&String> = document
        .resolves
        .iter()
        .filter(|one| one.starts_with("leave-organization-open"))
        .collect();
    assert_eq!(told, ["leave-organization-open (r-ab12, 1 account)"]);
    for note in &document.notes {
        assert!(note.contains("1 account in it can leave"), "{note}");
    }
    assert_eq!(document.notes.len(), 2);
    let page =
        crate::report::RemediationDocument::new(document).render(crate::report::Format::Table, 100);
    assert!(page.contains("the guard leaves out OU"), "{page}");
}

#[test]
fn a_guard_that_aws_would_not_store_is_not_planned_and_says_its_length() {
    let (snapshot, settings) = carved(300);
    let plan = plan_of(snapshot, &settings);
    assert!(plan.steps.is_empty());
    let why = &plan.not_done[0].why;
    assert!(why.contains("with 300 transition OUs carved out"), "{why}");
    assert!(why.contains("AWS stores 10240"), "{why}");
}

#[test]
fn forty_transition_ous_are_carved_out_of_one_guard() {
    let (snapshot, settings) = carved(40);
    let plan = plan_of(snapshot, &settings);
    assert_eq!(plan.steps.len(), 2, "{:?}", plan.not_done);
}
