//! Which SCP hangs where, read from the root down and no further than it matters.

use std::collections::{BTreeMap, BTreeSet};

use futures::join;

use super::calls::Calls;
use super::tree::unread;
use crate::aws::Failure;
use crate::model::organization::Policy;
use crate::model::snapshot::EventHistory;
use crate::model::{AccountId, Gap, GapReason, NodeId, Observed, OuId, PolicyId, Snapshot};
use crate::verdict::settled;

/// How many rows `ListPolicies` and `ListTargetsForPolicy` return in a page.
const PAGE: usize = 20;

/// How attachments below the root are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// `ListPoliciesForTarget`, node by node.
    ByTarget,
    /// `ListTargetsForPolicy`, SCP by SCP.
    ByPolicy,
}

/// A snapshot whose attachments are being read.
#[derive(Debug)]
pub(super) struct Descent<'a> {
    calls: Calls<'a>,
    snapshot: Snapshot,
    /// Accounts that need a verdict and have none yet: their chain, root first, own node last.
    unsettled: BTreeMap<AccountId, Vec<NodeId>>,
}

impl<'a> Descent<'a> {
    pub(super) fn new(calls: Calls<'a>, snapshot: Snapshot) -> Self {
        let chain = |account: &crate::model::organization::Account| {
            let own = NodeId::Account(account.id.clone());
            let parents = account.parents.known()?;
            let chain: Vec<NodeId> = parents.iter().cloned().chain([own]).collect();
            account.is_acting().then(|| (account.id.clone(), chain))
        };
        let unsettled = snapshot
            .members()
            .into_iter()
            .flatten()
            .filter_map(chain)
            .collect();
        Self {
            calls,
            snapshot,
            unsettled,
        }
    }

    pub(super) fn into_snapshot(self) -> Snapshot {
        self.snapshot
    }

    /// OUs on the way to accounts that no deny settles.
    pub(super) fn unsettled_units(&self) -> BTreeSet<OuId> {
        let nodes = self.unsettled.values().flatten();
        nodes
            .filter_map(|node| match node {
                NodeId::Ou(id) => Some(id.clone()),
                _ => None,
            })
            .collect()
    }

    /// Takes in what hangs on a node, and the texts.
    pub(super) fn hangs(&mut self, hanging: Hanging) {
        self.note(&hanging.node, hanging.policies);
        self.note_texts(hanging.texts);
    }

    /// Every policy's text and targets.
    pub(super) async fn everything(&mut self) {
        self.calls.phase("policies");
        if self.list().await {
            let all: Vec<PolicyId> = self.snapshot.policies.keys().cloned().collect();
            let texts = all.iter().filter(|id| unread(&self.snapshot, id));
            let texts: Vec<PolicyId> = texts.cloned().collect();
            let calls = self.calls;
            let (targets, texts) = join!(targets(calls, all), texts_of(calls, texts));
            self.note_targets(targets);
            self.note_texts(texts);
        } else {
            self.descend(Way::ByTarget).await;
        }
    }

    /// Below the root only for accounts that the root does not settle.
    pub(super) async fn as_far_as_needed(&mut self) {
        self.settle_at(0);
        if self.unsettled.is_empty() {
            return;
        }
        self.calls.phase("policies");
        let way = self.choose().await;
        if self.descend(way).await == Way::ByPolicy {
            self.find_allows().await;
        }
    }

    /// The way with fewer calls. A list that cannot be read leaves the way by target.
    async fn choose(&mut self) -> Way {
        let by_target = self.nodes_below_root().len();
        if by_target <= 2 || !self.list().await {
            return Way::ByTarget;
        }
        let others = self.snapshot.policies.keys();
        let others = others.filter(|id| !id.is_full_aws_access()).count();
        let by_policy = others + self.allows_by_policy().min(by_target);
        if by_policy < by_target {
            Way::ByPolicy
        } else {
            Way::ByTarget
        }
    }

    /// Calls for the targets of FullAWSAccess, which hangs on nearly every node.
    fn allows_by_policy(&self) -> usize {
        let accounts = self.snapshot.accounts.known().map_or(0, BTreeMap::len);
        (1 + self.snapshot.units.len() + accounts).div_ceil(PAGE)
    }

    fn nodes_below_root(&self) -> BTreeSet<NodeId> {
        let chains = self.unsettled.values();
        chains
            .flat_map(|chain| chain.iter().skip(1).cloned())
            .collect()
    }

    /// `ListPolicies`: every SCP, known ones keep their text.
    async fn list(&mut self) -> bool {
        let listed = self.calls.observed(self.calls.reads.list_policies().await);
        let listed = listed.map(|policies| {
            let count = policies.len();
            for policy in policies {
                self.meet(policy);
            }
            count
        });
        let known = listed.known().is_some();
        self.snapshot.policies_listed = listed;
        known
    }

