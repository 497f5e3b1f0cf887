//! `organization-trail-missing`

use crate::audit::{Context, Finding, Rule};
use crate::model::rule::{Confidence, RuleMeta, Severity};

static META: RuleMeta = RuleMeta {
    id: "organization-trail-missing",
    title: "No organization trail records the members",
    severity: Severity::Medium,
    explain: "What it checks: whether a trail of the organization covers the region in which AWS records Organizations \
              events.\n\
              Why it matters: an attempt to leave is logged in the acting member only. Without an organization trail it \
              is nowhere else, and the member can switch its own trails off.\n\
              How to fix: create a multi-region organization trail in the management account.",
    attack: &["T1562.008"],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/creating-trail-organization.html",
    ],
};

pub(super) const RULE: Rule = Rule { meta: &META, check };

fn check(cx: &Context<'_>) -> Vec<Finding> {
    let snapshot = cx.snapshot;
    if let Some(gap) = snapshot.trails.gap() {
        let what = "whether an organization trail records the members";
        return vec![Finding::unread(&META, gap, what)];
    }
    let found = snapshot.organization_trails();
    if found.is_none_or(|mut trails| trails.next().is_some()) {
        return Vec::new();
    }
    let region = &snapshot.caller.region;
    let others = snapshot.trails.known().into_iter().flatten();
    vec![Finding {
        // AWS shows members the trail of their organization, but only once it exists there.
        confidence: match snapshot.caller_manages() {
            Some(true) => Confidence::High,
            _ => Confidence::Medium,
        },
        evidence: others
            .map(|trail| format!("trail `{}` records its own account only", trail.name))
            .collect(),
        remedy: "create a multi-region organization trail in the management account".to_owned(),
        ..Finding::failed(
            &META,
            "organization",
            format!(
                "no organization trail covers {region}, where AWS records Organizations events"
            ),
        )
    }]
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::audit::Outcome;
    use crate::audit::rules::testing::run;
    use crate::model::Observed;
    use crate::model::fixture::{self, gap};

    #[test]
    fn there_is_one_none_or_nobody_knows() {
        let mut snapshot = fixture::organization();
        assert!(run(&RULE, &snapshot).is_empty());
        let mut trail = fixture::organization_trail();
        trail.organization = false;
        snapshot.trails = Observed::Known(vec![trail]);
        let found = run(&RULE, &snapshot);
        assert_eq!(found[0].outcome, Outcome::Failed);
        assert!(found[0].evidence[0].contains("its own account only"));
        snapshot.trails = Observed::Unknown(gap("cloudtrail:DescribeTrails"));
        assert_eq!(run(&RULE, &snapshot)[0].outcome, Outcome::CouldNotTell);
    }
}
