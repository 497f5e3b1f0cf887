//! Reads of CloudTrail: the event history of the caller's account.

use aws_config::SdkConfig;
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};

use super::convert::{Reading, to_sdk};
use super::error::Failure;
use super::lanes::Port;
use super::pages::{self, Page};
use super::reads::Reads;
use super::session::{Tuning, read_port};
use crate::model::{Event, Timestamp};

/// The most that `LookupEvents` returns in a page.
const PAGE: i32 = 50;

pub(super) fn port(config: &SdkConfig, tuning: &Tuning) -> Port<Client> {
    read_port!(
        aws_sdk_cloudtrail,
        config,
        tuning,
        "cloudtrail:LookupEvents"
    )
}

impl Reads {
    /// `LookupEvents` by event name: records as JSON text, newest first, untrusted.
    ///
    /// The caller's account and the region of Organizations only, 90 days back at most.
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>
    pub async fn lookup_events(
        &self,
        name: &str,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<String>, Failure> {
        let port = self.cloudtrail();
        let target = Some(name);
        let reading = Reading {
            operation: port.lane.name(),
            target,
        };
        let attribute = LookupAttribute::builder()
            .attribute_key(LookupAttributeKey::EventName)
            .attribute_value(name)
            .build()
            .map_err(|error| reading.malformed(error.to_string()))?;
        let told = |count| {
            self.observer().on(&Event::Read {
                what: "events",
                count,
            });
        };
        let attribute = &attribute;
        let events = pages::all(&port.lane, target, told, |token| async move {
            let answer = port
                .read(target, |client| {
                    client
                        .lookup_events()
                        .lookup_attributes(attribute.clone())
                        .start_time(to_sdk(from))
                        .end_time(to_sdk(until))
                        .max_results(PAGE)
                        .set_next_token(token.clone())
                        .send()
                })
                .await?;
            Ok(Page {
                items: answer.events,
                next: answer.next_token,
            })
        })
        .await?;
        events
            .into_iter()
            .map(|event| reading.need(event.cloud_trail_event, "CloudTrail record"))
            .collect()
    }
}
