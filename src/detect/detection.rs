//! One record, one detection.

use super::home::Home;
use super::judged::{Judged, judge};
use super::next::next_step;
use super::outcome::Outcome;
use super::story::target;
use super::waive::waiver;
use crate::exits::{EventKind, EventSpec, event};
use crate::model::record::{Actor, Record};
use crate::model::rule::{RuleMeta, Severity};
use crate::model::settings::{Settings, Waiver};
use crate::model::{AccountId, NodeId, Timestamp};

/// What happened, to which account, by whom, with what outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detection {
    /// What it means for the organization.
    pub kind: EventKind,
    /// Which kind.
    pub rule: &'static RuleMeta,
    /// How bad, this time.
    pub severity: Severity,
    /// Why it is as bad as that.
    pub reason: String,
    /// When.
    pub time: Timestamp,
    /// `eventName`.
    pub event: String,
    /// `eventID`.
    pub event_id: String,
    /// The account that it happened to, if the record tells.
    pub account: Option<AccountId>,
    /// The root, OU or account that the call named as its target.
    pub target: Option<NodeId>,
    /// One line; may hold untrusted text.
    pub summary: String,
    /// Who called: untrusted text.
    pub actor: Actor,
    /// Source address and user agent: untrusted text.
    pub from: String,
    /// In whose history or trail it was logged.
    pub logged_in: Option<AccountId>,
    /// The region in which it was logged.
    pub region: String,
    /// How it ended.
    pub outcome: Outcome,
    /// `errorCode` and `errorMessage` of a call that was refused: untrusted text.
    pub error: Option<(String, Option<String>)>,
    /// What to do now.
    pub next: String,
    /// ATT&CK techniques.
    pub attack: &'static [&'static str],
    /// The waiver that covers it.
    pub waived: Option<Waiver>,
}

/// Every detection in records of any source, each event once, newest first; waivers count as of
/// `at`.
pub fn detect<'a>(
    records: impl IntoIterator<Item = &'a Record>,
    home: &Home<'_>,
    settings: &Settings,
    at: Timestamp,
) -> Vec<Detection> {
    let mut detections: Vec<Detection> = records
        .into_iter()
        .filter_map(|record| {
            Some(detection(
                event(&record.source, &record.name)?,
                record,
                home,
            ))
        })
        .collect();
    for detection in &mut detections {
        detection.waived = waiver(&settings.waivers, detection, home, at).cloned();
    }
    detections.sort_by(|a, b| (b.time, &a.event_id).cmp(&(a.time, &b.event_id)));
    // A record without an id cannot be told to be a copy; a forged twin with another's id must
    // hide nothing.
    detections.dedup_by(|a, b| {
        let known = !a.event_id.is_empty();
        let same = a.event_id == b.event_id && a.time == b.time && a.event == b.event;
        known && same && a.outcome == b.outcome && a.summary == b.summary
    });
    detections
}

fn detection(spec: &'static EventSpec, record: &Record, home: &Home<'_>) -> Detection {
    let outcome = Outcome::of(record);
    let Judged {
        rule,
        account,
        summary,
        severity,
        reason,
    } = judge(spec.kind, record, outcome, home);
    Detection {
        kind: spec.kind,
        rule,
        severity,
        reason,
        time: record.time,
        event: record.name.clone(),
        event_id: record.event_id.clone(),
        next: next_step(rule, account.as_ref(), &record.actor),
        account,
        target: target(record),
        summary,
        actor: record.actor.clone(),
        from: whence(record),
        logged_in: record.recipient.clone(),
        region: record.region.clone(),
        outcome,
        error: record
            .error_code
            .clone()
            .map(|code| (code, record.error_message.clone())),
        attack: spec.attack,
        waived: None,
    }
}

impl Detection {
    /// Who called, in one line: untrusted text.
    pub fn by(&self) -> String {
        let actor = &self.actor;
        let service = actor.invoked_by.as_deref();
        let name = actor.arn.as_deref().or(service).unwrap_or(&actor.kind);
        let name = if name.is_empty() { "unknown" } else { name };
        let with = |label: &str, value: Option<&String>| {
            value
                .filter(|value| !value.is_empty())
                .map(|value| format!(", {label} {value}"))
                .unwrap_or_default()
        };
        let mfa = match actor.mfa {
            Some(true) => ", with MFA",
            Some(false) => ", without MFA",
            None => "",
        };
        format!(
            "{name}{}{}{}{mfa}",
            with("a session of", actor.session_issuer.as_ref()),
            with("source identity", actor.source_identity.as_ref()),
            with("access key", actor.access_key.as_ref()),
        )
    }
}

fn whence(record: &Record) -> String {
    let parts = [record.source_ip.as_deref(), record.user_agent.as_deref()];
    let mut parts: Vec<&str> = parts.into_iter().flatten().collect();
    // An AWS service writes its own name into both.
    parts.dedup();
    parts.join(", ")
}
