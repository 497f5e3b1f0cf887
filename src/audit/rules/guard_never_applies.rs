//! `guard-never-applies`

use super::single_deny::{finding, groups};
use crate::audit::{Context, Finding, Rule};
use crate::model::rule::{RuleMeta, Severity};
use crate::verdict::{DenyNote, NeverApplies};

static META: RuleMeta = RuleMeta {
    id: "guard-never-applies",
    title: "A deny of the exit can never apply",
    severity: Severity::High,
    explain: "What it checks: denies that name the exit but never apply, for whatever principal and request: a \
              Resource that the action does not have, a condition that never holds.\n\
              Why it matters: it looks like a guard and is none; once another deny is gone, the exit is open.\n\
              How to fix: write `\"Resource\": \"*\"` and leave the condition out, or delete the statement.",
    attack: &["T1666"],
    references: &[
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_organizations.html",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html",
    ],
};

pub(super) const RULE: Rule = Rule { meta: &META, check };

fn check(cx: &Context<'_>) -> Vec<Finding> {
    let says = |note: &DenyNote| match &note.never {
        Some(never @ (NeverApplies::Resource | NeverApplies::Condition(_))) => {
            vec![never.to_string()]
        }
        Some(NeverApplies::CarvedOut(_)) | None => Vec::new(),
    };
    groups(cx, says)
        .into_iter()
        // A deny that applies elsewhere below its node is not dead.
        .filter(|(_, group)| group.others == 0)
        .map(|(key, group)| Finding {
            remedy: "mend or delete the statement; attach the guard to the root: org-exit-guard remediate"
                .to_owned(),
            ..finding(cx, &META, &key, &group, "can never deny")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::audit::rules::testing::run;
    use crate::model::Observed;
    use crate::model::fixture::{self, DENY_ALL_EXITS, DENY_LEAVE, attach, gap};

    #[test]
    fn dead_by_resource_or_condition_even_behind_a_guard() {
        let mut snapshot = fixture::organization();
        attach(&mut snapshot, "p-exits000", DENY_ALL_EXITS, &["r-ab12"]);
        assert!(run(&RULE, &snapshot).is_empty());
        for (id, instead, expected) in [
            (
                "p-dead0000",
                r#""Resource":"arn:aws:organizations::*:account/*""#,
                "its Resource never matches this action",
            ),
            (
                "p-dead0001",
                r#""Resource":"*","Condition":{"Bool":{"aws:PrincipalIsAWSService":"true"}}"#,
                "its condition Bool aws:PrincipalIsAWSService [true] never holds",
            ),
            (
                "p-dead0002",
                r#""Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-exampleorg1"}}"#,
                "its condition StringNotEquals aws:PrincipalOrgID [o-exampleorg1] never holds",
            ),
            (
                "p-dead0003",
                r#""Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:sts::*:assumed-role/Admin/*"}}"#,
                "[arn:aws:sts::*:assumed-role/Admin/*] never holds",
            ),
        ] {
            let mut snapshot = snapshot.clone();
            let text = DENY_LEAVE.replace(r#""Resource":"*""#, instead);
            attach(&mut snapshot, id, &text, &["ou-ab12-11111111"]);
            let found = run(&RULE, &snapshot);
            assert_eq!(found.len(), 1, "{instead}");
            assert!(
                found[0].evidence[0].contains(expected),
                "{:?}",
                found[0].evidence
            );
            assert_eq!(found[0].cause, "ou-ab12-11111111");
        }
        snapshot.organization = Observed::Unknown(gap("organizations:DescribeOrganization"));
        assert!(run(&RULE, &snapshot).is_empty());
    }

    #[test]
    fn a_deny_for_another_account_below_is_alive() {
        let mut snapshot = fixture::organization();
        fixture::add_account(
            &mut snapshot,
            "333333333333",
            &["r-ab12", "ou-ab12-11111111"],
        );
        let text = DENY_LEAVE.replace(
            r#""Resource":"*""#,
            r#""Resource":"*","Condition":{"StringEquals":{"aws:PrincipalAccount":"333333333333"}}"#,
        );
        attach(&mut snapshot, "p-one00000", &text, &["ou-ab12-11111111"]);
        assert!(run(&RULE, &snapshot).is_empty());
    }
}
