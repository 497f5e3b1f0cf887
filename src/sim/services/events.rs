//! `EventBridge`: rules of the default bus and their targets. They are kept, and nothing is sent.

use serde_json::{Map, Value, json};

use super::{Call, Handler, Outcome};
use crate::sim::refusal::Refusal;
use crate::sim::world::Rule;

/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
const MOST_TARGETS: usize = 5;
/// The most that a list has in a page.
const PAGE: i64 = 100;
const STATES: [&str; 3] = [
    "ENABLED",
    "DISABLED",
    "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
];

pub(super) fn handler(operation: &str) -> Option<Handler> {
    Some(match operation {
        "PutRule" => put_rule,
        "DescribeRule" => describe_rule,
        "ListRules" => list_rules,
        "DeleteRule" => delete_rule,
        "EnableRule" => enable_rule,
        "DisableRule" => disable_rule,
        "PutTargets" => put_targets,
        "ListTargetsByRule" => list_targets,
        "RemoveTargets" => remove_targets,
        _ => return None,
    })
}

fn invalid(text: &str) -> Refusal {
    Refusal::new("ValidationException", text)
}

fn required<'a>(call: &Call<'a>, name: &str) -> Result<&'a str, Refusal> {
    let given = call.optional(name).filter(|text| !text.is_empty());
    given.ok_or_else(|| invalid(&format!("Parameter {name} is required.")))
}

/// Only the default bus exists.
fn check_bus(call: &Call<'_>) -> Result<(), Refusal> {
    match call.optional("EventBusName") {
        None => Ok(()),
        Some(bus) if bus == "default" || bus.ends_with(":event-bus/default") => Ok(()),
        Some(bus) => {
            let text = format!("Event bus {bus} does not exist.");
            Err(Refusal::new("ResourceNotFoundException", text))
        }
    }
}

fn arn(call: &Call<'_>, name: &str) -> String {
    let (partition, region) = (call.world.partition, &call.request.region);
    let account = &call.caller.account;
    format!("arn:{partition}:events:{region}:{account}:rule/{name}")
}

fn find_mut<'a>(call: &'a mut Call<'_>, name: &str) -> Result<&'a mut Rule, Refusal> {
    let region = &call.request.region;
    let account = call.world.accounts.get_mut(&call.caller.account);
    let rules = account.and_then(|account| account.rules.get_mut(region));
    rules.and_then(|rules| rules.get_mut(name)).ok_or_else(|| {
        let text = format!("Rule {name} does not exist on EventBus default.");
        Refusal::new("ResourceNotFoundException", text)
    })
}

fn put_rule(call: &mut Call<'_>) -> Outcome {
    check_bus(call)?;
    let (name, state) = (
        required(call, "Name")?,
        call.optional("State").unwrap_or("ENABLED"),
    );
    if !STATES.contains(&state) {
        return Err(invalid("State is not valid."));
    }
    let pattern = call.optional("EventPattern").unwrap_or_default();
    let parsed: Option<Map<String, Value>> = serde_json::from_str(pattern).ok();
    if parsed.is_none() && call.optional("ScheduleExpression").is_none() {
        let text = "Event pattern is not valid. Reason: it is not a JSON object";
        return Err(Refusal::new("InvalidEventPatternException", text));
    }
    let (account, region) = (&call.caller.account, &call.request.region);
    let description = call.optional("Description").map(str::to_owned);
    if let Some(account) = call.world.accounts.get_mut(account) {
        let rules = account.rules.entry(region.clone()).or_default();
        let targets = rules.remove(name).map(|old| old.targets);
        let rule = Rule {
            pattern: pattern.to_owned(),
            state: state.to_owned(),
            description,
            targets: targets.unwrap_or_default(),
        };
        rules.insert(name.to_owned(), rule);
    }
    Ok(json!({"RuleArn": arn(call, name)}))
}

fn shape(name: &str, arn: &str, rule: &Rule) -> Value {
    let mut answer = json!({
        "Name": name,
        "Arn": arn,
        "EventPattern": rule.pattern,
        "State": rule.state,
        "EventBusName": "default",
    });
    if let Some(description) = &rule.description {
        crate::sim::json::set(&mut answer, "Description", description.as_str());
    }
    answer
}

