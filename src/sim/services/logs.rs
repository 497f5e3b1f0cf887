//! `CloudWatch` Logs: log groups and their metric filters. They are kept, and nothing is counted.

use serde_json::{Map, Value, json};

use super::{Call, Handler, Outcome};
use crate::sim::refusal::Refusal;
use crate::sim::world::{LogGroup, MetricFilter};

/// The most that `DescribeMetricFilters` has in a page.
const PAGE: i64 = 50;
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html>
const MOST_FILTERS: usize = 100;

pub(super) fn handler(operation: &str) -> Option<Handler> {
    Some(match operation {
        "CreateLogGroup" => create_log_group,
        "PutMetricFilter" => put_metric_filter,
        "DescribeMetricFilters" => describe_metric_filters,
        "DeleteMetricFilter" => delete_metric_filter,
        _ => return None,
    })
}

fn invalid(text: &str) -> Refusal {
    Refusal::new("InvalidParameterException", text)
}

fn required<'a>(call: &Call<'a>, name: &str) -> Result<&'a str, Refusal> {
    let given = call.optional(name).filter(|text| !text.is_empty());
    given.ok_or_else(|| invalid(&format!("{name} is required.")))
}

fn missing(what: &str) -> Refusal {
    let text = format!("The specified {what} does not exist.");
    Refusal::new("ResourceNotFoundException", text)
}

fn group<'a>(call: &'a mut Call<'_>) -> Result<&'a mut LogGroup, Refusal> {
    let name = required(call, "logGroupName")?;
    let account = call.world.accounts.get_mut(&call.caller.account);
    let groups = account.and_then(|account| account.log_groups.get_mut(&call.request.region));
    let group = groups.and_then(|groups| groups.get_mut(name));
    group.ok_or_else(|| missing("log group"))
}

fn create_log_group(call: &mut Call<'_>) -> Outcome {
    let name = required(call, "logGroupName")?;
    let region = call.request.region.clone();
    if let Some(account) = call.world.accounts.get_mut(&call.caller.account) {
        let groups = account.log_groups.entry(region).or_default();
        if groups.contains_key(name) {
            let text = "The specified log group already exists";
            return Err(Refusal::new("ResourceAlreadyExistsException", text));
        }
        groups.insert(name.to_owned(), LogGroup::default());
    }
    Ok(Value::Null)
}

fn put_metric_filter(call: &mut Call<'_>) -> Outcome {
    let name = required(call, "filterName")?;
    let pattern = call.optional("filterPattern");
    let pattern = pattern.ok_or_else(|| invalid("filterPattern is required."))?;
    let input = &call.request.input;
    let transformations = input.get("metricTransformations");
    let transformations = transformations
        .filter(|list| list.as_array().is_some_and(|list| list.len() == 1))
        .ok_or_else(|| invalid("One metric transformation is required."))?;
    let filter = MetricFilter {
        pattern: pattern.to_owned(),
        transformations: transformations.clone(),
        created_at: call.now(),
    };
    let filters = &mut group(call)?.filters;
    if filters.len() >= MOST_FILTERS && !filters.contains_key(name) {
        let text = "Resource limit exceeded.";
        return Err(Refusal::new("LimitExceededException", text));
    }
    filters.insert(name.to_owned(), filter);
    Ok(Value::Null)
}

fn describe_metric_filters(call: &mut Call<'_>) -> Outcome {
    let size = match call.number("limit").unwrap_or(PAGE) {
        size @ 1..=PAGE => usize::try_from(size).unwrap_or_default(),
        _ => return Err(invalid("limit must be between 1 and 50.")),
    };
    let group_name = required(call, "logGroupName")?;
    let prefix = call.optional("filterNamePrefix").unwrap_or_default();
    let filters = group(call)?.filters.clone();
    let start = call
        .start()
        .ok_or_else(|| invalid("The specified nextToken is invalid."))?;
    let listed = filters
        .iter()
        .filter(|(name, _)| name.starts_with(prefix))
        .map(|(name, filter)| {
            json!({
                "filterName": name,
                "filterPattern": filter.pattern,
                "metricTransformations": filter.transformations,
                "creationTime": filter.created_at.as_millisecond(),
                "logGroupName": group_name,
                "applyOnTransformedLogs": false,
            })
        });
    let (page, next) = call.slice(listed, start, size);
    let mut answer = Map::from_iter([("metricFilters".to_owned(), Value::Array(page))]);
    if let Some(next) = next {
        answer.insert("nextToken".to_owned(), json!(call.token(next)));
    }
    Ok(Value::Object(answer))
}

fn delete_metric_filter(call: &mut Call<'_>) -> Outcome {
    let name = required(call, "filterName")?;
    let removed = group(call)?.filters.remove(name);
    removed.ok_or_else(|| missing("metric filter"))?;
    Ok(Value::Null)
}
