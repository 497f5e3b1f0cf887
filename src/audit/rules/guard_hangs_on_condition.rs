//! `guard-hangs-on-condition`

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::finding::{Finding, Outcome, fingerprint};
use crate::audit::{Context, Rule, rollup};
use crate::exits::{ExitPath, PathId};
use crate::model::AccountId;
use crate::model::rule::{RuleMeta, Severity};
use crate::verdict::{Answer, Hinge, Standing};

static META: RuleMeta = RuleMeta {
    id: "guard-hangs-on-condition",
    title: "Whether accounts can exit hangs on a condition",
    severity: Severity::High,
    explain: "What it checks: accounts whose guard applies to some requests only: a Condition, a partly \
              matching resource, or syntax that AWS does not document.\n\
              Why it matters: whoever satisfies the condition gets out, and a member administrator can often \
              satisfy it alone.\n\
              How to fix: use a deny without conditions at the root; exempt whole transition OUs instead of principals.",
    attack: &["T1666"],
    references: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html",
    ],
};

pub(super) const RULE: Rule = Rule { meta: &META, check };

type Group<'a> = (BTreeSet<PathId>, BTreeMap<&'a AccountId, &'a Standing>);

fn check(cx: &Context<'_>) -> Vec<Finding> {
    let mut groups: BTreeMap<Vec<String>, Group<'_>> = BTreeMap::new();
    for (account, standing) in &cx.judgement.standings {
        for path in ExitPath::of_members() {
            let Some(Answer::Undetermined(hinges)) = standing.verdict(path.id) else {
                continue;
            };
            if hinges.iter().any(Hinge::is_gap) || hinges == &[Hinge::PagesDisagree] {
                continue;
            }
            let words = hinges
                .iter()
                .map(|one| rollup::hinge(one, standing, cx))
                .collect();
            let (paths, members) = groups.entry(words).or_default();
            paths.insert(path.id);
            members.insert(account, standing);
        }
    }
    groups
        .into_iter()
        .map(|(words, group)| finding(cx, words, &group))
        .collect()
}

fn finding(cx: &Context<'_>, words: Vec<String>, (paths, members): &Group<'_>) -> Finding {
    let accounts: Vec<AccountId> = members.keys().map(|id| (*id).clone()).collect();
    let names: Vec<&str> = paths.iter().map(|path| path.as_str()).collect();
    let summary = format!(
        "could not tell whether accounts can exit by {}: it hangs on {}: {}",
        names.join(", "),
        if words.len() == 1 {
            "a statement"
        } else {
            "several statements"
        },
        rollup::accounts(accounts.len())
    );
    let mut parts: Vec<&str> = words.iter().map(String::as_str).collect();
    parts.extend(&names);
    let fingerprint = fingerprint(META.id, &parts);
    let mut evidence = words;
    evidence.extend(rollup::whereabouts(&accounts, cx));
    Finding {
        outcome: Outcome::CouldNotTell,
        accounts,
        evidence,
        remedy: "attach the guard without conditions to the root: org-exit-guard remediate"
            .to_owned(),
        fingerprint,
        ..Finding::failed(&META, rollup::root(cx), summary)
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::audit::Outcome;
    use crate::audit::rules::testing::run;
    use crate::model::fixture::{self, DENY_ALL_EXITS, attach};

    #[test]
    fn shows_the_condition_and_passes_once_an_unconditional_deny_stands() {
        let mut snapshot = fixture::organization();
        assert!(run(&RULE, &snapshot).is_empty());
        // A plain operator on a key with several values: AWS documents no meaning.
        let condition = r#""Resource":"*","Condition":{"StringNotLike":{"aws:PrincipalOrgPaths":"o-other00000/*"}}"#;
        let text = DENY_ALL_EXITS.replace(r#""Resource":"*""#, condition);
        attach(&mut snapshot, "p-cond0000", &text, &["r-ab12"]);
        let found = run(&RULE, &snapshot);
        assert_eq!(found.len(), 1, "one cause for all three paths");
        assert_eq!(found[0].outcome, Outcome::CouldNotTell);
        assert!(
            found[0]
                .summary
                .contains("leave, direct-transfer, self-closure:")
        );
        assert!(found[0].evidence[0].contains("StringNotLike aws:PrincipalOrgPaths"));
        attach(&mut snapshot, "p-exits000", DENY_ALL_EXITS, &["r-ab12"]);
        assert!(run(&RULE, &snapshot).is_empty());
    }
}
