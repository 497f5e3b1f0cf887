//! What records and hears of exits: trails, their log groups' metric filters, rules of the bus.
//! Every text is untrusted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::observed::{Gap, GapReason, Observed};

/// A trail that covers the region of Organizations, as `cloudtrail:DescribeTrails` tells it.
///
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Trail.html>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trail {
    /// Its ARN, in which its account stands.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The region in which it was made.
    pub home_region: String,
    /// Does it record every account of the organization?
    pub organization: bool,
    /// Does it record every region?
    pub multi_region: bool,
    /// Can changed log files be told, by digests?
    pub validated: bool,
    /// The bucket; AWS does not say whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// ARN of the log group of `CloudWatch` Logs, if it delivers to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_group: Option<String>,
    /// Whether it logs now.
    pub status: Observed<TrailStatus>,
    /// Which management events it records; empty: none.
    pub selectors: Observed<Vec<EventSelector>>,
    /// Metric filters on the log group; read of organization trails only.
    pub filters: Observed<Vec<MetricFilter>>,
}

impl Trail {
    /// The account in its ARN.
    pub fn account(&self) -> &str {
        self.arn.split(':').nth(4).unwrap_or_default()
    }

    /// What of it was not read.
    pub fn gaps(&self) -> impl Iterator<Item = &Gap> {
        let gaps = [self.status.gap(), self.selectors.gap(), self.filters.gap()];
        gaps.into_iter().flatten()
    }

    /// Does it log, and deliver to its bucket?
    pub fn delivers(&self) -> Option<bool> {
        let status = self.status.known()?;
        Some(status.logging && status.delivery_error.is_none())
    }

    /// Does what it records reach its log group?
    pub fn feeds_log_group(&self) -> Option<bool> {
        if self.log_group.is_none() {
            return Some(false);
        }
        let status = self.status.known()?;
        Some(status.logging && status.log_group_error.is_none())
    }
}

/// `cloudtrail:GetTrailStatus`, as far as it matters.
///
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrailStatus {
    /// Does it log now?
    pub logging: bool,
    /// What S3 answered when it last failed to deliver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_error: Option<String>,
    /// What the log group answered when it last failed to deliver there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_group_error: Option<String>,
}

/// A basic or advanced event selector that records management events.
///
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventSelectors.html>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventSelector {
    /// Reads?
    pub reads: bool,
    /// Writes?
    pub writes: bool,
    /// Event sources that it leaves out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<String>,
    /// Fields by which it leaves out more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub narrowed_by: Vec<String>,
}

/// A metric filter on a log group, from `logs:DescribeMetricFilters`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricFilter {
    /// Its name.
    pub name: String,
    /// Its pattern.
    pub pattern: String,
    /// What else decides which events it counts, if anything does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub narrowed_by: Option<String>,
}

/// A rule with an event pattern on the default bus, from `events:ListRules`.
///
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Rule.html>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventRule {
    /// Its name.
    pub name: String,
    /// Its pattern, JSON.
    pub pattern: String,
    /// Its state as AWS writes it.
    pub state: String,
    /// How many targets it has; asked only of rules that could hear an exit.
    pub targets: Observed<usize>,
}

impl EventRule {
    /// Is it enabled? `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS` adds reads.
    pub fn is_enabled(&self) -> bool {
        self.state.starts_with("ENABLED")
    }
}

/// What a snapshot from before trails were read has of them.
pub(super) fn trails_not_read() -> Observed<Vec<Trail>> {
    not_read("cloudtrail:DescribeTrails")
}

/// What a snapshot from before rules were read has of them.
pub(super) fn rules_not_read() -> Observed<Vec<EventRule>> {
    not_read("events:ListRules")
}

/// Left out of the file then: one from before, written again, has the same bytes.
pub(super) fn are_trails_unread(trails: &Observed<Vec<Trail>>) -> bool {
    *trails == trails_not_read()
}

/// See [`are_trails_unread`].
pub(super) fn are_rules_unread(rules: &Observed<Vec<EventRule>>) -> bool {
    *rules == rules_not_read()
}

fn not_read<T>(operation: &str) -> Observed<T> {
    Observed::Unknown(Gap {
        operation: operation.to_owned(),
        target: None,
        reason: GapReason::NotRead,
        message: String::new(),
        request_id: None,
    })
}
