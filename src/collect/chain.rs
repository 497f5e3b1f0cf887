//! Everything that hangs on the way to one account, also where no verdict needed it.

use std::collections::BTreeSet;

use super::calls::Calls;
use crate::aws::Session;
use crate::model::{AccountId, NodeId, Observed, Observer, PolicyId, Snapshot};

/// Reads what hangs on each node from the root to the account, and each text, as far as the
/// snapshot does not hold it yet. What cannot be read becomes a gap.
pub async fn collect_chain(
    session: &Session,
    snapshot: &mut Snapshot,
    account: &AccountId,
    observer: &dyn Observer,
) {
    let reads = session.reads();
    let calls = Calls {
        reads: &reads,
        observer,
    };
    for node in chain(snapshot, account) {
        if matches!(
            snapshot.attachments.by_node.get(&node),
            Some(Observed::Known(_))
        ) {
            continue;
        }
        let answer = calls.reads.list_policies_for_target(&node).await;
        let listed = calls.observed(answer);
        for policy in listed.known().into_iter().flatten() {
            let known = snapshot.policies.entry(policy.id.clone());
            known.or_insert_with(|| policy.clone());
        }
        let ids = listed.map(|policies| policies.into_iter().map(|one| one.id).collect());
        snapshot.attachments.by_node.insert(node, ids);
    }
    for id in unread(snapshot, account) {
        let whole = calls.reads.describe_policy(&id).await;
        let whole = calls.observed(whole);
        match whole {
            Observed::Known(policy) => {
                snapshot.policies.insert(id, policy);
            }
            Observed::Unknown(gap) => {
                if let Some(policy) = snapshot.policies.get_mut(&id) {
                    policy.content = Observed::Unknown(gap);
                }
            }
        }
    }
}

fn chain(snapshot: &Snapshot, account: &AccountId) -> Vec<NodeId> {
    let accounts = snapshot.accounts.known();
    let account = accounts.and_then(|accounts| accounts.get(account));
    let parents = account.and_then(|account| account.parents.known());
    let own = account.map(|account| NodeId::Account(account.id.clone()));
    match parents {
        Some(parents) => parents.iter().cloned().chain(own).collect(),
        None => Vec::new(),
    }
}

/// SCPs on the way whose text has not been read.
fn unread(snapshot: &Snapshot, account: &AccountId) -> BTreeSet<PolicyId> {
    let chain = chain(snapshot, account);
    let by_node = &snapshot.attachments.by_node;
    let listed = chain.iter().filter_map(|node| by_node.get(node)?.known());
    let by_policy = snapshot.attachments.by_policy.iter();
    let named = by_policy
        .filter(|(_, nodes)| {
            let nodes = nodes.known().into_iter().flatten();
            nodes.into_iter().any(|node| chain.contains(node))
        })
        .map(|(id, _)| id.clone());
    let all = listed.flatten().cloned().chain(named);
    all.filter(|id| {
        let policy = snapshot.policies.get(id);
        policy.is_none_or(|policy| policy.content.known().is_none())
    })
    .collect()
}
