//! Which policy hangs where, found from both sides.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// The nodes and the policies attached to them.
///
/// Written as a map from nodes to policies. Both directions are kept, since in
/// an organization of 50,000 accounts a search for a policy's targets is too slow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    from = "BTreeMap<String, BTreeSet<String>>",
    into = "BTreeMap<String, BTreeSet<String>>"
)]
pub struct Attachments {
    by_node: BTreeMap<String, BTreeSet<String>>,
    by_policy: BTreeMap<String, BTreeSet<String>>,
}

impl Attachments {
    /// Ids of the policies attached to a node.
    pub fn get(&self, node: &str) -> Option<&BTreeSet<String>> {
        self.by_node.get(node)
    }

    /// Ids of the nodes that a policy is attached to.
    pub fn targets(&self, policy: &str) -> impl Iterator<Item = &String> {
        self.by_policy.get(policy).into_iter().flatten()
    }

    /// Attaches without any check.
    pub fn attach(&mut self, policy: &str, node: &str) {
        let policies = self.by_node.entry(node.to_owned()).or_default();
        policies.insert(policy.to_owned());
        let nodes = self.by_policy.entry(policy.to_owned()).or_default();
        nodes.insert(node.to_owned());
    }

    /// Detaches without any check.
    pub fn detach(&mut self, policy: &str, node: &str) {
        if let Some(policies) = self.by_node.get_mut(node) {
            policies.remove(policy);
        }
        if let Some(nodes) = self.by_policy.get_mut(policy) {
            nodes.remove(node);
        }
    }

    /// Takes a node away with everything attached to it.
    pub fn remove(&mut self, node: &str) {
        for policy in self.by_node.remove(node).into_iter().flatten() {
            if let Some(nodes) = self.by_policy.get_mut(&policy) {
                nodes.remove(node);
            }
        }
    }

    /// Detaches everything everywhere.
    pub fn clear(&mut self) {
        self.by_node.clear();
        self.by_policy.clear();
    }
}

impl From<BTreeMap<String, BTreeSet<String>>> for Attachments {
    fn from(by_node: BTreeMap<String, BTreeSet<String>>) -> Self {
        let mut attachments = Self::default();
        for (node, policies) in &by_node {
            for policy in policies {
                attachments.attach(policy, node);
            }
        }
        attachments
    }
}

impl From<Attachments> for BTreeMap<String, BTreeSet<String>> {
    fn from(attachments: Attachments) -> Self {
        attachments.by_node
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_stay_the_same() {
        let mut attachments = Attachments::default();
        attachments.attach("p-1", "a");
        attachments.attach("p-1", "b");
        attachments.attach("p-2", "b");
        attachments.detach("p-1", "a");
        assert_eq!(attachments.targets("p-1").collect::<Vec<_>>(), ["b"]);
        attachments.remove("b");
        assert_eq!(attachments.targets("p-1").count(), 0);
        assert_eq!(attachments.targets("p-2").count(), 0);
        attachments.attach("p-2", "c");
        let text = serde_json::to_string(&attachments).unwrap();
        assert_eq!(text, r#"{"a":[],"c":["p-2"]}"#);
        let again: Attachments = serde_json::from_str(&text).unwrap();
        assert_eq!(again.targets("p-2").collect::<Vec<_>>(), ["c"]);
    }
}
