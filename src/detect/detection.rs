//! One record, one detection.

use serde_json::Value;

use super::outcome::Outcome;
use super::rules::{
    ACCOUNT_CLEANED, ACCOUNT_DEPARTED, ACCOUNT_JOINED, ACCOUNT_LEFT, ACCOUNT_PUT_OUT,
    ACCOUNT_REMOVED, EXIT_ATTEMPTED, GUARD_CHANGED,
};
use crate::exits::{EventKind, EventSpec, event};
use crate::model::record::{Actor, Record};
use crate::model::rule::{RuleMeta, Severity};
use crate::model::settings::{Settings, Waiver};
use crate::model::{AccountId, NodeId, Snapshot, Timestamp};
use crate::trail::{Method, departure, joining};

/// What happened, to which account, by whom, with what outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detection {
    /// Which kind.
    pub rule: &'static RuleMeta,
    /// How bad, this time.
    pub severity: Severity,
    /// When.
    pub time: Timestamp,
    /// `eventName`.
    pub event: String,
    /// `eventID`.
    pub event_id: String,
    /// The account that it happened to, if the record tells.
    pub account: Option<AccountId>,
    /// One line; may hold untrusted text.
    pub summary: String,
    /// Who called: untrusted text.
    pub by: String,
    /// Source address and user agent: untrusted text.
    pub from: String,
    /// How it ended.
    pub outcome: Outcome,
    /// ATT&CK techniques.
    pub attack: &'static [&'static str],
    /// The waiver that covers it.
    pub waived: Option<Waiver>,
}

/// Every detection in the snapshot's event history, newest first.
pub fn detect(snapshot: &Snapshot, settings: &Settings) -> Vec<Detection> {
    detect_records(&snapshot.events.records, settings, snapshot.taken_at)
}

/// Every detection in records of any source, newest first; waivers count as of `at`.
pub fn detect_records<'a>(
    records: impl IntoIterator<Item = &'a Record>,
    settings: &Settings,
    at: Timestamp,
) -> Vec<Detection> {
    let mut detections: Vec<Detection> = records
        .into_iter()
        .filter_map(|record| Some(detection(event(&record.name)?, record)))
        .collect();
    for detection in &mut detections {
        detection.waived = settings
            .waivers
            .iter()
            .find(|one| covers(one, detection, at))
            .cloned();
    }
    detections.sort_by(|a, b| (b.time, &a.event_id).cmp(&(a.time, &b.event_id)));
    detections
}

fn covers(waiver: &Waiver, detection: &Detection, at: Timestamp) -> bool {
    waiver.rule == detection.rule.id
        && waiver.expires > at
        && match &waiver.target {
            None => true,
            Some(NodeId::Account(id)) => detection.account.as_ref() == Some(id),
            Some(NodeId::Root(_) | NodeId::Ou(_)) => false,
        }
}

fn detection(spec: &'static EventSpec, record: &Record) -> Detection {
    let outcome = Outcome::of(record);
    let (rule, account, summary) = match spec.kind {
        EventKind::Departure => departed(record),
        EventKind::Joining => joined(record),
        EventKind::MemberAttempt => attempted(record),
        EventKind::Expulsion => {
            let account = parameter(record, "accountId").and_then(|id| id.parse().ok());
            (
                &ACCOUNT_PUT_OUT,
                account,
                format!("{} {}", record.name, parameters(record)),
            )
        }
        EventKind::GuardChange => {
            let account = parameter(record, "accountId").and_then(|id| id.parse().ok());
            (
                &GUARD_CHANGED,
                account,
                format!("{} {}", record.name, parameters(record)),
            )
        }
    };
    Detection {
        rule,
        severity: severity(rule, spec, record, outcome),
        time: record.time,
        event: record.name.clone(),
        event_id: record.event_id.clone(),
        account,
        summary: summary.trim_end().to_owned(),
        by: who(&record.actor),
        from: whence(record),
        outcome,
        attack: spec.attack,
        waived: None,
    }
}

