//! What hangs on a node, and whether that is all.

use std::collections::{BTreeMap, BTreeSet};

use super::texts::{Text, Texts, not_met};
use crate::model::organization::Attachments;
use crate::model::{Gap, GapReason, NodeId, Observed, PolicyId, Snapshot};
use crate::prove::Level;

/// The SCPs of one node, as far as they are known, and what is missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NodeStack {
    /// Handles of readable SCPs.
    pub(super) policies: Vec<usize>,
    /// SCPs whose text cannot be used, with the problem.
    pub(super) bad: Vec<(PolicyId, String)>,
    /// What is missing for a deny to be ruled out.
    pub(super) denies_missing: Vec<Gap>,
    /// What is missing for an allow to be ruled out.
    pub(super) allows_missing: Vec<Gap>,
}

impl NodeStack {
    pub(super) fn level<'a>(&self, texts: &'a Texts<'_>) -> Level<'a> {
        let document = |handle: &usize| match texts.text(*handle) {
            Some(Text::Parsed(document)) => Some((*handle, document)),
            _ => None,
        };
        Level {
            policies: self.policies.iter().filter_map(document).collect(),
            denies_complete: self.denies_missing.is_empty() && self.bad.is_empty(),
            allows_complete: self.allows_missing.is_empty() && self.bad.is_empty(),
        }
    }
}

/// Looks up what hangs where.
#[derive(Debug)]
pub(super) struct Stacks<'a> {
    texts: &'a Texts<'a>,
    attachments: &'a Attachments,
    by_node: BTreeMap<&'a NodeId, BTreeSet<&'a PolicyId>>,
    /// SCPs of which it is not known where they hang, whatever the node.
    unknown_targets: Vec<(&'a PolicyId, Gap)>,
    /// Set if not every SCP of the organization has been met.
    unlisted: Option<Gap>,
}

impl<'a> Stacks<'a> {
    pub(super) fn of(snapshot: &'a Snapshot, texts: &'a Texts<'a>) -> Self {
        let attachments = &snapshot.attachments;
        let mut by_node: BTreeMap<&NodeId, BTreeSet<&PolicyId>> = BTreeMap::new();
        for (policy, targets) in &attachments.by_policy {
            for node in targets.known().into_iter().flatten() {
                by_node.entry(node).or_default().insert(policy);
            }
        }
        for (node, policies) in &attachments.by_node {
            for policy in policies.known().into_iter().flatten() {
                by_node.entry(node).or_default().insert(policy);
            }
        }
        let unknown_targets = snapshot
            .policies
            .keys()
            .filter_map(|id| match attachments.by_policy.get(id) {
                Some(Observed::Known(_)) => None,
                Some(Observed::Unknown(gap)) => Some((id, gap.clone())),
                None => Some((
                    id,
                    not_asked("organizations:ListTargetsForPolicy", id.as_str()),
                )),
            })
            .collect();
        let unlisted = snapshot.policies_listed.gap().cloned();
        Self {
            texts,
            attachments,
            by_node,
            unknown_targets,
            unlisted,
        }
    }

    /// What hangs on a node.
    pub(super) fn node(&self, node: &NodeId) -> NodeStack {
        let mut stack = NodeStack::default();
        for id in self.by_node.get(node).into_iter().flatten() {
            match self
                .texts
                .handle(id)
                .and_then(|handle| Some((handle, self.texts.text(handle)?)))
            {
                Some((handle, Text::Parsed(_))) => stack.policies.push(handle),
                Some((_, Text::Bad(problem))) => stack.bad.push(((*id).clone(), problem.clone())),
                Some((_, Text::Missing(gap))) => miss(&mut stack, gap.clone()),
                None => miss(&mut stack, not_met(id)),
            }
        }
        if matches!(self.attachments.by_node.get(node), Some(Observed::Known(_))) {
            return stack;
        }
        if let Some(Observed::Unknown(gap)) = self.attachments.by_node.get(node) {
            miss(&mut stack, gap.clone());
        }
        for (policy, gap) in &self.unknown_targets {
            // FullAWSAccess denies nothing, wherever it hangs.
            if !policy.is_full_aws_access() {
                stack.denies_missing.push(gap.clone());
            }
            stack.allows_missing.push(gap.clone());
        }
        if let Some(gap) = &self.unlisted {
            miss(&mut stack, gap.clone());
        }
        stack
    }
}

fn miss(stack: &mut NodeStack, gap: Gap) {
    stack.denies_missing.push(gap.clone());
    stack.allows_missing.push(gap);
}

fn not_asked(operation: &str, target: &str) -> Gap {
    Gap {
        operation: operation.to_owned(),
        target: Some(target.to_owned()),
        reason: GapReason::NotRead,
        message: "nothing that was asked for depended on it".to_owned(),
        request_id: None,
    }
}
