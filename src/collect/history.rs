//! The event history of the caller's account, as far as exits are concerned.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::calls::Calls;
use crate::aws::Failure;
use crate::model::snapshot::EventHistory;
use crate::model::{Gap, GapReason, Snapshot};
use crate::trail;

/// Service events that AWS writes into the management account's history only.
const MANAGEMENT_ONLY: [&str; 2] = ["AccountDepartedOrganization", "AccountJoinedOrganization"];

/// Looks up every name in the window of `history`.
pub(super) async fn read(
    calls: Calls<'_>,
    mut history: EventHistory,
    names: &[&str],
) -> EventHistory {
    let Some((first, rest)) = names.split_first() else {
        return history;
    };
    calls.phase("recent events");
    let (from, until) = (history.from, history.until);
    let look = |name: String| async move { calls.reads.lookup_events(&name, from, until).await };
    // What fails for one name fails for all: a denied or unknown operation is asked once.
    let answer = look((*first).to_owned()).await;
    let mut answers = vec![((*first).to_owned(), answer)];
    if let Some((_, Err(failure))) = answers.first() {
        let failure = failure.clone();
        answers.extend(rest.iter().map(|name| {
            let target = Some(Box::from(*name));
            let failure = Failure {
                target,
                ..failure.clone()
            };
            ((*name).to_owned(), Err(failure))
        }));
    } else {
        let rest = rest.iter().map(|name| (*name).to_owned()).collect();
        let more = calls.each("event names", rest, |name| look(name.clone()));
        answers.extend(more.await);
    }
    let mut seen = BTreeSet::new();
    for (name, answer) in answers {
        match answer {
            Ok(texts) => keep(&mut history, &mut seen, &name, &texts),
            Err(failure) => {
                let gap = failure.into_gap();
                calls.tell(&gap);
                history.gaps.push(gap);
            }
        }
    }
    history
        .records
        .sort_by(|a, b| (Reverse(a.time), &a.event_id).cmp(&(Reverse(b.time), &b.event_id)));
    history.gaps.sort();
    history
}

/// Parses the records of one name; each event id is kept once.
fn keep(history: &mut EventHistory, seen: &mut BTreeSet<String>, name: &str, texts: &[String]) {
    for (position, text) in texts.iter().enumerate() {
        match trail::parse(text) {
            Ok(record) => {
                // A record without an id cannot be told to be a copy.
                if record.event_id.is_empty() || seen.insert(record.event_id.clone()) {
                    history.records.push(record);
                }
            }
            Err(error) => {
                let place = position + 1;
                history
                    .unparsed
                    .push(format!("number {place} of {name}: {error}"));
            }
        }
    }
}

/// The gap that every history but the management account's has.
///
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_LeaveOrganization.html>
pub(super) fn unseen(snapshot: &Snapshot, names: &[&str]) -> Option<Gap> {
    let asked: Vec<&str> = MANAGEMENT_ONLY
        .into_iter()
        .filter(|name| names.contains(name))
        .collect();
    if asked.is_empty() || snapshot.caller_manages() == Some(true) {
        return None;
    }
    let account = &snapshot.caller.account;
    let message = if snapshot.caller_manages().is_some() {
        format!(
            "AWS writes these events into the management account's history only, and {account} \
             is not the management account"
        )
    } else {
        format!(
            "AWS writes these events into the management account's history only, and whether \
             {account} is the management account is unknown"
        )
    };
    Some(Gap {
        operation: "cloudtrail:LookupEvents".to_owned(),
        target: Some(asked.join(", ")),
        reason: GapReason::NotVisible,
        message,
        request_id: None,
    })
}
