//! Asks what the frontier wants to know and notes the answers in the snapshot.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use futures::StreamExt;
use futures::stream::FuturesUnordered;

use super::calls::Calls;
use super::frontier::{Ask, Frontier};
use super::tree::unread;
use crate::aws::Failure;
use crate::model::organization::Policy;
use crate::model::{Event, NodeId, Observed, PolicyId, Snapshot};

/// Texts asked for at once: enough for AWS's rate at a latency of seconds, and few enough that
/// the next is chosen by what is known then.
const MOST_TEXTS: usize = 6;

/// An answer.
#[derive(Debug)]
pub(super) enum Answer {
    Policies(Result<Vec<Policy>, Failure>),
    Targets(PolicyId, Result<Vec<NodeId>, Failure>),
    Node(NodeId, Result<Vec<Policy>, Failure>),
    Text(PolicyId, Result<Policy, Failure>),
}

type Asked<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// The snapshot so far, what it lacks, and the questions on their way.
pub(super) struct Descent<'a> {
    pub(super) calls: Calls<'a>,
    pub(super) snapshot: Snapshot,
    pub(super) frontier: Frontier,
    asked: FuturesUnordered<Asked<'a>>,
    /// Texts on their way.
    texts: usize,
    /// Answers of each kind, for the observer.
    counts: BTreeMap<&'static str, usize>,
}

impl<'a> Descent<'a> {
    pub(super) fn new(calls: Calls<'a>, snapshot: Snapshot) -> Self {
        Self {
            calls,
            snapshot,
            frontier: Frontier::default(),
            asked: FuturesUnordered::new(),
            texts: 0,
            counts: BTreeMap::new(),
        }
    }

    /// Sends what the frontier wants to know.
    pub(super) fn send(&mut self) {
        let calls = self.calls;
        for ask in self.frontier.take_asks() {
            self.asked.push(Box::pin(send(calls, ask)));
        }
        while self.texts < MOST_TEXTS
            && let Some(ask) = self.frontier.next_text()
        {
            self.texts += 1;
            self.asked.push(Box::pin(send(calls, ask)));
        }
    }

    /// Is an answer due?
    pub(super) fn waits(&self) -> bool {
        !self.asked.is_empty()
    }

    /// The next answer, in whatever order they come.
    pub(super) async fn next(&mut self) -> Option<Answer> {
        self.asked.next().await
    }

    /// Until every account is settled or open.
    pub(super) async fn place_everybody(&mut self) {
        self.go_on(Frontier::is_placed).await;
    }

    /// Until nothing more is asked.
    pub(super) async fn finish(&mut self) {
        self.go_on(|_| false).await;
    }

    async fn go_on(&mut self, enough: impl Fn(&Frontier) -> bool) {
        self.send();
        while !enough(&self.frontier)
            && let Some(answer) = self.next().await
        {
            self.note(answer);
            self.send();
        }
    }

    /// Every policy's text and targets.
    pub(super) async fn everything(&mut self) {
        self.calls.phase("policies");
        self.frontier.ask(Ask::Policies);
        self.finish().await;
        if self.snapshot.policies_listed.known().is_none() {
            self.frontier = Frontier::by_target();
            for node in self.snapshot.attachments.by_node.keys() {
                self.frontier.node_read(&self.snapshot, node);
            }
            self.meet_every_member();
            return self.finish().await;
        }
        let all: Vec<PolicyId> = self.snapshot.policies.keys().cloned().collect();
        for id in all {
            if unread(&self.snapshot, &id) {
                self.frontier.ask(Ask::Text(id.clone()));
            }
            self.frontier.ask(Ask::Targets(id));
        }
        self.finish().await;
    }

    /// Hands every member over to the frontier.
    pub(super) fn meet_every_member(&mut self) {
        let members = self.snapshot.members().into_iter().flatten();
        self.frontier.accounts(&self.snapshot, members);
    }

    /// Takes an answer into the snapshot, and from there into the frontier.
    pub(super) fn note(&mut self, answer: Answer) {
        let what = match &answer {
            Answer::Policies(_) => "policies",
            Answer::Targets(..) => "targets",
            Answer::Node(..) => "attachments",
            Answer::Text(..) => "policy texts",
        };
        let count = self.counts.entry(what).or_default();
        *count += 1;
        if !matches!(answer, Answer::Policies(_)) {
            let count = *count;
            self.calls.observer.on(&Event::Read { what, count });
        }
        match answer {
            Answer::Policies(answer) => self.note_policies(answer),
            Answer::Targets(id, answer) => self.note_targets(&id, answer),
            Answer::Node(node, answer) => self.note_node(&node, answer),
            Answer::Text(id, answer) => self.note_text(&id, answer),
        }
    }

    /// Known ones keep their text.
    fn note_policies(&mut self, answer: Result<Vec<Policy>, Failure>) {
        let listed = self.calls.observed(answer);
        self.snapshot.policies_listed = listed.map(|policies| {
            let count = policies.len();
            for policy in policies {
                self.meet(policy);
            }
            count
        });
        self.frontier.policies_read(&self.snapshot);
    }

    fn note_targets(&mut self, id: &PolicyId, answer: Result<Vec<NodeId>, Failure>) {
        let observed = self.calls.observed(answer).map(|mut nodes| {
            nodes.sort();
            nodes.dedup();
            nodes
        });
        let by_policy = &mut self.snapshot.attachments.by_policy;
        by_policy.insert(id.clone(), observed);
        self.frontier.targets_read(&self.snapshot, id);
    }

    fn note_node(&mut self, node: &NodeId, answer: Result<Vec<Policy>, Failure>) {
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
        self.frontier.node_read(&self.snapshot, node);
    }

    fn note_text(&mut self, id: &PolicyId, answer: Result<Policy, Failure>) {
        self.texts = self.texts.saturating_sub(1);
        match self.calls.observed(answer) {
            Observed::Known(policy) => {
                self.snapshot.policies.insert(id.clone(), policy);
            }
            Observed::Unknown(gap) => {
                if let Some(policy) = self.snapshot.policies.get_mut(id) {
                    policy.content = Observed::Unknown(gap);
                }
            }
        }
        self.frontier.text_read(&self.snapshot, id);
    }

    fn meet(&mut self, policy: Policy) {
        self.snapshot
            .policies
            .entry(policy.id.clone())
            .or_insert(policy);
    }
}

async fn send(calls: Calls<'_>, ask: Ask) -> Answer {
    let reads = calls.reads;
    match ask {
        Ask::Policies => Answer::Policies(reads.list_policies().await),
        Ask::Targets(id) => {
            let answer = reads.list_targets_for_policy(&id).await;
            Answer::Targets(id, answer)
        }
        Ask::Node(node) => {
            let answer = reads.list_policies_for_target(&node).await;
            Answer::Node(node, answer)
        }
        Ask::Text(id) => {
            let answer = reads.describe_policy(&id).await;
            Answer::Text(id, answer)
        }
    }
}
