//! `guard-exemption-self-service`

use super::exempting;
use crate::audit::Rule;
use crate::model::rule::{RuleMeta, Severity};
use crate::verdict::Grade;

static META: RuleMeta = RuleMeta {
    id: "guard-exemption-self-service",
    title: "The guard lets through whoever sees to it",
    severity: Severity::Critical,
    explain: "What it checks: accounts in which some requests get past the SCPs and others do not, proved over every \
              principal and every request, where an administrator of the member can satisfy the exemption alone: \
              create a role of that name, change its trust, set that tag, choose that network, leave MFA out, wait.\n\
              Why it matters: it is as good as no guard.\n\
              How to fix: deny without conditions at the root; carve out whole transition OUs instead of principals.",
    attack: &["T1666", "T1078.004", "T1098"],
    references: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html",
    ],
};

pub(super) const RULE: Rule = Rule {
    meta: &META,
    check: |cx| exempting::check(cx, &META, Grade::SelfService),
};

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::audit::rules::testing::run;
    use crate::model::Observed;
    use crate::model::fixture::{self, DENY_ALL_EXITS, attach, gap};

    fn exempting(condition: &str) -> String {
        let condition = format!(r#""Resource":"*","Condition":{condition}"#);
        DENY_ALL_EXITS.replace(r#""Resource":"*""#, &condition)
    }

    #[test]
    fn shows_who_gets_through_and_passes_once_nobody_does() {
        let mut snapshot = fixture::organization();
        assert!(run(&RULE, &snapshot).is_empty());
        let text =
            exempting(r#"{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/OrgAdmin*"}}"#);
        attach(&mut snapshot, "p-cond0000", &text, &["r-ab12"]);
        let found = run(&RULE, &snapshot);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].evidence[0],
            "gets through: any role whose ARN matches `arn:aws:iam::*:role/OrgAdmin*` \
             (iam:CreateRole is not denied to others, so one can be made or taken over)"
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
            let text = exempting(&format!(
                r#"{{"Bool":{{"aws:MultiFactorAuthPresent":"{flag}"}}}}"#
            ));
            attach(&mut snapshot, id, &text, &["r-ab12"]);
        }
        let found = run(&RULE, &snapshot);
        assert!(
            found[0].evidence[0].contains("any principal with MFA missing"),
            "{:?}",
            found[0].evidence
        );
    }

    #[test]
    fn every_way_past_is_told_in_the_words_of_the_field() {
        for (condition, expected) in [
            (
                r#"{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#,
                "any principal from network 10.0.0.0/8 (the caller chooses the network)",
            ),
            (
                r#"{"StringNotEquals":{"aws:PrincipalTag/team":"platform"}}"#,
                "or any federated user session tagged team=`platform` (iam:TagRole is not denied",
            ),
            (
                r#"{"DateLessThan":{"aws:CurrentTime":"2027-01-01T00:00:00Z"}}"#,
                "any principal when aws:currenttime is such as 2027-01-01T00:00:00Z (the caller only has to wait)",
            ),
            (
                r#"{"Null":{"aws:PrincipalTag/team":"true"}}"#,
                "with any tag `team`",
            ),
            (
                r#"{"StringEquals":{"aws:PrincipalType":"AssumedRole"}}"#,
                "any IAM user or any federated user session",
            ),
        ] {
            let mut snapshot = fixture::organization();
            attach(
                &mut snapshot,
                "p-cond0000",
                &exempting(condition),
                &["r-ab12"],
            );
            let found = run(&RULE, &snapshot);
            let evidence: Vec<&String> = found.iter().flat_map(|one| &one.evidence).collect();
            assert!(
                evidence.iter().any(|line| line.contains(expected)),
                "{expected}: {evidence:?}"
            );
        }
    }
}
