//! The check that the rules on exemptions share: whom guards let through, by grade.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::finding::{Finding, fingerprint};
use crate::audit::{Context, rollup};
use crate::exits::{ExitPath, PathId};
use crate::model::rule::RuleMeta;
use crate::model::{AccountId, NodeId};
use crate::verdict::{Answer, Exemption, Grade, Hinge, Passage, passers};

/// In words: the statements, and whom they let through.
type Cause = (Vec<String>, Vec<String>);
/// Where the first statement hangs, which paths, and whose accounts.
type Group = (Option<NodeId>, BTreeSet<PathId>, BTreeSet<AccountId>);

/// One finding for each cause: the statements and the exemptions of this grade.
pub(super) fn check(cx: &Context<'_>, rule: &'static RuleMeta, grade: Grade) -> Vec<Finding> {
    let mut groups: BTreeMap<Cause, Group> = BTreeMap::new();
    for (account, standing) in &cx.judgement.standings {
        for path in ExitPath::of_members() {
            let Some(Answer::Conditional { exemptions, hinges }) = standing.verdict(path.id) else {
                continue;
            };
            let through = words(exemptions, grade);
            if through.is_empty() {
                continue;
            }
            let statements = hinges.iter().map(|one| rollup::hinge(one, standing, cx));
            let cause = (statements.collect(), through);
            let (node, paths, accounts) = groups.entry(cause).or_default();
            if let Some(Hinge::Statement { statement, .. }) = hinges.first() {
                *node = standing.node(statement.level).cloned();
            }
            paths.insert(path.id);
            accounts.insert(account.clone());
        }
    }
    let groups = groups.into_iter();
    groups
        .map(|(cause, group)| finding(cx, rule, grade, &cause, &group))
        .collect()
}

/// The exemptions in words, the same for every account.
fn words(exemptions: &[Exemption], grade: Grade) -> Vec<String> {
    let of_grade = exemptions.iter().filter(|one| one.grade == grade);
    let mut words: Vec<String> = of_grade
        .map(|one| format!("{} ({})", one.sentence(), one.reason))
        .collect();
    words.sort();
    words.dedup();
    words
}

fn finding(
    cx: &Context<'_>,
    rule: &'static RuleMeta,
    grade: Grade,
    (statements, through): &Cause,
    (node, paths, accounts): &Group,
) -> Finding {
    let names: Vec<&str> = paths.iter().map(|path| path.as_str()).collect();
    let who = match grade {
        Grade::SelfService => "whoever administers the account can get past the guard",
        Grade::Held => "only named principals get past the guard",
    };
    let summary = format!(
        "{who} against {}: {}",
        names.join(", "),
        rollup::accounts(accounts.len())
    );
    let parts: Vec<&str> = statements
        .iter()
        .chain(through)
        .map(String::as_str)
        .chain(names.iter().copied())
        .collect();
    let accounts: Vec<AccountId> = accounts.iter().cloned().collect();
    let exempt = through.iter().map(|one| format!("gets through: {one}"));
    let mut evidence: Vec<String> = exempt.collect();
    if grade == Grade::Held {
        evidence.extend(existing(cx, paths, &accounts));
    }
    evidence.extend(statements.iter().cloned());
    evidence.extend(rollup::whereabouts(&accounts, cx));
    let cause = node
        .as_ref()
        .map_or_else(|| rollup::root(cx), ToString::to_string);
    Finding {
        accounts,
        evidence,
        remedy: "attach the guard without conditions to the root: org-exit-guard remediate"
            .to_owned(),
        fingerprint: fingerprint(rule.id, &parts),
        ..Finding::failed(rule, cause, summary)
    }
}

/// Accounts whose roles are named one by one.
const SHOWN: usize = 20;

/// Which roles get past the guard, of accounts whose roles were read.
fn existing(cx: &Context<'_>, paths: &BTreeSet<PathId>, accounts: &[AccountId]) -> Vec<String> {
    let known = cx.snapshot.accounts.known();
    let mut asked = Vec::new();
    for id in accounts {
        let facts = cx.snapshot.members.get(id);
        let roles = facts.and_then(|facts| facts.roles.known());
        let account = known.and_then(|accounts| accounts.get(id));
        let standing = cx.judgement.standings.get(id);
        let (Some(roles), Some(account), Some(standing)) = (roles, account, standing) else {
            continue;
        };
        for path in ExitPath::of_members().filter(|path| paths.contains(&path.id)) {
            let Some(Answer::Conditional { exemptions, .. }) = standing.verdict(path.id) else {
                continue;
            };
            let held = exemptions.iter().filter(|one| one.grade == Grade::Held);
            asked.extend(held.map(|exemption| Passage {
                account,
                path,
                exemption,
                roles,
            }));
        }
    }
    let mut found: BTreeMap<&AccountId, Option<BTreeSet<String>>> = BTreeMap::new();
    for (passage, roles) in asked.iter().zip(passers(cx.snapshot, &asked)) {
        let all = found
            .entry(&passage.account.id)
            .or_insert_with(|| Some(BTreeSet::new()));
        match (all, roles) {
            (Some(all), Some(roles)) => all.extend(roles),
            (all, _) => *all = None,
        }
    }
    let mut lines: Vec<String> = found
        .iter()
        .take(SHOWN)
        .map(|(account, roles)| match roles {
            None => format!("whether a role of {account} gets through could not be told"),
            Some(roles) if roles.is_empty() => format!("no role of {account} gets through"),
            Some(roles) => {
                let roles: Vec<&str> = roles.iter().map(String::as_str).collect();
                format!("exists and gets through: {}", roles.join(", "))
            }
        })
        .collect();
    if let Some(more) = found.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        lines.push(format!("{more} more accounts whose roles were read"));
    }
    lines
}
