//! Every SCP text of the snapshot, parsed once.

use std::collections::BTreeMap;

use crate::model::{Gap, PolicyId, Snapshot};
use crate::scp::{Dialect, Document, parse};

/// A policy's text, or why it has none.
#[derive(Debug, Clone)]
pub(super) enum Text {
    Parsed(Document),
    Bad(String),
    Missing(Gap),
}

/// Texts by handle; the handle is the index that `prove` passes around.
#[derive(Debug, Clone)]
pub(super) struct Texts<'a> {
    entries: Vec<(&'a PolicyId, &'a str, Text)>,
    by_id: BTreeMap<&'a PolicyId, usize>,
}

impl<'a> Texts<'a> {
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let entries: Vec<_> = snapshot
            .policies
            .iter()
            .map(|(id, policy)| {
                let text = match policy.content.known() {
                    // Its text is documented, so it need not be read.
                    None if id.is_full_aws_access() => Text::Parsed(Document::full_aws_access()),
                    Some(content) => match parse(content, Dialect::Scp) {
                        Ok(document) => Text::Parsed(document),
                        Err(error) => Text::Bad(error.to_string()),
                    },
                    None => {
                        Text::Missing(policy.content.gap().cloned().unwrap_or_else(|| not_met(id)))
                    }
                };
                (id, policy.name.as_str(), text)
            })
            .collect();
        let by_id = entries
            .iter()
            .enumerate()
            .map(|(handle, entry)| (entry.0, handle))
            .collect();
        Self { entries, by_id }
    }

    pub(super) fn handle(&self, id: &PolicyId) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    pub(super) fn text(&self, handle: usize) -> Option<&Text> {
        self.entries.get(handle).map(|entry| &entry.2)
    }

    /// Every text, by handle.
    pub(super) fn all(&self) -> impl Iterator<Item = &Text> {
        self.entries.iter().map(|entry| &entry.2)
    }

    pub(super) fn id(&self, handle: usize) -> Option<&'a PolicyId> {
        self.entries.get(handle).map(|entry| entry.0)
    }

    pub(super) fn name(&self, handle: usize) -> &'a str {
        self.entries.get(handle).map_or("", |entry| entry.1)
    }
}

/// The gap for a policy that hangs somewhere but was never met.
pub(super) fn not_met(id: &PolicyId) -> Gap {
    Gap {
        operation: "organizations:DescribePolicy".to_owned(),
        target: Some(id.to_string()),
        reason: crate::model::GapReason::NotRead,
        message: "the snapshot does not hold this policy".to_owned(),
        request_id: None,
    }
}
