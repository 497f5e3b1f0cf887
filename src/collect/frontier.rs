//! What to ask about SCPs next, told from what has come back: from the root down, and no
//! further than it matters.
//!
//! Every account is at one place of its chain: its next level is unread, or a deny above it
//! settles it, or its whole chain is read and does not ("open"). Only for open accounts does
//! it matter where an allow hangs. Nothing here waits: answers come in whatever order, and
//! each may give rise to new questions, so that every lane has work as soon as possible.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::probe;
use crate::model::organization::Account;
use crate::model::{AccountId, NodeId, OuId, PolicyId, Snapshot};

/// How many rows `ListPolicies` and `ListTargetsForPolicy` return in a page.
const PAGE: usize = 20;
/// While accounts are still being listed, where allows hang is asked for once this many are
/// open, and no fewer than one in [`EARLY_SHARE`] of those listed: should the rest turn out to be
/// settled, asking cost at most as many calls as listing the accounts.
const EARLY: usize = 200;
const EARLY_SHARE: usize = 8;

/// A question about SCPs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ask {
    /// `ListPolicies`.
    Policies,
    /// `ListTargetsForPolicy`.
    Targets(PolicyId),
    /// `ListPoliciesForTarget`.
    Node(NodeId),
    /// `DescribePolicy`.
    Text(PolicyId),
}

/// How attachments below the root are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// `ListPoliciesForTarget`, node by node.
    ByTarget,
    /// `ListTargetsForPolicy`, SCP by SCP.
    ByPolicy,
}

/// What an account's progress hangs on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Want {
    /// The choice of the way.
    Way,
    /// The targets of every SCP but `FullAWSAccess`.
    Targets,
    /// What hangs on a node.
    Node(NodeId),
    /// A text.
    Text(PolicyId),
}

/// Where a chain stands.
enum Place {
    Settled,
    Open,
    /// At this level, counted from the root.
    Waits(Want, usize),
}

/// The accounts, each at its place, and the questions that follow.
#[derive(Debug, Default)]
pub(super) struct Frontier {
    way: Option<Way>,
    every_account: bool,
    /// Acting members met so far.
    met: usize,
    /// Chains that no deny has settled: root first, the account's own node last.
    chains: BTreeMap<AccountId, Vec<NodeId>>,
    /// Accounts that wait, each with the number of levels below the one it waits at.
    waiting: BTreeMap<Want, Vec<(AccountId, usize)>>,
    /// Accounts whose chain is read and does not settle them.
    open: usize,
    /// Their nodes below the root.
    open_nodes: BTreeSet<NodeId>,
    /// Nodes below the root on chains that the root does not settle.
    below: BTreeSet<NodeId>,
    hanging: BTreeMap<NodeId, BTreeSet<PolicyId>>,
    /// Whether a chain is settled, by what hangs on its levels.
    settled: BTreeMap<Vec<BTreeSet<PolicyId>>, bool>,
    asked: BTreeSet<Ask>,
    asks: Vec<Ask>,
    /// Texts that somebody waits for and that nobody has asked for yet.
    texts: BTreeSet<PolicyId>,
    /// Questions for targets that have not been answered.
    targets_due: usize,
    allows_asked: bool,
}

impl Frontier {
    /// Every question goes by target: the list of policies cannot be read.
    pub(super) fn by_target() -> Self {
        Self {
            way: Some(Way::ByTarget),
            ..Self::default()
        }
    }

    /// The questions since the last time, texts left out.
    pub(super) fn take_asks(&mut self) -> Vec<Ask> {
        std::mem::take(&mut self.asks)
    }

    /// The text with which accounts come furthest: texts come slowly (AWS allows 2 a second), and
    /// the sooner many accounts are known to be open, the sooner their allows can be asked for.
    pub(super) fn next_text(&mut self) -> Option<Ask> {
        let worth = |id: &PolicyId| {
            let accounts = self.waiting.get(&Want::Text(id.clone()))?;
            let nearest = accounts.iter().map(|(_, below)| *below).min()?;
            let near = accounts.iter().filter(|(_, below)| *below == nearest);
            Some((Reverse(nearest), near.count()))
        };
        let id = self.texts.iter().max_by_key(|id| worth(id))?.clone();
        self.texts.remove(&id);
        Some(Ask::Text(id))
    }

    /// Is every account settled or open?
    pub(super) fn is_placed(&self) -> bool {
        self.every_account && self.waiting.values().all(Vec::is_empty)
    }

