//! Many accounts, one cause: grouping and the words for it.

use std::collections::BTreeMap;

use super::Context;
use crate::model::{AccountId, NodeId, Observed};
use crate::verdict::{Hinge, Standing, StatementRef};

/// "1 account" or "n accounts".
pub(super) fn accounts(count: usize) -> String {
    if count == 1 {
        "1 account".to_owned()
    } else {
        format!("{count} accounts")
    }
}

/// "SCP `name` (p-…) on root r-…, statement 2 `Sid`, line 7".
pub(super) fn statement(reference: &StatementRef, standing: &Standing, cx: &Context<'_>) -> String {
    let place = standing.node(reference.level).map(|node| place(node, cx));
    let sid = reference
        .sid
        .as_ref()
        .map(|sid| format!(" `{sid}`"))
        .unwrap_or_default();
    format!(
        "SCP `{}` ({}) on {}, statement {}{sid}, line {}",
        reference.policy_name,
        reference.policy,
        place.unwrap_or_else(|| "an unknown node".to_owned()),
        reference.number,
        reference.line,
    )
}

/// "root r-…", "OU `name` (ou-…)" or "account 12 digits".
pub(super) fn place(node: &NodeId, cx: &Context<'_>) -> String {
    match node {
        // Accounts are listed beside it, by id.
        NodeId::Account(_) => format!("{} {node}", node.kind()),
        NodeId::Root(_) | NodeId::Ou(_) => cx.snapshot.called(node),
    }
}

/// The root's id, or "organization" if it is not known.
pub(super) fn root(cx: &Context<'_>) -> String {
    cx.snapshot
        .root
        .known()
        .map_or_else(|| "organization".to_owned(), |root| root.id.to_string())
}

/// "where: OU `Sandbox` (ou-…): 12 accounts; …", the fullest parents first.
pub(super) fn whereabouts(ids: &[AccountId], cx: &Context<'_>) -> Vec<String> {
    const SHOWN: usize = 8;
    let mut parents: BTreeMap<String, usize> = BTreeMap::new();
    for id in ids {
        let account = cx
            .snapshot
            .accounts
            .known()
            .and_then(|accounts| accounts.get(id));
        let parent = match account.map(|account| &account.parents) {
            Some(Observed::Known(parents)) => parents.last().map(|node| place(node, cx)),
            _ => None,
        };
        *parents
            .entry(parent.unwrap_or_else(|| "an unknown place".to_owned()))
            .or_default() += 1;
    }
    let mut parents: Vec<_> = parents.into_iter().collect();
    parents.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let more = parents.len().saturating_sub(SHOWN);
    let mut lines: Vec<String> = parents
        .into_iter()
        .take(SHOWN)
        .map(|(parent, count)| format!("in {parent}: {}", accounts(count)))
        .collect();
    if more > 0 {
        lines.push(format!("in {more} more places"));
    }
    lines
}

/// A hinge as evidence.
pub(super) fn hinge(hinge: &Hinge, standing: &Standing, cx: &Context<'_>) -> String {
    match hinge {
        Hinge::Statement { statement: at, why } => {
            format!("{}: {}", statement(at, standing, cx), why.join("; "))
        }
        Hinge::BadPolicy { policy, problem } => format!("SCP {policy} is not valid: {problem}"),
        Hinge::Gap(gap) => gap.to_string(),
        Hinge::TypeState(state) => format!("the SCP policy type is in state {state}"),
        Hinge::PagesDisagree => {
            "LeaveOrganization is denied, AcceptHandshake is not; AWS's pages disagree on whether \
             that stops a transfer"
                .to_owned()
        }
        Hinge::EnginesDisagree => "the two engines of this tool disagree: please report".to_owned(),
    }
}
