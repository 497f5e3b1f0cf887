//! What one record means: which rule, which account, how bad and why.

use serde_json::Value;

use super::home::{Home, Inviter};
use super::outcome::{Outcome, RefusedBy};
use super::rules::{
    ACCOUNT_CLEANED, ACCOUNT_DEPARTED, ACCOUNT_JOINED, ACCOUNT_JOINED_UNINVITED, ACCOUNT_LEFT,
    ACCOUNT_PUT_OUT, ACCOUNT_REMOVED, EXIT_ATTEMPTED, GUARD_CHANGED, GUARD_PUT_IN_PLACE,
    HANDSHAKE_ACCEPTED, ORGANIZATION_DELETED, ROOT_USER_TOUCHED,
};
use crate::exits::EventKind;
use crate::model::AccountId;
use crate::model::organization::JoinedMethod;
use crate::model::record::Record;
use crate::model::rule::{RuleMeta, Severity};
use crate::trail::{Method, departure, joining};

/// The meaning of a record.
#[derive(Debug)]
pub(super) struct Judged {
    pub rule: &'static RuleMeta,
    pub account: Option<AccountId>,
    /// One line; may hold untrusted text.
    pub summary: String,
    pub severity: Severity,
    /// Why it is as bad as that.
    pub reason: String,
}

/// What a record of a kind means to an organization.
pub(super) fn judge(kind: EventKind, record: &Record, outcome: Outcome, home: &Home<'_>) -> Judged {
    match kind {
        EventKind::Departure => departed(record),
        EventKind::Joining => joined(record, home),
        EventKind::MemberAttempt => attempted(record, outcome, home),
        EventKind::Expulsion => put_out(record, outcome),
        EventKind::Deletion => deleted(record, outcome),
        EventKind::GuardChange => guard_changed(record, outcome, home),
        EventKind::GuardRestored => Judged {
            severity: Severity::Info,
            ..call(&GUARD_PUT_IN_PLACE, record, outcome)
        },
        EventKind::Precursor => Judged {
            account: parameter(record, "accountId")
                .and_then(|id| id.parse().ok())
                .or_else(|| record.recipient.clone()),
            ..call(&ROOT_USER_TOUCHED, record, outcome)
        },
    }
}

/// A call that is as bad as its rule says, and little if it was refused, unless only a constraint
/// stood in the way.
fn call(rule: &'static RuleMeta, record: &Record, outcome: Outcome) -> Judged {
    let account = ["accountId", "targetId"];
    let account = account
        .into_iter()
        .find_map(|name| parameter(record, name)?.parse().ok());
    let (severity, reason) = match outcome {
        Outcome::Succeeded => (rule.severity, "it had its effect"),
        Outcome::Refused(RefusedBy::Constraint) => (
            rule.severity.min(Severity::Medium),
            "nothing changed, as what was asked for cannot be done now; it was allowed to",
        ),
        Outcome::Refused(_) => (Severity::Low, "it was refused, so it changed nothing"),
        Outcome::Failed => (Severity::Low, "it came to nothing"),
    };
    Judged {
        rule,
        account,
        summary: sentence(record),
        severity,
        reason: reason.to_owned(),
    }
}

/// Whoever tries this is in the management account, whatever came of it.
fn deleted(record: &Record, outcome: Outcome) -> Judged {
    let judged = call(&ORGANIZATION_DELETED, record, outcome);
    let severity = match outcome {
        Outcome::Succeeded => judged.severity,
        Outcome::Refused(RefusedBy::Constraint) => Severity::High,
        Outcome::Refused(_) | Outcome::Failed => Severity::Medium,
    };
    Judged { severity, ..judged }
}

fn departed(record: &Record) -> Judged {
    let departure = departure(record);
    let account = departure.as_ref().and_then(|one| one.account.clone());
    let name = called(account.as_ref());
    let (rule, what, reason) = match departure.map(|one| one.method) {
        Some(Method::Left) => (
            &ACCOUNT_LEFT,
            "left (LEFT)".to_owned(),
            "no SCP of this organization binds it any more",
        ),
        Some(Method::Removed) => (
            &ACCOUNT_REMOVED,
            "was removed (REMOVED)".to_owned(),
            "the management account did it",
        ),
        Some(Method::Cleaned) => (
            &ACCOUNT_CLEANED,
            "departed 90 days after its closure (CLEANED)".to_owned(),
            "its closure was the moment to act",
        ),
        Some(Method::Other(word)) if !word.is_empty() => (
            &ACCOUNT_DEPARTED,
            format!("departed ({word})"),
            "this version does not know the method",
        ),
        _ => (
            &ACCOUNT_DEPARTED,
            "departed".to_owned(),
            "the record tells no method",
        ),
    };
    Judged {
        rule,
        account,
        summary: format!("{name} {what}"),
        severity: rule.severity,
        reason: reason.to_owned(),
    }
}

fn joined(record: &Record, home: &Home<'_>) -> Judged {
    let joining = joining(record);
    let account = joining.as_ref().and_then(|one| one.account.clone());
    let name = called(account.as_ref());
    let method = joining.and_then(|one| one.method);
    let invited = match (&account, &method) {
        (Some(account), Some(JoinedMethod::Invited)) => home.invited(account, record.time),
        _ => Some(true),
    };
    let (rule, reason) = match invited {
        Some(false) => (
            &ACCOUNT_JOINED_UNINVITED,
            "none of the organization's accepted invitations went to it",
        ),
        Some(true) => (&ACCOUNT_JOINED, "accounts come and go"),
        None => (&ACCOUNT_JOINED, "who invited it could not be told"),
    };
    let method = method
        .map(|word| format!(" ({})", word.as_str()))
        .unwrap_or_default();
    Judged {
        rule,
        account,
        summary: format!("{name} joined{method}"),
        severity: rule.severity,
        reason: reason.to_owned(),
    }
}

