//! The check that the three `…-open` rules share: who can take a path, and why nothing stops them.

use std::collections::BTreeMap;

use crate::audit::finding::{Finding, fingerprint};
use crate::audit::{Context, rollup};
use crate::exits::{PathId, path};
use crate::model::rule::{RuleMeta, Severity};
use crate::model::{AccountId, NodeId, Observed};
use crate::verdict::{Answer, NeverApplies, Opening, Standing, StatementRef};

/// Denies that never apply, each with the node it hangs on and why; and whether leaving is
/// meant here.
type Cause = (Vec<(StatementRef, Option<NodeId>, NeverApplies)>, bool);

pub(super) fn check(cx: &Context<'_>, rule: &'static RuleMeta, id: PathId) -> Vec<Finding> {
    let mut causes: BTreeMap<Cause, Vec<(&AccountId, &Standing)>> = BTreeMap::new();
    for (account, standing) in &cx.judgement.standings {
        let Some(Answer::Open(Opening::NoGuard { .. })) = standing.verdict(id) else {
            continue;
        };
        let dead = standing
            .notes(id)
            .iter()
            .filter_map(|note| {
                let node = standing.node(note.statement.level).cloned();
                Some((note.statement.clone(), node, note.never.clone()?))
            })
            .collect();
        let cause = (dead, in_transition(account, cx));
        causes.entry(cause).or_default().push((account, standing));
    }
    causes
        .into_iter()
        .map(|(cause, members)| finding(cx, rule, id, &cause, &members))
        .collect()
}

fn finding(
    cx: &Context<'_>,
    rule: &'static RuleMeta,
    id: PathId,
    (dead, transition): &Cause,
    members: &[(&AccountId, &Standing)],
) -> Finding {
    let accounts: Vec<AccountId> = members
        .iter()
        .map(|(account, _)| (*account).clone())
        .collect();
    let count = rollup::accounts(accounts.len());
    let title = path(id).title;
    let root = rollup::root(cx);
    let mut evidence = Vec::new();
    let cause = dead
        .first()
        .and_then(|(_, node, _)| node.as_ref())
        .map(ToString::to_string);
    let summary = match (dead.first(), members.first()) {
        (Some((at, _, never)), Some((_, standing))) => {
            evidence.extend(
                dead.iter().map(|(at, _, never)| {
                    format!("{}: {never}", rollup::statement(at, standing, cx))
                }),
            );
            let but = match never {
                NeverApplies::Resource => "its Resource can never match",
                NeverApplies::Condition(_) => "its condition can never hold",
                NeverApplies::CarvedOut(_) => "leaves these accounts out",
            };
            format!(
                "SCP `{}` denies to {title}, but {but}: {count}",
                at.policy_name
            )
        }
        _ if *transition => format!("transition OUs let accounts {title}, as configured: {count}"),
        _ => format!("root {root} has no guard against: {title}: {count}"),
    };
    evidence.extend(rollup::whereabouts(&accounts, cx));
    if let Some(account) = accounts.first() {
        for witness in crate::verdict::witnesses(cx.snapshot, path(id), account) {
            evidence.push(format!(
                "gets through: {} calls {} on {}",
                witness.principal, witness.action, witness.resource
            ));
        }
    }
    let cause = cause.unwrap_or(root);
    let mut parts: Vec<String> = dead
        .iter()
        .map(|(at, node, _)| {
            format!(
                "{}#{}@{}",
                at.policy,
                at.number,
                node.as_ref().map_or("", NodeId::as_str)
            )
        })
        .collect();
    parts.push(if *transition {
        "transition".to_owned()
    } else {
        cause.clone()
    });
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    Finding {
        severity: if *transition {
            Severity::Info
        } else {
            rule.severity
        },
        accounts,
        evidence,
        remedy: if *transition {
            "nothing, while the OU is used for accounts that are meant to leave".to_owned()
        } else {
            "attach the guard to the root: org-exit-guard remediate".to_owned()
        },
        fingerprint: fingerprint(rule.id, &parts),
        ..Finding::failed(rule, cause, summary)
    }
}

/// Does the account lie in an OU from which accounts leave on purpose?
pub(super) fn in_transition(account: &AccountId, cx: &Context<'_>) -> bool {
    let account = cx
        .snapshot
        .accounts
        .known()
        .and_then(|accounts| accounts.get(account));
    let Some(Observed::Known(parents)) = account.map(|account| &account.parents) else {
        return false;
    };
    parents.iter().any(|parent| match parent {
        NodeId::Ou(id) => cx.settings.transition_ous.contains(id),
        NodeId::Root(_) | NodeId::Account(_) => false,
    })
}
