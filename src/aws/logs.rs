//! Reads of `CloudWatch` Logs: metric filters of a log group.

use aws_config::{Region, SdkConfig};
use aws_sdk_cloudwatchlogs::{Client, Config};

use super::convert::Reading;
use super::error::Failure;
use super::lanes::Port;
use super::pages::{self, Page};
use super::reads::Reads;
use super::session::{Tuning, read_port};
use crate::model::monitoring::MetricFilter;

/// The most that `DescribeMetricFilters` returns in a page.
const PAGE: i32 = 50;

pub(super) fn port(config: &SdkConfig, tuning: &Tuning) -> Port<Client> {
    read_port!(
        aws_sdk_cloudwatchlogs,
        config,
        tuning,
        "logs:DescribeMetricFilters"
    )
}

impl Reads {
    /// `DescribeMetricFilters` of a log group of the caller's account, in its region.
    ///
    /// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeMetricFilters.html>
    pub async fn metric_filters(
        &self,
        region: &str,
        group: &str,
    ) -> Result<Vec<MetricFilter>, Failure> {
        let (port, target) = (self.filters(), Some(group));
        let reading = Reading {
            operation: port.lane.name(),
            target,
        };
        let filters = pages::all(&port.lane, target, drop, |token| async move {
            let answer = port
                .read(target, |client| {
                    let region = Region::new(region.to_owned());
                    client
                        .describe_metric_filters()
                        .log_group_name(group)
                        .limit(PAGE)
                        .set_next_token(token.clone())
                        .customize()
                        .config_override(Config::builder().region(region))
                        .send()
                })
                .await?;
            Ok(Page {
                items: answer.metric_filters,
                next: answer.next_token,
            })
        })
        .await?;
        let kept = filters.into_iter().map(|one| {
            let transformed = one.apply_on_transformed_logs;
            let transformed = transformed.then(|| "transformed logs".to_owned());
            Ok(MetricFilter {
                name: reading.need(one.filter_name, "name of a metric filter")?,
                pattern: reading.need(one.filter_pattern, "pattern of a metric filter")?,
                narrowed_by: one.field_selection_criteria.or(transformed),
            })
        });
        let mut kept = kept.collect::<Result<Vec<_>, Failure>>()?;
        kept.sort();
        Ok(kept)
    }
}
