//! `scps-not-in-force`

use crate::audit::{Context, Finding, Rule, rollup};
use crate::model::AccountId;
use crate::model::rule::{RuleMeta, Severity};
use crate::verdict::{Answer, NoScps, Opening, Standing};

static META: RuleMeta = RuleMeta {
    id: "scps-not-in-force",
    title: "Service control policies do not bind",
    severity: Severity::Critical,
    explain: "What it checks: the organization's feature set and the state of the SCP policy type on the root.\n\
              Why it matters: with consolidated billing only, or with the type disabled, no SCP protects anybody, \
              whatever is attached.\n\
              How to fix: enable all features, or enable the SCP policy type. Disabling the type detaches every SCP \
              for good: enabling it again brings back FullAWSAccess only.",
    attack: &["T1666", "T1484"],
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_org_support-all-features.html",
        "https://docs.aws.amazon.com/organizations/latest/APIReference/API_DisablePolicyType.html",
    ],
};

pub(super) const RULE: Rule = Rule { meta: &META, check };

fn check(cx: &Context<'_>) -> Vec<Finding> {
    let mut accounts: Vec<AccountId> = Vec::new();
    let mut reason = None;
    for (account, standing) in &cx.judgement.standings {
        let Standing::Member { verdicts, .. } = standing else {
            continue;
        };
        let first = verdicts.first().map(|verdict| &verdict.answer);
        if let Some(Answer::Open(Opening::NoScps(why))) = first {
            reason = Some(*why);
            accounts.push(account.clone());
        }
    }
    let count = rollup::accounts(accounts.len());
    let (summary, remedy) = match reason {
        None => return Vec::new(),
        Some(NoScps::ConsolidatedBilling) => (
            format!(
                "the organization has consolidated billing only, so no SCP can protect anybody: {count}"
            ),
            "enable all features; every invited member must agree",
        ),
        Some(NoScps::TypeNotEnabled) => (
            format!(
                "the SCP policy type is not enabled on root {}: {count}",
                rollup::root(cx)
            ),
            "enable the SCP policy type on the root, then attach the guard",
        ),
    };
    vec![Finding {
        evidence: rollup::whereabouts(&accounts, cx),
        accounts,
        remedy: remedy.to_owned(),
        ..Finding::failed(&META, rollup::root(cx), summary)
    }]
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::audit::rules::testing::run;
    use crate::model::Observed;
    use crate::model::fixture::{self, gap};
    use crate::model::organization::{FeatureSet, PolicyTypeState};

    #[test]
    fn both_ways_of_being_off_are_told_apart() {
        let mut snapshot = fixture::organization();
        assert!(run(&RULE, &snapshot).is_empty());
        let Observed::Known(root) = &mut snapshot.root else {
            panic!("known")
        };
        root.scp_state = PolicyTypeState::NotEnabled;
        assert!(
            run(&RULE, &snapshot)[0]
                .summary
                .contains("not enabled on root r-ab12")
        );
        let Observed::Known(organization) = &mut snapshot.organization else {
            panic!("known")
        };
        organization.feature_set = FeatureSet::ConsolidatedBilling;
        assert!(
            run(&RULE, &snapshot)[0]
                .summary
                .contains("consolidated billing only")
        );
    }

    #[test]
    fn an_unread_root_is_the_gap_rules_business() {
        let mut snapshot = fixture::organization();
        snapshot.root = Observed::Unknown(gap("organizations:ListRoots"));
        assert!(run(&RULE, &snapshot).is_empty());
        assert!(!run(&super::super::exit_verdict_unknown::RULE, &snapshot).is_empty());
    }
}
