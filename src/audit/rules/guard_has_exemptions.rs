//! `guard-has-exemptions`

use super::exempting;
use crate::audit::Rule;
use crate::model::rule::{RuleMeta, Severity};
use crate::verdict::Grade;

static META: RuleMeta = RuleMeta {
    id: "guard-has-exemptions",
    title: "The guard lets some principals through, and SCPs keep others from becoming one",
    severity: Severity::Medium,
    explain: "What it checks: accounts in which only certain principals get past the SCPs, while SCPs deny everybody \
              else to create, change or assume one of them, proved over every principal and every request.\n\
              Why it matters: who controls such a principal can still take the account out, and the protection hangs \
              on several statements that must all stay.\n\
              How to fix: deny without conditions at the root; carve out whole transition OUs instead of principals.",
    attack: &["T1666", "T1078.004"],
    references: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html",
    ],
};

pub(super) const RULE: Rule = Rule {
    meta: &META,
    check: |cx| exempting::check(cx, &META, Grade::Held),
};

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::audit::rules::guard_exemption_self_service;
    use crate::audit::rules::testing::run;
    use crate::model::fixture::{self, DENY_ALL_EXITS, attach};
    use crate::model::snapshot::MemberFacts;
    use crate::model::{Observed, Snapshot};

    const HELD: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny",
        "Action":["iam:*Role*","sts:AssumeRole*"],"Resource":"arn:aws:iam::*:role/OrgAdmin*",
        "Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/OrgAdmin*"}}}]}"#;

    fn with_roles(snapshot: &mut Snapshot, roles: Vec<String>) {
        let unread = fixture::gap("sts:AssumeRole");
        let facts = MemberFacts {
            role: "arn:aws:iam::222222222222:role/audit".to_owned(),
            history: Observed::Unknown(unread.clone()),
            handshakes: Observed::Unknown(unread),
            roles: Observed::Known(roles),
        };
        snapshot.members = [(fixture::account_id("222222222222"), facts)].into();
    }

    #[test]
    fn held_only_while_all_others_are_kept_from_every_such_role() {
        let mut snapshot = fixture::organization();
        let condition = r#""Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/OrgAdmin*"}}"#;
        let text = DENY_ALL_EXITS.replace(r#""Resource":"*""#, condition);
        attach(&mut snapshot, "p-cond0000", &text, &["r-ab12"]);
        assert!(run(&RULE, &snapshot).is_empty(), "it is self-service");
        let mut held = snapshot.clone();
        attach(&mut held, "p-held0000", HELD, &["ou-ab12-11111111"]);
        let found = run(&RULE, &held);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].evidence[0].contains("iam:ListRoles"),
            "{:?}",
            found[0].evidence
        );
        assert!(run(&guard_exemption_self_service::RULE, &held).is_empty());
        let arn = |name: &str| format!("arn:aws:iam::222222222222:role/{name}");
        for (roles, told) in [
            (
                vec![arn("OrgAdminOne"), arn("Other")],
                format!("exists and gets through: {}", arn("OrgAdminOne")),
            ),
            (
                vec![arn("Other")],
                "no role of 222222222222 gets through".to_owned(),
            ),
        ] {
            with_roles(&mut held, roles);
            let evidence = &run(&RULE, &held)[0].evidence;
            assert!(evidence.contains(&told), "{told}: {evidence:?}");
        }
        // One role that is exempt but not protected is enough.
        let narrower = HELD.replace(r#"role/OrgAdmin*","#, r#"role/OrgAdmin","#);
        attach(
            &mut snapshot,
            "p-narrow00",
            &narrower,
            &["ou-ab12-11111111"],
        );
        assert!(run(&RULE, &snapshot).is_empty());
        let open = run(&guard_exemption_self_service::RULE, &snapshot);
        assert!(
            open[0].evidence[0].contains("iam:CreateRole"),
            "{:?}",
            open[0].evidence
        );
    }

    #[test]
    fn a_tag_is_held_where_nobody_can_set_it() {
        let mut snapshot = fixture::organization();
        let condition =
            r#""Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalTag/exit":"yes"}}"#;
        let text = DENY_ALL_EXITS.replace(r#""Resource":"*""#, condition);
        attach(&mut snapshot, "p-cond0000", &text, &["r-ab12"]);
        let tags = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny",
            "Action":["iam:Tag*","iam:Create*","sts:TagSession","sts:GetFederationToken"],"Resource":"*",
            "Condition":{"ForAnyValue:StringEqualsIgnoreCase":{"aws:TagKeys":"exit"}}}]}"#;
        attach(&mut snapshot, "p-tags0000", tags, &["r-ab12"]);
        let found = run(&RULE, &snapshot);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].evidence[0]
                .contains("tagged exit=`yes` (SCPs keep all others from setting the tag"),
            "{:?}",
            found[0].evidence
        );
        // A list of roles does not tell their tags.
        with_roles(
            &mut snapshot,
            vec!["arn:aws:iam::222222222222:role/Any".to_owned()],
        );
        let evidence = &run(&RULE, &snapshot)[0].evidence;
        let unknown = "whether a role of 222222222222 gets through could not be told";
        assert!(evidence.iter().any(|line| line == unknown), "{evidence:?}");
    }
}
