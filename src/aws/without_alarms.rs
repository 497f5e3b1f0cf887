//! The reads of the feature `alarms`, where it is left out: each says so.

use super::error::Failure;
use super::reads::Reads;
use crate::model::monitoring::{EventRule, MetricFilter};

const FEATURE: &str = "alarms";

#[expect(
    clippy::unused_async,
    reason = "the same signatures as with the feature"
)]
impl Reads {
    /// Not built in.
    pub async fn list_rules(&self) -> Result<Vec<EventRule>, Failure> {
        Err(Failure::not_built_in("events:ListRules", FEATURE))
    }

    /// Not built in.
    pub async fn count_targets(&self, _rule: &str) -> Result<usize, Failure> {
        Err(Failure::not_built_in("events:ListTargetsByRule", FEATURE))
    }

    /// Not built in.
    pub async fn metric_filters(
        &self,
        _region: &str,
        _group: &str,
    ) -> Result<Vec<MetricFilter>, Failure> {
        Err(Failure::not_built_in("logs:DescribeMetricFilters", FEATURE))
    }
}
