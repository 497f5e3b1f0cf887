//! Everything that hangs on the way to one account, also where no verdict needed it.

use std::collections::BTreeSet;

use super::attachments::Descent;
use super::calls::Calls;
use super::frontier::Ask;
use crate::aws::Session;
use crate::model::organization::Account;
use crate::model::{AccountId, NodeId, Observer, PolicyId, Snapshot};

/// Reads what hangs on each node from the root to the account, and each text, as far as the
/// snapshot does not hold it yet. What cannot be read becomes a gap.
pub async fn collect_chain(
    session: &Session,
    snapshot: Snapshot,
    account: &AccountId,
    observer: &dyn Observer,
) -> Snapshot {
    let reads = session.reads();
    let calls = Calls {
        reads: &reads,
        observer,
    };
    let accounts = snapshot.accounts.known();
    let account = accounts.and_then(|accounts| accounts.get(account));
    let chain = account.and_then(Account::chain);
    let chain = chain.unwrap_or_default();
    let mut descent = Descent::new(calls, snapshot);
    let by_node = &descent.snapshot.attachments.by_node;
    let unread = chain
        .iter()
        .filter(|node| by_node.get(node).is_none_or(|ids| ids.known().is_none()));
    for node in unread {
        descent.frontier.ask(Ask::Node(node.clone()));
    }
    descent.finish().await;
    for id in without_text(&descent.snapshot, &chain) {
        descent.frontier.ask(Ask::Text(id));
    }
    descent.finish().await;
    descent.snapshot
}

/// SCPs on the way whose text is not known.
fn without_text(snapshot: &Snapshot, chain: &[NodeId]) -> BTreeSet<PolicyId> {
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
