//! Reads of CloudTrail: trails, whether they log, what they record.

use aws_config::{Region, SdkConfig};
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::types as wire;

use super::convert::Reading;
use super::error::Failure;
use super::lanes::Port;
use super::reads::Reads;
use super::session::{Tuning, read_port};
use crate::model::monitoring::{EventSelector, Trail, TrailStatus};
use crate::model::{Gap, GapReason, Observed};

/// One lane for each operation.
#[derive(Debug)]
pub(super) struct TrailPorts {
    describe: Port<Client>,
    status: Port<Client>,
    selectors: Port<Client>,
}

impl TrailPorts {
    pub(super) fn new(config: &SdkConfig, tuning: &Tuning) -> Self {
        Self {
            describe: read_port!(
                aws_sdk_cloudtrail,
                config,
                tuning,
                "cloudtrail:DescribeTrails"
            ),
            status: read_port!(
                aws_sdk_cloudtrail,
                config,
                tuning,
                "cloudtrail:GetTrailStatus"
            ),
            selectors: read_port!(
                aws_sdk_cloudtrail,
                config,
                tuning,
                "cloudtrail:GetEventSelectors"
            ),
        }
    }
}

/// Trails are asked in their home region: elsewhere AWS shows a shadow of them.
fn at(region: &str) -> aws_sdk_cloudtrail::config::Builder {
    aws_sdk_cloudtrail::Config::builder().region(Region::new(region.to_owned()))
}

impl Reads {
    /// `DescribeTrails`: every trail of the account that covers the region of Organizations, those
    /// of its organization included. Their status, selectors and filters are left unread.
    ///
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DescribeTrails.html>
    pub async fn describe_trails(&self) -> Result<Vec<Trail>, Failure> {
        let port = &self.trails().describe;
        let answer = port
            .read(None, |client| {
                let asked = client.describe_trails();
                asked.include_shadow_trails(true).send()
            })
            .await?;
        let reading = Reading {
            operation: port.lane.name(),
            target: None,
        };
        let listed = reading.need(answer.trail_list, "list of trails")?;
        listed.into_iter().map(|one| trail(reading, one)).collect()
    }

    /// `GetTrailStatus`.
    pub async fn trail_status(&self, trail: &Trail) -> Result<TrailStatus, Failure> {
        let (port, target) = (&self.trails().status, Some(trail.arn.as_str()));
        let answer = port
            .read(target, |client| {
                let asked = client.get_trail_status().name(&trail.arn).customize();
                asked.config_override(at(&trail.home_region)).send()
            })
            .await?;
        let reading = Reading {
            operation: port.lane.name(),
            target,
        };
        let said = |text: Option<String>| text.filter(|text| !text.is_empty());
        Ok(TrailStatus {
            logging: reading.need(answer.is_logging, "word on whether it logs")?,
            delivery_error: said(answer.latest_delivery_error),
            log_group_error: said(answer.latest_cloud_watch_logs_delivery_error),
        })
    }

    /// `GetEventSelectors`: those that record management events, basic or advanced.
    pub async fn event_selectors(&self, trail: &Trail) -> Result<Vec<EventSelector>, Failure> {
        let (port, target) = (&self.trails().selectors, Some(trail.arn.as_str()));
        let answer = port
            .read(target, |client| {
                let asked = client.get_event_selectors().trail_name(&trail.arn);
                let asked = asked.customize();
                asked.config_override(at(&trail.home_region)).send()
            })
            .await?;
        let reading = Reading {
            operation: port.lane.name(),
            target,
        };
        match (answer.event_selectors, answer.advanced_event_selectors) {
            (None, None) => Err(reading.malformed("the answer holds no event selectors")),
            (basic, advanced) => {
                let basic = basic.into_iter().flatten().filter_map(basic_selector);
                let advanced = advanced.into_iter().flatten();
                Ok(basic
                    .chain(advanced.filter_map(|one| advanced_selector(&one)))
                    .collect())
            }
        }
    }
}

