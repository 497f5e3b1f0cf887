//! What differs between two snapshots.
//!
//! JSON Schema: `docs/schema/changes.schema.json`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::Format;
use super::document::Tool;
use super::page::{Page, Tone, counted};
use crate::audit::{Changes, Edited, Former, Retagged, VerdictChange};
use crate::model::{AccountId, NodeId, Snapshot, Timestamp};

/// The version of this form.
const CHANGES_VERSION: u32 = 1;
/// Lines of one kind on a page; JSON has them all.
const SHOWN: usize = 20;
/// Accounts of one verdict on a page.
const NAMED: usize = 5;

/// Two snapshots and what differs.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ChangesDocument {
    /// Version of this form.
    pub format_version: u32,
    /// What wrote it.
    pub tool: Tool,
    /// When the earlier one was taken.
    #[schemars(with = "String")]
    pub before: Timestamp,
    /// When the later one was taken.
    #[schemars(with = "String")]
    pub after: Timestamp,
    /// What differs.
    pub changes: Changes,
    /// What events of the later one tell of those who vanished: method and time.
    #[schemars(with = "BTreeMap<AccountId, (String, String)>")]
    pub events: BTreeMap<AccountId, (String, Timestamp)>,
    #[serde(skip)]
    #[schemars(skip)]
    names: BTreeMap<NodeId, String>,
}

impl ChangesDocument {
    /// The document of what differs; `later` names the nodes.
    pub fn new(
        (before, after): (Timestamp, Timestamp),
        changes: Changes,
        events: BTreeMap<AccountId, (String, Timestamp)>,
        later: &Snapshot,
    ) -> Self {
        let attached = changes.attached.iter().chain(&changes.detached);
        let nodes = attached.map(|one| one.node.clone());
        let moved = changes.moved.iter();
        let nodes = nodes.chain(moved.flat_map(|one| {
            [one.from.last().cloned(), one.to.last().cloned()]
                .into_iter()
                .flatten()
        }));
        let judged = changes
            .verdicts
            .iter()
            .flat_map(|one| one.accounts.iter().take(NAMED));
        let names = nodes
            .chain(judged.cloned().map(NodeId::Account))
            .map(|node| (node.clone(), later.called(&node)))
            .collect();
        Self {
            format_version: CHANGES_VERSION,
            tool: Tool::of(env!("CARGO_PKG_VERSION")),
            before,
            after,
            changes,
            events,
            names,
        }
    }

    /// The document in a format; `width` in columns counts for tables only.
    pub fn render(&self, format: Format, width: usize) -> String {
        format.lay_out(self, |document| document.page(width))
    }

    fn page(&self, width: usize) -> String {
        let mut page = Page::new(width);
        page.heading(&format!("From {} to {}", self.before, self.after));
        for former in &self.changes.vanished {
            self.vanished(&mut page, former);
        }
        lines(&mut page, &self.changes, |node| {
            self.names
                .get(node)
                .cloned()
                .unwrap_or_else(|| node.to_string())
        });
        if self.changes.is_empty() {
            page.paragraph(0, "nothing differs");
        }
        page.finish()
    }

    fn vanished(&self, page: &mut Page, former: &Former) {
        let Former {
            id, name, email, ..
        } = former;
        page.labeled(
            0,
            "vanished",
            Tone::Bad,
            &format!("account {id} `{name}`, {email}"),
        );
        match self.events.get(id) {
            Some((method, time)) => page.paragraph(2, &format!("events: {method} at {time}")),
            None => page.paragraph(2, "no event that was read tells how"),
        }
        for sentence in former.sentences() {
            page.paragraph(2, &sentence);
        }
        for sentence in former.impact_told() {
            page.item(2, &sentence);
        }
    }
}

