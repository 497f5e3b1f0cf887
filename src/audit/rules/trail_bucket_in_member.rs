//! `trail-bucket-in-member`

use std::collections::BTreeSet;

use crate::audit::{Context, Finding, Outcome, Rule};
use crate::model::rule::{Confidence, RuleMeta, Severity};

static META: RuleMeta = RuleMeta {
    id: "trail-bucket-in-member",
    title: "The organization trail's bucket lies in a member",
    severity: Severity::Low,
    explain: "What it checks: whether the bucket of the organization trail lies in an account that could leave. CloudTrail \
              does not say whose a bucket is, and a name proves nothing: name the account as trail_bucket_account in \
              org-exit-guard.toml; without that, the answer is could not tell.\n\
              Why it matters: whoever takes that member out of the organization takes the evidence along.\n\
              How to fix: guard that member, restrict who gets into it, or keep the logs where no member can take them.",
    attack: &["T1562.008"],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/best-practices-security.html",
    ],
};

pub(super) const RULE: Rule = Rule { meta: &META, check };

fn check(cx: &Context<'_>) -> Vec<Finding> {
    let trails = cx.snapshot.organization_trails().into_iter().flatten();
    let buckets: BTreeSet<&str> = trails.filter_map(|trail| trail.bucket.as_deref()).collect();
    if buckets.is_empty() {
        return Vec::new();
    }
    let named: Vec<String> = buckets.iter().map(|name| format!("`{name}`")).collect();
    let named = named.join(", ");
    let Some(account) = &cx.settings.trail_bucket_account else {
        return vec![Finding {
            outcome: Outcome::CouldNotTell,
            severity: Severity::Info,
            remedy: "name the account as trail_bucket_account in org-exit-guard.toml".to_owned(),
            ..Finding::failed(
                &META,
                "organization",
                format!(
                    "could not tell whose account the organization trail's bucket {named} lies in"
                ),
            )
        }];
    };
    let Some(accounts) = cx.snapshot.accounts.known() else {
        let gap = cx.snapshot.accounts.gap().into_iter();
        let what = "whether the organization trail's bucket lies in a member";
        return gap.map(|gap| Finding::unread(&META, gap, what)).collect();
    };
    let organization = cx.snapshot.organization.known();
    let manages = organization.is_some_and(|one| one.management_account == *account);
    if manages || !accounts.contains_key(account) {
        return Vec::new();
    }
    vec![Finding {
        accounts: vec![account.clone()],
        // It rests on what the configuration says.
        confidence: Confidence::Medium,
        evidence: vec![format!("org-exit-guard.toml names {account} as its account")],
        remedy: "guard that member and restrict who gets into it, or keep the logs outside of the members"
            .to_owned(),
        ..Finding::failed(
            &META,
            account.to_string(),
            format!("the organization trail's bucket {named} lies in a member: with it the logs would depart"),
        )
    }]
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::audit::rules::testing::run_with;
    use crate::audit::{Finding, Outcome};
    use crate::model::fixture::{self, account_id, gap};
    use crate::model::settings::Settings;
    use crate::model::{Observed, Snapshot};

    fn named(snapshot: &Snapshot, account: Option<&str>) -> Vec<Finding> {
        let settings = Settings {
            trail_bucket_account: account.map(account_id),
            ..Settings::default()
        };
        run_with(&RULE, snapshot, &settings)
    }

    #[test]
    fn only_the_configuration_can_tell_and_only_a_member_is_bad() {
        let mut snapshot = fixture::organization();
        let unnamed = named(&snapshot, None);
        assert_eq!(unnamed[0].outcome, Outcome::CouldNotTell);
        assert!(unnamed[0].summary.contains("`example-trail`"));
        for good in [fixture::MANAGEMENT, "999999999999"] {
            assert!(named(&snapshot, Some(good)).is_empty(), "{good}");
        }
        let bad = named(&snapshot, Some("222222222222"));
        assert_eq!(bad[0].outcome, Outcome::Failed);
        assert_eq!(bad[0].accounts, [account_id("222222222222")]);
        snapshot.accounts = Observed::Unknown(gap("organizations:ListAccounts"));
        let unread = named(&snapshot, Some("222222222222"));
        assert_eq!(unread[0].outcome, Outcome::CouldNotTell);
        snapshot.trails = Observed::Known(Vec::new());
        assert!(named(&snapshot, None).is_empty());
    }
}
