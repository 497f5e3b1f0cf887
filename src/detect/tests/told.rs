//! What is told of refusals, constraints, targets, unknown inviters, twins and the order of a second.

use super::*;

#[test]
fn what_was_refused_or_failed_is_not_told_as_done() {
    let denied =
        json!({"errorCode": "AccessDenied", "errorMessage": "no identity-based policy allows"});
    let records = [
        call("DetachPolicy", 1, &denied),
        call("LeaveOrganization", 1, &denied),
    ];
    let snapshot = of(&records);
    let found = detect(&snapshot, &Settings::default());
    let told = stories(&found, &Home::default());
    assert_eq!(told[0].title, "attempt on the guard, attempt");
    let (code, message) = found[0].error.clone().unwrap();
    assert_eq!((code.as_str(), message.is_some()), ("AccessDenied", true));

    let closed = json!({"serviceEventDetails": {"closeAccountStatus": {
        "accountId": "222222222222", "state": "FAILED"}}});
    let closed = only(call("CloseAccountResult", 2, &closed));
    assert_eq!(
        (closed.outcome, closed.severity),
        (Outcome::Failed, Severity::Low)
    );
}

#[test]
fn where_only_a_constraint_stood_in_the_way_it_is_not_low() {
    let because = |code: &str| json!({"errorCode": code, "errorMessage": "…"});
    for (name, code, severity) in [
        (
            "DeleteOrganization",
            "OrganizationNotEmptyException",
            Severity::High,
        ),
        ("DeleteOrganization", "AccessDenied", Severity::Medium),
        (
            "RemoveAccountFromOrganization",
            "ConstraintViolationException",
            Severity::Medium,
        ),
        (
            "RemoveAccountFromOrganization",
            "AccessDenied",
            Severity::Low,
        ),
        (
            "DetachPolicy",
            "ConstraintViolationException",
            Severity::Medium,
        ),
    ] {
        let found = only(call(name, 3, &because(code)));
        assert_eq!(found.severity, severity, "{name}: {code}");
    }
}

#[test]
fn a_call_at_a_node_is_about_it_for_waivers_too() {
    let at =
        |target: &str| json!({"requestParameters": {"policyId": "p-11111111", "targetId": target}});
    let account = only(call("DetachPolicy", 4, &at("222222222222")));
    assert_eq!(account.account.unwrap().as_str(), "222222222222");
    let waiver = |target: &str| Settings {
        waivers: vec![Waiver {
            rule: "guard-changed".to_owned(),
            target: Some(target.parse().unwrap()),
            principal: None,
            from: None,
            until: None,
            owner: "team".to_owned(),
            reason: "planned".to_owned(),
            expires: "2027-01-01T00:00:00Z".parse().unwrap(),
        }],
        ..Settings::default()
    };
    let snapshot = of(&[call("DetachPolicy", 5, &at("ou-ab12-11111111"))]);
    let covered = |target| detect(&snapshot, &waiver(target))[0].waived.is_some();
    assert!(covered("ou-ab12-11111111"));
    assert!(!covered("ou-ab12-22222222"));
}

#[test]
fn an_acceptance_of_unknown_origin_says_so() {
    let record = call("AcceptHandshake", 6, &json!({"responseElements": null}));
    let snapshot = of(&[record]);
    let found = super::super::detect(
        snapshot.records(),
        &Home::default(),
        &Settings::default(),
        snapshot.taken_at,
    );
    assert!(
        found[0].reason.contains("--organization"),
        "{}",
        found[0].reason
    );
}

#[test]
fn twins_that_tell_different_things_are_both_shown() {
    let refused = json!({"errorCode": "AccessDenied", "eventID": "twin"});
    let records = [
        call("LeaveOrganization", 7, &refused),
        call("LeaveOrganization", 7, &json!({"eventID": "twin"})),
        call("LeaveOrganization", 7, &json!({"eventID": "twin"})),
    ];
    let found = detect(&of(&records), &Settings::default());
    let outcomes: Vec<Outcome> = found.iter().map(|one| one.outcome).collect();
    assert_eq!(outcomes.len(), 2, "{outcomes:?}");
    assert!(outcomes.contains(&Outcome::Succeeded));
}

#[test]
fn within_one_second_a_guard_is_put_back_last() {
    let at = |name: &str, id: &str, more: Value| {
        let mut changes =
            json!({"eventID": id, "requestParameters": {"targetId": "ou-ab12-11111111"}});
        changes
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        call(name, 8, &changes)
    };
    let records = [
        at("AttachPolicy", "a", json!({})),
        at("LeaveOrganization", "b", json!({})),
        at("DetachPolicy", "c", json!({})),
    ];
    let found = detect(&of(&records), &Settings::default());
    let told = stories(&found, &Home::default());
    assert_eq!(told[0].title, "guard detached, attempt, guard attached");
}