    /// Level by level: what hangs there, the texts, and which accounts that settles.
    /// Where the targets of an SCP cannot be read, the nodes are asked after all; tells the way.
    async fn descend(&mut self, mut way: Way) -> Way {
        if way == Way::ByPolicy {
            let others = self.snapshot.policies.keys();
            let others = others.filter(|id| !id.is_full_aws_access()).cloned();
            let answers = targets(self.calls, others.collect()).await;
            if answers.iter().any(|(_, answer)| answer.is_err()) {
                way = Way::ByTarget;
            }
            self.note_targets(answers);
        }
        let deepest = self.unsettled.values().map(Vec::len).max().unwrap_or(0);
        // The root again, in case that asking for what hangs on it failed.
        for depth in 0..deepest {
            let chains = self.unsettled.values();
            let nodes: BTreeSet<NodeId> = chains
                .filter_map(|chain| chain.get(depth).cloned())
                .collect();
            if way == Way::ByTarget {
                self.read_nodes(nodes.iter().cloned().collect()).await;
            }
            self.describe_at(&nodes).await;
            self.settle_at(depth);
        }
        way
    }

    /// Where an allow exists, for accounts that no deny settles.
    async fn find_allows(&mut self) {
        let nodes = self.nodes_below_root();
        if nodes.is_empty() {
            return;
        }
        if self.allows_by_policy() > nodes.len() {
            self.read_nodes(nodes.into_iter().collect()).await;
            return;
        }
        let full = self.snapshot.policies.keys();
        let full = full.filter(|id| id.is_full_aws_access()).cloned().collect();
        let answers = targets(self.calls, full).await;
        self.note_targets(answers);
    }

    /// What hangs on nodes that have not been asked about.
    async fn read_nodes(&mut self, nodes: Vec<NodeId>) {
        let calls = self.calls;
        let asked = &self.snapshot.attachments.by_node;
        let nodes = nodes
            .into_iter()
            .filter(|node| !asked.contains_key(node))
            .collect();
        let answers = calls
            .each("attachments", nodes, |node| {
                let node = node.clone();
                async move { calls.reads.list_policies_for_target(&node).await }
            })
            .await;
        for (node, answer) in answers {
            self.note(&node, answer);
        }
    }

    /// Reads the texts of what hangs on `nodes`, each once.
    async fn describe_at(&mut self, nodes: &BTreeSet<NodeId>) {
        let hanging = hanging(&self.snapshot);
        let met = nodes.iter().filter_map(|node| hanging.get(node)).flatten();
        let unread: BTreeSet<PolicyId> = met
            .filter(|id| unread(&self.snapshot, id))
            .cloned()
            .collect();
        let answers = texts_of(self.calls, unread.into_iter().collect()).await;
        self.note_texts(answers);
    }

    /// Drops accounts whose chain down to `depth` denies every exit.
    fn settle_at(&mut self, depth: usize) {
        let probe = Probe::new(&self.snapshot);
        let mut known: BTreeMap<Vec<NodeId>, bool> = BTreeMap::new();
        self.unsettled.retain(|_, chain| {
            let upper: Vec<NodeId> = chain
                .iter()
                .take(depth.saturating_add(1))
                .cloned()
                .collect();
            !*known
                .entry(upper)
                .or_insert_with_key(|upper| probe.settled(upper))
        });
    }

    fn note(&mut self, node: &NodeId, answer: Result<Vec<Policy>, Failure>) {
        let observed = self.calls.observed(answer).map(|policies| {
            let mut ids: Vec<PolicyId> = policies.iter().map(|row| row.id.clone()).collect();
            ids.sort();
            ids.dedup();
            for policy in policies {
                self.meet(policy);
            }
            ids
        });
        let by_node = &mut self.snapshot.attachments.by_node;
        by_node.insert(node.clone(), observed);
    }

    fn note_targets(&mut self, answers: Answers<Vec<NodeId>>) {
        for (id, answer) in answers {
            let observed = self.calls.observed(answer).map(|mut nodes| {
                nodes.sort();
                nodes.dedup();
                nodes
            });
            self.snapshot.attachments.by_policy.insert(id, observed);
        }
    }

    fn note_texts(&mut self, answers: Answers<Policy>) {
        for (id, answer) in answers {
            match self.calls.observed(answer) {
                Observed::Known(policy) => {
                    self.snapshot.policies.insert(id, policy);
                }
                Observed::Unknown(gap) => {
                    if let Some(policy) = self.snapshot.policies.get_mut(&id) {
                        policy.content = Observed::Unknown(gap);
                    }
                }
            }
        }
    }

