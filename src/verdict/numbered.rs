//! Stacks by number: equal stacks have equal numbers, so that what rests on a stack is decided once.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::apart::{Apart, Feature};
use super::stack::{NodeStack, Stacks};
use super::texts::Texts;
use crate::model::organization::Account;
use crate::model::{NodeId, Snapshot};

/// Stacks by number, root first.
pub(super) type Chain = Vec<usize>;

/// The stacks of one snapshot that were met so far.
pub(super) struct Numbered<'a> {
    stacks: Stacks<'a>,
    apart: Apart,
    distinct: Vec<NodeStack>,
    numbers: BTreeMap<NodeStack, usize>,
    nodes: HashMap<NodeId, usize>,
    slices: HashMap<usize, usize>,
    features: HashMap<Chain, Arc<[Feature]>>,
}

impl<'a> Numbered<'a> {
    pub(super) fn of(snapshot: &'a Snapshot, texts: &'a Texts<'a>) -> Self {
        Self {
            stacks: Stacks::of(snapshot, texts),
            apart: Apart::of(texts),
            distinct: Vec::new(),
            numbers: BTreeMap::new(),
            nodes: HashMap::new(),
            slices: HashMap::new(),
            features: HashMap::new(),
        }
    }

    pub(super) fn number(&mut self, stack: NodeStack) -> usize {
        if let Some(known) = self.numbers.get(&stack) {
            return *known;
        }
        let next = self.distinct.len();
        self.distinct.push(stack.clone());
        self.numbers.insert(stack, next);
        next
    }

    /// The number of what hangs on a node.
    pub(super) fn node(&mut self, node: &NodeId) -> usize {
        if let Some(known) = self.nodes.get(node) {
            return *known;
        }
        let number = self.number(self.stacks.node(node));
        // An account's own node is met once.
        if !matches!(node, NodeId::Account(_)) {
            self.nodes.insert(node.clone(), number);
        }
        number
    }

    /// The number of what of a stack can touch a way out.
    pub(super) fn slice(&mut self, whole: usize) -> usize {
        if let Some(known) = self.slices.get(&whole) {
            return *known;
        }
        let slice = self.distinct.get(whole).map(|one| self.apart.slice(one));
        let number = slice.map_or(whole, |slice| self.number(slice));
        self.slices.insert(whole, number);
        number
    }

    pub(super) fn levels(&self, chain: &Chain) -> Vec<NodeStack> {
        let found = chain.iter().filter_map(|number| self.distinct.get(*number));
        found.cloned().collect()
    }

    /// What policies on the way can tell this account from others by.
    pub(super) fn signature(&mut self, chain: &Chain, account: &Account) -> Vec<String> {
        let features = if let Some(features) = self.features.get(chain) {
            Arc::clone(features)
        } else {
            let features: Arc<[Feature]> = self.apart.features(&self.levels(chain)).into();
            self.features.insert(chain.clone(), Arc::clone(&features));
            features
        };
        let values = features.iter().map(|feature| feature.of(account));
        values.collect()
    }
}