/// The lines of everything but who vanished.
pub(super) fn lines(page: &mut Page, changes: &Changes, called: impl Fn(&NodeId) -> String) {
    let Changes {
        vanished: _,
        appeared,
        moved,
        retagged,
        tags_read_once,
        edited: _,
        edits,
        detached,
        attached,
        scp_type,
        verdicts,
        not_compared,
    } = changes;
    if let Some((before, after)) = scp_type {
        page.labeled(
            0,
            "type",
            Tone::Bad,
            &format!("the SCP type was {before} and is {after}"),
        );
    }
    for one in verdicts {
        let tone = if one.before == "blocked" {
            Tone::Bad
        } else {
            Tone::Plain
        };
        let text = verdict(one, &called);
        page.labeled(0, "verdict", tone, &text);
    }
    list(page, "edited", edits.iter().map(Edited::sentence));
    let at = |one: &crate::audit::Attached| format!("{} at {}", one.policy, called(&one.node));
    list(page, "detached", detached.iter().map(at));
    list(page, "attached", attached.iter().map(at));
    let place = |path: &[NodeId]| path.last().map_or_else(|| "?".to_owned(), &called);
    let moves = moved.iter();
    list(
        page,
        "moved",
        moves.map(|one| {
            format!(
                "account {} from {} to {}",
                one.account,
                place(&one.from),
                place(&one.to)
            )
        }),
    );
    list(page, "tags", retagged.iter().map(Retagged::sentence));
    if *tags_read_once > 0 {
        let text = format!(
            "whether the tags of {tags_read_once} accounts changed cannot be told: only one of the \
             two holds them (snapshot and audit --tags read them)"
        );
        page.labeled(0, "unread", Tone::Doubtful, &text);
    }
    list(
        page,
        "new",
        appeared.iter().map(|id| format!("account {id}")),
    );
    for what in not_compared {
        page.labeled(0, "unread", Tone::Doubtful, what);
    }
}

fn verdict(change: &VerdictChange, called: impl Fn(&NodeId) -> String) -> String {
    let accounts = &change.accounts;
    let first = accounts.iter().take(NAMED).map(|id| {
        let called = called(&NodeId::Account(id.clone()));
        // The word stands before the list already.
        called
            .strip_prefix("account ")
            .unwrap_or(&called)
            .to_owned()
    });
    let first: Vec<String> = first.collect();
    let more = match accounts.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more (--format json)"),
    };
    format!(
        "{}: {} and now {} for {}: {}{more}",
        change.path,
        change.before,
        change.after,
        counted(accounts.len(), "account", "accounts"),
        first.join(", "),
    )
}

fn list(page: &mut Page, label: &str, lines: impl ExactSizeIterator<Item = String>) {
    let more = lines.len().saturating_sub(SHOWN);
    for line in lines.take(SHOWN) {
        page.labeled(0, label, Tone::Plain, &line);
    }
    if more > 0 {
        page.labeled(
            0,
            label,
            Tone::Plain,
            &format!("{more} more (--format json lists all)"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exits::PathId;
    use crate::model::fixture;

    fn page(accounts: usize) -> String {
        let accounts = (0..accounts)
            .map(|number| fixture::account_id(&format!("{:012}", 222_222_222_222 + number)));
        let changes = Changes {
            verdicts: vec![VerdictChange {
                path: PathId::Leave,
                before: "blocked",
                after: "open",
                accounts: accounts.collect(),
            }],
            ..Changes::default()
        };
        let later = fixture::organization();
        let times = (later.taken_at, later.taken_at);
        ChangesDocument::new(times, changes, BTreeMap::new(), &later).render(Format::Table, 200)
    }

    #[test]
    fn a_verdict_names_its_accounts() {
        let name =
            fixture::organization().called(&NodeId::Account(fixture::account_id("222222222222")));
        let name = name.trim_start_matches("account ");
        let one = page(1);
        assert!(
            one.contains(&format!("blocked and now open for 1 account: {name}\n")),
            "{one}"
        );
        assert!(name.starts_with('`'), "{name}");
        let seven = page(7);
        assert!(seven.contains("for 7 accounts: "), "{seven}");
        assert!(
            seven.contains("222222222226 and 2 more (--format json)\n"),
            "{seven}"
        );
        assert!(!seven.contains("222222222227"), "{seven}");
    }
}
