//! The OU tree, walked level by level, where AWS sends no paths or names are wanted.

use std::collections::BTreeMap;

use super::calls::Calls;
use crate::model::organization::OrganizationalUnit;
use crate::model::{AccountId, Gap, NodeId, Observed, OuId, RootId, Snapshot};

/// Organizations allows five levels of OUs; an endpoint that nests on must not be followed.
///
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
const MOST_LEVELS: usize = 12;

/// What a walk found.
#[derive(Debug, Default)]
struct Found {
    units: BTreeMap<OuId, OrganizationalUnit>,
    places: BTreeMap<AccountId, Vec<NodeId>>,
    /// Why the walk is not complete.
    gap: Option<Gap>,
}

/// Adds every OU with its name; places accounts whose place is unknown.
pub(super) async fn walk(calls: Calls<'_>, snapshot: &mut Snapshot) {
    let Some(root) = root_id(snapshot) else {
        // Nowhere to begin: what kept the root unknown keeps the places unknown.
        if let (Observed::Known(accounts), Some(gap)) =
            (&mut snapshot.accounts, snapshot.root.gap())
        {
            for account in accounts.values_mut() {
                account.parents = Observed::Unknown(gap.clone());
            }
        }
        return;
    };
    calls.phase("organizational units");
    let unplaced = snapshot
        .accounts
        .known()
        .is_some_and(|accounts| accounts.values().any(|row| row.parents.gap().is_some()));
    let found = go(calls, root, unplaced).await;
    snapshot.units.extend(found.units);
    let Observed::Known(accounts) = &mut snapshot.accounts else {
        return;
    };
    for account in accounts.values_mut() {
        if account.parents.known().is_some() {
            continue;
        }
        if let Some(parents) = found.places.get(&account.id) {
            account.parents = Observed::Known(parents.clone());
        } else if let Some(gap) = &found.gap {
            account.parents = Observed::Unknown(gap.clone());
        }
    }
}

/// The root, from `ListRoots` or from an account's path.
fn root_id(snapshot: &Snapshot) -> Option<RootId> {
    if let Some(root) = snapshot.root.known() {
        return Some(root.id.clone());
    }
    let accounts = snapshot.accounts.known()?;
    accounts.values().find_map(|account| {
        let first = account.parents.known()?.first()?;
        match first {
            NodeId::Root(id) => Some(id.clone()),
            _ => None,
        }
    })
}

async fn go(calls: Calls<'_>, root: RootId, accounts_too: bool) -> Found {
    let mut found = Found::default();
    let mut level = vec![(NodeId::Root(root), Vec::new())];
    for _ in 0..MOST_LEVELS {
        let answers = calls
            .each("organizational units", level, |(node, _)| {
                let node = node.clone();
                async move {
                    let reads = calls.reads;
                    let units = reads.list_organizational_units_for_parent(&node);
                    if !accounts_too {
                        return Ok((units.await, Ok(Vec::new())));
                    }
                    let accounts = reads.list_accounts_for_parent(&node);
                    Ok(futures::join!(units, accounts))
                }
            })
            .await;
        level = Vec::new();
        for ((node, above), answer) in answers {
            let Ok((units, accounts)) = answer else {
                continue;
            };
            let mut parents = above;
            parents.push(node);
            match accounts {
                Ok(ids) => found
                    .places
                    .extend(ids.into_iter().map(|id| (id, parents.clone()))),
                Err(failure) => missed(calls, &mut found, failure.into_gap()),
            }
            match units {
                Ok(units) => {
                    for (id, name) in units {
                        level.push((NodeId::Ou(id.clone()), parents.clone()));
                        let parents = parents.clone();
                        let unit = OrganizationalUnit {
                            id: id.clone(),
                            name,
                            parents,
                        };
                        found.units.insert(id, unit);
                    }
                }
                Err(failure) => missed(calls, &mut found, failure.into_gap()),
            }
        }
        if level.is_empty() {
            break;
        }
    }
    found
}

fn missed(calls: Calls<'_>, found: &mut Found, gap: Gap) {
    calls.tell(&gap);
    found.gap.get_or_insert(gap);
}
