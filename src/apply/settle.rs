//! Reading what is really there: before a write, after it, and when its answer was lost.

use crate::aws::{Failure, FailureClass, Reads};
use crate::model::organization::{Handshake, Policy, PolicyTypeState};
use crate::model::snapshot::Caller;
use crate::model::{AccountId, NodeId, PolicyId, RootId};
use crate::plan::Facts;
use crate::scp::{Dialect, parse};

/// The facts that a plan rests on, read anew.
pub(super) async fn facts(
    reads: &Reads,
    caller: &Caller,
    nodes: impl Iterator<Item = &NodeId>,
) -> Result<Option<Facts>, Failure> {
    let organization = reads.describe_organization().await?;
    let Some(root) = reads.list_roots().await?.into_iter().next() else {
        return Ok(None);
    };
    let mut attached = std::collections::BTreeMap::new();
    // While the type is off nothing is attached, whatever is listed.
    let off = root.scp_state == PolicyTypeState::NotEnabled;
    let listed = if off {
        Vec::new()
    } else {
        let node = NodeId::Root(root.id.clone());
        reads.list_policies_for_target(&node).await?
    };
    for policy in listed {
        let text = if policy.id.is_full_aws_access() {
            String::new()
        } else {
            content(reads, &policy.id).await?.unwrap_or_default()
        };
        attached.insert(policy.id, text);
    }
    let mut elsewhere = std::collections::BTreeMap::new();
    for node in nodes {
        let hangs = if off {
            Vec::new()
        } else {
            reads.list_policies_for_target(node).await?
        };
        elsewhere.insert(
            node.clone(),
            hangs.into_iter().map(|policy| policy.id).collect(),
        );
    }
    Ok(Some(Facts {
        partition: caller.partition,
        organization: organization.id,
        management: organization.management_account,
        feature_set: organization.feature_set.as_str().to_owned(),
        root: root.id,
        scp_state: root.scp_state.as_str().to_owned(),
        attached,
        elsewhere,
    }))
}

async fn content(reads: &Reads, id: &PolicyId) -> Result<Option<String>, Failure> {
    Ok(reads.describe_policy(id).await?.content.known().cloned())
}

/// The SCP of a name, with its text.
pub(super) async fn policy_named(reads: &Reads, name: &str) -> Result<Option<Policy>, Failure> {
    let found = reads
        .list_policies()
        .await?
        .into_iter()
        .find(|policy| policy.name == name);
    match found {
        Some(policy) => Ok(Some(reads.describe_policy(&policy.id).await?)),
        None => Ok(None),
    }
}

/// The policy with its text, if it is there.
pub(super) async fn described(reads: &Reads, id: &PolicyId) -> Result<Option<Policy>, Failure> {
    match reads.describe_policy(id).await {
        Ok(policy) => Ok(Some(policy)),
        Err(failure) if failure.class == FailureClass::NotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Does the policy say what `text` says?
pub(super) fn says(policy: &Policy, text: &str) -> bool {
    let parsed = |text: &str| parse(text, Dialect::Scp).ok();
    match (
        policy.content.known().and_then(|content| parsed(content)),
        parsed(text),
    ) {
        (Some(found), Some(wanted)) => found.says_the_same_as(&wanted),
        _ => false,
    }
}

/// Does the policy hang on the node?
pub(super) async fn hangs(reads: &Reads, id: &PolicyId, node: &NodeId) -> Result<bool, Failure> {
    let attached = reads.list_policies_for_target(node).await?;
    Ok(attached.iter().any(|policy| policy.id == *id))
}

/// Is the SCP policy type enabled on the root?
pub(super) async fn scps_enabled(reads: &Reads, root: &RootId) -> Result<bool, Failure> {
    let roots = reads.list_roots().await?;
    Ok(roots
        .iter()
        .any(|one| one.id == *root && one.scp_state == PolicyTypeState::Enabled))
}

/// The open invitation to an account.
pub(super) async fn invitation(
    reads: &Reads,
    account: &AccountId,
) -> Result<Option<Handshake>, Failure> {
    let handshakes = reads.list_handshakes_for_organization().await?;
    Ok(handshakes
        .into_iter()
        .find(|one| one.is_unanswered_invitation() && one.account.as_ref() == Some(account)))
}

/// The last invitation to an account, answered or not.
pub(super) async fn latest_invitation(
    reads: &Reads,
    account: &AccountId,
) -> Result<Option<Handshake>, Failure> {
    let handshakes = reads.list_handshakes_for_organization().await?;
    let invitations = handshakes
        .into_iter()
        .filter(|one| one.action == "INVITE" && one.account.as_ref() == Some(account));
    Ok(invitations.max_by_key(|one| one.requested_at))
}
