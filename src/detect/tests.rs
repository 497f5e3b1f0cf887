//! What records mean, in a small organization.

mod told;

use serde_json::{Value, json};

use super::*;
use crate::model::organization::{Handshake, HandshakeState};
use crate::model::rule::Severity;
use crate::model::settings::{Settings, Waiver};
use crate::model::{Observed, Snapshot, fixture};
use crate::trail::parse;

fn detect(snapshot: &Snapshot, settings: &Settings) -> Vec<Detection> {
    let judgement = crate::verdict::judge(snapshot);
    let home = Home::of(snapshot, &judgement);
    super::detect(&snapshot.events.records, &home, settings, snapshot.taken_at)
}

fn snapshot(records: &[&str]) -> Snapshot {
    let mut snapshot = fixture::organization();
    snapshot.events.records = records.iter().map(|text| parse(text).unwrap()).collect();
    snapshot
}

fn departed(account: &str, field: &str, word: &str, day: u8) -> String {
    format!(
        r#"{{"eventTime":"2026-11-{day:02}T10:00:00Z","eventSource":"organizations.amazonaws.com",
        "eventName":"AccountDepartedOrganization","awsRegion":"us-east-1","eventType":"AwsServiceEvent",
        "eventID":"e-{account}-{day}","recipientAccountId":"111111111111","userIdentity":{{"invokedBy":"AWS Internal"}},
        "serviceEventDetails":{{"accountId":"{account}","{field}":"{word}"}}}}"#
    )
}

#[test]
fn departures_are_told_apart_in_both_spellings() {
    let texts = [
        departed("333333333333", "departureMethod", "LEFT", 3),
        departed("444444444444", "departedMethod", "Removed", 2),
        departed("555555555555", "departureMethod", "CLEANED", 1),
    ];
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let found = detect(&snapshot(&texts), &Settings::default());
    let ids: Vec<&str> = found.iter().map(|one| one.rule.id).collect();
    assert_eq!(ids, ["account-left", "account-removed", "account-cleaned"]);
    assert_eq!(found[0].account, Some(fixture::account_id("333333333333")));
}

#[test]
fn who_joined_again_has_not_departed() {
    let joined = departed("333333333333", "joinedMethod", "INVITED", 4)
        .replace("AccountDeparted", "AccountJoined");
    let texts = [
        departed("333333333333", "departureMethod", "LEFT", 3),
        joined,
    ];
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    assert!(latest_departures(&snapshot(&texts)).is_empty());
    assert_eq!(latest_departures(&snapshot(&texts[..1])).len(), 1);
}

#[test]
fn refusals_say_what_refused() {
    let record = |code: &str, message: &str| {
        format!(
            r#"{{"eventTime":"2026-11-20T10:00:00Z","eventSource":"organizations.amazonaws.com",
            "eventName":"LeaveOrganization","awsRegion":"us-east-1","eventType":"AwsApiCall","eventID":"e1",
            "errorCode":"{code}","errorMessage":"{message}","recipientAccountId":"222222222222",
            "userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::222222222222:user/eve"}}}}"#
        )
    };
    for (code, message, by) in [
        (
            "AccessDenied",
            "… with an explicit deny in a service control policy",
            RefusedBy::Scp,
        ),
        (
            "AccessDenied",
            "because no identity-based policy allows",
            RefusedBy::Iam,
        ),
        (
            "ConstraintViolationException",
            "payment method",
            RefusedBy::Constraint,
        ),
    ] {
        let found = detect(&snapshot(&[&record(code, message)]), &Settings::default());
        assert_eq!(found[0].outcome, Outcome::Refused(by));
        assert_eq!(found[0].rule.id, "exit-attempted");
    }
}

/// A call by `eve` in the account 222222222222, on a day of November 2026.
fn call(name: &str, day: u8, changes: &Value) -> String {
    let mut event = json!({
        "eventTime": format!("2026-11-{day:02}T10:00:00Z"),
        "eventSource": "organizations.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "eventType": "AwsApiCall",
        "eventID": format!("{name}-{day}"),
        "recipientAccountId": "222222222222",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::222222222222:user/eve"},
    });
    let fields = changes.as_object().unwrap();
    let event_fields = event.as_object_mut().unwrap();
    event_fields.extend(
        fields
            .iter()
            .map(|(key, value)| (key.clone(), value.clone())),
    );
    event.to_string()
}

fn of(records: &[String]) -> Snapshot {
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    snapshot(&records)
}

