//! `guard-carves-out-place`

use super::open_path::in_transition;
use super::single_deny::{finding, groups};
use crate::audit::{Context, Finding, Rule};
use crate::model::rule::{RuleMeta, Severity};
use crate::verdict::{DenyNote, NeverApplies};

static META: RuleMeta = RuleMeta {
    id: "guard-carves-out-place",
    title: "The guard leaves out whole accounts",
    severity: Severity::Medium,
    explain: "What it checks: denies of the exit whose condition exempts an account or an OU as a whole, by \
              aws:PrincipalOrgPaths, aws:PrincipalAccount or the account in aws:PrincipalArn. Expected, and only \
              listed, where the configuration names the OU as one from which accounts leave.\n\
              Why it matters: every principal of those accounts gets past the statement.\n\
              How to fix: name the OU under transition_ous if that is meant; else take the exemption out.",
    attack: &["T1666"],
    references: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalorgpaths",
    ],
};

pub(super) const RULE: Rule = Rule { meta: &META, check };

fn check(cx: &Context<'_>) -> Vec<Finding> {
    let says = |note: &DenyNote| match &note.never {
        Some(never @ NeverApplies::CarvedOut(_)) => vec![never.to_string()],
        Some(NeverApplies::Resource | NeverApplies::Condition(_)) | None => Vec::new(),
    };
    let groups = groups(cx, says).into_iter();
    groups
        .map(|(key, group)| {
            let expected = group.members.keys().all(|id| in_transition(id, cx));
            let found = finding(cx, &META, &key, &group, "leaves out accounts, against");
            Finding {
                severity: if expected {
                    Severity::Info
                } else {
                    found.severity
                },
                remedy: if expected {
                    "nothing, while the OU is used for accounts that are meant to leave"
                } else {
                    "name the OU under transition_ous if this is meant; else take the exemption out"
                }
                .to_owned(),
                ..found
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::audit::rules::testing::{run, run_with};
    use crate::model::Observed;
    use crate::model::fixture::{self, DENY_ALL_EXITS, attach, gap};
    use crate::model::rule::Severity;
    use crate::model::settings::Settings;

    #[test]
    fn listed_as_such_and_expected_where_configured() {
        let mut snapshot = fixture::organization();
        fixture::add_account(
            &mut snapshot,
            "333333333333",
            &["r-ab12", "ou-ab12-22222222"],
        );
        let condition = r#""Resource":"*","Condition":{"ForAllValues:StringNotLike":{"aws:PrincipalOrgPaths":"o-exampleorg1/*/ou-ab12-22222222/*"}}"#;
        let text = DENY_ALL_EXITS.replace(r#""Resource":"*""#, condition);
        assert!(run(&RULE, &snapshot).is_empty());
        attach(&mut snapshot, "p-carve000", &text, &["r-ab12"]);
        let found = run(&RULE, &snapshot);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].accounts, [fixture::account_id("333333333333")]);
        assert_eq!(found[0].severity, Severity::Medium);
        let settings = Settings {
            transition_ous: ["ou-ab12-22222222".parse().unwrap()].into(),
            ..Settings::default()
        };
        let found = run_with(&RULE, &snapshot, &settings);
        assert_eq!(found[0].severity, Severity::Info);
        snapshot.root = Observed::Unknown(gap("organizations:ListRoots"));
        assert!(run(&RULE, &snapshot).is_empty());
    }
}
