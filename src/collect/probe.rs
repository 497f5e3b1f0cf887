//! Asks the verdicts about one chain, with nothing in the snapshot but what hangs on it:
//! otherwise every question would parse every policy of the organization again.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::organization::Attachments;
use crate::model::snapshot::EventHistory;
use crate::model::{Gap, GapReason, NodeId, Observed, PolicyId, Snapshot};

/// Do denies that hang on these levels of a chain, root first, block every exit?
pub(super) fn settled(
    snapshot: &Snapshot,
    chain: &[NodeId],
    levels: &[BTreeSet<PolicyId>],
) -> bool {
    let mut probe = bare(snapshot);
    for (node, ids) in chain.iter().zip(levels) {
        for id in ids {
            if let Some(policy) = snapshot.policies.get(id) {
                probe.policies.insert(id.clone(), policy.clone());
            }
            // By policy, so that no node passes for wholly read.
            let targets = probe.attachments.by_policy.entry(id.clone());
            if let Observed::Known(nodes) = targets.or_insert_with(|| Observed::Known(Vec::new())) {
                nodes.push(node.clone());
            }
        }
    }
    crate::verdict::settled(&probe, chain)
}

/// The snapshot without everything that there may be much of.
fn bare(snapshot: &Snapshot) -> Snapshot {
    let unread = || Gap {
        operation: String::new(),
        target: None,
        reason: GapReason::NotRead,
        message: String::new(),
        request_id: None,
    };
    let events = &snapshot.events;
    Snapshot {
        tool_version: snapshot.tool_version.clone(),
        caller: snapshot.caller.clone(),
        organization: snapshot.organization.clone(),
        root: snapshot.root.clone(),
        accounts: Observed::Unknown(unread()),
        units: BTreeMap::new(),
        policies: BTreeMap::new(),
        policies_listed: Observed::Unknown(unread()),
        attachments: Attachments::default(),
        delegation_policy: Observed::Unknown(unread()),
        delegated_administrators: Observed::Unknown(unread()),
        trusted_services: Observed::Unknown(unread()),
        root_features: Observed::Unknown(unread()),
        handshakes: Observed::Unknown(unread()),
        stack_sets: Observed::Unknown(unread()),
        events: EventHistory {
            account: events.account.clone(),
            region: events.region.clone(),
            records: Vec::new(),
            gaps: Vec::new(),
            unparsed: Vec::new(),
            ..*events
        },
        members: BTreeMap::new(),
        ..*snapshot
    }
}
