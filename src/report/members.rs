//! What was looked into inside members, and what not, in sentences.

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
    if let Some((first, rest)) = unread.split_at_checked(NAMED).or(Some((&unread, &[]))) {
        let more = match rest.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        if !first.is_empty() {
            spots.push(format!(
                "their own histories could not be read, so attempts there are unknown: {}{more}",
                first.join(" ")
            ));
        }
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
