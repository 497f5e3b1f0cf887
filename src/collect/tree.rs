//! Organization, root, accounts and OUs; then the attachments, as deep as they matter.

use std::collections::{BTreeMap, BTreeSet};

use futures::join;

use super::attachments::{Descent, Hanging};
use super::calls::Calls;
use super::{CollectError, outside, walk};
use crate::model::organization::{FeatureSet, OrganizationalUnit, PolicyTypeState, Root};
use crate::model::snapshot::Depth;
use crate::model::{Gap, GapReason, NodeId, Observed, OuId, PolicyId, Snapshot};

/// Names of OUs are asked for by up to this many questions of a kind; more take too long for what
/// they tell.
const MOST_NAMES: usize = 50;
/// The most OUs that one page of a list holds.
const OUS_A_PAGE: usize = 20;

/// Fills in the tree and its attachments.
pub(super) async fn read(
    calls: Calls<'_>,
    mut snapshot: Snapshot,
) -> Result<Snapshot, CollectError> {
    calls.phase("organization and accounts");
    let reads = calls.reads;
    let (organization, (root, hanging), accounts) = join!(
        reads.describe_organization(),
        root_and_what_hangs_on_it(calls),
        reads.list_accounts(),
    );
    if let Some(error) = organization
        .as_ref()
        .err()
        .and_then(|failure| outside(&snapshot, failure))
    {
        return Err(error);
    }
    snapshot.organization = calls.observed(organization);
    snapshot.root = root;
    snapshot.accounts = calls.observed(accounts).map(|rows| {
        rows.into_iter()
            .map(|row| (row.id.clone(), row))
            .collect::<BTreeMap<_, _>>()
    });
    meet_units(&mut snapshot);

    let full = snapshot.depth == Depth::Full;
    let unplaced = snapshot
        .accounts
        .known()
        .is_some_and(|accounts| accounts.values().any(|row| row.parents.gap().is_some()));
    let walked = full || unplaced;
    if walked {
        walk::walk(calls, &mut snapshot).await;
    }
    for account in snapshot.accounts.known().into_iter().flatten() {
        if let Some(gap) = account.1.parents.gap() {
            calls.tell(gap);
        }
    }

    let scps_off = scps_off(&snapshot);
    let mut descent = Descent::new(calls, snapshot);
    if let Some(hanging) = hanging {
        descent.hangs(hanging);
    }
    if !scps_off && full {
        descent.everything().await;
    } else if !scps_off {
        descent.as_far_as_needed().await;
    }
    let named = descent.unsettled_units();
    let mut snapshot = descent.into_snapshot();
    if !walked {
        name_units(calls, &mut snapshot, named).await;
    }
    Ok(snapshot)
}

/// The root, and what hangs on it as soon as its id is known.
async fn root_and_what_hangs_on_it(calls: Calls<'_>) -> (Observed<Root>, Option<Hanging>) {
    let root = match calls.observed(calls.reads.list_roots().await) {
        Observed::Unknown(gap) => return (Observed::Unknown(gap), None),
        Observed::Known(mut roots) if roots.len() == 1 => roots.pop(),
        Observed::Known(_) => None,
    };
    let Some(root) = root else {
        let gap = Gap {
            operation: "organizations:ListRoots".to_owned(),
            target: None,
            reason: GapReason::Malformed,
            message: "the answer does not hold exactly one root".to_owned(),
            request_id: None,
        };
        calls.tell(&gap);
        return (Observed::Unknown(gap), None);
    };
    if root.scp_state == PolicyTypeState::NotEnabled {
        return (Observed::Known(root), None);
    }
    let node = NodeId::Root(root.id.clone());
    let hanging = Hanging::read(calls, node).await;
    (Observed::Known(root), Some(hanging))
}

