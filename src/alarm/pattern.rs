//! `EventBridge` event patterns, evaluated rather than searched for words.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>

use serde_json::{Map, Value};

use crate::scp::Pattern;

/// Does an event match a pattern? `None`: the pattern uses something that is not understood.
pub(super) fn matches(pattern: &Value, event: &Value) -> Option<bool> {
    fields(pattern.as_object()?, Some(event))
}

/// Every field has to match; what is not understood decides only if nothing else says no.
fn fields(pattern: &Map<String, Value>, event: Option<&Value>) -> Option<bool> {
    all(pattern.iter().map(|(name, wanted)| match wanted {
        Value::Array(choices) if name == "$or" => any(choices.iter().map(|choice| {
            choice
                .as_object()
                .and_then(|fields_of| fields(fields_of, event))
        })),
        _ => field(wanted, event.and_then(|event| event.get(name))),
    }))
}

fn field(wanted: &Value, value: Option<&Value>) -> Option<bool> {
    match wanted {
        Value::Object(inner) => match value {
            // One of several objects has to match.
            Some(Value::Array(items)) => any(items.iter().map(|item| fields(inner, Some(item)))),
            other => fields(inner, other),
        },
        Value::Array(choices) => any(choices.iter().map(|choice| one_of(choice, value))),
        _ => None,
    }
}

/// One element of a leaf; of a list in the event, one value has to match.
fn one_of(choice: &Value, value: Option<&Value>) -> Option<bool> {
    match (choice, value) {
        (Value::Object(operator), _) => operation(operator, value),
        (_, Some(Value::Array(items))) => Some(items.contains(choice)),
        (_, value) => Some(value == Some(choice)),
    }
}

fn operation(operator: &Map<String, Value>, value: Option<&Value>) -> Option<bool> {
    let mut operators = operator.iter();
    let ((name, argument), None) = (operators.next()?, operators.next()) else {
        return None;
    };
    if name == "exists" {
        return Some(argument.as_bool()? == value.is_some());
    }
    let Some(value) = value else {
        // Nothing but `exists` matches what is not there.
        return known(name).then_some(false);
    };
    if let Value::Array(items) = value {
        return any(items.iter().map(|item| operation(operator, Some(item))));
    }
    match name.as_str() {
        "anything-but" => except(argument, value),
        "prefix" | "suffix" | "equals-ignore-case" | "wildcard" => textual(name, argument, value),
        // `numeric`, `cidr` and what is new: no event of the catalog needs them.
        _ => None,
    }
}

fn known(operator: &str) -> bool {
    [
        "anything-but",
        "prefix",
        "suffix",
        "equals-ignore-case",
        "wildcard",
        "numeric",
        "cidr",
    ]
    .contains(&operator)
}

fn except(argument: &Value, value: &Value) -> Option<bool> {
    match argument {
        Value::Object(inner) => {
            let (name, argument) = inner.iter().next()?;
            Some(!textual(name, argument, value)?)
        }
        Value::Array(values) => Some(!values.contains(value)),
        one => Some(one != value),
    }
}

fn textual(name: &str, argument: &Value, value: &Value) -> Option<bool> {
    let Some(text) = value.as_str() else {
        return Some(false);
    };
    match argument {
        Value::Array(several) => any(several.iter().map(|one| textual(name, one, value))),
        Value::Object(inner) => {
            // {"prefix": {"equals-ignore-case": "…"}}
            let wanted = inner.get("equals-ignore-case")?.as_str()?;
            let (text, wanted) = (text.to_lowercase(), wanted.to_lowercase());
            compare(name, &wanted, &text)
        }
        Value::String(wanted) => compare(name, wanted, text),
        _ => None,
    }
}

