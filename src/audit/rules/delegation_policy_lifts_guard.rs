//! `delegation-policy-lifts-guard`

use crate::audit::finding::{Finding, Outcome, fingerprint};
use crate::audit::{Context, Rule, grants};
use crate::model::rule::{RuleMeta, Severity};
use crate::scp::{Dialect, parse};

static META: RuleMeta = RuleMeta {
    id: "delegation-policy-lifts-guard",
    title: "The delegation policy lets a member change SCPs",
    severity: Severity::High,
    explain: "What it checks: statements of the organization's delegation policy that allow a member to attach, \
              detach, update or delete policies or to disable the policy type.\n\
              Why it matters: whoever holds that member account can lift the guard first and leave then.\n\
              How to fix: narrow the statement to other policy types or policies; deny those actions on the guard to \
              the delegated account by an SCP (org-exit-guard emit guards-guard prints it).",
    attack: &["T1666", "T1484", "T1098"],
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs-policy-delegate.html",
    ],
};

pub(super) const RULE: Rule = Rule { meta: &META, check };

fn check(cx: &Context<'_>) -> Vec<Finding> {
    let text = match (
        cx.snapshot.delegation_policy.known(),
        cx.snapshot.delegation_policy.gap(),
    ) {
        (_, Some(gap)) => {
            return vec![Finding::unread(
                &META,
                gap,
                "whether a member may lift the guard by delegation",
            )];
        }
        (Some(Some(text)), None) => text,
        _ => return Vec::new(),
    };
    let document = match parse(text, Dialect::Delegation) {
        Ok(document) => document,
        Err(error) => {
            let summary =
                "could not tell what the delegation policy allows: it does not parse".to_owned();
            return vec![Finding {
                outcome: Outcome::CouldNotTell,
                evidence: error.0.iter().map(ToString::to_string).collect(),
                remedy: "compare the policy with AWS's grammar".to_owned(),
                ..Finding::failed(&META, "delegation-policy", summary)
            }];
        }
    };
    grants(&document)
        .into_iter()
        .map(|grant| {
            let to = grant.principals.join(", ");
            let summary = format!("the delegation policy lets {to} {}", verbs(&grant.actions));
            let mut evidence = vec![format!(
                "statement {}{}, line {}: {}",
                grant.number,
                grant
                    .sid
                    .as_ref()
                    .map(|sid| format!(" `{sid}`"))
                    .unwrap_or_default(),
                grant.line,
                grant.actions.join(", ")
            )];
            evidence.extend(
                grant
                    .conditions
                    .iter()
                    .map(|one| format!("only if {one} (not weighed)")),
            );
            if grant.inverted {
                evidence.push(
                    "uses NotAction or NotResource, which AWS no longer accepts in new policies"
                        .to_owned(),
                );
            }
            let number = grant.number.to_string();
            Finding {
                evidence,
                remedy: "narrow the statement, or keep the guard out of its reach".to_owned(),
                fingerprint: fingerprint(META.id, &[&to, &number]),
                ..Finding::failed(&META, "delegation-policy", summary)
            }
        })
        .collect()
}

fn verbs(actions: &[&str]) -> String {
    let verbs: Vec<String> = actions
        .iter()
        .filter_map(|action| action.split_once(':'))
        .map(|(_, name)| match name {
            "DisablePolicyType" => "disable the policy type".to_owned(),
            other => format!(
                "{} SCPs",
                other.trim_end_matches("Policy").to_ascii_lowercase()
            ),
        })
        .collect();
    verbs.join(", ")
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::audit::Outcome;
    use crate::audit::rules::testing::run;
    use crate::model::Observed;
    use crate::model::fixture::{self, gap};

    const GRANT: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Policies","Effect":"Allow",
        "Principal":{"AWS":"arn:aws:iam::222222222222:root"},
        "Action":["organizations:DetachPolicy","organizations:UpdatePolicy","organizations:ListRoots"],"Resource":"*"}]}"#;

    #[test]
    fn fails_passes_and_could_not_tell() {
        let mut snapshot = fixture::organization();
        assert!(run(&RULE, &snapshot).is_empty());
        let mut with = |text: &str| {
            snapshot.delegation_policy = Observed::Known(Some(text.to_owned()));
            run(&RULE, &snapshot)
        };
        let found = with(GRANT);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].summary,
            "the delegation policy lets arn:aws:iam::222222222222:root detach SCPs, update SCPs"
        );
        let reads = GRANT
            .replace("DetachPolicy", "DescribePolicy")
            .replace("UpdatePolicy", "ListPolicies");
        assert!(with(&reads).is_empty());
        let tags = GRANT.replace(
            r#""Resource":"*""#,
            r#""Resource":"*","Condition":{"StringEquals":{"organizations:PolicyType":"TAG_POLICY"}}"#,
        );
        assert!(with(&tags).is_empty());
        assert_eq!(with("{").first().unwrap().outcome, Outcome::CouldNotTell);
        snapshot.delegation_policy = Observed::Unknown(gap("organizations:DescribeResourcePolicy"));
        assert_eq!(run(&RULE, &snapshot)[0].outcome, Outcome::CouldNotTell);
    }
}