/// Do no SCPs bind, or is that unknown? Then no verdict depends on what hangs where.
fn scps_off(snapshot: &Snapshot) -> bool {
    let enabled = snapshot
        .root
        .known()
        .is_some_and(|root| root.scp_state == PolicyTypeState::Enabled);
    let all_features = snapshot
        .organization
        .known()
        .is_some_and(|organization| organization.feature_set != FeatureSet::ConsolidatedBilling);
    !(enabled && all_features)
}

/// Notes every OU on the way to an account.
fn meet_units(snapshot: &mut Snapshot) {
    for account in snapshot.accounts.known().into_iter().flatten() {
        let parents = account.1.parents.known();
        for (depth, node) in parents.into_iter().flatten().enumerate() {
            let NodeId::Ou(id) = node else { continue };
            snapshot
                .units
                .entry(id.clone())
                .or_insert_with(|| OrganizationalUnit {
                    id: id.clone(),
                    name: None,
                    parents: parents
                        .map(|all| all.iter().take(depth).cloned().collect())
                        .unwrap_or_default(),
                });
        }
    }
}

/// Names of OUs that carry unsettled accounts; a name that cannot be read is no gap.
///
/// A list gives the names of all OUs under one parent, a description only one: lists first where
/// they are fewer calls, descriptions for what is then still without a name.
async fn name_units(calls: Calls<'_>, snapshot: &mut Snapshot, mut units: BTreeSet<OuId>) {
    let parents = parents_of(snapshot, &units);
    if lists_needed(snapshot, &parents) < units.len() {
        name_by_parent(calls, snapshot, parents).await;
        units.retain(|id| {
            snapshot
                .units
                .get(id)
                .is_none_or(|unit| unit.name.is_none())
        });
    }
    let asked = units.into_iter().take(MOST_NAMES).collect();
    let answers = calls
        .each("names", asked, |id: &OuId| {
            let id = id.clone();
            async move {
                calls
                    .reads
                    .describe_organizational_unit(&id, Vec::new())
                    .await
            }
        })
        .await;
    for (id, answer) in answers {
        if let (Ok(described), Some(unit)) = (answer, snapshot.units.get_mut(&id)) {
            unit.name = described.name;
        }
    }
}

/// The nodes directly above some OUs.
fn parents_of(snapshot: &Snapshot, units: &BTreeSet<OuId>) -> BTreeSet<NodeId> {
    let units = units.iter().filter_map(|id| snapshot.units.get(id));
    units
        .filter_map(|unit| unit.parents.last().cloned())
        .collect()
}

/// How many calls it takes to list the OUs under some nodes, as far as their OUs are known.
fn lists_needed(snapshot: &Snapshot, parents: &BTreeSet<NodeId>) -> usize {
    let under = |parent: &NodeId| {
        let units = snapshot.units.values();
        units
            .filter(|unit| unit.parents.last() == Some(parent))
            .count()
    };
    parents
        .iter()
        .map(|parent| under(parent).div_ceil(OUS_A_PAGE))
        .sum()
}

async fn name_by_parent(calls: Calls<'_>, snapshot: &mut Snapshot, parents: BTreeSet<NodeId>) {
    let asked = parents.into_iter().take(MOST_NAMES).collect();
    let answers = calls
        .each("names", asked, |parent: &NodeId| {
            let parent = parent.clone();
            async move {
                calls
                    .reads
                    .list_organizational_units_for_parent(&parent)
                    .await
            }
        })
        .await;
    for (id, name) in answers
        .into_iter()
        .filter_map(|(_, one)| one.ok())
        .flatten()
    {
        // OUs without accounts are listed too, but were not met.
        if let Some(unit) = snapshot.units.get_mut(&id) {
            unit.name = name;
        }
    }
}

/// Is the text of a policy still unread?
pub(super) fn unread(snapshot: &Snapshot, id: &PolicyId) -> bool {
    snapshot.policies.get(id).is_none_or(|policy| {
        policy
            .content
            .gap()
            .is_some_and(|gap| gap.reason == GapReason::NotRead)
    })
}
