//! Where a returning account belongs, and the move to it.

use super::control_tower;
use super::step::{Change, Step};
use super::way_back::Returning;
use crate::audit::stack_sets_firing;
use crate::model::organization::StackSet;
use crate::model::{AccountId, NodeId, Observed, OuId, Snapshot};

/// How an account stands to the root, where every account arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Arrival {
    /// It arrives within the plan.
    Comes,
    /// It is in the root.
    InRoot,
    /// Somebody moved it from the root since it arrived: to here.
    In(NodeId),
}

/// The move to where it was; `None`: it is there.
///
/// # Errors
/// Why not, in words, and whether that leaves undone what was asked for.
pub(super) fn move_back(
    now: &Snapshot,
    wishes: &Returning,
    account: &AccountId,
    arrival: &Arrival,
) -> Result<Option<Step>, (String, bool)> {
    let (to, how) = former_place(now, wishes, account)?;
    if let Arrival::In(place) = arrival {
        // Out of an OU go the SCPs of that OU: this tool moves accounts from the root only.
        return if *place == to {
            Ok(None)
        } else {
            Err((
                format!(
                    "it is in {}, to which somebody moved it after it arrived, and is left there; {}",
                    now.called(place),
                    by_hand(account, place, &to)
                ),
                true,
            ))
        };
    }
    if let Some(why) = control_tower::moving(now).filter(|_| !wishes.despite_control_tower) {
        return Err((why.to_owned(), true));
    }
    Ok(Some(Step {
        id: format!("move-{account}"),
        title: format!(
            "move account {account} to {}, {how}; {}",
            now.called(&to),
            fires(now, &to)
        ),
        change: Change::MoveAccount {
            account: account.clone(),
            to,
        },
        covers: 1,
        undo: "move it back to the root, if it is still there".to_owned(),
    }))
}

/// How an account is moved that this tool does not move.
pub fn by_hand(account: &AccountId, from: &NodeId, to: &NodeId) -> String {
    format!(
        "to move it: aws organizations move-account --account-id {account} --source-parent-id {from} \
         --destination-parent-id {to}"
    )
}

/// Which `StackSets` a move from the root fires, in words.
fn fires(now: &Snapshot, to: &NodeId) -> String {
    let root = now.root.known().map(|root| NodeId::Root(root.id.clone()));
    let from: Vec<NodeId> = root.into_iter().collect();
    let mut there = from.clone();
    if let NodeId::Ou(id) = to
        && let Some(unit) = now.units.get(id)
    {
        there.clone_from(&unit.parents);
    }
    there.push(to.clone());
    match stack_sets_firing(now, &from, &there) {
        Observed::Unknown(_) => {
            "which StackSets create or delete stacks in it then is not known: it could not be \
             read"
                .to_owned()
        }
        Observed::Known(firing) => {
            let names = |sets: &[&StackSet]| {
                let names: Vec<String> = sets.iter().map(|one| format!("`{}`", one.name)).collect();
                names.join(", ")
            };
            let mut told = Vec::new();
            for (what, sets) in [
                ("create their stacks in it", &firing.deploy),
                ("delete their stacks in it", &firing.delete),
                ("let go of their stacks in it", &firing.retain),
            ] {
                if !sets.is_empty() {
                    told.push(format!("StackSets that {what} then: {}", names(sets)));
                }
            }
            if told.is_empty() {
                told.push(
                    "no StackSet of the region that was looked at acts on it then".to_owned(),
                );
            }
            told.join("; ")
        }
    }
}

/// Where the account was: named, or in the baseline, or by the last move that the events show.
fn candidate(now: &Snapshot, wishes: &Returning, account: &AccountId) -> Option<(NodeId, String)> {
    if let Some(to) = wishes.to.get(account) {
        return Some((to.clone(), "which --return-to names".to_owned()));
    }
    let baseline = wishes.baseline.as_deref().and_then(|then| {
        let found = then.accounts.known()?.get(account)?;
        let parent = found.parents.known()?.last()?.clone();
        Some((parent, format!("where it was on {}", then.taken_at)))
    });
    baseline.or_else(|| {
        let parent = last_move(now, account)?;
        Some((
            parent,
            "to which it was last moved, by the event history".to_owned(),
        ))
    })
}

/// The OU, if any, to which an account would go back: an OU that holds no account is looked up.
pub fn place_to_look_up(now: &Snapshot, wishes: &Returning, account: &AccountId) -> Option<OuId> {
    match candidate(now, wishes, account) {
        Some((NodeId::Ou(id), _)) if !now.units.contains_key(&id) => Some(id),
        _ => None,
    }
}

fn former_place(
    now: &Snapshot,
    wishes: &Returning,
    account: &AccountId,
) -> Result<(NodeId, String), (String, bool)> {
    let ask = format!("name it: add --return-to {account}=OU");
    match candidate(now, wishes, account) {
        Some((NodeId::Ou(id), how)) if now.units.contains_key(&id) => Ok((NodeId::Ou(id), how)),
        Some((NodeId::Ou(id), how)) => Err((
            format!("OU {id}, {how}, is not in the organization any more; {ask}"),
            true,
        )),
        Some((NodeId::Root(_), how)) => Err((format!("it stays in the root, {how}"), false)),
        Some((other, _)) => Err((format!("{other} is no OU; {ask}"), true)),
        None => Err((
            format!("where it was is not known; {ask}, or --baseline FILE"),
            true,
        )),
    }
}

/// Where the account was last moved, by the event history.
fn last_move(now: &Snapshot, account: &AccountId) -> Option<NodeId> {
    let moves = now.events.records.iter().filter(|record| {
        let of = |key: &str| record.request.get(key)?.as_str();
        record.name == "MoveAccount"
            && record.error_code.is_none()
            && of("accountId") == Some(account.as_str())
    });
    let last = moves.max_by_key(|record| record.time)?;
    let parent = last.request.get("destinationParentId")?;
    parent.as_str()?.parse().ok()
}
