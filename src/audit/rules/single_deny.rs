//! The check that the rules on single denies share: by statement, whatever the answer.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::finding::{Finding, fingerprint};
use crate::audit::{Context, rollup};
use crate::exits::{ExitPath, PathId};
use crate::model::rule::RuleMeta;
use crate::model::{AccountId, NodeId};
use crate::verdict::{DenyNote, Standing, StatementRef};

/// A deny at one node, and what is to be said of it.
type Key = (Option<NodeId>, StatementRef, String);

/// The accounts of one key.
#[derive(Default)]
pub(super) struct Group<'a> {
    pub(super) paths: BTreeSet<PathId>,
    pub(super) members: BTreeMap<&'a AccountId, &'a Standing>,
    /// Accounts below the same node and statement of which it is not to be said.
    pub(super) others: usize,
}

/// What `says` has to say of single denies, each with the accounts it holds for.
pub(super) fn groups<'a>(
    cx: &'a Context<'_>,
    says: impl Fn(&DenyNote) -> Vec<String>,
) -> BTreeMap<Key, Group<'a>> {
    let mut groups: BTreeMap<Key, Group<'a>> = BTreeMap::new();
    for (account, standing) in &cx.judgement.standings {
        for path in ExitPath::of_members() {
            for note in standing.notes(path.id) {
                let mut at = note.statement.clone();
                let node = standing.node(at.level).cloned();
                // The same node may stand on another level elsewhere after a move.
                at.level = 0;
                for words in says(note) {
                    let key = (node.clone(), at.clone(), words);
                    let group = groups.entry(key).or_default();
                    group.paths.insert(path.id);
                    group.members.insert(account, standing);
                }
            }
        }
    }
    for ((node, ..), group) in &mut groups {
        let below = cx
            .judgement
            .standings
            .values()
            .filter(|standing| match standing {
                Standing::Member { chain, .. } => {
                    node.as_ref().is_some_and(|one| chain.contains(one))
                }
                Standing::Management | Standing::NotActing(_) => false,
            });
        group.others = below.count().saturating_sub(group.members.len());
    }
    groups
}

/// A finding on one deny; fill in remedy and severity by struct update.
pub(super) fn finding(
    cx: &Context<'_>,
    rule: &'static RuleMeta,
    (node, at, words): &Key,
    group: &Group<'_>,
    what: &str,
) -> Finding {
    let names: Vec<&str> = group.paths.iter().map(|path| path.as_str()).collect();
    let accounts: Vec<AccountId> = group.members.keys().map(|id| (*id).clone()).collect();
    let summary = format!(
        "SCP `{}` {what} {}: {}",
        at.policy_name,
        names.join(", "),
        rollup::accounts(accounts.len())
    );
    let place = node.as_ref().map(|node| rollup::place(node, cx));
    let sid = at.sid.as_ref().map(|sid| format!(" `{sid}`"));
    let mut evidence = vec![format!(
        "SCP `{}` ({}) on {}, statement {}{}, line {}: {words}",
        at.policy_name,
        at.policy,
        place.as_deref().unwrap_or("an unknown node"),
        at.number,
        sid.unwrap_or_default(),
        at.line,
    )];
    evidence.extend(rollup::whereabouts(&accounts, cx));
    let cause = node
        .as_ref()
        .map_or_else(|| rollup::root(cx), ToString::to_string);
    let number = format!("{}#{}@{cause}", at.policy, at.number);
    let mut parts = vec![number.as_str(), words];
    parts.extend(&names);
    Finding {
        accounts,
        evidence,
        fingerprint: fingerprint(rule.id, &parts),
        ..Finding::failed(rule, cause.clone(), summary)
    }
}
