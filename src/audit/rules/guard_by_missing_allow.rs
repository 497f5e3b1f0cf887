//! `guard-by-missing-allow`

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::finding::{Finding, fingerprint};
use crate::audit::{Context, Rule, rollup};
use crate::exits::ExitPath;
use crate::model::rule::{RuleMeta, Severity};
use crate::model::{AccountId, NodeId};
use crate::verdict::{Answer, Block};

static META: RuleMeta = RuleMeta {
    id: "guard-by-missing-allow",
    title: "Accounts are held only because nothing allows the exit",
    severity: Severity::Low,
    explain: "What it checks: accounts that are blocked by an allow list that leaves the exit actions out, \
              because FullAWSAccess was replaced, and by no explicit deny.\n\
              Why it matters: the next edit of the allow list, or FullAWSAccess put back, opens the exit unnoticed.\n\
              How to fix: add an explicit deny at the root.",
    attack: &[],
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html",
    ],
};

pub(super) const RULE: Rule = Rule { meta: &META, check };

/// The accounts below a node, and the paths that nothing allows.
type Group = (BTreeSet<AccountId>, BTreeSet<&'static str>);

fn check(cx: &Context<'_>) -> Vec<Finding> {
    let mut nodes: BTreeMap<(NodeId, bool), Group> = BTreeMap::new();
    for (account, standing) in &cx.judgement.standings {
        for path in ExitPath::of_members() {
            let (level, none) = match standing.verdict(path.id) {
                Some(Answer::Blocked(Block::NoAllow { level })) => (*level, true),
                // The allows are conditional, and no request satisfies one of every level.
                Some(Answer::Blocked(Block::Together(by))) if by.is_empty() => (0, false),
                _ => continue,
            };
            if let Some(node) = standing.node(level) {
                let (accounts, paths) = nodes.entry((node.clone(), none)).or_default();
                accounts.insert(account.clone());
                paths.insert(path.id.as_str());
            }
        }
    }
    nodes
        .into_iter()
        .map(|((node, none), (accounts, paths))| {
            let paths: Vec<&str> = paths.into_iter().collect();
            let paths = paths.join(", ");
            let place = rollup::place(&node, cx);
            let who = if none {
                format!("no SCP on {place} allows {paths}")
            } else {
                format!(
                    "the conditions of the allows below {place} let no request for {paths} through"
                )
            };
            let count = rollup::accounts(accounts.len());
            let summary = format!("{who}, and nothing else holds these accounts: {count}");
            Finding {
                accounts: accounts.into_iter().collect(),
                remedy: "attach the guard to the root: org-exit-guard remediate".to_owned(),
                fingerprint: fingerprint(META.id, &[node.as_str()]),
                ..Finding::failed(&META, node.to_string(), summary)
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::audit::rules::testing::run;
    use crate::model::Observed;
    use crate::model::fixture::{self, FULL, attach, gap, node, policy_id};

    #[test]
    fn names_the_node_and_is_silent_when_allows_are_unknown() {
        let mut snapshot = fixture::organization();
        assert!(run(&RULE, &snapshot).is_empty());
        let allow = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:*","Resource":"*"}]}"#;
        attach(&mut snapshot, "p-allow000", allow, &["ou-ab12-11111111"]);
        snapshot.attachments.by_policy.insert(
            policy_id(FULL),
            Observed::Known(vec![node("r-ab12"), node("222222222222")]),
        );
        let found = run(&RULE, &snapshot);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].cause, "ou-ab12-11111111");
        // Two conditional allow lists that no request satisfies at once.
        let only = |role: &str| {
            format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{"ArnLike":{{"aws:PrincipalArn":"arn:aws:iam::*:role/{role}"}}}}}}]}}"#
            )
        };
        let mut disjoint = fixture::organization();
        attach(&mut disjoint, "p-only0001", &only("A"), &["r-ab12"]);
        attach(
            &mut disjoint,
            "p-only0002",
            &only("B"),
            &["ou-ab12-11111111"],
        );
        let full = Observed::Known(vec![node("222222222222")]);
        disjoint.attachments.by_policy.insert(policy_id(FULL), full);
        let found = run(&RULE, &disjoint);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].summary.contains("let no request for"),
            "{}",
            found[0].summary
        );
        let unknown = Observed::Unknown(gap("organizations:ListTargetsForPolicy"));
        snapshot
            .attachments
            .by_policy
            .insert(policy_id(FULL), unknown);
        assert!(run(&RULE, &snapshot).is_empty());
    }
}
