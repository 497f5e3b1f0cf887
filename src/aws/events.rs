//! Reads of `EventBridge`: rules of the default bus, and whether they have targets.

use aws_config::SdkConfig;
use aws_sdk_eventbridge::Client;

use super::convert::Reading;
use super::error::Failure;
use super::lanes::Port;
use super::pages::{self, Page};
use super::reads::Reads;
use super::session::{Tuning, read_port};
use crate::model::monitoring::EventRule;
use crate::model::{Gap, GapReason, Observed};

/// The most that either list returns in a page.
const PAGE: i32 = 100;

/// One lane for each operation.
#[derive(Debug)]
pub(super) struct BusPorts {
    rules: Port<Client>,
    targets: Port<Client>,
}

impl BusPorts {
    pub(super) fn new(config: &SdkConfig, tuning: &Tuning) -> Self {
        Self {
            rules: read_port!(aws_sdk_eventbridge, config, tuning, "events:ListRules"),
            targets: read_port!(
                aws_sdk_eventbridge,
                config,
                tuning,
                "events:ListTargetsByRule"
            ),
        }
    }
}

impl Reads {
    /// `ListRules` of the default bus in the region of Organizations: those with an event pattern.
    /// Their targets are left unread.
    ///
    /// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListRules.html>
    pub async fn list_rules(&self) -> Result<Vec<EventRule>, Failure> {
        let port = &self.bus().rules;
        let reading = Reading {
            operation: port.lane.name(),
            target: None,
        };
        let rules = pages::all(&port.lane, None, drop, |token| async move {
            let answer = port
                .read(None, |client| {
                    client
                        .list_rules()
                        .limit(PAGE)
                        .set_next_token(token.clone())
                        .send()
                })
                .await?;
            Ok(Page {
                items: answer.rules,
                next: answer.next_token,
            })
        })
        .await?;
        let mut kept = Vec::new();
        for rule in rules {
            // A schedule hears nothing.
            let Some(pattern) = rule.event_pattern.filter(|text| !text.is_empty()) else {
                continue;
            };
            let name = reading.need(rule.name, "name of a rule")?;
            let state = reading.need(rule.state, "state of a rule")?;
            kept.push(EventRule {
                pattern,
                state: state.as_str().to_owned(),
                targets: Observed::Unknown(Gap {
                    operation: "events:ListTargetsByRule".to_owned(),
                    target: Some(name.clone()),
                    reason: GapReason::NotRead,
                    message: String::new(),
                    request_id: None,
                }),
                name,
            });
        }
        Ok(kept)
    }

    /// `ListTargetsByRule` on the default bus: how many there are.
    ///
    /// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListTargetsByRule.html>
    pub async fn count_targets(&self, rule: &str) -> Result<usize, Failure> {
        let port = &self.bus().targets;
        let target = Some(rule);
        let targets = pages::all(&port.lane, target, drop, |token| async move {
            let answer = port
                .read(target, |client| {
                    client
                        .list_targets_by_rule()
                        .rule(rule)
                        .limit(PAGE)
                        .set_next_token(token.clone())
                        .send()
                })
                .await?;
            Ok(Page {
                items: answer.targets,
                next: answer.next_token,
            })
        })
        .await?;
        Ok(targets.len())
    }
}
