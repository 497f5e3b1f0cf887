//! `guard-by-accident`

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::finding::{Finding, fingerprint};
use crate::audit::{Context, Rule, rollup};
use crate::exits::{ExitPath, PathId};
use crate::model::AccountId;
use crate::model::rule::{RuleMeta, Severity};
use crate::verdict::{Answer, Block, Standing, StatementRef};

static META: RuleMeta = RuleMeta {
    id: "guard-by-accident",
    title: "Accounts are held by statements that were written for something else",
    severity: Severity::Low,
    explain: "What it checks: accounts that are blocked only by denies that do not name the exit: a region lock, a \
              deny of everything.\n\
              Why it matters: whoever edits that statement for its own purpose opens the exit unnoticed.\n\
              How to fix: add a deny that names the exit at the root.",
    attack: &[],
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html",
    ],
};

pub(super) const RULE: Rule = Rule { meta: &META, check };

type Group<'a> = (BTreeSet<PathId>, BTreeMap<&'a AccountId, &'a Standing>);

fn check(cx: &Context<'_>) -> Vec<Finding> {
    let mut groups: BTreeMap<Vec<StatementRef>, Group<'_>> = BTreeMap::new();
    for (account, standing) in &cx.judgement.standings {
        for path in ExitPath::of_members() {
            let by = match standing.verdict(path.id) {
                Some(Answer::Blocked(Block::Deny(one))) => vec![one.clone()],
                Some(Answer::Blocked(Block::Together(several))) => several.clone(),
                _ => continue,
            };
            if by.is_empty() || by.iter().any(|one| one.names_service) {
                continue;
            }
            let (paths, members) = groups.entry(by).or_default();
            paths.insert(path.id);
            members.insert(account, standing);
        }
    }
    groups
        .into_iter()
        .map(|(by, group)| finding(cx, &by, &group))
        .collect()
}

fn finding(cx: &Context<'_>, by: &[StatementRef], (paths, members): &Group<'_>) -> Finding {
    let accounts: Vec<AccountId> = members.keys().map(|id| (*id).clone()).collect();
    let names: Vec<&str> = paths.iter().map(|path| path.as_str()).collect();
    let summary = format!(
        "only a statement that does not name the exit stands against {}: {}",
        names.join(", "),
        rollup::accounts(accounts.len())
    );
    let first = members.values().next();
    let mut evidence: Vec<String> = by
        .iter()
        .filter_map(|one| Some(rollup::statement(one, first?, cx)))
        .collect();
    evidence.extend(rollup::whereabouts(&accounts, cx));
    let keys: Vec<String> = by
        .iter()
        .map(|one| format!("{}#{}", one.policy, one.number))
        .collect();
    let mut keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    keys.extend(&names);
    Finding {
        accounts,
        evidence,
        remedy: "attach the guard to the root: org-exit-guard remediate".to_owned(),
        fingerprint: fingerprint(META.id, &keys),
        ..Finding::failed(&META, rollup::root(cx), summary)
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::audit::rules::testing::run;
    use crate::model::Observed;
    use crate::model::fixture::{self, DENY_ALL_EXITS, attach, gap};

    #[test]
    fn a_region_lock_is_an_accident_and_a_guard_is_not() {
        let mut snapshot = fixture::organization();
        assert!(run(&RULE, &snapshot).is_empty());
        let lock = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotAction":["s3:*"],"Resource":"*",
            "Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-central-1"]}}}]}"#;
        attach(&mut snapshot, "p-region00", lock, &["r-ab12"]);
        let found = run(&RULE, &snapshot);
        assert_eq!(found.len(), 1, "one cause for three paths");
        assert!(found[0].evidence[0].contains("p-region00"));
        snapshot.root = Observed::Unknown(gap("organizations:ListRoots"));
        assert!(run(&RULE, &snapshot).is_empty());
        let mut snapshot = fixture::organization();
        attach(&mut snapshot, "p-exits000", DENY_ALL_EXITS, &["r-ab12"]);
        assert!(run(&RULE, &snapshot).is_empty());
    }
}