fn trail(reading: Reading<'_>, one: wire::Trail) -> Result<Trail, Failure> {
    let arn = reading.need(one.trail_arn, "ARN of a trail")?;
    let unread = |operation: &str| Gap {
        operation: operation.to_owned(),
        target: Some(arn.clone()),
        reason: GapReason::NotRead,
        message: String::new(),
        request_id: None,
    };
    Ok(Trail {
        name: reading.need(one.name, "name of a trail")?,
        home_region: reading.need(one.home_region, "home region of a trail")?,
        organization: reading.need(
            one.is_organization_trail,
            "word on whether a trail is of the organization",
        )?,
        multi_region: reading.need(
            one.is_multi_region_trail,
            "word on whether a trail is multi-region",
        )?,
        validated: reading.need(
            one.log_file_validation_enabled,
            "word on the validation of log files",
        )?,
        bucket: one.s3_bucket_name,
        log_group: one.cloud_watch_logs_log_group_arn,
        status: Observed::Unknown(unread("cloudtrail:GetTrailStatus")),
        selectors: Observed::Unknown(unread("cloudtrail:GetEventSelectors")),
        filters: Observed::Unknown(unread("logs:DescribeMetricFilters")),
        arn,
    })
}

/// Left out, both members mean everything.
///
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_EventSelector.html>
fn basic_selector(one: wire::EventSelector) -> Option<EventSelector> {
    if one.include_management_events == Some(false) {
        return None;
    }
    let kind = one.read_write_type.unwrap_or(wire::ReadWriteType::All);
    Some(EventSelector {
        reads: matches!(
            kind,
            wire::ReadWriteType::All | wire::ReadWriteType::ReadOnly
        ),
        writes: matches!(
            kind,
            wire::ReadWriteType::All | wire::ReadWriteType::WriteOnly
        ),
        excluded: one.exclude_management_event_sources.unwrap_or_default(),
        narrowed_by: Vec::new(),
    })
}

/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html>
fn advanced_selector(one: &wire::AdvancedEventSelector) -> Option<EventSelector> {
    let fields = &one.field_selectors;
    let category = fields.iter().find(|one| one.field == "eventCategory")?;
    let management = |values: &Option<Vec<String>>| {
        let mut values = values.iter().flatten();
        values.any(|value| value == "Management")
    };
    if !management(&category.equals) {
        return None;
    }
    let mut selector = EventSelector {
        reads: true,
        writes: true,
        excluded: Vec::new(),
        narrowed_by: Vec::new(),
    };
    for field in fields.iter().filter(|one| one.field != "eventCategory") {
        let others = [
            &field.starts_with,
            &field.ends_with,
            &field.not_starts_with,
            &field.not_ends_with,
        ];
        let others = others.into_iter().any(Option::is_some);
        match (field.field.as_str(), &field.equals, &field.not_equals) {
            ("readOnly", Some(values), None) if !others => {
                selector.reads = values.iter().any(|value| value == "true");
                selector.writes = values.iter().any(|value| value == "false");
            }
            ("eventSource", None, Some(values)) if !others => {
                selector.excluded.extend(values.iter().cloned());
            }
            (name, ..) => selector.narrowed_by.push(name.to_owned()),
        }
    }
    Some(selector)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advanced(fields: &[(&str, &str, bool)]) -> wire::AdvancedEventSelector {
        let fields = fields.iter().map(|(name, value, equal)| {
            let field = wire::AdvancedFieldSelector::builder().field(*name);
            let field = if *equal {
                field.equals(*value)
            } else {
                field.not_equals(*value)
            };
            field.build().unwrap()
        });
        let fields: Vec<_> = fields.collect();
        let selector = wire::AdvancedEventSelector::builder();
        selector.set_field_selectors(Some(fields)).build().unwrap()
    }

    #[test]
    fn advanced_selectors_say_what_of_management_events_they_record() {
        let told = |fields: &[(&str, &str, bool)]| advanced_selector(&advanced(fields));
        let management = ("eventCategory", "Management", true);
        let all = told(&[management]).unwrap();
        assert!(all.reads && all.writes && all.narrowed_by.is_empty());
        let writes = told(&[management, ("readOnly", "false", true)]).unwrap();
        assert!(!writes.reads && writes.writes);
        let but = told(&[management, ("eventSource", "kms.amazonaws.com", false)]).unwrap();
        assert_eq!(but.excluded, ["kms.amazonaws.com"]);
        let only = told(&[management, ("eventSource", "kms.amazonaws.com", true)]).unwrap();
        assert_eq!(only.narrowed_by, ["eventSource"]);
        assert_eq!(told(&[("eventCategory", "Data", true)]), None);
    }

    #[test]
    fn basic_selectors_default_to_everything() {
        let basic = |of: wire::EventSelector| basic_selector(of);
        let all = basic(wire::EventSelector::builder().build()).unwrap();
        assert!(all.reads && all.writes);
        let reads = wire::EventSelector::builder().read_write_type(wire::ReadWriteType::ReadOnly);
        assert!(!basic(reads.build()).unwrap().writes);
        let none = wire::EventSelector::builder().include_management_events(false);
        assert_eq!(basic(none.build()), None);
    }
}
