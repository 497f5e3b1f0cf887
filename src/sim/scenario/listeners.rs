//! Trails, rules and metric filters of a scenario file.

use serde::Deserialize;
use serde_json::{Value, json};

use super::builder::WorldBuilder;
use super::file::{ScenarioError, one_of};

/// `[[trail]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of its own in AWS's model"
)]
pub(super) struct WrittenTrail {
    name: String,
    #[serde(default = "yes")]
    organization: bool,
    #[serde(default = "yes")]
    multi_region: bool,
    #[serde(default = "yes")]
    logging: bool,
    #[serde(default = "yes")]
    validated: bool,
    bucket: Option<String>,
    log_group: Option<String>,
    records: Option<String>,
    delivery_error: Option<String>,
    log_group_error: Option<String>,
}

/// `[[rule]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenRule {
    name: String,
    pattern: String,
    #[serde(default = "yes")]
    enabled: bool,
    #[serde(default = "one")]
    targets: usize,
}

/// `[[metric_filter]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenFilter {
    name: String,
    log_group: String,
    pattern: String,
}

fn yes() -> bool {
    true
}

fn one() -> usize {
    1
}

/// What selectors record; `everything` is what a trail does without any.
fn selectors(records: &str) -> Result<Option<Value>, ScenarioError> {
    let words = ["everything", "writes", "reads", "nothing"];
    one_of(records, &words, "choice of events")?;
    let kind = match records {
        "everything" => return Ok(None),
        "reads" => "ReadOnly",
        "writes" => "WriteOnly",
        _ => "All",
    };
    Ok(Some(json!({"EventSelectors": [{
        "ReadWriteType": kind,
        "IncludeManagementEvents": records != "nothing",
        "DataResources": [],
        "ExcludeManagementEventSources": [],
    }]})))
}

pub(super) fn add(
    mut builder: WorldBuilder,
    (trails, rules, filters): (&[WrittenTrail], &[WrittenRule], &[WrittenFilter]),
) -> Result<WorldBuilder, ScenarioError> {
    for written in trails {
        if let Some(group) = &written.log_group {
            builder = builder.log_group(group);
        }
        let selectors = selectors(written.records.as_deref().unwrap_or("everything"))?;
        builder = builder.trail(&written.name, |trail| {
            if let Some(bucket) = &written.bucket {
                bucket.clone_into(&mut trail.bucket);
            }
            trail.organization = written.organization;
            trail.multi_region = written.multi_region;
            trail.logging = written.logging;
            trail.validated = written.validated;
            trail.log_group.clone_from(&written.log_group);
            trail.selectors = selectors;
            trail.delivery_error.clone_from(&written.delivery_error);
            trail.log_group_error.clone_from(&written.log_group_error);
        });
    }
    for rule in rules {
        builder = builder.rule(&rule.name, &rule.pattern, rule.enabled, rule.targets);
    }
    for filter in filters {
        builder = builder.metric_filter(&filter.log_group, &filter.name, &filter.pattern);
    }
    Ok(builder)
}
