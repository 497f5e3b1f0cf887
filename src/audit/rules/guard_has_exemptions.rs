//! `guard-has-exemptions`

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::finding::{Finding, fingerprint};
use crate::audit::{Context, Rule, rollup};
use crate::exits::{ExitPath, PathId};
use crate::model::rule::{RuleMeta, Severity};
use crate::model::{AccountId, NodeId};
use crate::verdict::{Answer, Exemption, Hinge};

static META: RuleMeta = RuleMeta {
    id: "guard-has-exemptions",
    title: "The guard lets some principals through",
    severity: Severity::High,
    explain: "What it checks: accounts in which some requests get past the SCPs and others do not, proved over every \
              principal and every request; each exemption is shown with a request that gets through.\n\
              Why it matters: an administrator of the member can often satisfy it alone: create a role of that name, \
              set that tag, leave MFA out, choose that network.\n\
              How to fix: deny without conditions at the root; carve out whole transition OUs instead of principals.",
    attack: &["T1666", "T1078.004"],
    references: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html",
    ],
};

pub(super) const RULE: Rule = Rule { meta: &META, check };

/// In words: the statements, and whom they let through.
type Cause = (Vec<String>, Vec<String>);
/// Where the first statement hangs, which paths, and whose accounts.
type Group = (Option<NodeId>, BTreeSet<PathId>, BTreeSet<AccountId>);

fn check(cx: &Context<'_>) -> Vec<Finding> {
    let mut groups: BTreeMap<Cause, Group> = BTreeMap::new();
    for (account, standing) in &cx.judgement.standings {
        for path in ExitPath::of_members() {
            let Some(Answer::Conditional { exemptions, hinges }) = standing.verdict(path.id) else {
                continue;
            };
            let statements = hinges
                .iter()
                .map(|one| rollup::hinge(one, standing, cx))
                .collect();
            let (node, paths, accounts) =
                groups.entry((statements, words(exemptions))).or_default();
            if let Some(Hinge::Statement { statement, .. }) = hinges.first() {
                *node = standing.node(statement.level).cloned();
            }
            paths.insert(path.id);
            accounts.insert(account.clone());
        }
    }
    groups
        .into_iter()
        .map(|(cause, group)| finding(cx, &cause, &group))
        .collect()
}

/// The exemptions in words, the same for every account.
fn words(exemptions: &[Exemption]) -> Vec<String> {
    let mut words: Vec<String> = exemptions
        .iter()
        .map(|one| {
            let account = one.principal.split(':').nth(4).unwrap_or_default();
            let because = if one.words.is_empty() {
                one.principal.clone()
            } else {
                one.words.join(" and ")
            };
            if account.is_empty() {
                because
            } else {
                because.replace(account, "ACCOUNT")
            }
        })
        .collect();
    words.sort();
    words.dedup();
    words
}

fn finding(
    cx: &Context<'_>,
    (statements, through): &Cause,
    (node, paths, accounts): &Group,
) -> Finding {
    let names: Vec<&str> = paths.iter().map(|path| path.as_str()).collect();
    let summary = format!(
        "some principals get past the guard against {}: {}",
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
    let mut evidence: Vec<String> = through
        .iter()
        .map(|one| format!("gets through: {one}"))
        .collect();
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
        fingerprint: fingerprint(META.id, &parts),
        ..Finding::failed(&META, cause, summary)
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::audit::rules::testing::run;
    use crate::model::Observed;
    use crate::model::fixture::{self, DENY_ALL_EXITS, attach, gap};

    #[test]
    fn shows_who_gets_through_and_passes_once_nobody_does() {
        let mut snapshot = fixture::organization();
        assert!(run(&RULE, &snapshot).is_empty());
        let condition = r#""Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/OrgAdmin*"}}"#;
        let text = DENY_ALL_EXITS.replace(r#""Resource":"*""#, condition);
        attach(&mut snapshot, "p-cond0000", &text, &["r-ab12"]);
        let found = run(&RULE, &snapshot);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].evidence[0],
            "gets through: a role such as arn:aws:iam::ACCOUNT:role/OrgAdmin"
        );
        attach(&mut snapshot, "p-exits000", DENY_ALL_EXITS, &["r-ab12"]);
        assert!(run(&RULE, &snapshot).is_empty());
        snapshot.organization = Observed::Unknown(gap("organizations:DescribeOrganization"));
        assert!(
            run(&RULE, &snapshot).is_empty(),
            "the gap rule speaks of it"
        );
    }

    #[test]
    fn both_halves_of_a_condition_exempt_only_the_absent_key() {
        let mut snapshot = fixture::organization();
        for (id, flag) in [("p-mfafalse", "false"), ("p-mfatrue0", "true")] {
            let condition = format!(
                r#""Resource":"*","Condition":{{"Bool":{{"aws:MultiFactorAuthPresent":"{flag}"}}}}"#
            );
            let text = DENY_ALL_EXITS.replace(r#""Resource":"*""#, &condition);
            attach(&mut snapshot, id, &text, &["r-ab12"]);
        }
        let found = run(&RULE, &snapshot);
        assert!(
            found[0].evidence[0].contains("aws:multifactorauthpresent is absent"),
            "{:?}",
            found[0].evidence
        );
    }
}
