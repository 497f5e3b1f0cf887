//! After `DisablePolicyType` has deleted every attachment: SCPs hang again as a snapshot says.
//!
//! Nothing is weakened: an SCP with an Allow statement hangs again only where `FullAWSAccess`
//! allows everything anyhow, and nothing is detached.

use std::collections::{BTreeMap, BTreeSet};

use super::control_tower;
use super::step::{Change, NotDone, Plan, PolicyRef, Step};
use crate::model::organization::{Policy, PolicyTypeState};
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

/// Plans the attachments of `then` that are missing `now`; the SCP type is enabled, or will be by
/// the plan's first step.
pub(super) fn plan_attachments(plan: &mut Plan, now: &Snapshot, then: &Snapshot) {
    let enabled = now
        .root
        .known()
        .is_some_and(|root| root.scp_state == PolicyTypeState::Enabled);
    let today = hung(now);
    for (node, policies) in hung(then) {
        if !exists(now, &node) {
            let hung = names(then, &policies);
            plan.not_done.push(NotDone {
                what: format!("attach {hung} to {}", then.called(&node)),
                why: "it is not in the organization any more".to_owned(),
            });
            continue;
        }
        let mut there = today.get(&node).cloned().unwrap_or_default();
        if !enabled {
            there.insert(PolicyId::full_aws_access());
        }
        let full = PolicyId::full_aws_access();
        if there.contains(&full) && !policies.contains(&full) && asked(then, &node, &full) {
            plan.not_done.push(NotDone {
                what: format!("detach FullAWSAccess from {}", now.called(&node)),
                why: format!(
                    "it did not hang there on {}; this tool detaches nothing: check, then do it by hand",
                    then.taken_at
                ),
            });
        }
        for id in policies.difference(&there.clone()) {
            match step(now, then, &node, id, &there) {
                Ok(step) => {
                    there.insert(id.clone());
                    plan.steps.push(step);
                }
                Err(why) => plan.not_done.push(NotDone {
                    what: format!("attach {} to {}", name(then, id), then.called(&node)),
                    why,
                }),
            }
        }
        let since: BTreeSet<PolicyId> = there.difference(&policies).cloned().collect();
        let since: BTreeSet<PolicyId> = since
            .into_iter()
            .filter(|id| *id != full && asked(then, &node, id))
            .collect();
        if !since.is_empty() {
            plan.not_done.push(NotDone {
                what: format!("detach {} from {}", names(now, &since), now.called(&node)),
                why: format!(
                    "it hangs there today and did not on {}; it stays",
                    then.taken_at
                ),
            });
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

fn step(
    now: &Snapshot,
    then: &Snapshot,
    node: &NodeId,
    id: &PolicyId,
    there: &BTreeSet<PolicyId>,
) -> Result<Step, String> {
    let called = then.policies.get(id).map(|policy| policy.name.as_str());
    if called.is_some_and(control_tower::owns) {
        return Err("it is AWS Control Tower's own: repair it there".to_owned());
    }
    if let Some(why) = control_tower::attaching(now, node) {
        return Err(why);
    }
    let text = |snapshot: &Snapshot| snapshot.policies.get(id)?.content.known().cloned();
    let Some(today) = text(now) else {
        return Err(match text(then) {
            Some(text) => format!("SCP {id} does not exist any more; its text was: {text}"),
            None => format!("SCP {id} does not exist any more"),
        });
    };
    if let Some(before) = text(then)
        && !same(&before, &today)
    {
        return Err(format!(
            "its text was changed since {}; it is not attached unseen. It was: {before} It is: {today}",
            then.taken_at
        ));
    }
    if there.len() >= SCPS_PER_TARGET {
        return Err(format!(
            "{SCPS_PER_TARGET} SCPs hang there, the most that AWS documents"
        ));
    }
    if !there.contains(&PolicyId::full_aws_access()) && allows(&today) {
        return Err(
            "it allows something, and FullAWSAccess does not hang there: more would be allowed than today"
                .to_owned(),
        );
    }
    let under = |account: &&crate::model::organization::Account| {
        account.is_acting() && now.known_chain(account).contains(node)
    };
    Ok(Step {
        id: format!("attach-{id}-{node}"),
        title: format!(
            "attach {} to {}, as on {}",
            name(now, id),
            now.called(node),
            then.taken_at
        ),
        change: Change::AttachPolicy {
            policy: PolicyRef::Existing(id.clone()),
            target: node.clone(),
            text: today,
            proves: None,
        },
        covers: now.members().into_iter().flatten().filter(under).count(),
        undo: format!("detach it from {node}"),
    })
}

fn same(before: &str, today: &str) -> bool {
    let parsed = |text: &str| parse(text, Dialect::Scp).ok();
    before == today
        || matches!((parsed(before), parsed(today)), (Some(before), Some(today)) if before.says_the_same_as(&today))
}

/// A text that cannot be read may allow something.
fn allows(text: &str) -> bool {
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

fn name(snapshot: &Snapshot, id: &PolicyId) -> String {
    let policy = snapshot.policies.get(id);
    match policy.filter(|policy: &&Policy| !policy.name.is_empty()) {
        Some(policy) => format!("SCP `{}` ({id})", policy.name),
        None => format!("SCP {id}"),
    }
}

fn names(snapshot: &Snapshot, ids: &BTreeSet<PolicyId>) -> String {
    let names: Vec<String> = ids.iter().map(|id| name(snapshot, id)).collect();
    names.join(", ")
}
