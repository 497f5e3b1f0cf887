//! What is kept of an account that departed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::impact::{Impact, impact};
use crate::model::{AccountId, NodeId, Observed, PolicyId, Snapshot};

/// What was known of an account that departed: what the way back needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Former {
    /// Its id.
    pub id: AccountId,
    /// Its name: untrusted text.
    pub name: String,
    /// Root e-mail: untrusted text.
    pub email: String,
    /// Its state when it was seen last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Root first, down to its parent; absent if it was not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Vec<NodeId>>,
    /// The path in names: untrusted text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_names: Option<String>,
    /// SCPs that hung on the account itself; absent if that was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scps: Option<Vec<PolicyId>>,
    /// Its tags, which AWS deletes with the departure: as they were when they were read last; absent
    /// if they were not. Untrusted text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// What its departure ended, as far as the snapshot that saw it last tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact: Option<Impact>,
    /// When it was seen last.
    #[schemars(with = "String")]
    pub last_seen: crate::model::Timestamp,
}

/// What is known of an account that is in a snapshot.
pub fn former(snapshot: &Snapshot, id: &AccountId) -> Option<Former> {
    let account = snapshot.accounts.known()?.get(id)?;
    let path = account.parents.known().cloned();
    let names = path.as_ref().map(|path| {
        let names = path.iter().map(|node| snapshot.called(node));
        names.collect::<Vec<_>>().join(" / ")
    });
    Some(Former {
        id: account.id.clone(),
        name: account.name.clone(),
        email: account.email.clone(),
        state: account
            .state
            .as_ref()
            .map(|state| state.as_str().to_owned()),
        path,
        path_names: names,
        scps: hanging(snapshot, &NodeId::Account(id.clone())),
        tags: account.tags.known().cloned(),
        impact: Some(impact(snapshot, account)),
        last_seen: snapshot.taken_at,
    })
}

impl Former {
    /// Where it lay, its tags and its own SCPs, in sentences that may hold untrusted text; what is
    /// not known is said too.
    pub fn sentences(&self) -> Vec<String> {
        let path = self.path_names.as_ref();
        let tags = self.tags.as_ref().map(told);
        let scps = self.scps.as_deref().map(|scps| {
            let ids: Vec<&str> = scps.iter().map(PolicyId::as_str).collect();
            ids.join(", ")
        });
        let either = |known: Option<String>, unread: &str, none: &str, some: &str| match known {
            None => unread.to_owned(),
            Some(text) if text.is_empty() => none.to_owned(),
            Some(text) => format!("{some} {text}"),
        };
        let mut sentences = vec![
            either(
                path.cloned(),
                "where it lay is not known",
                "it lay in the organization",
                "it lay in",
            ),
            either(
                tags,
                "its tags were not read",
                "it had no tags",
                "its tags:",
            ),
            either(
                scps,
                "which SCPs hung on the account itself was not read",
                "no SCP hung on the account itself",
                "SCPs on the account itself:",
            ),
        ];
        if self.was_closed() {
            sentences.push("it was closed when it was seen last".to_owned());
        }
        sentences
    }

    /// What its departure ended, in sentences that may hold untrusted text.
    pub fn impact_told(&self) -> Vec<String> {
        let unknown =
            || vec!["what its departure ended could not be told: it was not kept".to_owned()];
        self.impact.as_ref().map_or_else(unknown, Impact::sentences)
    }

    /// Was it closed when it was seen last?
    pub fn was_closed(&self) -> bool {
        matches!(
            self.state.as_deref(),
            Some("CLOSED" | "SUSPENDED" | "PENDING_CLOSURE")
        )
    }
}

/// Tags in one line.
fn told(tags: &BTreeMap<String, String>) -> String {
    let pairs = tags.iter().map(|(key, value)| format!("`{key}={value}`"));
    pairs.collect::<Vec<_>>().join(", ")
}

/// What hangs on a node, told by the node or by every policy; `None` if neither was read.
fn hanging(snapshot: &Snapshot, node: &NodeId) -> Option<Vec<PolicyId>> {
    let attachments = &snapshot.attachments;
    if let Some(told) = attachments.by_node.get(node).and_then(Observed::known) {
        return Some(told.clone());
    }
    snapshot.policies_listed.known()?;
    let mut hanging = Vec::new();
    for id in snapshot.policies.keys() {
        if attachments.by_policy.get(id)?.known()?.contains(node) {
            hanging.push(id.clone());
        }
    }
    Some(hanging)
}
