//! Detections that belong together: the guard detached, an attempt, a departure, the guard
//! attached again.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::detection::Detection;
use super::home::Home;
use super::outcome::Outcome;
use crate::exits::EventKind;
use crate::model::rule::Severity;
use crate::model::{AccountId, NodeId, Timestamp};

/// Records further apart than this tell different stories.
const APART: SignedDuration = SignedDuration::from_hours(24);

/// What happened around the exit of one account, or the attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// Whose.
    pub account: AccountId,
    /// Its steps in a few words, in the order in which they happened.
    pub title: String,
    /// The first step.
    pub from: Timestamp,
    /// The last step.
    pub until: Timestamp,
    /// The worst of its steps.
    pub severity: Severity,
    /// The steps, oldest first, as positions in the list of detections.
    pub steps: Vec<usize>,
}

/// The stories in detections, newest first; each has two steps or more.
pub fn stories(detections: &[Detection], home: &Home<'_>) -> Vec<Story> {
    let exits: BTreeSet<&AccountId> = detections
        .iter()
        .filter(|one| is_exit(one))
        .filter_map(|one| one.account.as_ref())
        .collect();
    let mut stories: Vec<Story> = exits
        .into_iter()
        .flat_map(|account| of_account(account, detections, home))
        .collect();
    stories.sort_by(|a, b| (b.until, &a.account).cmp(&(a.until, &b.account)));
    stories
}

fn is_exit(detection: &Detection) -> bool {
    let exit = matches!(
        detection.kind,
        EventKind::Departure | EventKind::MemberAttempt | EventKind::Expulsion
    );
    exit && detection.severity > Severity::Info
}

fn of_account(account: &AccountId, all: &[Detection], home: &Home<'_>) -> Vec<Story> {
    let mut own: Vec<(usize, &Detection)> = all
        .iter()
        .enumerate()
        .filter(|(_, one)| concerns(one, account, home))
        .collect();
    own.sort_by_key(|(at, one)| (one.time, within_a_second(one.kind), usize::MAX - at));
    let mut stories = Vec::new();
    for chapter in own.chunk_by(|(_, a), (_, b)| b.time.duration_since(a.time) <= APART) {
        let told = chapter
            .iter()
            .any(|(_, one)| one.account.as_ref() == Some(account) && is_exit(one));
        if let ([(_, first), .., (_, last)], true) = (chapter, told) {
            stories.push(Story {
                account: account.clone(),
                title: title(chapter),
                from: first.time,
                until: last.time,
                severity: chapter
                    .iter()
                    .map(|(_, one)| one.severity)
                    .max()
                    .unwrap_or(Severity::Info),
                steps: chapter.iter().map(|(at, _)| *at).collect(),
            });
        }
    }
    stories
}

/// CloudTrail tells whole seconds: of several records of one, causes come before effects, and a
/// guard is put back last.
fn within_a_second(kind: EventKind) -> u8 {
    match kind {
        EventKind::GuardChange | EventKind::Precursor => 0,
        EventKind::MemberAttempt | EventKind::Expulsion | EventKind::Deletion => 1,
        EventKind::Departure | EventKind::Joining => 2,
        EventKind::GuardRestored => 3,
    }
}

/// Is a detection about the account, or about a guard that may bind it?
fn concerns(detection: &Detection, account: &AccountId, home: &Home<'_>) -> bool {
    if let Some(about) = &detection.account {
        return about == account;
    }
    match detection.kind {
        EventKind::GuardChange | EventKind::GuardRestored => match &detection.target {
            // Where an account lay that is gone is not known, so every OU may have been above it.
            Some(target) => home.within(account, target).unwrap_or(true),
            // A policy, its type or the delegation policy: may bind anybody.
            None => true,
        },
        EventKind::Deletion => true,
        _ => false,
    }
}

fn title(steps: &[(usize, &Detection)]) -> String {
    let mut words: Vec<&str> = steps.iter().map(|(_, one)| word(one)).collect();
    words.dedup();
    words.join(", ")
}

fn word(detection: &Detection) -> &'static str {
    if detection.outcome != Outcome::Succeeded {
        return tried(detection.kind);
    }
    match detection.kind {
        EventKind::Departure => "departure",
        EventKind::Joining => "joining",
        EventKind::MemberAttempt if detection.severity == Severity::Info => "handshake",
        EventKind::MemberAttempt => "attempt",
        EventKind::Expulsion => "put out",
        EventKind::Deletion => "deletion of the organization",
        EventKind::GuardChange => match detection.event.as_str() {
            "MoveAccount" => "account moved",
            "DetachPolicy" => "guard detached",
            _ => "guard changed",
        },
        EventKind::GuardRestored => "guard attached",
        EventKind::Precursor => "root user touched",
    }
}

/// What was tried and had no effect.
fn tried(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Departure | EventKind::Joining | EventKind::MemberAttempt => "attempt",
        EventKind::Expulsion => "attempt to put it out",
        EventKind::Deletion => "attempt to delete the organization",
        EventKind::GuardChange => "attempt on the guard",
        EventKind::GuardRestored => "attempt to guard",
        EventKind::Precursor => "attempt on its root user",
    }
}

/// The node that a record names as its target.
pub(super) fn target(record: &crate::model::record::Record) -> Option<NodeId> {
    record.request.get("targetId")?.as_str()?.parse().ok()
}
