//! Reads of CloudFormation: `StackSets` that act on accounts of the organization.

use aws_config::SdkConfig;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{CallAs, PermissionModels, StackSetStatus};

use super::convert::Reading;
use super::error::Failure;
use super::lanes::Port;
use super::pages::{self, Page};
use super::reads::Reads;
use super::session::{Tuning, read_port};
use crate::model::organization::StackSet;

/// Does this build read `StackSets`?
pub const STACK_SETS_BUILT_IN: bool = true;

/// The most that `ListStackSets` returns in a page.
const PAGE: i32 = 100;

#[derive(Debug)]
pub(super) struct Ports {
    list: Port<Client>,
    describe: Port<Client>,
    region: String,
}

impl Ports {
    pub(super) fn new(config: &SdkConfig, tuning: &Tuning) -> Self {
        macro_rules! port {
            ($operation:literal) => {
                read_port!(aws_sdk_cloudformation, config, tuning, $operation)
            };
        }
        Self {
            list: port!("cloudformation:ListStackSets"),
            describe: port!("cloudformation:DescribeStackSet"),
            region: config.region().map(ToString::to_string).unwrap_or_default(),
        }
    }
}

/// The management account calls for itself, a delegated administrator for the organization.
fn call_as(manages: bool) -> CallAs {
    if manages {
        CallAs::SelfValue
    } else {
        CallAs::DelegatedAdmin
    }
}

impl Reads {
    /// `ListStackSets`: names of the service-managed ones that are not deleted, sorted; of the
    /// caller's region only. `manages`: the caller is the management account, else a delegated
    /// administrator of `StackSets`.
    ///
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackSets.html>
    pub async fn list_stack_sets(&self, manages: bool) -> Result<Vec<String>, Failure> {
        let port = &self.stack_sets().list;
        let list = pages::all(
            &port.lane,
            None,
            |_| {},
            |token| async move {
                let answer = port
                    .read(None, |client| {
                        client
                            .list_stack_sets()
                            .status(StackSetStatus::Active)
                            .call_as(call_as(manages))
                            .max_results(PAGE)
                            .set_next_token(token.clone())
                            .send()
                    })
                    .await?;
                Ok(Page {
                    items: answer.summaries,
                    next: answer.next_token,
                })
            },
        );
        let reading = Reading {
            operation: port.lane.name(),
            target: None,
        };
        let rows = list.await?.into_iter();
        let service_managed =
            rows.filter(|row| row.permission_model() == Some(&PermissionModels::ServiceManaged));
        let names = service_managed.map(|row| reading.need(row.stack_set_name, "StackSet name"));
        let mut names = names.collect::<Result<Vec<_>, _>>()?;
        names.sort();
        Ok(names)
    }

    /// `DescribeStackSet`: where it was aimed at, and what it does by itself.
    ///
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackSet.html>
    pub async fn describe_stack_set(&self, name: &str, manages: bool) -> Result<StackSet, Failure> {
        let ports = self.stack_sets();
        let port = &ports.describe;
        let target = Some(name);
        let answer = port
            .read(target, |client| {
                client
                    .describe_stack_set()
                    .stack_set_name(name)
                    .call_as(call_as(manages))
                    .send()
            })
            .await?;
        let reading = Reading {
            operation: port.lane.name(),
            target,
        };
        let found = reading.need(answer.stack_set, "StackSet")?;
        let targets = found.organizational_unit_ids().iter();
        let targets = targets.map(|id| reading.id(Some(id), "OU id"));
        let automatic = reading.need(found.auto_deployment.clone(), "AutoDeployment")?;
        Ok(StackSet {
            name: name.to_owned(),
            targets: targets.collect::<Result<_, _>>()?,
            id: reading.need(found.stack_set_id.clone(), "StackSet id")?,
            region: ports.region.clone(),
            auto_deployment: reading.need(automatic.enabled, "AutoDeployment.Enabled")?,
            retains_stacks: automatic
                .retain_stacks_on_account_removal
                .unwrap_or_default(),
        })
    }
}
