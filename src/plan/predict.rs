//! The facts as they would be once steps are taken.

use std::collections::BTreeMap;

use super::step::{Change, PolicyRef, Step};
use crate::model::organization::{
    Account, AccountState, JoinedMethod, Policy, PolicyTypeState, tags_not_read,
};
use crate::model::{AccountId, NodeId, Observed, PolicyId, RootId, Snapshot};

/// The text of `FullAWSAccess`.
///
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples.html>
const FULL_ACCESS: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// What is there after the steps, if nobody else changes anything.
pub(super) fn after(now: &Snapshot, steps: &[Step]) -> Snapshot {
    let mut later = now.clone();
    let mut created: BTreeMap<&str, PolicyId> = BTreeMap::new();
    for (number, step) in steps.iter().enumerate() {
        match &step.change {
            Change::EnablePolicyType { root } => enable(&mut later, root),
            Change::CreatePolicy { .. } => {
                created.insert(&step.id, planned_id(number));
            }
            Change::AttachPolicy {
                policy,
                target,
                text,
                ..
            } => {
                if let Some(id) = resolve(policy, &created) {
                    hang(&mut later, &id, target, text);
                }
            }
            Change::DetachPolicy { policy, target, .. } => {
                if let Some(id) = resolve(policy, &created) {
                    unhang(&mut later, &id, target);
                }
            }
            Change::InviteAccount { .. } => {}
            Change::AcceptInvitation { account, .. } => join(&mut later, account),
            Change::TagAccount { account, tags } => tag(&mut later, account, tags),
            Change::MoveAccount { account, to } => place(&mut later, account, to),
        }
    }
    later
}

fn resolve(policy: &PolicyRef, created: &BTreeMap<&str, PolicyId>) -> Option<PolicyId> {
    match policy {
        PolicyRef::Existing(id) => Some(id.clone()),
        PolicyRef::Created(step) => created.get(step.as_str()).cloned(),
    }
}

/// A stand-in id for a policy that does not exist yet.
fn planned_id(number: usize) -> PolicyId {
    // INVARIANT: the text is a policy id (tested by every plan of the tests).
    format!("p-planned{number:05}")
        .parse()
        .unwrap_or_else(|_| PolicyId::full_aws_access())
}

/// Once the type is enabled, every node carries `FullAWSAccess`.
///
/// <https://docs.aws.amazon.com/organizations/latest/userguide/enable-policy-type.html>
fn enable(snapshot: &mut Snapshot, root: &RootId) {
    if let Observed::Known(root) = &mut snapshot.root {
        root.scp_state = PolicyTypeState::Enabled;
    }
    let full = PolicyId::full_aws_access();
    snapshot
        .policies
        .entry(full.clone())
        .or_insert_with(|| Policy {
            id: full.clone(),
            arn: String::new(),
            name: "FullAWSAccess".to_owned(),
            aws_managed: true,
            content: Observed::Known(FULL_ACCESS.to_owned()),
            description: None,
            tags: tags_not_read(),
        });
    let mut nodes: Vec<NodeId> = vec![NodeId::Root(root.clone())];
    nodes.extend(snapshot.units.keys().cloned().map(NodeId::Ou));
    let accounts = snapshot.accounts.known().into_iter().flatten();
    nodes.extend(accounts.map(|(id, _)| NodeId::Account(id.clone())));
    for node in nodes {
        let attached = Observed::Known(vec![full.clone()]);
        snapshot.attachments.by_node.insert(node, attached);
    }
}

fn hang(snapshot: &mut Snapshot, id: &PolicyId, target: &NodeId, text: &str) {
    let new = !snapshot.policies.contains_key(id);
    let policy = snapshot.policies.entry(id.clone());
    let policy = policy.or_insert_with(|| Policy {
        id: id.clone(),
        arn: String::new(),
        name: String::new(),
        aws_managed: false,
        content: Observed::Known(text.to_owned()),
        description: None,
        tags: tags_not_read(),
    });
    if policy.content.known().is_none() {
        policy.content = Observed::Known(text.to_owned());
    }
    let by_policy = &mut snapshot.attachments.by_policy;
    if new {
        // A policy that does not exist yet hangs nowhere else.
        by_policy.insert(id.clone(), Observed::Known(Vec::new()));
    }
    if let Some(Observed::Known(targets)) = by_policy.get_mut(id) {
        targets.push(target.clone());
    }
    // A node that was not asked stays so: it is not said that nothing else hangs there.
    if let Some(Observed::Known(attached)) = snapshot.attachments.by_node.get_mut(target) {
        attached.push(id.clone());
    }
}

fn unhang(snapshot: &mut Snapshot, id: &PolicyId, target: &NodeId) {
    let attachments = &mut snapshot.attachments;
    if let Some(Observed::Known(targets)) = attachments.by_policy.get_mut(id) {
        targets.retain(|node| node != target);
    }
    if let Some(Observed::Known(attached)) = attachments.by_node.get_mut(target) {
        attached.retain(|policy| policy != id);
    }
}

/// An account arrives in the root with `FullAWSAccess` on it; its tags and its own SCPs are gone.
/// An account that has just joined, in the root.
pub(super) fn arrival(snapshot: &Snapshot, id: &AccountId) -> Account {
    let root = snapshot
        .root
        .known()
        .map(|root| NodeId::Root(root.id.clone()));
    Account {
        id: id.clone(),
        name: String::new(),
        email: String::new(),
        state: Some(AccountState::Active),
        joined_method: Some(JoinedMethod::Invited),
        joined_at: None,
        parents: Observed::Known(root.into_iter().collect()),
        tags: tags_not_read(),
    }
}

fn join(snapshot: &mut Snapshot, id: &AccountId) {
    let account = arrival(snapshot, id);
    if let Observed::Known(accounts) = &mut snapshot.accounts
        && !accounts.contains_key(id)
    {
        accounts.insert(id.clone(), account);
    }
    let full = Observed::Known(vec![PolicyId::full_aws_access()]);
    let by_node = &mut snapshot.attachments.by_node;
    by_node.insert(NodeId::Account(id.clone()), full);
}

fn tag(snapshot: &mut Snapshot, id: &AccountId, tags: &BTreeMap<String, String>) {
    if let Observed::Known(accounts) = &mut snapshot.accounts
        && let Some(account) = accounts.get_mut(id)
        && let Observed::Known(there) = &mut account.tags
    {
        there.extend(tags.clone());
    }
}

fn place(snapshot: &mut Snapshot, id: &AccountId, to: &NodeId) {
    let NodeId::Ou(ou) = to else {
        return;
    };
    let Some(unit) = snapshot.units.get(ou) else {
        return;
    };
    let mut parents = unit.parents.clone();
    parents.push(to.clone());
    if let Observed::Known(accounts) = &mut snapshot.accounts
        && let Some(account) = accounts.get_mut(id)
    {
        account.parents = Observed::Known(parents);
    }
}
