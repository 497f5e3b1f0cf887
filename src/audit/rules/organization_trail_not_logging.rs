//! `organization-trail-not-logging`

use crate::audit::{Context, Finding, Rule};
use crate::model::monitoring::Trail;
use crate::model::rule::{RuleMeta, Severity};

static META: RuleMeta = RuleMeta {
    id: "organization-trail-not-logging",
    title: "No organization trail logs and delivers",
    severity: Severity::Medium,
    explain: "What it checks: whether an organization trail logs now and S3 took its last files.\n\
              Why it matters: a trail that was stopped, or whose bucket refuses, records nothing, and CloudTrail sends \
              EventBridge nothing where no trail logs.\n\
              How to fix: start logging; for a delivery error, put the bucket and its policy right.",
    attack: &["T1562.008"],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html",
    ],
};

pub(super) const RULE: Rule = Rule { meta: &META, check };

fn check(cx: &Context<'_>) -> Vec<Finding> {
    let trails = cx.snapshot.organization_trails().into_iter().flatten();
    let trails: Vec<&Trail> = trails.collect();
    // That there is none is another rule's business.
    if trails.is_empty() || trails.iter().any(|trail| trail.delivers() == Some(true)) {
        return Vec::new();
    }
    if let Some(gap) = trails.iter().find_map(|trail| trail.status.gap()) {
        let what = "whether the organization trail logs";
        return vec![Finding::unread(&META, gap, what)];
    }
    let evidence = trails.iter().map(|trail| {
        let status = trail.status.known();
        let error = status.and_then(|status| status.delivery_error.as_deref());
        match error {
            Some(error) if status.is_some_and(|status| status.logging) => format!(
                "trail `{}` logs, but its bucket did not take the last files: {error}",
                trail.name
            ),
            _ => format!("trail `{}` does not log", trail.name),
        }
    });
    vec![Finding {
        evidence: evidence.collect(),
        remedy: "start logging, or put the bucket and its policy right".to_owned(),
        ..Finding::failed(
            &META,
            "organization",
            "the organization trail records nothing now".to_owned(),
        )
    }]
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::audit::Outcome;
    use crate::audit::rules::testing::run;
    use crate::model::Observed;
    use crate::model::fixture::{self, gap, organization_trail};
    use crate::model::monitoring::TrailStatus;

    #[test]
    fn stopped_refused_or_unknown_and_one_that_works_is_enough() {
        let mut snapshot = fixture::organization();
        assert!(run(&RULE, &snapshot).is_empty());
        let with = |logging: bool, error: Option<&str>| {
            let mut trail = organization_trail();
            trail.status = Observed::Known(TrailStatus {
                logging,
                delivery_error: error.map(str::to_owned),
                log_group_error: None,
            });
            trail
        };
        snapshot.trails = Observed::Known(vec![with(false, None)]);
        assert!(run(&RULE, &snapshot)[0].evidence[0].contains("does not log"));
        snapshot.trails = Observed::Known(vec![with(true, Some("NoSuchBucket"))]);
        assert!(run(&RULE, &snapshot)[0].evidence[0].contains("NoSuchBucket"));
        snapshot.trails = Observed::Known(vec![with(false, None), organization_trail()]);
        assert!(run(&RULE, &snapshot).is_empty());
        let mut unread = organization_trail();
        unread.status = Observed::Unknown(gap("cloudtrail:GetTrailStatus"));
        snapshot.trails = Observed::Known(vec![unread, with(false, None)]);
        assert_eq!(run(&RULE, &snapshot)[0].outcome, Outcome::CouldNotTell);
    }
}