    /// OUs on the way to accounts that no deny settles.
    pub(super) fn unsettled_units(&self) -> BTreeSet<OuId> {
        let nodes = self.chains.values().flatten();
        nodes
            .filter_map(|node| match node {
                NodeId::Ou(id) => Some(id.clone()),
                _ => None,
            })
            .collect()
    }

    /// Each question is asked once.
    pub(super) fn ask(&mut self, ask: Ask) {
        if self.asked.insert(ask.clone()) {
            match ask {
                Ask::Text(id) => {
                    self.texts.insert(id);
                }
                other => self.asks.push(other),
            }
        }
    }

    /// More accounts. Those that do not act, and those without a place, wait for nothing.
    pub(super) fn accounts<'a>(
        &mut self,
        snapshot: &Snapshot,
        rows: impl Iterator<Item = &'a Account>,
    ) {
        for account in rows.filter(|account| account.is_acting()) {
            let Some(chain) = account.chain() else {
                continue;
            };
            self.met += 1;
            self.chains.insert(account.id.clone(), chain);
            self.advance(snapshot, &account.id);
        }
        self.decide(snapshot);
    }

    /// There are no more accounts.
    pub(super) fn every_account(&mut self, snapshot: &Snapshot) {
        self.every_account = true;
        self.decide(snapshot);
    }

    /// The list of accounts failed, so nobody is to be judged.
    pub(super) fn no_accounts(&mut self, snapshot: &Snapshot) {
        self.chains.clear();
        self.waiting.clear();
        self.open = 0;
        self.open_nodes.clear();
        self.below.clear();
        self.every_account(snapshot);
    }

    /// What hangs on a node is in the snapshot, or why it is not.
    pub(super) fn node_read(&mut self, snapshot: &Snapshot, node: &NodeId) {
        let ids = snapshot.attachments.by_node.get(node);
        let ids = ids.and_then(|ids| ids.known()).into_iter().flatten();
        self.hanging
            .entry(node.clone())
            .or_default()
            .extend(ids.cloned());
        if self.allows_asked || matches!(node, NodeId::Root(_)) {
            self.ask_texts(snapshot, node);
        }
        self.wake(snapshot, &Want::Node(node.clone()));
        self.decide(snapshot);
    }

    /// The list of policies is in the snapshot, or why it is not.
    pub(super) fn policies_read(&mut self, snapshot: &Snapshot) {
        self.decide(snapshot);
    }

    /// The targets of an SCP are in the snapshot, or why they are not.
    pub(super) fn targets_read(&mut self, snapshot: &Snapshot, id: &PolicyId) {
        let nodes = snapshot.attachments.by_policy.get(id);
        for node in nodes.and_then(|nodes| nodes.known()).into_iter().flatten() {
            let hanging = self.hanging.entry(node.clone()).or_default();
            hanging.insert(id.clone());
        }
        if self.allows_asked {
            // Elsewhere than on the root it may hang alone.
            if super::tree::unread(snapshot, id) {
                self.ask(Ask::Text(id.clone()));
            }
            return;
        }
        if nodes.is_none_or(|nodes| nodes.known().is_none()) {
            // The nodes make up for it.
            self.way = Some(Way::ByTarget);
        }
        self.targets_due = self.targets_due.saturating_sub(1);
        if self.targets_due == 0 {
            self.wake(snapshot, &Want::Targets);
        }
        self.decide(snapshot);
    }

    /// A text is in the snapshot, or why it is not.
    pub(super) fn text_read(&mut self, snapshot: &Snapshot, id: &PolicyId) {
        self.wake(snapshot, &Want::Text(id.clone()));
        self.decide(snapshot);
    }

    /// What follows from the latest answer for all accounts together.
    fn decide(&mut self, snapshot: &Snapshot) {
        if self.way.is_none() {
            self.choose_way(snapshot);
        }
        if self.way == Some(Way::ByPolicy) && !self.allows_asked {
            self.find_allows(snapshot);
        }
    }

    /// The way with fewer calls, as soon as more accounts cannot change the choice. A list that
    /// cannot be read leaves the way by target.
    fn choose_way(&mut self, snapshot: &Snapshot) {
        let by_target = self.below.len();
        if by_target > 2 {
            self.ask(Ask::Policies);
        } else if !self.every_account || by_target == 0 {
            return;
        }
        let listed = &snapshot.policies_listed;
        let way = if by_target <= 2 {
            Way::ByTarget
        } else if listed.known().is_some() {
            let others = others(snapshot).count();
            if others + Self::allows_by_policy(snapshot).min(by_target) < by_target {
                Way::ByPolicy
            } else if self.every_account {
                Way::ByTarget
            } else {
                return;
            }
        } else if super::tree::not_asked(listed) {
            return;
        } else {
            Way::ByTarget
        };
        self.way = Some(way);
        if way == Way::ByPolicy {
            let others: Vec<PolicyId> = others(snapshot).cloned().collect();
            self.targets_due = others.len();
            for id in others {
                self.ask(Ask::Targets(id));
            }
        }
        self.wake(snapshot, &Want::Way);
    }

    /// Calls for the targets of `FullAWSAccess`, which hangs on nearly every node.
    fn allows_by_policy(snapshot: &Snapshot) -> usize {
        let accounts = snapshot.accounts.known().map_or(0, BTreeMap::len);
        (1 + snapshot.units.len() + accounts).div_ceil(PAGE)
    }

    /// Where an allow exists, for accounts that no deny settles.
    fn find_allows(&mut self, snapshot: &Snapshot) {
        let by_policy = Self::allows_by_policy(snapshot) <= self.open_nodes.len();
        let many = self.open >= EARLY && self.open * EARLY_SHARE >= self.met;
        let certain = by_policy && (self.every_account || many);
        if self.open == 0 || !(certain || self.is_placed()) {
            return;
        }
        self.allows_asked = true;
        if !by_policy {
            for node in self.open_nodes.clone() {
                self.ask(Ask::Node(node));
            }
            return;
        }
        let full = snapshot
            .policies
            .keys()
            .filter(|id| id.is_full_aws_access());
        for id in full {
            self.ask(Ask::Targets(id.clone()));
        }
    }

    fn wake(&mut self, snapshot: &Snapshot, want: &Want) {
        for (id, _) in self.waiting.remove(want).unwrap_or_default() {
            self.advance(snapshot, &id);
        }
    }

    /// Takes an account as far down its chain as the facts go.
    fn advance(&mut self, snapshot: &Snapshot, id: &AccountId) {
        let Some(chain) = self.chains.remove(id) else {
            return;
        };
        match self.place(snapshot, &chain) {
            Place::Settled => return,
            Place::Open => {
                self.open += 1;
                self.open_nodes.extend(chain.iter().skip(1).cloned());
            }
            Place::Waits(want, depth) => {
                let below = chain.len().saturating_sub(depth);
                let waiting = self.waiting.entry(want).or_default();
                waiting.push((id.clone(), below));
            }
        }
        self.chains.insert(id.clone(), chain);
    }

    fn place(&mut self, snapshot: &Snapshot, chain: &[NodeId]) -> Place {
        for (depth, node) in chain.iter().enumerate() {
            if depth == 1 {
                self.below.extend(chain.iter().skip(1).cloned());
            }
            let by_node = snapshot.attachments.by_node.contains_key(node);
            let want = match self.way {
                _ if by_node => None,
                _ if depth == 0 => Some(Want::Node(node.clone())),
                None => Some(Want::Way),
                Some(Way::ByPolicy) => (self.targets_due > 0).then_some(Want::Targets),
                Some(Way::ByTarget) => {
                    self.ask(Ask::Node(node.clone()));
                    Some(Want::Node(node.clone()))
                }
            };
            let want = want.or_else(|| self.ask_texts(snapshot, node).map(Want::Text));
            if let Some(want) = want {
                return Place::Waits(want, depth);
            }
            if self.settled(snapshot, chain.get(..=depth).unwrap_or(chain)) {
                return Place::Settled;
            }
        }
        Place::Open
    }

    /// Asks for the texts of what hangs on a node; one that is still unread.
    fn ask_texts(&mut self, snapshot: &Snapshot, node: &NodeId) -> Option<PolicyId> {
        let hanging = self.hanging.get(node)?;
        let unread = hanging
            .iter()
            .filter(|id| super::tree::unread(snapshot, id));
        let unread: Vec<PolicyId> = unread.cloned().collect();
        for id in &unread {
            self.ask(Ask::Text(id.clone()));
        }
        unread.into_iter().next()
    }

    fn settled(&mut self, snapshot: &Snapshot, chain: &[NodeId]) -> bool {
        let levels = chain.iter().map(|node| self.hanging.get(node));
        let levels: Vec<BTreeSet<PolicyId>> =
            levels.map(|ids| ids.cloned().unwrap_or_default()).collect();
        if let Some(known) = self.settled.get(&levels) {
            return *known;
        }
        let answer = probe::settled(snapshot, chain, &levels);
        self.settled.insert(levels, answer);
        answer
    }
}

/// Every SCP but `FullAWSAccess`.
fn others(snapshot: &Snapshot) -> impl Iterator<Item = &PolicyId> {
    let all = snapshot.policies.keys();
    all.filter(|id| !id.is_full_aws_access())
}
