//! `no-alarm-on-attempts`

use super::hearing::{Question, unheard};
use crate::audit::{Context, Finding, Rule};
use crate::exits::EventKind;
use crate::model::rule::{RuleMeta, Severity};

static META: RuleMeta = RuleMeta {
    id: "no-alarm-on-attempts",
    title: "Nobody would hear of attempts to get out",
    severity: Severity::Medium,
    explain: "What it checks: whether members' attempts to leave, weakened guards and what often comes before an exit \
              raise an alarm: by a rule on the management account's bus for what happens there, by a metric filter on \
              the organization trail's log group for the rest. Rules on the members' own buses are not read, nor \
              whether an alarm of CloudWatch watches the metric of a filter.\n\
              Why it matters: AWS delivers a member's LeaveOrganization and AcceptHandshake to that member's own bus \
              and to the organization trail, never to the management account's bus.\n\
              How to fix: deploy what org-exit-guard emit alarm prints.",
    attack: &["T1666"],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudwatch-alarms-for-cloudtrail.html",
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_cloudtrail-integration.html",
    ],
};

pub(super) const RULE: Rule = Rule { meta: &META, check };

fn check(cx: &Context<'_>) -> Vec<Finding> {
    let question = Question {
        meta: &META,
        of: |event| {
            matches!(
                event.kind,
                EventKind::MemberAttempt | EventKind::GuardChange | EventKind::Precursor
            )
        },
        what: "attempts and weakened guards",
    };
    unheard(cx, &question)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::RULE;
    use crate::audit::Outcome;
    use crate::audit::rules::testing::run;
    use crate::model::fixture::{self, gap, organization_trail};
    use crate::model::monitoring::{EventRule, MetricFilter, Trail, TrailStatus};
    use crate::model::{Observed, Snapshot};

    fn filter(pattern: &str) -> MetricFilter {
        MetricFilter {
            name: "attempts".to_owned(),
            pattern: pattern.to_owned(),
            narrowed_by: None,
        }
    }

    const ALL: &str = "{ $.eventName = \"*\" }";

    /// A rule that matches everything on the management bus, and one filter on the trail.
    fn with(change: impl FnOnce(&mut Trail)) -> Snapshot {
        let mut snapshot = fixture::organization();
        snapshot.event_rules = Observed::Known(vec![EventRule {
            name: "everything".to_owned(),
            pattern: json!({"region": ["us-east-1"]}).to_string(),
            state: "ENABLED".to_owned(),
            targets: Observed::Known(1),
        }]);
        let mut trail = organization_trail();
        trail.filters = Observed::Known(vec![filter(ALL)]);
        change(&mut trail);
        snapshot.trails = Observed::Known(vec![trail]);
        snapshot
    }

    #[test]
    fn what_members_do_is_heard_by_a_filter_on_the_organization_trail_alone() {
        assert!(run(&RULE, &with(|_| {})).is_empty());
        let found = run(
            &RULE,
            &with(|trail| trail.filters = Observed::Known(Vec::new())),
        );
        assert_eq!(found[0].outcome, Outcome::Failed);
        let words = found[0].evidence.join("; ");
        assert!(words.contains("LeaveOrganization") && words.contains("account:CloseAccount"));
        assert!(!words.contains("DetachPolicy"), "{words}");
        let own = found[0].evidence.last().unwrap();
        assert!(own.contains("members' own buses are not read"), "{own}");
        let of_one_account = run(&RULE, &with(|trail| trail.organization = false));
        assert_eq!(of_one_account[0].outcome, Outcome::Failed);
    }

    #[test]
    fn a_filter_hears_only_what_the_trail_delivers() {
        let stopped = with(|trail| {
            trail.status = Observed::Known(TrailStatus {
                logging: true,
                delivery_error: None,
                log_group_error: Some("AccessDenied".to_owned()),
            });
        });
        let found = run(&RULE, &stopped);
        assert!(
            found[0].evidence[0].contains("does not deliver"),
            "{found:?}"
        );
    }

    #[test]
    fn unread_filters_and_those_that_are_not_understood_could_not_be_told() {
        let unread = with(|trail| {
            trail.filters = Observed::Unknown(gap("logs:DescribeMetricFilters"));
        });
        let found = run(&RULE, &unread);
        assert_eq!(found[0].outcome, Outcome::CouldNotTell);
        assert_eq!(found[0].gaps[0].operation, "logs:DescribeMetricFilters");
        let strange = with(|trail| trail.filters = Observed::Known(vec![filter("{ $.a > 3 }")]));
        assert_eq!(run(&RULE, &strange)[0].outcome, Outcome::CouldNotTell);
        let narrowed = with(|trail| {
            trail.filters = Observed::Known(vec![MetricFilter {
                narrowed_by: Some("@aws.account = 1".to_owned()),
                ..filter(ALL)
            }]);
        });
        assert_eq!(run(&RULE, &narrowed)[0].outcome, Outcome::CouldNotTell);
    }
}
