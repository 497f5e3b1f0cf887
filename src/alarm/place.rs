//! What decides whether a template's resource is there at all, and on which bus a rule hears.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Piece;

/// How a template writes things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    CloudFormation,
    Terraform,
}

impl Language {
    /// A property by its name in `CloudFormation`; Terraform's differ in case only.
    pub(super) fn get<'a>(self, block: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
        let value = match self {
            Self::CloudFormation => block.get(key),
            Self::Terraform => block.get(&snake(key)),
        };
        value.filter(|value| !is_absent(value))
    }
}

pub(super) fn snake(key: &str) -> String {
    let mut snake = String::new();
    for c in key.chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// Null, or the pseudo parameter by which `CloudFormation` leaves a property out.
fn is_absent(value: &Value) -> bool {
    let reference = value.get("Ref").and_then(Value::as_str);
    value.is_null() || reference == Some("AWS::NoValue")
}

/// A text that hangs on nothing.
pub(super) fn literal(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.contains("${"))
}

/// A number that hangs on nothing, also as a text.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => text.trim().parse().ok().filter(|one: &f64| one.is_finite()),
        other => other.as_f64(),
    }
}

/// Is the resource created? A `Condition` is told only where it compares two written texts.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html>
pub(super) fn in_cloudformation(
    resource: &Value,
    conditions: Option<&Map<String, Value>>,
) -> Piece {
    let Some(condition) = resource.get("Condition") else {
        return Piece::There;
    };
    let name = condition.as_str().unwrap_or_default();
    let compared = conditions.and_then(|all| all.get(name)?.get("Fn::Equals")?.as_array());
    match compared.map(Vec::as_slice) {
        Some([Value::String(one), Value::String(other)]) if one == other => Piece::There,
        Some([Value::String(_), Value::String(_)]) => {
            Piece::Lacks(format!("its condition `{name}` is never met"))
        }
        _ => Piece::Unknown(format!("whether it is created hangs on condition `{name}`")),
    }
}

/// Is the resource created? `count` and `for_each` are told only where they are written out.
///
/// <https://developer.hashicorp.com/terraform/language/meta-arguments/count>
pub(super) fn in_terraform(block: &Value) -> Piece {
    let told = |key: &str, some: Option<bool>| match some {
        Some(true) => Piece::There,
        Some(false) => Piece::Lacks(format!("its `{key}` makes none of it")),
        None => Piece::Unknown(format!("whether it is created hangs on its `{key}`")),
    };
    if let Some(count) = block.get("count").filter(|count| !count.is_null()) {
        return told("count", number(count).map(|count| count >= 1.0));
    }
    match block.get("for_each") {
        None | Some(Value::Null) => Piece::There,
        Some(Value::Array(items)) => told("for_each", Some(!items.is_empty())),
        Some(Value::Object(items)) => told("for_each", Some(!items.is_empty())),
        Some(_) => told("for_each", None),
    }
}

/// Does a rule on this bus hear what AWS sends? Services deliver to the default bus only.
///
/// `own` are the buses that the template makes, each with its name.
///
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus.html>
pub(super) fn on_default_bus(bus: Option<&Value>, own: &BTreeMap<&str, String>) -> Piece {
    let unknown = |bus: &str| Piece::Unknown(format!("whether {bus} is the default bus"));
    let made = |resource: &str| match own.get(resource) {
        Some(name) => elsewhere(name),
        None => unknown(&format!("`{resource}`")),
    };
    let Some(bus) = bus else {
        return Piece::There;
    };
    if let Some(text) = bus.as_str() {
        return written(text, made);
    }
    if let Some(name) = bus.get("Ref").and_then(Value::as_str) {
        return made(name);
    }
    let text = |key: &str| {
        let argument = bus.get(key)?;
        let first = argument.as_array().and_then(|all| all.first());
        first.unwrap_or(argument).as_str()
    };
    if let Some(name) = text("Fn::GetAtt") {
        return made(name.split('.').next().unwrap_or(name));
    }
    match text("Fn::Sub") {
        Some(text) => written(text, made),
        None => unknown("the bus that it names"),
    }
}

fn elsewhere(name: &str) -> Piece {
    Piece::Lacks(format!(
        "is deployed on bus `{name}`, not on the default bus"
    ))
}

/// A name or an ARN, with or without references in it.
fn written(text: &str, made: impl Fn(&str) -> Piece) -> Piece {
    let name = text.rsplit("event-bus/").next().unwrap_or(text);
    let Some((_, reference)) = name.split_once("${") else {
        return if name == "default" {
            Piece::There
        } else {
            elsewhere(name)
        };
    };
    let reference = reference.split('}').next().unwrap_or(reference);
    let resource = reference.strip_prefix("aws_cloudwatch_event_bus.");
    let resource = resource.unwrap_or(reference);
    // Neither Terraform's `data.` and `var.` nor a parameter is a bus of the template.
    match resource.split(['.', '[']).next() {
        Some("data" | "var" | "local" | "module" | "each") | None => made(reference),
        Some(resource) => made(resource),
    }
}