    fn meet(&mut self, policy: Policy) {
        self.snapshot
            .policies
            .entry(policy.id.clone())
            .or_insert(policy);
    }
}

/// What hangs on a node, with the texts.
#[derive(Debug)]
pub(super) struct Hanging {
    node: NodeId,
    policies: Result<Vec<Policy>, Failure>,
    texts: Answers<Policy>,
}

impl Hanging {
    /// `ListPoliciesForTarget`, then `DescribePolicy` of each.
    pub(super) async fn read(calls: Calls<'_>, node: NodeId) -> Self {
        let policies = calls.reads.list_policies_for_target(&node).await;
        let ids: BTreeSet<PolicyId> = policies
            .iter()
            .flatten()
            .map(|policy| policy.id.clone())
            .collect();
        let texts = texts_of(calls, ids.into_iter().collect()).await;
        Self {
            node,
            policies,
            texts,
        }
    }
}

type Answers<T> = Vec<(PolicyId, Result<T, Failure>)>;

async fn targets(calls: Calls<'_>, policies: Vec<PolicyId>) -> Answers<Vec<NodeId>> {
    calls
        .each("targets", policies, |id| {
            let id = id.clone();
            async move { calls.reads.list_targets_for_policy(&id).await }
        })
        .await
}

async fn texts_of(calls: Calls<'_>, policies: Vec<PolicyId>) -> Answers<Policy> {
    calls
        .each("policy texts", policies, |id| {
            let id = id.clone();
            async move { calls.reads.describe_policy(&id).await }
        })
        .await
}

/// What is known to hang on each node.
fn hanging(snapshot: &Snapshot) -> BTreeMap<NodeId, BTreeSet<PolicyId>> {
    let mut hanging: BTreeMap<NodeId, BTreeSet<PolicyId>> = BTreeMap::new();
    let attachments = &snapshot.attachments;
    for (id, nodes) in &attachments.by_policy {
        for node in nodes.known().into_iter().flatten() {
            hanging.entry(node.clone()).or_default().insert(id.clone());
        }
    }
    for (node, ids) in &attachments.by_node {
        let known = ids.known().into_iter().flatten().cloned();
        hanging.entry(node.clone()).or_default().extend(known);
    }
    hanging
}

/// Asks the verdicts about one chain, with nothing in the snapshot but what hangs on it:
/// otherwise every question would parse every policy of the organization again.
struct Probe<'a> {
    snapshot: &'a Snapshot,
    hanging: BTreeMap<NodeId, BTreeSet<PolicyId>>,
    bare: Snapshot,
}

impl<'a> Probe<'a> {
    fn new(snapshot: &'a Snapshot) -> Self {
        let unread = || Gap {
            operation: String::new(),
            target: None,
            reason: GapReason::NotRead,
            message: String::new(),
            request_id: None,
        };
        let events = &snapshot.events;
        let bare = Snapshot {
            tool_version: snapshot.tool_version.clone(),
            caller: snapshot.caller.clone(),
            organization: snapshot.organization.clone(),
            root: snapshot.root.clone(),
            accounts: Observed::Unknown(unread()),
            units: BTreeMap::new(),
            policies: BTreeMap::new(),
            policies_listed: Observed::Unknown(unread()),
            attachments: crate::model::organization::Attachments::default(),
            delegation_policy: Observed::Unknown(unread()),
            delegated_administrators: Observed::Unknown(unread()),
            trusted_services: Observed::Unknown(unread()),
            root_features: Observed::Unknown(unread()),
            handshakes: Observed::Unknown(unread()),
            events: EventHistory {
                account: events.account.clone(),
                region: events.region.clone(),
                records: Vec::new(),
                gaps: Vec::new(),
                unparsed: Vec::new(),
                ..*events
            },
            ..*snapshot
        };
        Self {
            snapshot,
            hanging: hanging(snapshot),
            bare,
        }
    }

    fn settled(&self, chain: &[NodeId]) -> bool {
        let mut probe = self.bare.clone();
        for node in chain {
            for id in self.hanging.get(node).into_iter().flatten() {
                if let Some(policy) = self.snapshot.policies.get(id) {
                    probe.policies.insert(id.clone(), policy.clone());
                }
                // By policy, so that no node passes for wholly read.
                let targets = probe.attachments.by_policy.entry(id.clone());
                if let Observed::Known(nodes) =
                    targets.or_insert_with(|| Observed::Known(Vec::new()))
                {
                    nodes.push(node.clone());
                }
            }
        }
        settled(&probe, chain)
    }
}
