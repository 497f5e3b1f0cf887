//! SCPs hang again as earlier facts show: after `DisablePolicyType` has deleted every attachment,
//! and on accounts that came back.
//!
//! Nothing is weakened: an SCP with an Allow statement hangs again only where `FullAWSAccess`
//! allows everything anyhow, and nothing is detached.

use std::collections::{BTreeMap, BTreeSet};

use super::again::{Rewritten, again, difference, name};
use super::control_tower;
use super::planner::PlanError;
use super::step::{Change, NotDone, Plan, PolicyRef, Step};
use crate::model::organization::PolicyTypeState;
use crate::model::{NodeId, PolicyId, Snapshot};
use crate::scp::{Dialect, Effect, SCPS_PER_TARGET, parse};

/// Which SCP hung where, as far as the snapshot knows.
pub fn hung(snapshot: &Snapshot) -> BTreeMap<NodeId, BTreeSet<PolicyId>> {
    let asked = snapshot.attachments.by_node.keys().cloned();
    let mut all: BTreeMap<NodeId, BTreeSet<PolicyId>> =
        asked.map(|node| (node, BTreeSet::new())).collect();
    for (node, policy) in snapshot.attachments.pairs() {
        all.entry(node.clone()).or_default().insert(policy.clone());
    }
    all
}

/// Nodes in one line; a plan is no list of an organization.
const SHOWN: usize = 6;

/// Where the snapshot did not read which SCPs hang, in words: what was not read is never "none".
pub fn unread(then: &Snapshot) -> Option<String> {
    let Some(nodes) = then.nodes_unread() else {
        return Some("any node: the root or the accounts could not be read".to_owned());
    };
    let shown: Vec<String> = nodes
        .iter()
        .take(SHOWN)
        .map(|node| then.called(node))
        .collect();
    match nodes.len().checked_sub(SHOWN) {
        _ if nodes.is_empty() => None,
        None | Some(0) => Some(shown.join(", ")),
        Some(more) => Some(format!("{} and {more} more", shown.join(", "))),
    }
}

/// Refuses a snapshot that did not read everywhere which SCPs hang.
///
/// # Errors
/// [`PlanError::NotRead`].
pub fn check_snapshot(then: &Snapshot) -> Result<(), PlanError> {
    match unread(then) {
        None => Ok(()),
        Some(nodes) => Err(PlanError::NotRead {
            taken_at: then.taken_at,
            nodes,
        }),
    }
}

/// Plans the attachments of `then` that are missing `now`; the SCP type is enabled, or will be by
/// the plan's first step.
pub(super) fn plan_attachments(
    plan: &mut Plan,
    now: &Snapshot,
    then: &Snapshot,
    rewritten: Rewritten,
) {
    let enabled = now
        .root
        .known()
        .is_some_and(|root| root.scp_state == PolicyTypeState::Enabled);
    let (today, used) = (hung(now), plan.used.clone());
    for (node, policies) in hung(then) {
        if !exists(now, &node) {
            let hung = names(then, &policies);
            plan.not_done.push(NotDone {
                unmet: true,
                what: format!("attach {hung} to {}", then.called(&node)),
                why: "it is not in the organization any more".to_owned(),
            });
            continue;
        }
        let mut there = today.get(&node).cloned().unwrap_or_default();
        if !enabled {
            there.insert(PolicyId::full_aws_access());
        }
        let place = Place {
            now,
            then,
            node: &node,
            rewritten,
            used: &used,
        };
        place.hang_again(plan, &policies, &mut there);
        place.tell_rewritten(plan, &policies, &mut there);
        let full = PolicyId::full_aws_access();
        let since: BTreeSet<PolicyId> = there.difference(&policies).cloned().collect();
        let since: BTreeSet<PolicyId> = since
            .into_iter()
            .filter(|id| *id != full && asked(then, &node, id))
            .collect();
        if !since.is_empty() {
            plan.not_done.push(NotDone {
                unmet: false,
                what: format!("detach {} from {}", names(now, &since), now.called(&node)),
                why: format!(
                    "it hangs there today and did not on {}; it stays",
                    then.taken_at
                ),
            });
        }
    }
}

/// Steps, and what a reviewer should know beside them.
type Planned = (Vec<Step>, Vec<String>);

/// A node to which SCPs come back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) now: &'a Snapshot,
    pub(super) then: &'a Snapshot,
    pub(super) node: &'a NodeId,
    pub(super) rewritten: Rewritten,
    /// SCPs of others that may be attached.
    pub(super) used: &'a BTreeSet<PolicyId>,
}

