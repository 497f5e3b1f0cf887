//! Rules, metric filters and alarms out of `CloudFormation` templates and Terraform's JSON.
//!
//! What a template leaves to a parameter or a reference is unknown, not absent.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Alarms, Deployed, EventRule, MetricFilter};

/// A text that is no template.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotRead {
    /// No JSON.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// JSON of another kind.
    #[error("neither a CloudFormation template (`Resources`) nor Terraform's JSON (`resource`)")]
    NoTemplate,
    /// A pattern that is no pattern.
    #[error("the event pattern of `{0}` is no JSON object")]
    Pattern(String),
}

/// Reads one file of either kind.
pub fn read_template(text: &str, deployed: Deployed) -> Result<Alarms, NotRead> {
    let template: Value =
        serde_json::from_str(text).map_err(|error| NotRead::NotJson(error.to_string()))?;
    let part = |name: &str| template.get(name).and_then(Value::as_object);
    match (part("Resources"), part("resource")) {
        (Some(resources), _) => cloudformation(resources, deployed),
        (None, Some(resources)) => terraform(resources, deployed),
        (None, None) => Err(NotRead::NoTemplate),
    }
}

fn cloudformation(resources: &Map<String, Value>, deployed: Deployed) -> Result<Alarms, NotRead> {
    let mut alarms = Alarms::default();
    let watched = watched(
        resources.values().filter_map(|resource| {
            let is_alarm = kind(resource) == "AWS::CloudWatch::Alarm";
            is_alarm.then(|| properties(resource))
        }),
        ["MetricName", "AlarmActions", "ActionsEnabled"],
    );
    for (name, resource) in resources {
        let own = properties(resource);
        match kind(resource) {
            "AWS::Events::Rule" => alarms.rules.push(EventRule {
                name: name.clone(),
                pattern: pattern(own.get("EventPattern"), name)?,
                enabled: enabled(own.get("State")),
                has_target: Some(filled(own.get("Targets"))),
                deployed,
                fed: Some(true),
            }),
            "AWS::Logs::MetricFilter" => {
                let metrics = own.get("MetricTransformations").and_then(Value::as_array);
                let metric = metrics.and_then(|all| all.first()?.get("MetricName"));
                alarms.filters.push(MetricFilter {
                    name: name.clone(),
                    pattern: text(own.get("FilterPattern")),
                    has_alarm: watched.watches(metric),
                    fed: Some(true),
                });
            }
            // What a StackSet brings is deployed in the members.
            "AWS::CloudFormation::StackSet" => {
                if let Some(body) = own.get("TemplateBody").and_then(Value::as_str) {
                    let inner = read_template(body, Deployed::Members)?;
                    alarms.rules.extend(inner.rules);
                }
            }
            _ => {}
        }
    }
    Ok(alarms)
}

fn terraform(resources: &Map<String, Value>, deployed: Deployed) -> Result<Alarms, NotRead> {
    let of = |kind: &str| {
        let named = resources.get(kind).and_then(Value::as_object);
        named
            .into_iter()
            .flatten()
            .map(|(name, value)| (name, first(value)))
    };
    let mut alarms = Alarms::default();
    let alarm_blocks = of("aws_cloudwatch_metric_alarm").filter_map(|(_, block)| block.as_object());
    let watched = watched(
        alarm_blocks,
        ["metric_name", "alarm_actions", "actions_enabled"],
    );
    let targets: BTreeSet<String> = of("aws_cloudwatch_event_target")
        .map(|(_, block)| text(block.get("rule")))
        .collect();
    for (name, block) in of("aws_cloudwatch_event_rule") {
        let refers = |target: &String| {
            let reference = format!("aws_cloudwatch_event_rule.{name}.");
            target.contains(&reference) || *target == text(block.get("name"))
        };
        let state = block.get("state").or_else(|| block.get("is_enabled"));
        alarms.rules.push(EventRule {
            name: name.clone(),
            pattern: pattern(block.get("event_pattern"), name)?,
            enabled: enabled(state),
            has_target: Some(targets.iter().any(refers)),
            deployed,
            fed: Some(true),
        });
    }
    for (name, block) in of("aws_cloudwatch_log_metric_filter") {
        let metric = block.get("metric_transformation").map(first);
        alarms.filters.push(MetricFilter {
            name: name.clone(),
            pattern: text(block.get("pattern")),
            has_alarm: watched.watches(metric.and_then(|metric| metric.get("name"))),
            fed: Some(true),
        });
    }
    Ok(alarms)
}

/// Terraform's JSON allows a block and a list of blocks.
fn first(value: &Value) -> &Value {
    match value.as_array() {
        Some(blocks) => blocks.first().unwrap_or(&Value::Null),
        None => value,
    }
}

/// Metrics that alarms with actions watch.
struct Watched {
    names: BTreeSet<String>,
    /// One of them names its metric by reference.
    unknown: bool,
}

impl Watched {
    fn watches(&self, metric: Option<&Value>) -> Option<bool> {
        match metric.and_then(Value::as_str) {
            Some(name) if self.names.contains(name) => Some(true),
            Some(_) if !self.unknown => Some(false),
            _ => (self.names.is_empty() && !self.unknown).then_some(false),
        }
    }
}

fn watched<'a>(
    alarms: impl Iterator<Item = &'a Map<String, Value>>,
    [metric, actions, on]: [&str; 3],
) -> Watched {
    let mut watched = Watched {
        names: BTreeSet::new(),
        unknown: false,
    };
    for alarm in alarms {
        if alarm.get(on) == Some(&Value::Bool(false)) || !filled(alarm.get(actions)) {
            continue;
        }
        match alarm.get(metric) {
            Some(Value::String(name)) => {
                watched.names.insert(name.clone());
            }
            _ => watched.unknown = true,
        }
    }
    watched
}

fn kind(resource: &Value) -> &str {
    resource
        .get("Type")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn properties(resource: &Value) -> &Map<String, Value> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    resource
        .get("Properties")
        .and_then(Value::as_object)
        .unwrap_or(&NONE)
}

fn filled(list: Option<&Value>) -> bool {
    match list {
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Null) | None => false,
        Some(_) => true,
    }
}

fn enabled(state: Option<&Value>) -> Option<bool> {
    match state {
        None => Some(true),
        Some(Value::Bool(on)) => Some(*on),
        Some(Value::String(word)) if word.starts_with("ENABLED") => Some(true),
        Some(Value::String(word)) if word == "DISABLED" => Some(false),
        Some(_) => None,
    }
}

/// A pattern as an object, or as JSON in a text.
fn pattern(value: Option<&Value>, name: &str) -> Result<Value, NotRead> {
    let parsed = match value {
        Some(Value::String(text)) => serde_json::from_str(text).ok(),
        other => other.cloned(),
    };
    parsed
        .filter(Value::is_object)
        .ok_or_else(|| NotRead::Pattern(name.to_owned()))
}

fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}