fn severity(rule: &RuleMeta, spec: &EventSpec, record: &Record, outcome: Outcome) -> Severity {
    match (spec.kind, outcome) {
        // Accepting anything but an invitation is not an exit.
        (EventKind::MemberAttempt, _) if other_handshake(record) => Severity::Info,
        (EventKind::GuardChange | EventKind::Expulsion, Outcome::Refused(_)) => Severity::Low,
        _ => rule.severity,
    }
}

fn departed(record: &Record) -> (&'static RuleMeta, Option<AccountId>, String) {
    let departure = departure(record);
    let account = departure.as_ref().and_then(|one| one.account.clone());
    let name = account
        .as_ref()
        .map_or_else(|| "an account".to_owned(), |id| format!("account {id}"));
    match departure.map(|one| one.method) {
        Some(Method::Left) => (&ACCOUNT_LEFT, account, format!("{name} left (LEFT)")),
        Some(Method::Removed) => (
            &ACCOUNT_REMOVED,
            account,
            format!("{name} was removed (REMOVED)"),
        ),
        Some(Method::Cleaned) => (
            &ACCOUNT_CLEANED,
            account,
            format!("{name} departed 90 days after its closure (CLEANED)"),
        ),
        Some(Method::Other(word)) => (
            &ACCOUNT_DEPARTED,
            account,
            format!("{name} departed ({word})"),
        ),
        None => (&ACCOUNT_DEPARTED, account, format!("{name} departed")),
    }
}

fn joined(record: &Record) -> (&'static RuleMeta, Option<AccountId>, String) {
    let joining = joining(record);
    let account = joining.as_ref().and_then(|one| one.account.clone());
    let name = account
        .as_ref()
        .map_or_else(|| "an account".to_owned(), |id| format!("account {id}"));
    let method = joining.and_then(|one| one.method);
    let method = method
        .map(|word| format!(" ({})", word.as_str()))
        .unwrap_or_default();
    (&ACCOUNT_JOINED, account, format!("{name} joined{method}"))
}

fn attempted(record: &Record) -> (&'static RuleMeta, Option<AccountId>, String) {
    let account = record.recipient.clone();
    (
        &EXIT_ATTEMPTED,
        account,
        format!("{} {}", record.name, parameters(record)),
    )
}

/// Is this the acceptance of something other than an invitation?
fn other_handshake(record: &Record) -> bool {
    record
        .response
        .get("handshake")
        .and_then(|handshake| handshake.get("action"))
        .and_then(Value::as_str)
        .is_some_and(|action| !action.eq_ignore_ascii_case("invite"))
}

fn parameter<'a>(record: &'a Record, name: &str) -> Option<&'a str> {
    record.request.get(name).and_then(Value::as_str)
}

/// The short request parameters, `name=value`; long ones, such as policy texts, by name only.
fn parameters(record: &Record) -> String {
    const SHORT: usize = 80;
    let fields = record.request.as_object().into_iter().flatten();
    let words: Vec<String> = fields
        .map(|(name, value)| match value {
            Value::String(text) if text.chars().count() <= SHORT => format!("{name}={text}"),
            Value::Bool(flag) => format!("{name}={flag}"),
            Value::Number(number) => format!("{name}={number}"),
            _ => format!("{name}=…"),
        })
        .collect();
    words.join(" ")
}

fn who(actor: &Actor) -> String {
    let service = actor.invoked_by.as_deref();
    let name = actor.arn.as_deref().or(service).unwrap_or(&actor.kind);
    let name = if name.is_empty() { "unknown" } else { name };
    let identity = actor.source_identity.as_ref();
    let identity = identity
        .map(|one| format!(", source identity {one}"))
        .unwrap_or_default();
    let mfa = match actor.mfa {
        Some(true) => ", with MFA",
        Some(false) => ", without MFA",
        None => "",
    };
    format!("{name}{identity}{mfa}")
}

fn whence(record: &Record) -> String {
    let parts = [record.source_ip.as_deref(), record.user_agent.as_deref()];
    let mut parts: Vec<&str> = parts.into_iter().flatten().collect();
    // An AWS service writes its own name into both.
    parts.dedup();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{RefusedBy, latest_departures};
    use crate::model::fixture;
    use crate::trail::parse;

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
}
