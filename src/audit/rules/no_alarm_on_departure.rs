//! `no-alarm-on-departure`

use super::hearing::{Question, unheard};
use crate::audit::{Context, Finding, Rule};
use crate::exits::EventKind;
use crate::model::rule::{RuleMeta, Severity};

static META: RuleMeta = RuleMeta {
    id: "no-alarm-on-departure",
    title: "Nobody would hear of a departure",
    severity: Severity::Medium,
    explain: "What it checks: whether an enabled rule with a target on the management account's bus, in the region of \
              Organizations, matches what AWS sends there when an account is gone, removed or closed, or the \
              organization deleted. Patterns are evaluated against sample events.\n\
              Why it matters: AWS tells of a departure in a service event, which a pattern for API calls alone does not \
              match, and only there: no trail of a member has it.\n\
              How to fix: deploy what org-exit-guard emit alarm prints.",
    attack: &["T1666"],
    references: &[
        "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html",
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
                EventKind::Departure | EventKind::Expulsion | EventKind::Deletion
            )
        },
        what: "a departure",
    };
    unheard(cx, &question)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::audit::rules::testing::run;
    use crate::audit::{Finding, Outcome};
    use crate::model::fixture::{self, gap};
    use crate::model::monitoring::EventRule;
    use crate::model::{Observed, Snapshot};

    fn rule(pattern: &Value) -> EventRule {
        EventRule {
            name: "exits".to_owned(),
            pattern: pattern.to_string(),
            state: "ENABLED".to_owned(),
            targets: Observed::Known(1),
        }
    }

    fn with(rule: EventRule) -> Snapshot {
        let mut snapshot = fixture::organization();
        snapshot.event_rules = Observed::Known(vec![rule]);
        snapshot
    }

    fn everything() -> Value {
        json!({"source": ["aws.organizations"], "account": [fixture::MANAGEMENT]})
    }

    fn outcome(found: &[Finding]) -> Option<Outcome> {
        found.first().map(|one| one.outcome)
    }

    #[test]
    fn a_rule_that_matches_is_enabled_and_has_a_target_is_heard() {
        assert!(run(&RULE, &with(rule(&everything()))).is_empty());
        let disabled = EventRule {
            state: "DISABLED".to_owned(),
            ..rule(&everything())
        };
        let found = run(&RULE, &with(disabled));
        assert!(found[0].evidence[0].contains("is disabled"), "{found:?}");
        let aimless = EventRule {
            targets: Observed::Known(0),
            ..rule(&everything())
        };
        let found = run(&RULE, &with(aimless));
        assert!(found[0].evidence[0].contains("has no target"), "{found:?}");
        let none = run(&RULE, &fixture::organization());
        assert_eq!(outcome(&none), Some(Outcome::Failed));
    }

    #[test]
    fn a_pattern_for_api_calls_misses_the_service_events_alone() {
        let calls = json!({"detail-type": ["AWS API Call via CloudTrail"]});
        let found = run(&RULE, &with(rule(&calls)));
        let summary = &found[0].summary;
        assert!(summary.contains("AccountDepartedOrganization"), "{summary}");
        assert!(!summary.contains("RemoveAccount"), "{summary}");
    }

    #[test]
    fn without_a_trail_that_logs_the_bus_hears_nothing() {
        let mut snapshot = with(rule(&everything()));
        snapshot.trails = Observed::Known(Vec::new());
        let found = run(&RULE, &snapshot);
        assert!(found[0].evidence[0].contains("no trail logs"), "{found:?}");
        snapshot.trails = Observed::Unknown(gap("cloudtrail:DescribeTrails"));
        assert_eq!(outcome(&run(&RULE, &snapshot)), Some(Outcome::CouldNotTell));
    }

    #[test]
    fn what_was_not_read_or_not_understood_could_not_be_told() {
        let mut snapshot = fixture::organization();
        snapshot.event_rules = Observed::Unknown(gap("events:ListRules"));
        let found = run(&RULE, &snapshot);
        assert_eq!(outcome(&found), Some(Outcome::CouldNotTell));
        assert_eq!(found[0].gaps.len(), 1);
        let unread = EventRule {
            targets: Observed::Unknown(gap("events:ListTargetsByRule")),
            ..rule(&everything())
        };
        let found = run(&RULE, &with(unread));
        assert_eq!(outcome(&found), Some(Outcome::CouldNotTell));
        let strange = json!({"detail": {"eventName": [{"new-operator": "x"}]}});
        let found = run(&RULE, &with(rule(&strange)));
        assert_eq!(outcome(&found), Some(Outcome::CouldNotTell));
        assert!(found[0].gaps.is_empty());
    }
}
