//! Organization, root, accounts and OUs; then the attachments, as deep as they matter.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;

use futures::join;

use super::attachments::Descent;
use super::calls::Calls;
use super::frontier::Ask;
use super::{CollectError, names, outside, walk};
use crate::model::organization::{Account, FeatureSet, OrganizationalUnit, PolicyTypeState, Root};
use crate::model::snapshot::Depth;
use crate::model::{AccountId, Gap, GapReason, NodeId, Observed, OuId, PolicyId, Snapshot};

/// Fills in the tree and its attachments.
pub(super) async fn read(calls: Calls<'_>, snapshot: Snapshot) -> Result<Snapshot, CollectError> {
    calls.phase("organization and accounts");
    let mut descent = Descent::new(calls, snapshot);
    list(&mut descent).await?;

    let full = descent.snapshot.depth == Depth::Full;
    let unplaced = descent.snapshot.accounts.known().is_some_and(unplaced);
    let walked = full || unplaced;
    if walked {
        walk::walk(calls, &mut descent.snapshot).await;
    }
    for account in descent.snapshot.accounts.known().into_iter().flatten() {
        if let Some(gap) = account.1.parents.gap() {
            calls.tell(gap);
        }
    }
    if !scps_off(&descent.snapshot) {
        if full {
            descent.everything().await;
        } else {
            if unplaced {
                descent.meet_every_member();
            }
            descent.frontier.every_account(&descent.snapshot);
        }
    }
    descent.place_everybody().await;
    let unnamed = if walked {
        BTreeSet::new()
    } else {
        descent.frontier.unsettled_units()
    };
    let units = descent.snapshot.units.clone();
    let (named, ()) = join!(names::read(calls, &units, unnamed), descent.finish());
    let mut snapshot = descent.snapshot;
    for (id, name) in named {
        if let Some(unit) = snapshot.units.get_mut(&id) {
            unit.name = Some(name);
        }
    }
    Ok(snapshot)
}

fn unplaced(accounts: &BTreeMap<AccountId, Account>) -> bool {
    accounts.values().any(|row| row.parents.gap().is_some())
}

/// Lists the accounts; as soon as it is known what organization they are in, what hangs above
/// those that have come is asked about meanwhile.
async fn list(descent: &mut Descent<'_>) -> Result<(), CollectError> {
    let calls = descent.calls;
    let (sender, mut pages) = tokio::sync::mpsc::unbounded_channel();
    let mut listing = pin!(calls.reads.list_accounts(|page| {
        // The receiver outlives the list.
        let _ = sender.send(page);
    }));
    let mut head = pin!(async { join!(calls.reads.describe_organization(), root(calls)) });
    let (mut headed, mut listed) = (false, false);
    while !(headed && listed) {
        descent.send();
        tokio::select! {
            (organization, root) = &mut head, if !headed => {
                headed = true;
                let failure = organization.as_ref().err();
                if let Some(error) = failure.and_then(|one| outside(&descent.snapshot, one)) {
                    return Err(error);
                }
                descent.snapshot.organization = calls.observed(organization);
                descent.snapshot.root = root;
                begin(descent);
            }
            Some(page) = pages.recv(), if !listed => meet(descent, page, headed),
            result = &mut listing, if !listed => {
                listed = true;
                while let Ok(page) = pages.try_recv() {
                    meet(descent, page, headed);
                }
                if let Observed::Unknown(gap) = calls.observed(result) {
                    descent.snapshot.accounts = Observed::Unknown(gap);
                    descent.snapshot.units.clear();
                    descent.frontier.no_accounts(&descent.snapshot);
                }
            }
            Some(answer) = descent.next(), if descent.waits() => descent.note(answer),
        }
    }
    Ok(())
}

/// Organization and root are known, or why they are not: what hangs on the root, and whom to
/// judge among the accounts that have come.
fn begin(descent: &mut Descent<'_>) {
    let Some(root) = descent.snapshot.root.known() else {
        return;
    };
    if root.scp_state != PolicyTypeState::NotEnabled {
        let node = NodeId::Root(root.id.clone());
        descent.frontier.ask(Ask::Node(node));
    }
    if follows(&descent.snapshot) {
        descent.meet_every_member();
    }
}

/// Are accounts judged as they come?
fn follows(snapshot: &Snapshot) -> bool {
    snapshot.depth != Depth::Full && !scps_off(snapshot)
}

/// A page of accounts has come.
fn meet(descent: &mut Descent<'_>, page: Vec<Account>, headed: bool) {
    let snapshot = &mut descent.snapshot;
    let management = snapshot.organization.known();
    let management = management.map(|organization| organization.management_account.clone());
    let ids: Vec<AccountId> = page.iter().map(|row| row.id.clone()).collect();
    for account in &page {
        meet_units(&mut snapshot.units, account);
    }
    let rows = page.into_iter().map(|row| (row.id.clone(), row));
    match &mut snapshot.accounts {
        Observed::Known(accounts) => accounts.extend(rows),
        unread @ Observed::Unknown(_) => *unread = Observed::Known(rows.collect()),
    }
    let snapshot = &descent.snapshot;
    if headed && follows(snapshot) {
        let accounts = snapshot.accounts.known();
        let rows = ids.iter().filter(|id| Some(*id) != management.as_ref());
        let rows = rows.filter_map(|id| accounts?.get(id));
        descent.frontier.accounts(snapshot, rows);
    }
}

/// The one root.
async fn root(calls: Calls<'_>) -> Observed<Root> {
    let root = match calls.observed(calls.reads.list_roots().await) {
        Observed::Unknown(gap) => return Observed::Unknown(gap),
        Observed::Known(mut roots) if roots.len() == 1 => roots.pop(),
        Observed::Known(_) => None,
    };
    if let Some(root) = root {
        return Observed::Known(root);
    }
    let gap = Gap {
        operation: "organizations:ListRoots".to_owned(),
        target: None,
        reason: GapReason::Malformed,
        message: "the answer does not hold exactly one root".to_owned(),
        request_id: None,
    };
    calls.tell(&gap);
    Observed::Unknown(gap)
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
fn meet_units(units: &mut BTreeMap<OuId, OrganizationalUnit>, account: &Account) {
    let parents = account.parents.known();
    for (depth, node) in parents.into_iter().flatten().enumerate() {
        let NodeId::Ou(id) = node else { continue };
        units
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

/// Is the text of a policy still unread?
pub(super) fn unread(snapshot: &Snapshot, id: &PolicyId) -> bool {
    let policy = snapshot.policies.get(id);
    policy.is_none_or(|policy| not_asked(&policy.content))
}

/// Has nobody asked for a fact yet?
pub(super) fn not_asked<T>(fact: &Observed<T>) -> bool {
    fact.gap()
        .is_some_and(|gap| gap.reason == GapReason::NotRead)
}
