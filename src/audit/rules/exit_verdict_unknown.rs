//! `exit-verdict-unknown`

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::finding::{Finding, Outcome, fingerprint};
use crate::audit::{Context, Rule, rollup};
use crate::exits::ExitPath;
use crate::model::rule::{RuleMeta, Severity};
use crate::model::{AccountId, Gap};
use crate::verdict::{Answer, Hinge};

static META: RuleMeta = RuleMeta {
    id: "exit-verdict-unknown",
    title: "Whether accounts can exit could not be told",
    severity: Severity::High,
    explain: "What it checks: accounts for which a fact is missing that decides a verdict.\n\
              Why it matters: what could not be read is never counted as protected.\n\
              How to fix: grant the caller the operations that are named, or run from the management account; \
              org-exit-guard doctor lists what is missing.",
    attack: &[],
    references: &[],
};

pub(super) const RULE: Rule = Rule { meta: &META, check };

fn check(cx: &Context<'_>) -> Vec<Finding> {
    if let Some(gap) = cx.snapshot.accounts.gap() {
        return vec![Finding::unread(&META, gap, "which accounts there are")];
    }
    let mut groups: BTreeMap<BTreeSet<Gap>, BTreeSet<AccountId>> = BTreeMap::new();
    for (account, standing) in &cx.judgement.standings {
        let answers = ExitPath::of_members().filter_map(|path| standing.verdict(path.id));
        let gaps: BTreeSet<Gap> = answers
            .flat_map(|answer| match answer {
                Answer::Undetermined(hinges) => hinges.as_slice(),
                Answer::Blocked(_) | Answer::Open(_) | Answer::Conditional { .. } => &[],
            })
            .filter_map(|hinge| match hinge {
                Hinge::Gap(gap) => Some(gap.clone()),
                _ => None,
            })
            .collect();
        if !gaps.is_empty() {
            groups.entry(gaps).or_default().insert(account.clone());
        }
    }
    groups
        .into_iter()
        .map(|(gaps, accounts)| finding(cx, gaps, accounts))
        .collect()
}

fn finding(cx: &Context<'_>, gaps: BTreeSet<Gap>, accounts: BTreeSet<AccountId>) -> Finding {
    let operations: BTreeSet<&str> = gaps.iter().map(|gap| gap.operation.as_str()).collect();
    let operations: Vec<&str> = operations.into_iter().collect();
    let summary = format!(
        "could not tell whether accounts can exit, because {} did not answer: {}",
        operations.join(", "),
        rollup::accounts(accounts.len())
    );
    let keys: Vec<String> = gaps
        .iter()
        .map(|gap| format!("{} {:?}", gap.operation, gap.target))
        .collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let accounts: Vec<AccountId> = accounts.into_iter().collect();
    Finding {
        outcome: Outcome::CouldNotTell,
        evidence: rollup::whereabouts(&accounts, cx),
        accounts,
        remedy: "grant what is missing: org-exit-guard doctor".to_owned(),
        fingerprint: fingerprint(META.id, &keys),
        gaps: gaps.into_iter().collect(),
        ..Finding::failed(&META, rollup::root(cx), summary)
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::audit::Outcome;
    use crate::audit::rules::testing::run;
    use crate::model::Observed;
    use crate::model::fixture::{self, DENY_ALL_EXITS, attach, gap, policy_id};

    #[test]
    fn a_gap_that_matters_is_reported_and_one_that_does_not_is_not() {
        let mut snapshot = fixture::organization();
        assert!(run(&RULE, &snapshot).is_empty());
        attach(
            &mut snapshot,
            "p-other000",
            fixture::DENY_LEAVE,
            &["ou-ab12-11111111"],
        );
        let policy = snapshot.policies.get_mut(&policy_id("p-other000")).unwrap();
        policy.content = Observed::Unknown(gap("organizations:DescribePolicy"));
        let found = run(&RULE, &snapshot);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].outcome, Outcome::CouldNotTell);
        assert_eq!(found[0].gaps.len(), 1);
        attach(&mut snapshot, "p-exits000", DENY_ALL_EXITS, &["r-ab12"]);
        assert!(
            run(&RULE, &snapshot).is_empty(),
            "the root's guard makes it irrelevant"
        );
    }

    #[test]
    fn an_unread_account_list_is_said_once() {
        let mut snapshot = fixture::organization();
        snapshot.accounts = Observed::Unknown(gap("organizations:ListAccounts"));
        assert_eq!(run(&RULE, &snapshot).len(), 1);
    }
}
