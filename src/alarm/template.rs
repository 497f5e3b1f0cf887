//! Rules, metric filters and alarms out of `CloudFormation` templates and Terraform's JSON.
//!
//! What a template leaves to a parameter or a reference is unknown, not absent.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::place::{Language, in_cloudformation, in_terraform, literal, on_default_bus};
use super::watch::{Alarm, Metric, watched};
use super::{Alarms, Deployed, EventRule, MetricFilter, Piece, pattern};

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
        (Some(resources), _) => cloudformation(resources, part("Conditions"), deployed),
        (None, Some(resources)) => terraform(resources, deployed),
        (None, None) => Err(NotRead::NoTemplate),
    }
}

fn cloudformation(
    resources: &Map<String, Value>,
    conditions: Option<&Map<String, Value>>,
    deployed: Deployed,
) -> Result<Alarms, NotRead> {
    let mut alarms = Alarms::default();
    let of = |wanted: &'static str| {
        let all = resources.iter();
        all.filter(move |(_, resource)| kind(resource) == wanted)
    };
    let created = |resource: &Value| in_cloudformation(resource, conditions);
    let buses: BTreeMap<&str, String> = of("AWS::Events::EventBus")
        .map(|(id, bus)| (id.as_str(), named(id, properties(bus).get("Name"))))
        .collect();
    let watching: Vec<Alarm<'_>> = of("AWS::CloudWatch::Alarm")
        .filter_map(|(name, resource)| {
            let (block, created) = (properties(resource), created(resource));
            watching(name, Language::CloudFormation, block, created)
        })
        .collect();
    for (name, resource) in resources {
        let own = properties(resource);
        let get = |key: &str| Language::CloudFormation.get(own, key);
        match kind(resource) {
            "AWS::Events::Rule" => alarms.rules.push(EventRule {
                name: name.clone(),
                pattern: event_pattern(own.get("EventPattern"), name)?,
                enabled: enabled(get("State")),
                has_target: filled(get("Targets")),
                deployed,
                fed: Some(true),
                further: vec![
                    on_default_bus(get("EventBusName"), &buses),
                    created(resource),
                ],
            }),
            "AWS::Logs::MetricFilter" => {
                let metric = metric_of(own);
                let text = text(own.get("FilterPattern"));
                let made = filter(name, text, created(resource), &metric, &watching);
                alarms.filters.push(made);
            }
            // What a StackSet brings is deployed in the members.
            "AWS::CloudFormation::StackSet" => {
                if let Some(body) = own.get("TemplateBody").and_then(Value::as_str) {
                    let mut inner = read_template(body, Deployed::Members)?.rules;
                    for rule in &mut inner {
                        rule.further.push(created(resource));
                    }
                    alarms.rules.extend(inner);
                }
            }
            _ => {}
        }
    }
    Ok(alarms)
}

fn metric_of(filter: &Map<String, Value>) -> Metric<'_> {
    let metrics = filter
        .get("MetricTransformations")
        .and_then(Value::as_array);
    let metric = metrics.and_then(|all| all.first());
    let part = |key: &str| metric.and_then(|metric| metric.get(key));
    Metric {
        address: None,
        name: part("MetricName"),
        namespace: part("MetricNamespace"),
        value: part("MetricValue"),
        default: part("DefaultValue"),
        dimensions: part("Dimensions"),
        unit: part("Unit"),
    }
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
    let buses: BTreeMap<&str, String> = of("aws_cloudwatch_event_bus")
        .map(|(id, bus)| (id.as_str(), named(id, bus.get("name"))))
        .collect();
    let watching: Vec<Alarm<'_>> = of("aws_cloudwatch_metric_alarm")
        .filter_map(|(name, block)| {
            let created = in_terraform(block);
            watching(name, Language::Terraform, block.as_object()?, created)
        })
        .collect();
    for (name, block) in of("aws_cloudwatch_event_rule") {
        let aims = |(_, target): (&String, &Value)| is_target(target, name, block);
        let state = block.get("state").or_else(|| block.get("is_enabled"));
        let bus = block.get("event_bus_name").filter(|bus| !bus.is_null());
        alarms.rules.push(EventRule {
            name: name.clone(),
            pattern: event_pattern(block.get("event_pattern"), name)?,
            enabled: enabled(state),
            has_target: pattern::any(of("aws_cloudwatch_event_target").map(aims)),
            deployed,
            fed: Some(true),
            further: vec![on_default_bus(bus, &buses), in_terraform(block)],
        });
    }
    for (name, block) in of("aws_cloudwatch_log_metric_filter") {
        let metric = metric_in(name, block);
        let text = text(block.get("pattern"));
        let made = filter(name, text, in_terraform(block), &metric, &watching);
        alarms.filters.push(made);
    }
    Ok(alarms)
}

