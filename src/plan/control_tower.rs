//! What AWS Control Tower manages is left to it.
//!
//! It is known by its trusted access. Its own SCPs begin with `aws-guardrails-`; moving accounts
//! and attaching SCPs in its Security OU is drift to it.
//! <https://docs.aws.amazon.com/controltower/latest/userguide/governance-drift.html>

use crate::model::{NodeId, OuId, Snapshot};

const SERVICE: &str = "controltower.amazonaws.com";
const OWN_POLICIES: &str = "aws-guardrails-";
/// What Control Tower calls the OU of its log archive and audit accounts, unless renamed.
const SECURITY: &str = "Security";

/// Does Control Tower manage the organization? `None`: it could not be told.
fn manages(now: &Snapshot) -> Option<bool> {
    let services = now.trusted_services.known()?;
    Some(services.iter().any(|service| service == SERVICE))
}

/// Is the policy Control Tower's own?
pub(super) fn owns(name: &str) -> bool {
    name.starts_with(OWN_POLICIES)
}

/// Why nothing is attached to a node, if it is so.
pub(super) fn attaching(now: &Snapshot, node: &NodeId) -> Option<String> {
    if manages(now) != Some(true) {
        return None;
    }
    let security = |id: &OuId| {
        let unit = now.units.get(id);
        unit.is_some_and(|unit| unit.parents.len() == 1 && unit.name.as_deref() == Some(SECURITY))
    };
    let chain = match node {
        NodeId::Root(_) => return None,
        NodeId::Ou(id) => {
            let mut chain = now.units.get(id).map(|unit| unit.parents.clone());
            chain.get_or_insert_default().push(node.clone());
            chain.unwrap_or_default()
        }
        NodeId::Account(id) => {
            let account = now.accounts.known().and_then(|all| all.get(id));
            account
                .map(|account| now.known_chain(account))
                .unwrap_or_default()
        }
    };
    let inside = chain
        .iter()
        .any(|node| matches!(node, NodeId::Ou(id) if security(id)));
    inside.then(|| {
        "it is in the Security OU of AWS Control Tower, to which nothing is attached".to_owned()
    })
}

/// Why no account is moved, if it is so.
pub(super) fn moving(now: &Snapshot) -> Option<&'static str> {
    match manages(now) {
        Some(false) => None,
        Some(true) => Some(
            "AWS Control Tower manages this organization, and a move behind its back is drift to it: enroll the \
             account there, or add --allow-control-tower",
        ),
        None => Some(
            "whether AWS Control Tower manages this organization could not be read: add --allow-control-tower if it \
             does not",
        ),
    }
}