impl Place<'_> {
    /// Plans those of `policies` that are not `there`, which grows by them.
    pub(super) fn hang_again(
        self,
        plan: &mut Plan,
        policies: &BTreeSet<PolicyId>,
        there: &mut BTreeSet<PolicyId>,
    ) {
        let Self {
            now, then, node, ..
        } = self;
        let full = PolicyId::full_aws_access();
        if there.contains(&full) && !policies.contains(&full) && asked(then, node, &full) {
            plan.not_done.push(NotDone {
 unmet: false,
                what: format!("detach FullAWSAccess from {}", now.called(node)),
                why: format!(
                    "it did not hang there on {}; this tool detaches nothing: check, then do it by hand",
                    then.taken_at
                ),
            });
        }
        for id in policies.difference(&there.clone()) {
            match self.steps(id, there) {
                Ok((steps, notes)) => {
                    there.insert(id.clone());
                    plan.note(notes);
                    take(plan, steps);
                }
                Err(why) => plan.not_done.push(NotDone {
                    unmet: true,
                    what: format!("attach {} to {}", name(then, id), now.called(node)),
                    why,
                }),
            }
        }
    }

    /// Those that hang there still, with another text.
    fn tell_rewritten(
        self,
        plan: &mut Plan,
        policies: &BTreeSet<PolicyId>,
        there: &mut BTreeSet<PolicyId>,
    ) {
        let Self {
            now, then, node, ..
        } = self;
        let today = hung(now).remove(node).unwrap_or_default();
        for id in policies.intersection(&today) {
            let Some(words) = difference(now, then, id) else {
                continue;
            };
            if self.rewritten == Rewritten::ComesBeside
                && let Ok((steps, notes)) = self.steps(id, there)
            {
                plan.note(notes);
                take(plan, steps);
                continue;
            }
            plan.not_done.push(NotDone {
                unmet: true,
                what: format!(
                    "restore the text of {}, which hangs on {}",
                    name(then, id),
                    now.called(node)
                ),
                why: words,
            });
        }
    }

    /// The attachment, after the policy's creation if it is gone.
    fn steps(self, id: &PolicyId, there: &BTreeSet<PolicyId>) -> Result<Planned, String> {
        let Self {
            now, then, node, ..
        } = self;
        if let Some(why) = control_tower::attaching(now, node) {
            return Err(why);
        }
        let again = again((now, then), id, self.rewritten, self.used)?;
        if matches!(&again.policy, PolicyRef::Existing(equal) if there.contains(equal)) {
            return Ok((Vec::new(), Vec::new()));
        }
        if there.len() >= SCPS_PER_TARGET {
            return Err(format!(
                "{SCPS_PER_TARGET} SCPs hang there, the most that AWS documents"
            ));
        }
        if !there.contains(&PolicyId::full_aws_access()) && allows(&again.text) {
            return Err(
                "it allows something, and FullAWSAccess does not hang there: more would be allowed than today"
                    .to_owned(),
            );
        }
        let under = |account: &&crate::model::organization::Account| {
            account.is_acting() && now.known_chain(account).contains(node)
        };
        let covers = now.members().into_iter().flatten().filter(under).count();
        let attach = Step {
            id: format!("attach-{id}-{node}"),
            title: format!(
                "attach {} to {}, as on {}",
                again.called,
                now.called(node),
                then.taken_at
            ),
            change: Change::AttachPolicy {
                policy: again.policy,
                target: node.clone(),
                text: again.text,
                proves: None,
            },
            // An account that is yet to arrive is one, too.
            covers: if matches!(node, NodeId::Account(_)) {
                1
            } else {
                covers
            },
            undo: format!("detach it from {node}"),
        };
        let steps = again.create.into_iter().chain([attach]).collect();
        Ok((steps, again.notes))
    }
}

/// Adds steps, each once: a policy that hung on several nodes is created for the first.
fn take(plan: &mut Plan, steps: Vec<Step>) {
    for step in steps {
        if plan.steps.iter().all(|one| one.id != step.id) {
            plan.steps.push(step);
        }
    }
}

/// Is it known that the policy did not hang there? One that is not in the snapshot did not exist.
fn asked(then: &Snapshot, node: &NodeId, id: &PolicyId) -> bool {
    let attachments = &then.attachments;
    let node = attachments.by_node.get(node);
    let policy = attachments.by_policy.get(id);
    node.is_some_and(|policies| policies.known().is_some())
        || policy.is_some_and(|nodes| nodes.known().is_some())
        || (then.policies_listed.known().is_some() && !then.policies.contains_key(id))
}

/// Does it allow something? A text that cannot be read may.
pub fn allows(text: &str) -> bool {
    parse(text, Dialect::Scp).map_or(true, |document| {
        let mut statements = document.statements.iter();
        statements.any(|statement| statement.effect == Effect::Allow)
    })
}

fn exists(now: &Snapshot, node: &NodeId) -> bool {
    match node {
        NodeId::Root(id) => now.root.known().is_some_and(|root| root.id == *id),
        NodeId::Ou(id) => now.units.contains_key(id),
        NodeId::Account(id) => {
            let accounts = now.accounts.known();
            accounts.is_some_and(|accounts| accounts.contains_key(id))
        }
    }
}

fn names(snapshot: &Snapshot, ids: &BTreeSet<PolicyId>) -> String {
    let names: Vec<String> = ids.iter().map(|id| name(snapshot, id)).collect();
    names.join(", ")
}
