//! What was looked into inside members, and what not, in sentences.

use super::document::EventCoverage;
use crate::exits::member_event_names;
use crate::model::{AccountId, Snapshot};

/// Accounts that one sentence names.
const NAMED: usize = 20;

/// Which members' own events the answer lacks.
pub(super) fn blind_spots(snapshot: &Snapshot) -> Vec<String> {
    let names = member_event_names().join(", ");
    if snapshot.members.is_empty() {
        return vec![format!(
            "a member's own {names} is logged in that member only; this event history cannot show it \
             (--member-role looks into members)"
        )];
    }
    let entered = snapshot.members.values();
    let entered = entered.filter(|facts| facts.history.known().is_some());
    let mut spots = vec![format!(
        "a member's own {names} is logged in that member only; looked into {} of {}",
        entered.count(),
        members(snapshot.members.len())
    )];
    let unread = snapshot.members.iter();
    let unread = unread.filter(|(_, facts)| facts.history.known().is_none());
    let unread: Vec<&str> = unread.map(|(id, _)| id.as_str()).collect();
    if !unread.is_empty() {
        spots.push(format!(
            "their own histories could not be read, so attempts there are unknown: {}",
            named(&unread)
        ));
    }
    let others = not_asked(snapshot);
    if others > 0 {
        spots.push(format!(
            "not looked into, because they do not act or were not asked for: {}",
            members(others)
        ));
    }
    spots
}

/// Members' own event histories in one sentence; every one of them is in the JSON.
pub(super) fn histories(of_members: &[EventCoverage]) -> Option<String> {
    let from = of_members.iter().map(|one| one.from).max()?;
    let until = of_members.iter().map(|one| one.until).min()?;
    let records: usize = of_members.iter().map(|one| one.records).sum();
    let telling = of_members.iter().filter(|one| one.records > 0);
    let telling: Vec<&str> = telling.map(|one| one.account.as_str()).collect();
    let place = match telling.len() {
        0 => String::new(),
        _ => format!(", in {}", named(&telling)),
    };
    Some(format!(
        "event histories of {}, {from} to {until}: {records} records{place}",
        members(of_members.len())
    ))
}

/// The first of them, and how many more there are.
fn named(ids: &[&str]) -> String {
    let first: Vec<&str> = ids.iter().take(NAMED).copied().collect();
    match ids.len().saturating_sub(NAMED) {
        0 => first.join(" "),
        more => format!("{} and {more} more", first.join(" ")),
    }
}

fn members(count: usize) -> String {
    let word = if count == 1 { "member" } else { "members" };
    format!("{count} {word}")
}

/// Members that no role was tried in, but the caller's own account.
fn not_asked(snapshot: &Snapshot) -> usize {
    let asked =
        |id: &AccountId| snapshot.members.contains_key(id) || *id == snapshot.caller.account;
    let members = snapshot.members().into_iter().flatten();
    members.filter(|account| !asked(&account.id)).count()
}