fn attempted(record: &Record, outcome: Outcome, home: &Home<'_>) -> Judged {
    let inviter = if record.name == "AcceptHandshake" {
        home.inviter(record)
    } else {
        Inviter::Unknown
    };
    let account = record.recipient.clone();
    let summary = sentence(record);
    let harmless = match &inviter {
        Inviter::Own => Some("the invitation is this organization's own"),
        Inviter::NoInvitation => Some("the handshake is no invitation"),
        Inviter::Foreign(_) | Inviter::Unknown => None,
    };
    if let Some(reason) = harmless {
        let severity = HANDSHAKE_ACCEPTED.severity;
        let (rule, reason) = (&HANDSHAKE_ACCEPTED, reason.to_owned());
        return Judged {
            rule,
            account,
            summary,
            severity,
            reason,
        };
    }
    let whose = match (&inviter, record.name.as_str(), home.organization) {
        (Inviter::Unknown, "AcceptHandshake", None) => {
            "; whose invitation it was could not be told: --organization ID or --snapshot FILE names ours"
        }
        (Inviter::Unknown, "AcceptHandshake", Some(_)) => {
            "; whose invitation it was could not be told: the record names no organization"
        }
        _ => "",
    };
    let (severity, reason) = match outcome {
        Outcome::Succeeded => (Severity::Critical, "nothing stopped it"),
        Outcome::Refused(RefusedBy::Constraint) => (
            Severity::Critical,
            "authorization passed, the guard did not stop it: only a payment method, an age or the like stood in the way",
        ),
        Outcome::Refused(RefusedBy::Scp) => (Severity::High, "somebody tried, and the guard held"),
        Outcome::Refused(RefusedBy::Iam) => (
            Severity::High,
            "somebody tried, and IAM refused before any guard was put to the test",
        ),
        Outcome::Refused(RefusedBy::Other) | Outcome::Failed => (Severity::High, "somebody tried"),
    };
    let summary = match inviter {
        Inviter::Foreign(id) => format!("{summary} (invitation of another organization, {id})"),
        _ => summary,
    };
    Judged {
        rule: &EXIT_ATTEMPTED,
        account,
        summary,
        severity,
        reason: format!("{reason}{whose}"),
    }
}

fn put_out(record: &Record, outcome: Outcome) -> Judged {
    let mut judged = call(&ACCOUNT_PUT_OUT, record, outcome);
    if let Some(result) = record.details.get("closeAccountStatus") {
        let text = |field: &str| result.get(field).and_then(Value::as_str);
        judged.account = text("accountId").and_then(|id| id.parse().ok());
        let state = text("state").unwrap_or("of unknown outcome");
        let name = called(judged.account.as_ref());
        judged.summary = format!("closure of {name}: {state}");
    }
    judged
}

fn guard_changed(record: &Record, outcome: Outcome, home: &Home<'_>) -> Judged {
    let judged = call(&GUARD_CHANGED, record, outcome);
    if outcome != Outcome::Succeeded {
        return judged;
    }
    let other_type = parameter(record, "policyType")
        .filter(|kind| !kind.eq_ignore_ascii_case("SERVICE_CONTROL_POLICY"));
    let (severity, reason) = if record.name == "MoveAccount" {
        moved(record, home)
    } else if other_type.is_some() {
        (Severity::Info, "another policy type guards no exit")
    } else {
        (judged.severity, "it can lift a guard before an exit")
    };
    Judged {
        severity,
        reason: reason.to_owned(),
        ..judged
    }
}

/// From a guarded place to an open one is what counts; where an account lies now tells.
fn moved(record: &Record, home: &Home<'_>) -> (Severity, &'static str) {
    let guarded = |field: &str| home.guarded(parameter(record, field)?);
    match (guarded("sourceParentId"), guarded("destinationParentId")) {
        (_, Some(true)) => (
            Severity::Info,
            "every way out is blocked where it was moved to",
        ),
        (Some(true), Some(false)) => (
            Severity::High,
            "it was moved from where every way out is blocked to where one is not",
        ),
        (Some(false), Some(false)) => (
            Severity::Medium,
            "a way out is not blocked where it was moved to, nor where it came from",
        ),
        _ => (
            Severity::High,
            "whether it is guarded where it was moved to is not known",
        ),
    }
}

fn called(account: Option<&AccountId>) -> String {
    account.map_or_else(|| "an account".to_owned(), |id| format!("account {id}"))
}

fn parameter<'a>(record: &'a Record, name: &str) -> Option<&'a str> {
    record.request.get(name).and_then(Value::as_str)
}

/// The event with the short request parameters, `name=value`; long ones, such as policy texts,
/// by name only.
fn sentence(record: &Record) -> String {
    const SHORT: usize = 80;
    let fields = record.request.as_object().into_iter().flatten();
    let words = fields.map(|(name, value)| match value {
        Value::String(text) if text.chars().count() <= SHORT => format!(" {name}={text}"),
        Value::Bool(flag) => format!(" {name}={flag}"),
        Value::Number(number) => format!(" {name}={number}"),
        _ => format!(" {name}=…"),
    });
    let words: String = words.collect();
    format!("{}{words}", record.name)
}