fn metric_in<'a>(name: &str, filter: &'a Value) -> Metric<'a> {
    let metric = filter.get("metric_transformation").map(first);
    let part = |key: &str| metric.and_then(|metric| metric.get(key));
    Metric {
        address: Some(format!("aws_cloudwatch_log_metric_filter.{name}")),
        name: part("name"),
        namespace: part("namespace"),
        value: part("value"),
        default: part("default_value"),
        dimensions: part("dimensions"),
        unit: part("unit"),
    }
}

/// Is this a target of the rule? A reference that cannot be followed may mean it.
fn is_target(target: &Value, name: &str, rule: &Value) -> Option<bool> {
    let meant = text(target.get("rule"));
    let address = format!("aws_cloudwatch_event_rule.{name}");
    let follows = meant.split_once(&address).map(|(_, rest)| rest);
    let by_name = !meant.is_empty() && meant == text(rule.get("name"));
    if by_name || follows.is_some_and(|rest| rest.starts_with(['.', '['])) {
        return match in_terraform(target) {
            Piece::There => Some(true),
            Piece::Lacks(_) => Some(false),
            Piece::Unknown(_) => None,
        };
    }
    let told = !meant.contains("${") || meant.contains("${aws_cloudwatch_event_rule.");
    told.then_some(false)
}

fn filter(
    name: &str,
    pattern: String,
    created: Piece,
    metric: &Metric<'_>,
    alarms: &[Alarm<'_>],
) -> MetricFilter {
    let alarm = watched(metric, alarms);
    MetricFilter {
        name: name.to_owned(),
        pattern,
        has_alarm: Some(alarm.is_some()),
        fed: Some(true),
        further: alarm.into_iter().chain([created]).collect(),
    }
}

/// An alarm that may do something.
fn watching<'a>(
    name: &'a str,
    language: Language,
    block: &'a Map<String, Value>,
    created: Piece,
) -> Option<Alarm<'a>> {
    let hangs = |what: &str| Piece::Unknown(format!("whether {what} hangs on something else"));
    let on = match enabled(language.get(block, "ActionsEnabled")) {
        Some(false) => return None,
        Some(true) => Piece::There,
        None => hangs("its actions are enabled"),
    };
    let acts = match filled(language.get(block, "AlarmActions")) {
        Some(false) => return None,
        Some(true) => Piece::There,
        None => hangs("it has an action"),
    };
    Some(Alarm {
        name,
        language,
        block,
        ready: Piece::worst([created, on, acts]),
    })
}

/// The name of a bus, else what the template calls it.
fn named(id: &str, name: Option<&Value>) -> String {
    name.and_then(literal).unwrap_or(id).to_owned()
}

/// Terraform's JSON allows a block and a list of blocks.
fn first(value: &Value) -> &Value {
    match value.as_array() {
        Some(blocks) => blocks.first().unwrap_or(&Value::Null),
        None => value,
    }
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

fn filled(list: Option<&Value>) -> Option<bool> {
    match list {
        Some(Value::Array(items)) => Some(!items.is_empty()),
        Some(Value::Null) | None => Some(false),
        Some(choice) if choice.get("Fn::If").is_some() => None,
        Some(_) => Some(true),
    }
}

fn enabled(state: Option<&Value>) -> Option<bool> {
    match state {
        None => Some(true),
        Some(Value::Bool(on)) => Some(*on),
        Some(Value::String(word)) if word.starts_with("ENABLED") || word == "true" => Some(true),
        Some(Value::String(word)) if word == "DISABLED" || word == "false" => Some(false),
        Some(_) => None,
    }
}

/// A pattern as an object, or as JSON in a text.
fn event_pattern(value: Option<&Value>, name: &str) -> Result<Value, NotRead> {
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
