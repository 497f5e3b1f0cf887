//! The facts that a plan's steps rest on, and their digest.
//!
//! Only these: in a busy organization anything else may change without making the plan stale.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::restore::hung;
use crate::model::organization::{Policy, PolicyTypeState};
use crate::model::{AccountId, Gap, NodeId, OrganizationId, PolicyId, RootId, Snapshot};
use crate::model::{Observed, Partition, sha256_hex};
use crate::scp::{Dialect, Document, parse};

/// What the steps rest on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// Partition of the organization.
    pub partition: Partition,
    /// Its id.
    pub organization: OrganizationId,
    /// Its management account.
    pub management: AccountId,
    /// Feature set as AWS writes it.
    pub feature_set: String,
    /// Its root.
    pub root: RootId,
    /// State of the SCP policy type.
    pub scp_state: String,
    /// Every SCP on the root with its text.
    pub attached: BTreeMap<PolicyId, String>,
    /// Every SCP on each other node that a step attaches to.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub elsewhere: BTreeMap<NodeId, BTreeSet<PolicyId>>,
}

impl Facts {
    /// Takes the facts from a snapshot; a gap in one of them is returned instead.
    pub fn of(snapshot: &Snapshot) -> Result<Self, Gap> {
        let organization = known(&snapshot.organization)?;
        let root = known(&snapshot.root)?;
        let node = NodeId::Root(root.id.clone());
        let attached = match snapshot.attachments.by_node.get(&node) {
            Some(attached) => known(attached)?,
            // A root that needs no guard is never asked what else hangs on it.
            None => &Vec::new(),
        };
        let attached = attached
            .iter()
            .map(|id| Ok((id.clone(), text(snapshot.policies.get(id))?)))
            .collect::<Result<_, Gap>>()?;
        Ok(Self {
            partition: snapshot.caller.partition,
            organization: organization.id.clone(),
            management: organization.management_account.clone(),
            feature_set: organization.feature_set.as_str().to_owned(),
            root: root.id.clone(),
            scp_state: root.scp_state.as_str().to_owned(),
            attached,
            elsewhere: BTreeMap::new(),
        })
    }

    /// Adds what hangs on a node other than the root, whichever way it was asked.
    pub(super) fn rest_on(&mut self, node: &NodeId, snapshot: &Snapshot) {
        if *node == NodeId::Root(self.root.clone()) {
            return;
        }
        let attached = snapshot.attachments.by_node.get(node);
        let root = snapshot.root.known();
        let off = root.is_some_and(|root| root.scp_state == PolicyTypeState::NotEnabled);
        let attached = match attached.and_then(Observed::known) {
            // While the type is off nothing is attached, whatever is listed.
            _ if off => BTreeSet::new(),
            Some(attached) => attached.iter().cloned().collect(),
            None => hung(snapshot).remove(node).unwrap_or_default(),
        };
        self.elsewhere.insert(node.clone(), attached);
    }

    /// SHA-256 over their JSON, in hex.
    pub fn digest(&self) -> String {
        // INVARIANT: plain strings and maps of strings, so this cannot fail.
        let json = serde_json::to_vec(self).unwrap_or_default();
        sha256_hex(&json)
    }

    /// What differs from `later`, in words.
    pub fn difference(&self, later: &Self) -> Vec<String> {
        let mut words = Vec::new();
        let mut compare = |what: &str, before: &str, after: &str| {
            if before != after {
                words.push(format!("{what} was {before}, is {after}"));
            }
        };
        compare(
            "the partition",
            self.partition.name(),
            later.partition.name(),
        );
        compare(
            "the organization",
            self.organization.as_str(),
            later.organization.as_str(),
        );
        compare(
            "the management account",
            self.management.as_str(),
            later.management.as_str(),
        );
        compare("the feature set", &self.feature_set, &later.feature_set);
        compare("the root", self.root.as_str(), later.root.as_str());
        compare("the SCP policy type", &self.scp_state, &later.scp_state);
        for (id, text) in &self.attached {
            match later.attached.get(id) {
                None => words.push(format!("SCP {id} was detached from the root")),
                Some(other) if other != text => {
                    words.push(format!("the text of SCP {id} was changed"));
                }
                Some(_) => {}
            }
        }
        for id in later
            .attached
            .keys()
            .filter(|id| !self.attached.contains_key(*id))
        {
            words.push(format!("SCP {id} was attached to the root"));
        }
        for (node, before) in &self.elsewhere {
            let after = later.elsewhere.get(node).cloned().unwrap_or_default();
            for id in before.difference(&after) {
                words.push(format!("SCP {id} was detached from {node}"));
            }
            for id in after.difference(before) {
                words.push(format!("SCP {id} was attached to {node}"));
            }
        }
        words
    }
}

fn known<T>(fact: &Observed<T>) -> Result<&T, Gap> {
    match fact {
        Observed::Known(value) => Ok(value),
        Observed::Unknown(gap) => Err(gap.clone()),
    }
}

/// `FullAWSAccess` is documented, so it need not be read.
fn text(policy: Option<&Policy>) -> Result<String, Gap> {
    match policy {
        Some(policy) if policy.id.is_full_aws_access() => Ok(String::new()),
        Some(policy) => known(&policy.content).cloned(),
        None => Ok(String::new()),
    }
}

/// SCPs of the snapshot that say exactly what `wanted` says.
#[derive(Debug, Default)]
pub(super) struct Equals<'a> {
    /// The one that may be attached: named with `--use-policy`, or created by a run of this tool.
    pub(super) taken: Option<&'a Policy>,
    /// Those of others: whoever made them may change or delete them.
    pub(super) foreign: Vec<&'a Policy>,
}

impl<'a> Equals<'a> {
    pub(super) fn of(
        snapshot: &'a Snapshot,
        wanted: &Document,
        named: &BTreeSet<PolicyId>,
    ) -> Self {
        let all = snapshot.policies.values().filter(|one| says(one, wanted));
        let (ours, foreign): (Vec<_>, Vec<_>) =
            all.partition(|one| named.contains(&one.id) || one.is_ours() == Some(true));
        let by_name = ours.iter().find(|one| named.contains(&one.id));
        Self {
            taken: by_name.or(ours.first()).copied(),
            foreign,
        }
    }

    /// Mentions those that are not taken.
    pub(super) fn mention(&self) -> Vec<String> {
        let foreign = self.foreign.iter().filter(|_| self.taken.is_none());
        let told = |policy: &&Policy| {
            format!(
                "SCP `{}` ({}) says the same. It is not taken: it does not carry this tool's tag, so whoever made it may \
                 change or delete it. --use-policy {} takes it instead of a new one",
                policy.name, policy.id, policy.id
            )
        };
        foreign.map(told).collect()
    }
}

/// The same among those that hang on the root.
pub fn attached_guard<'a>(snapshot: &'a Snapshot, wanted: &Document) -> Option<&'a Policy> {
    let root = NodeId::Root(snapshot.root.known()?.id.clone());
    let attached = snapshot.attachments.by_node.get(&root)?.known()?;
    attached
        .iter()
        .filter_map(|id| snapshot.policies.get(id))
        .find(|policy| says(policy, wanted))
}

/// Does the policy say what `wanted` says?
pub(super) fn says(policy: &Policy, wanted: &Document) -> bool {
    policy
        .content
        .known()
        .and_then(|text| parse(text, Dialect::Scp).ok())
        .is_some_and(|document| document.says_the_same_as(wanted))
}