fn compare(name: &str, wanted: &str, text: &str) -> Option<bool> {
    Some(match name {
        "prefix" => text.starts_with(wanted),
        "suffix" => text.ends_with(wanted),
        "equals-ignore-case" => text.to_lowercase() == wanted.to_lowercase(),
        // `?` is no wildcard here, and `\` escapes.
        "wildcard" if wanted.contains(['?', '\\']) => return None,
        "wildcard" => Pattern::new(wanted).matches(text),
        _ => return None,
    })
}

/// No if one says no, else unknown if one is unknown.
pub(super) fn all(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = Some(true);
    for answer in answers {
        match answer {
            Some(false) => return Some(false),
            None => known = None,
            Some(true) => {}
        }
    }
    known
}

/// Yes if one says yes, else unknown if one is unknown.
pub(super) fn any(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    all(answers.map(|answer| answer.map(|yes| !yes))).map(|none| !none)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn patterns_match_as_eventbridge_documents() {
        let event = json!({"source": "aws.organizations", "account": "111111111111", "resources": ["a", "b"],
            "detail": {"eventName": "LeaveOrganization", "list": [{"x": 1}, {"x": 2}]}});
        for (pattern, expected) in [
            (json!({"source": ["aws.organizations"]}), Some(true)),
            (json!({"source": ["aws.iam"]}), Some(false)),
            (
                json!({"source": ["aws.iam", "aws.organizations"]}),
                Some(true),
            ),
            (
                json!({"detail": {"eventName": ["LeaveOrganization"]}}),
                Some(true),
            ),
            (
                json!({"detail": {"eventName": [{"prefix": "Leave"}]}}),
                Some(true),
            ),
            (
                json!({"detail": {"eventName": [{"suffix": "Account"}]}}),
                Some(false),
            ),
            (
                json!({"detail": {"eventName": [{"wildcard": "L*Org*"}]}}),
                Some(true),
            ),
            (
                json!({"detail": {"eventName": [{"equals-ignore-case": "leaveorganization"}]}}),
                Some(true),
            ),
            (
                json!({"detail": {"eventName": [{"prefix": {"equals-ignore-case": "LEAVE"}}]}}),
                Some(true),
            ),
            (
                json!({"detail": {"eventName": [{"anything-but": ["LeaveOrganization"]}]}}),
                Some(false),
            ),
            (
                json!({"detail": {"eventName": [{"anything-but": {"prefix": "Accept"}}]}}),
                Some(true),
            ),
            (
                json!({"detail": {"errorCode": [{"exists": false}]}}),
                Some(true),
            ),
            (
                json!({"detail": {"errorCode": [{"exists": true}]}}),
                Some(false),
            ),
            (
                json!({"detail": {"errorCode": ["AccessDenied"]}}),
                Some(false),
            ),
            (
                json!({"detail": {"errorCode": [{"prefix": "Access"}]}}),
                Some(false),
            ),
            (json!({"resources": ["b"]}), Some(true)),
            (json!({"detail": {"list": {"x": [2]}}}), Some(true)),
            (
                json!({"$or": [{"source": ["aws.iam"]}, {"account": ["111111111111"]}]}),
                Some(true),
            ),
            (
                json!({"$or": [{"source": ["aws.iam"]}, {"account": ["2"]}]}),
                Some(false),
            ),
        ] {
            assert_eq!(matches(&pattern, &event), expected, "{pattern}");
        }
    }

    #[test]
    fn what_is_not_understood_decides_only_where_nothing_else_does() {
        let event = json!({"source": "aws.organizations", "account": "111111111111"});
        for (pattern, expected) in [
            (json!({"account": [{"numeric": [">", 1]}]}), None),
            (
                json!({"account": [{"numeric": [">", 1]}], "source": ["aws.iam"]}),
                Some(false),
            ),
            (
                json!({"account": [{"numeric": [">", 1]}, "111111111111"]}),
                Some(true),
            ),
            (json!({"account": [{"brand-new": 1}]}), None),
            (json!({"source": "aws.organizations"}), None),
            (json!("text"), None),
        ] {
            assert_eq!(matches(&pattern, &event), expected, "{pattern}");
        }
    }
}