fn describe_rule(call: &mut Call<'_>) -> Outcome {
    check_bus(call)?;
    let name = required(call, "Name")?;
    let arn = arn(call, name);
    Ok(shape(name, &arn, find_mut(call, name)?))
}

/// One page of a list.
fn page(call: &Call<'_>, member: &str, items: Vec<Value>) -> Outcome {
    let size = match call.number("Limit").unwrap_or(PAGE) {
        size @ 1..=PAGE => usize::try_from(size).unwrap_or_default(),
        _ => return Err(invalid("Limit must be between 1 and 100.")),
    };
    let start = call
        .start()
        .ok_or_else(|| invalid("Invalid pagination token."))?;
    let (page, next) = call.slice(items.into_iter(), start, size);
    Ok(call.answer(member, page, next))
}

fn list_rules(call: &mut Call<'_>) -> Outcome {
    check_bus(call)?;
    let prefix = call.optional("NamePrefix").unwrap_or_default();
    let account = call.world.accounts.get(&call.caller.account);
    let rules = account.and_then(|account| account.rules.get(&call.request.region));
    let rules = rules.into_iter().flatten();
    let listed: Vec<Value> = rules
        .filter(|(name, _)| name.starts_with(prefix))
        .map(|(name, rule)| shape(name, &arn(call, name), rule))
        .collect();
    page(call, "Rules", listed)
}

/// Deleting what is not there succeeds, as in AWS.
fn delete_rule(call: &mut Call<'_>) -> Outcome {
    check_bus(call)?;
    let name = required(call, "Name")?;
    if find_mut(call, name).is_ok_and(|rule| !rule.targets.is_empty()) {
        return Err(invalid("Rule can't be deleted since it has targets."));
    }
    let (account, region) = (&call.caller.account, &call.request.region);
    let account = call.world.accounts.get_mut(account);
    if let Some(rules) = account.and_then(|account| account.rules.get_mut(region)) {
        rules.remove(name);
    }
    Ok(Value::Null)
}

fn set_state(call: &mut Call<'_>, state: &str) -> Outcome {
    check_bus(call)?;
    let name = required(call, "Name")?;
    state.clone_into(&mut find_mut(call, name)?.state);
    Ok(Value::Null)
}

fn enable_rule(call: &mut Call<'_>) -> Outcome {
    set_state(call, "ENABLED")
}

fn disable_rule(call: &mut Call<'_>) -> Outcome {
    set_state(call, "DISABLED")
}

fn put_targets(call: &mut Call<'_>) -> Outcome {
    check_bus(call)?;
    let name = required(call, "Rule")?;
    let given = call.request.input.get("Targets").and_then(Value::as_array);
    let given = given.cloned().unwrap_or_default();
    let mut targets = find_mut(call, name)?.targets.clone();
    for target in given {
        let part = |member: &str| target.get(member).and_then(Value::as_str);
        let (Some(id), Some(_)) = (part("Id"), part("Arn")) else {
            return Err(invalid("A target needs Id and Arn."));
        };
        targets.insert(id.to_owned(), target.clone());
    }
    if targets.len() > MOST_TARGETS {
        let text = "The requested resource exceeds the maximum number allowed.";
        return Err(Refusal::new("LimitExceededException", text));
    }
    find_mut(call, name)?.targets = targets;
    Ok(json!({"FailedEntryCount": 0, "FailedEntries": []}))
}

fn list_targets(call: &mut Call<'_>) -> Outcome {
    check_bus(call)?;
    let name = required(call, "Rule")?;
    let targets = find_mut(call, name)?.targets.values().cloned().collect();
    page(call, "Targets", targets)
}

fn remove_targets(call: &mut Call<'_>) -> Outcome {
    check_bus(call)?;
    let name = required(call, "Rule")?;
    let ids = call.request.input.get("Ids").and_then(Value::as_array);
    let ids: Vec<&str> = ids
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let rule = find_mut(call, name)?;
    rule.targets.retain(|id, _| !ids.contains(&id.as_str()));
    Ok(json!({"FailedEntryCount": 0, "FailedEntries": []}))
}
