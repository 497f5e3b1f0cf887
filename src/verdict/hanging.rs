//! What hangs on the way to an account, for those who look at single statements.

use super::stack::Stacks;
use super::texts::Texts;
use crate::model::{Gap, NodeId, PolicyId, Snapshot};

/// The SCPs of one node, as far as they are known, and what is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hanging {
    /// The node.
    pub node: NodeId,
    /// Readable SCPs.
    pub policies: Vec<PolicyId>,
    /// SCPs whose text AWS would refuse, with the problem.
    pub bad: Vec<(PolicyId, String)>,
    /// What is missing for a deny to be ruled out.
    pub denies_missing: Vec<Gap>,
    /// What is missing for an allow to be ruled out.
    pub allows_missing: Vec<Gap>,
}

/// What hangs on each node of a chain, as the verdicts see it.
pub fn hanging(snapshot: &Snapshot, chain: &[NodeId]) -> Vec<Hanging> {
    let texts = Texts::of(snapshot);
    let stacks = Stacks::of(snapshot, &texts);
    let of = |node: &NodeId| {
        let stack = stacks.node(node);
        let ids = stack.policies.iter().filter_map(|handle| texts.id(*handle));
        Hanging {
            node: node.clone(),
            policies: ids.cloned().collect(),
            bad: stack.bad,
            denies_missing: stack.denies_missing,
            allows_missing: stack.allows_missing,
        }
    };
    chain.iter().map(of).collect()
}
