//! What is deployed, as a snapshot has it, put to the same question as templates.

use serde_json::Value;

use super::{Alarms, Deployed, EventRule, MetricFilter, Scene, envelope, pattern, wanted};
use crate::model::Snapshot;
use crate::model::monitoring::{EventRule as Rule, MetricFilter as Filter, Trail};

/// Could a rule hear any event that should raise an alarm, if it is enabled and has a target?
pub fn could_hear(rule: &Rule, scene: Scene<'_>) -> bool {
    let pattern = read(&rule.pattern);
    rule.is_enabled()
        && wanted().any(|event| pattern::matches(&pattern, &envelope(event, scene)) != Some(false))
}

/// Rules of the management account's bus, and filters on log groups of organization trails, as
/// far as they were read.
///
/// `CloudWatch` is not asked whether an alarm watches the metric of a filter: a filter counts.
pub fn listening(snapshot: &Snapshot) -> Alarms {
    let fed = bus_is_fed(snapshot);
    let rules = snapshot.event_rules.known().into_iter().flatten();
    let rules = rules.map(|rule| EventRule {
        name: rule.name.clone(),
        pattern: read(&rule.pattern),
        enabled: Some(rule.is_enabled()),
        has_target: rule.targets.known().map(|count| *count > 0),
        deployed: Deployed::Management,
        fed,
        further: Vec::new(),
    });
    let trails = snapshot.organization_trails().into_iter().flatten();
    let filters = trails.flat_map(|trail| {
        let filters = trail.filters.known().into_iter().flatten();
        filters.map(|filter| metric_filter(trail, filter))
    });
    Alarms {
        rules: rules.collect(),
        filters: filters.collect(),
    }
}

/// What does not parse matches nobody knows what.
fn read(pattern: &str) -> Value {
    serde_json::from_str(pattern).unwrap_or_default()
}

/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html>
fn bus_is_fed(snapshot: &Snapshot) -> Option<bool> {
    let logging = |trail: &Trail| Some(trail.status.known()?.logging);
    pattern::any(snapshot.trails.known()?.iter().map(logging))
}

fn metric_filter(trail: &Trail, filter: &Filter) -> MetricFilter {
    let plain = filter.narrowed_by.is_none();
    MetricFilter {
        name: filter.name.clone(),
        pattern: filter.pattern.clone(),
        // Not a lack, but not known either: it counts only some of what matches.
        has_alarm: plain.then_some(true),
        fed: trail.feeds_log_group(),
        further: Vec::new(),
    }
}
