//! `guard-exemption-vacuous`

use super::single_deny::{finding, groups};
use crate::audit::{Context, Finding, Rule};
use crate::model::rule::{RuleMeta, Severity};
use crate::verdict::DenyNote;

static META: RuleMeta = RuleMeta {
    id: "guard-exemption-vacuous",
    title: "The guard exempts somebody who does not exist",
    severity: Severity::Low,
    explain: "What it checks: values in the exempting condition of a guard that no request below it ever has: a \
              principal of the management account, which no SCP binds; a principal of another account; a session's \
              ARN, where aws:PrincipalArn holds the role's; a value that cannot occur.\n\
              Why it matters: it does no harm today, but it does not do what its author meant, and the next attempt \
              to make it work may open the guard.\n\
              How to fix: delete the value.",
    attack: &[],
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn",
    ],
};

pub(super) const RULE: Rule = Rule { meta: &META, check };

fn check(cx: &Context<'_>) -> Vec<Finding> {
    let management = cx.snapshot.organization.known();
    let management = management.map(|one| one.management_account.as_str());
    let says = |note: &DenyNote| {
        let words = note.vacuous.iter().map(|(key, value)| {
            let why = if management.is_some_and(|id| value.contains(id)) {
                "the management account, which no SCP binds"
            } else if value.contains(":assumed-role/") {
                "a session, but aws:PrincipalArn holds the role"
            } else {
                "nobody in these accounts"
            };
            format!("`{value}` of {key} is {why}")
        });
        words.collect()
    };
    groups(cx, says)
        .into_iter()
        // What exempts somebody elsewhere below the node is meant for there.
        .filter(|(_, group)| group.others == 0)
        .map(|(key, group)| Finding {
            remedy: "delete the value from the condition".to_owned(),
            ..finding(
                cx,
                &META,
                &key,
                &group,
                "exempts nobody by a value of its condition against",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::audit::rules::testing::run;
    use crate::model::Observed;
    use crate::model::fixture::{self, DENY_ALL_EXITS, attach, gap};

    #[test]
    fn names_each_value_that_exempts_nobody() {
        let mut snapshot = fixture::organization();
        let guard = |values: &str| {
            let condition = format!(
                r#""Resource":"*","Condition":{{"ArnNotLike":{{"aws:PrincipalArn":[{values}]}}}}"#
            );
            DENY_ALL_EXITS.replace(r#""Resource":"*""#, &condition)
        };
        let text = guard(
            r#""arn:aws:iam::111111111111:role/Admin","arn:aws:sts::*:assumed-role/Admin/*","arn:aws:iam::*:role/Exit""#,
        );
        attach(&mut snapshot, "p-vacuous0", &text, &["r-ab12"]);
        let found = run(&RULE, &snapshot);
        let evidence: Vec<&str> = found.iter().map(|one| one.evidence[0].as_str()).collect();
        assert_eq!(found.len(), 2, "{evidence:?}");
        assert!(evidence[0].contains("the management account, which no SCP binds"));
        assert!(evidence[1].contains("a session, but aws:PrincipalArn holds the role"));
        // The role of one account is meant for that account.
        let mut snapshot = fixture::organization();
        fixture::add_account(&mut snapshot, "333333333333", &["r-ab12"]);
        let text = guard(r#""arn:aws:iam::333333333333:role/Exit""#);
        attach(&mut snapshot, "p-vacuous1", &text, &["r-ab12"]);
        assert!(run(&RULE, &snapshot).is_empty());
        snapshot.root = Observed::Unknown(gap("organizations:ListRoots"));
        assert!(run(&RULE, &snapshot).is_empty());
    }
}
