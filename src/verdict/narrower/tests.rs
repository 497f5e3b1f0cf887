use super::*;
use crate::model::Observed;
use crate::model::fixture::*;

const OU: &str = "ou-ab12-11111111";
const MEMBER: &str = "222222222222";
const ALLOW_LEAVE: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"organizations:*","Resource":"*"}]}"#;
const DENY_UNLESS_ADMIN: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/Admin"}}}]}"#;
const DENY_BY_PLACE: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*","Condition":{"ForAllValues:StringNotLike":{"aws:PrincipalOrgPaths":"o-exampleorg1/r-ab12/ou-ab12-22222222/*"}}}]}"#;

/// The fixture's organization with SCPs: id, text, nodes.
fn with(policies: &[(&str, &str, &[&str])]) -> Snapshot {
    let mut snapshot = organization();
    for (id, text, nodes) in policies {
        attach(&mut snapshot, id, text, nodes);
    }
    snapshot
}

fn reasons(before: &Snapshot, after: &Snapshot) -> Vec<String> {
    let found = narrower(before, after);
    assert_eq!(found.accounts, 1);
    let whys = found.not_proved.into_iter();
    whys.map(|one| format!("{} {}", one.action, one.why))
        .collect()
}

#[test]
fn a_deny_more_takes_away_and_the_same_with_an_exemption_gives() {
    let free = organization();
    let strict = with(&[("p-guard001", DENY_ALL_EXITS, &["r-ab12"])]);
    let loose = with(&[("p-guard002", DENY_UNLESS_ADMIN, &["r-ab12"])]);
    assert_eq!(reasons(&free, &strict), Vec::<String>::new());
    assert_eq!(reasons(&free, &loose), Vec::<String>::new());
    assert_eq!(reasons(&loose, &strict), Vec::<String>::new());
    let shown = reasons(&strict, &loose);
    assert!(
        shown[0].starts_with("organizations:LeaveOrganization"),
        "{shown:?}"
    );
    assert!(
        shown[0].contains("role/Admin` would get through"),
        "{shown:?}"
    );
    assert_eq!(reasons(&strict, &free).len(), 3);
}

#[test]
fn a_deny_may_hang_elsewhere_as_long_as_it_binds() {
    let here = with(&[("p-guard001", DENY_ALL_EXITS, &[OU])]);
    let there = with(&[("p-guard001", DENY_ALL_EXITS, &["r-ab12"])]);
    assert_eq!(reasons(&here, &there), Vec::<String>::new());
    // Said in another way by two.
    let split = with(&[
        ("p-guard002", DENY_LEAVE, &["r-ab12"]),
        ("p-guard003", DENY_ALL_EXITS, &[MEMBER]),
    ]);
    assert_eq!(reasons(&here, &split), Vec::<String>::new());
}

#[test]
fn an_allow_more_is_found_unless_everything_was_allowed() {
    let allowing = with(&[("p-allow001", ALLOW_LEAVE, &[OU])]);
    assert_eq!(reasons(&organization(), &allowing), Vec::<String>::new());
    let narrow = |mut snapshot: Snapshot| {
        let full = policy_id(FULL);
        if let Some(Observed::Known(nodes)) = snapshot.attachments.by_policy.get_mut(&full) {
            nodes.retain(|one| *one != node(OU));
        }
        snapshot
    };
    let shown = reasons(&narrow(organization()), &narrow(allowing));
    assert_eq!(shown.len(), 2, "leave and accept: {shown:?}");
}

#[test]
fn what_cannot_be_read_is_the_same_before_and_after_unless_it_goes() {
    let unread = |mut snapshot: Snapshot| {
        let unknown = Observed::Unknown(gap("organizations:ListPoliciesForTarget"));
        snapshot.attachments.by_node.insert(node(OU), unknown);
        snapshot
    };
    let strict = with(&[("p-guard001", DENY_LEAVE, &["r-ab12"])]);
    let now = unread(organization());
    assert_eq!(reasons(&now, &unread(strict)), Vec::<String>::new());
    let mut moved = now.clone();
    add_account(&mut moved, MEMBER, &["r-ab12"]);
    let lost = reasons(&now, &moved);
    assert!(lost[0].contains("would not be above it"), "{lost:?}");
}

#[test]
fn a_move_down_takes_away_and_a_deny_by_place_is_not_judged_over_a_move() {
    let at = |parents: &[&str], policies: &[(&str, &str, &[&str])]| {
        let mut snapshot = with(policies);
        add_account(&mut snapshot, MEMBER, parents);
        snapshot
    };
    let guard: &[(&str, &str, &[&str])] = &[("p-guard001", DENY_LEAVE, &["r-ab12"])];
    let down = reasons(&at(&["r-ab12"], guard), &at(&["r-ab12", OU], guard));
    assert_eq!(down, Vec::<String>::new());
    let place: &[(&str, &str, &[&str])] = &[("p-place001", DENY_BY_PLACE, &["r-ab12"])];
    let moved = reasons(&at(&["r-ab12"], place), &at(&["r-ab12", OU], place));
    assert!(moved[0].contains("tells places apart"), "{moved:?}");
}

#[test]
fn where_nothing_bound_before_nothing_can_be_wider_and_switching_off_is() {
    let mut off = organization();
    if let Observed::Known(root) = &mut off.root {
        root.scp_state = crate::model::organization::PolicyTypeState::NotEnabled;
    }
    let found = narrower(&off, &organization());
    assert_eq!(
        (found.accounts, found.unbound, found.not_proved.len()),
        (1, 1, 0)
    );
    assert_eq!(reasons(&organization(), &off).len(), 1);
}

#[test]
fn a_text_that_cannot_be_judged_must_stay() {
    let bad = with(&[("p-bad00001", "{}", &["r-ab12"])]);
    assert_eq!(reasons(&bad, &bad), Vec::<String>::new());
    let gone = reasons(&bad, &organization());
    assert!(gone[0].contains("p-bad00001"), "{gone:?}");
}

#[test]
fn a_move_sideways_is_compared_even_beside_one_who_stays_with_equal_stacks() {
    let (other, stays, moves) = ("ou-ab12-22222222", MEMBER, "333333333333");
    let with = |place: &str| {
        let mut snapshot = organization();
        add_account(&mut snapshot, stays, &["r-ab12", OU]);
        add_account(&mut snapshot, moves, &["r-ab12", place]);
        for node in [OU, other, stays, moves] {
            attach(&mut snapshot, FULL, "", &[node]);
        }
        snapshot
    };
    let found = narrower(&with(OU), &with(other));
    let not: Vec<&str> = found
        .not_proved
        .iter()
        .map(|one| one.account.as_str())
        .collect();
    assert_eq!((found.accounts, found.stacks, not), (2, 2, vec![moves]));
    assert!(narrower(&with(OU), &with(OU)).not_proved.is_empty());
}