fn only(record: String) -> Detection {
    let mut found = detect(&of(&[record]), &Settings::default());
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn accepted(organization: &str) -> Value {
    json!({"responseElements": {"handshake": {"id": "h-1234567890", "action": "invite", "parties": [
        {"type": "ORGANIZATION", "id": organization}, {"type": "ACCOUNT", "id": "222222222222"}]}}})
}

#[test]
fn whose_invitation_was_accepted_decides() {
    let foreign = only(call("AcceptHandshake", 3, &accepted("o-attacker111")));
    assert_eq!(
        (foreign.rule.id, foreign.severity),
        ("exit-attempted", Severity::Critical)
    );
    assert!(
        foreign.summary.contains("o-attacker111"),
        "{}",
        foreign.summary
    );
    // AWS writes organization ids with and without their prefix.
    for own in ["o-exampleorg1", "exampleorg1"] {
        let own = only(call("AcceptHandshake", 3, &accepted(own)));
        assert_eq!(
            (own.rule.id, own.severity),
            ("handshake-accepted", Severity::Info)
        );
    }
    let refused = json!({"errorCode": "AccessDenied", "errorMessage": "no", "requestParameters": {"handshakeId": "h-1234567890"}});
    let unknown = only(call("AcceptHandshake", 3, &refused));
    assert_eq!(
        (unknown.rule.id, unknown.severity),
        ("exit-attempted", Severity::High)
    );
}

#[test]
fn an_own_invitation_is_known_by_its_id_where_the_answer_is_missing() {
    let refused =
        json!({"errorCode": "AccessDenied", "requestParameters": {"handshakeId": "h-1234567890"}});
    let mut facts = of(&[call("AcceptHandshake", 3, &refused)]);
    facts.handshakes = Observed::Known(vec![invitation("222222222222", HandshakeState::Open)]);
    let found = detect(&facts, &Settings::default());
    assert_eq!(found[0].rule.id, "handshake-accepted");
}

fn invitation(account: &str, state: HandshakeState) -> Handshake {
    Handshake {
        id: "h-1234567890".parse().unwrap(),
        action: "INVITE".to_owned(),
        state,
        account: Some(fixture::account_id(account)),
        email: None,
        organization: None,
        requested_at: None,
        expires_at: None,
    }
}

#[test]
fn only_a_payment_method_stood_in_the_way_is_as_bad_as_gone() {
    let refused =
        |code: &str| json!({"errorCode": code, "errorMessage": "a payment method is missing"});
    let constraint = only(call(
        "LeaveOrganization",
        3,
        &refused("ConstraintViolationException"),
    ));
    assert_eq!(constraint.severity, Severity::Critical);
    assert!(constraint.reason.contains("authorization passed"));
    let denied = only(call("LeaveOrganization", 3, &refused("AccessDenied")));
    assert_eq!(denied.severity, Severity::High);
}

#[test]
fn the_source_tells_closures_apart() {
    let inside = only(call(
        "CloseAccount",
        3,
        &json!({"eventSource": "account.amazonaws.com"}),
    ));
    assert_eq!(inside.rule.id, "exit-attempted");
    let managed = json!({"requestParameters": {"accountId": "333333333333"}, "recipientAccountId": "111111111111"});
    let managed = only(call("CloseAccount", 3, &managed));
    assert_eq!(
        (managed.rule.id, managed.severity),
        ("account-put-out", Severity::Medium)
    );
    let details = |state: &str| json!({"eventType": "AwsServiceEvent", "serviceEventDetails": {"closeAccountStatus": {"accountId": "333333333333", "state": state}}});
    let done = only(call("CloseAccountResult", 3, &details("SUCCEEDED")));
    assert_eq!(
        (done.severity, done.account.unwrap().as_str()),
        (Severity::Medium, "333333333333")
    );
    assert_eq!(
        only(call("CloseAccountResult", 3, &details("FAILED"))).severity,
        Severity::Low
    );
    // The same name of a service that is not in the catalog means nothing.
    let other = of(&[call(
        "CloseAccount",
        3,
        &json!({"eventSource": "bank.amazonaws.com"}),
    )]);
    assert!(detect(&other, &Settings::default()).is_empty());
}

#[test]
fn an_account_that_joined_was_invited_or_not_or_nobody_can_tell() {
    let joined = departed("222222222222", "joinedMethod", "INVITED", 20)
        .replace("AccountDeparted", "AccountJoined");
    let mut facts = of(&[joined]);
    for (handshakes, rule) in [
        (
            Observed::Known(vec![invitation("222222222222", HandshakeState::Accepted)]),
            "account-joined",
        ),
        (
            Observed::Known(vec![invitation("222222222222", HandshakeState::Declined)]),
            "account-joined-uninvited",
        ),
        (Observed::Known(Vec::new()), "account-joined-uninvited"),
        (
            Observed::Unknown(fixture::gap("organizations:ListHandshakesForOrganization")),
            "account-joined",
        ),
    ] {
        facts.handshakes = handshakes;
        assert_eq!(detect(&facts, &Settings::default())[0].rule.id, rule);
    }
}

#[test]
fn a_move_counts_by_where_it_leads() {
    let to = |node: &str| json!({"requestParameters": {"accountId": "222222222222", "sourceParentId": "r-ab12", "destinationParentId": node}});
    let mut facts = of(&[call("MoveAccount", 3, &to("ou-ab12-11111111"))]);
    let open = detect(&facts, &Settings::default());
    assert_eq!(
        open[0].severity,
        Severity::High,
        "the OU is open, and nothing tells how the root is"
    );
    let policy = facts
        .policies
        .get_mut(&fixture::policy_id(fixture::FULL))
        .unwrap();
    policy.content = Observed::Known(fixture::DENY_ALL_EXITS.to_owned());
    let guarded = detect(&facts, &Settings::default());
    assert_eq!(guarded[0].severity, Severity::Info);
}

fn waiver() -> Waiver {
    Waiver {
        rule: "exit-attempted".to_owned(),
        target: Some(fixture::node("ou-ab12-11111111")),
        principal: Some("arn:aws:iam::222222222222:user/e*".to_owned()),
        from: Some("2026-11-02T00:00:00Z".parse().unwrap()),
        until: Some("2026-11-04T00:00:00Z".parse().unwrap()),
        reason: "planned".to_owned(),
        owner: "cloud team".to_owned(),
        expires: "2027-01-01T00:00:00Z".parse().unwrap(),
    }
}

#[test]
fn a_waiver_covers_its_window_its_principal_and_its_place_only() {
    let waived = |waiver: Waiver, day: u8| {
        let settings = Settings {
            waivers: vec![waiver],
            ..Settings::default()
        };
        detect(
            &of(&[call("LeaveOrganization", day, &json!({}))]),
            &settings,
        )[0]
        .waived
        .is_some()
    };
    assert!(waived(waiver(), 3));
    assert!(!waived(waiver(), 1), "before its window");
    assert!(!waived(waiver(), 5), "after its window");
    let principal = Some("arn:aws:iam::222222222222:user/alice".to_owned());
    assert!(!waived(
        Waiver {
            principal,
            ..waiver()
        },
        3
    ));
    let target = Some(fixture::node("ou-ab12-22222222"));
    assert!(!waived(Waiver { target, ..waiver() }, 3));
    let expires = "2026-11-10T00:00:00Z".parse().unwrap();
    assert!(
        !waived(
            Waiver {
                expires,
                ..waiver()
            },
            3
        ),
        "expired when it was judged"
    );
}

#[test]
fn what_belongs_together_is_one_story() {
    let on = |node: &str| json!({"requestParameters": {"policyId": "p-12345678", "targetId": node}, "recipientAccountId": "111111111111"});
    let records = [
        call("DetachPolicy", 10, &on("r-ab12")),
        call("DetachPolicy", 11, &on("ou-ab12-22222222")),
        call(
            "LeaveOrganization",
            11,
            &json!({"errorCode": "AccessDenied"}),
        ),
        call(
            "LeaveOrganization",
            11,
            &json!({"eventID": "second", "eventTime": "2026-11-11T11:00:00Z"}),
        ),
        departed("222222222222", "departureMethod", "LEFT", 12),
        call("AttachPolicy", 13, &on("r-ab12")),
        // Another month, and alone.
        call(
            "LeaveOrganization",
            1,
            &json!({"errorCode": "AccessDenied"}),
        ),
    ];
    let facts = of(&records);
    let judgement = crate::verdict::judge(&facts);
    let found = detect(&facts, &Settings::default());
    let told = stories(&found, &Home::of(&facts, &judgement));
    assert_eq!(told.len(), 1);
    let story = &told[0];
    assert_eq!(
        story.title,
        "guard detached, attempt, departure, guard attached"
    );
    // What was detached from an OU that the account does not lie in is no part of it.
    assert_eq!(story.steps.len(), 5);
    assert_eq!(story.severity, Severity::Critical);
    let times: Vec<_> = story.steps.iter().map(|at| found[*at].time).collect();
    assert!(times.is_sorted(), "{times:?}");
}

#[test]
fn a_copy_counts_once_and_a_twin_with_its_id_hides_nothing() {
    let leave = call("LeaveOrganization", 3, &json!({"eventID": "e"}));
    let twin = call("DetachPolicy", 3, &json!({"eventID": "e"}));
    let found = detect(&of(&[leave.clone(), leave, twin]), &Settings::default());
    assert_eq!(found.len(), 2);
}
