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

/// A member that has to be there, no longer than AWS takes it.
fn required<'a>(call: &Call<'a>, name: &str, longest: usize) -> Result<&'a str, Refusal> {
    let given = call.optional(name).filter(|text| !text.is_empty());
    let given = given.ok_or_else(|| invalid(&format!("{name} is required.")))?;
    bounded(name, given, longest)
}

fn bounded<'a>(name: &str, text: &'a str, longest: usize) -> Result<&'a str, Refusal> {
    if text.chars().count() > longest {
        return Err(invalid(&format!("{name} is longer than {longest}.")));
    }
    Ok(text)
}

fn group_name<'a>(call: &Call<'a>) -> Result<&'a str, Refusal> {
    let name = required(call, "logGroupName", 512)?;
    let fits = |letter: char| letter.is_ascii_alphanumeric() || ".-_/#".contains(letter);
    if name.chars().all(fits) {
        return Ok(name);
    }
    Err(invalid("logGroupName has a character that is not allowed."))
}

fn filter_name<'a>(call: &Call<'a>) -> Result<&'a str, Refusal> {
    let name = required(call, "filterName", 512)?;
    if name.contains([':', '*']) {
        return Err(invalid("filterName has a character that is not allowed."));
    }
    Ok(name)
}

fn missing(what: &str) -> Refusal {
    let text = format!("The specified {what} does not exist.");
    Refusal::new("ResourceNotFoundException", text)
}

fn group<'a>(call: &'a mut Call<'_>) -> Result<&'a mut LogGroup, Refusal> {
    let name = group_name(call)?;
    let account = call.world.accounts.get_mut(&call.caller.account);
    let groups = account.and_then(|account| account.log_groups.get_mut(&call.request.region));
    let group = groups.and_then(|groups| groups.get_mut(name));
    group.ok_or_else(|| missing("log group"))
}

fn create_log_group(call: &mut Call<'_>) -> Outcome {
    let name = group_name(call)?;
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

/// The one transformation of a filter.
///
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_MetricTransformation.html>
fn transformations<'a>(call: &Call<'a>) -> Result<&'a Value, Refusal> {
    let given = call.request.input.get("metricTransformations");
    let one = |list: &'a Value| match list.as_array()?.as_slice() {
        [one] => Some((list, one)),
        _ => None,
    };
    let (list, only) = given
        .and_then(one)
        .ok_or_else(|| invalid("One metric transformation is required."))?;
    for (name, longest) in [
        ("metricName", 255),
        ("metricNamespace", 255),
        ("metricValue", 100),
    ] {
        let text = only.get(name).and_then(Value::as_str);
        let text = text.ok_or_else(|| invalid(&format!("{name} is required.")))?;
        bounded(name, text, longest)?;
        if name != "metricValue" && text.contains([':', '*', '$']) {
            let text = format!("{name} has a character that is not allowed.");
            return Err(invalid(&text));
        }
    }
    Ok(list)
}

fn put_metric_filter(call: &mut Call<'_>) -> Outcome {
    let name = filter_name(call)?;
    let pattern = call.optional("filterPattern");
    let pattern = pattern.ok_or_else(|| invalid("filterPattern is required."))?;
    bounded("filterPattern", pattern, 1_024)?;
    let transformations = transformations(call)?;
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

/// Filters of one log group, or of all, by the name of the filter; with the name of the group.
fn filters(call: &mut Call<'_>) -> Result<Vec<(String, String, MetricFilter)>, Refusal> {
    if call.optional("logGroupName").is_some() {
        let name = group_name(call)?;
        // AWS heeds the prefix only together with a group.
        let prefix = call.optional("filterNamePrefix").unwrap_or_default();
        let filters = &group(call)?.filters;
        let filters = filters.iter().filter(|(name, _)| name.starts_with(prefix));
        return Ok(filters
            .map(|(filter, one)| (filter.clone(), name.to_owned(), one.clone()))
            .collect());
    }
    let account = call.world.accounts.get(&call.caller.account);
    let groups = account.and_then(|account| account.log_groups.get(&call.request.region));
    let groups = groups.into_iter().flatten();
    let mut all: Vec<_> = groups
        .flat_map(|(name, group)| {
            let filters = group.filters.iter();
            filters.map(|(filter, one)| (filter.clone(), name.clone(), one.clone()))
        })
        .collect();
    all.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    Ok(all)
}

/// Does a filter count into the metric that is asked for? AWS wants name and namespace together.
///
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeMetricFilters.html>
fn counts<'a>(call: &Call<'a>) -> Result<impl Fn(&MetricFilter) -> bool + use<'a>, Refusal> {
    let wanted = ["metricName", "metricNamespace"].map(|name| (name, call.optional(name)));
    let given = wanted.iter().filter(|(_, value)| value.is_some()).count();
    if given == 1 {
        let text = "metricName and metricNamespace have to be specified together.";
        return Err(invalid(text));
    }
    Ok(move |filter: &MetricFilter| {
        let one = filter.transformations.get(0);
        wanted.iter().all(|(name, value)| {
            value.is_none_or(|value| one.and_then(|one| one.get(name)) == Some(&json!(value)))
        })
    })
}

fn describe_metric_filters(call: &mut Call<'_>) -> Outcome {
    let size = match call.number("limit").unwrap_or(PAGE) {
        size @ 1..=PAGE => usize::try_from(size).unwrap_or_default(),
        _ => return Err(invalid("limit must be between 1 and 50.")),
    };
    let counts = counts(call)?;
    let filters = filters(call)?;
    let start = call
        .start()
        .ok_or_else(|| invalid("The specified nextToken is invalid."))?;
    let listed = filters
        .into_iter()
        .filter(|(_, _, filter)| counts(filter))
        .map(|(name, group, filter)| {
            json!({
                "filterName": name,
                "filterPattern": filter.pattern,
                "metricTransformations": filter.transformations,
                "creationTime": filter.created_at.as_millisecond(),
                "logGroupName": group,
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
    let name = filter_name(call)?;
    let removed = group(call)?.filters.remove(name);
    removed.ok_or_else(|| missing("metric filter"))?;
    Ok(Value::Null)
}
