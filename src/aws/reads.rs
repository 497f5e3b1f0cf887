//! The read side: nothing in it can change anything in AWS.

use std::sync::Arc;

use aws_config::SdkConfig;

use super::lanes::Port;
use super::organizations::Ports;
use super::session::Tuning;
use super::trails::TrailPorts;
use super::{cloudtrail, iam, role, stack_sets};
#[cfg(feature = "alarms")]
use super::{events, logs};
use crate::model::Observer;

/// Every read of the tool. Clones share the pace of their lanes.
///
/// Lists are whole or a [`super::Failure`], never a part, except from
/// [`super::Session::first_pages`].
///
/// It reads:
/// ```
/// async fn read(reads: org_exit_guard::aws::Reads) -> Result<(), org_exit_guard::aws::Failure> {
///     reads.describe_organization().await.map(|_| ())
/// }
/// ```
/// and has no way to write:
/// ```compile_fail,E0599
/// async fn write(reads: org_exit_guard::aws::Reads, policy: org_exit_guard::model::PolicyId, node: org_exit_guard::model::NodeId) {
///     let _ = reads.attach_policy(&policy, &node).await;
/// }
/// ```
/// nor to leave, as nothing in this program has:
/// ```compile_fail,E0599
/// async fn leave(writes: org_exit_guard::aws::Writes) {
///     let _ = writes.leave_organization().await;
/// }
/// ```
/// ```compile_fail,E0599
/// async fn detach(writes: org_exit_guard::aws::Writes, policy: org_exit_guard::model::PolicyId, node: org_exit_guard::model::NodeId) {
///     let _ = writes.detach_policy(&policy, &node).await;
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Reads(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    organizations: Ports,
    iam: Port<aws_sdk_iam::Client>,
    simulator: Port<aws_sdk_iam::Client>,
    roles: Port<aws_sdk_iam::Client>,
    role: Port<aws_sdk_iam::Client>,
    cloudtrail: Port<aws_sdk_cloudtrail::Client>,
    trails: TrailPorts,
    #[cfg(feature = "alarms")]
    bus: events::BusPorts,
    #[cfg(feature = "alarms")]
    filters: Port<aws_sdk_cloudwatchlogs::Client>,
    stack_sets: stack_sets::Ports,
    observer: Arc<dyn Observer>,
}

impl Reads {
    pub(super) fn new(config: &SdkConfig, tuning: &Tuning) -> Self {
        Self(Arc::new(Inner {
            organizations: Ports::new(config, tuning),
            iam: iam::port(config, tuning),
            simulator: iam::simulator_port(config, tuning),
            roles: iam::roles_port(config, tuning),
            role: role::port(config, tuning),
            cloudtrail: cloudtrail::port(config, tuning),
            trails: TrailPorts::new(config, tuning),
            #[cfg(feature = "alarms")]
            bus: events::BusPorts::new(config, tuning),
            #[cfg(feature = "alarms")]
            filters: logs::port(config, tuning),
            stack_sets: stack_sets::Ports::new(config, tuning),
            observer: tuning.observer.clone(),
        }))
    }

    pub(super) fn organizations(&self) -> &Ports {
        &self.0.organizations
    }

    pub(super) fn iam(&self) -> &Port<aws_sdk_iam::Client> {
        &self.0.iam
    }

    pub(super) fn simulator(&self) -> &Port<aws_sdk_iam::Client> {
        &self.0.simulator
    }

    pub(super) fn roles(&self) -> &Port<aws_sdk_iam::Client> {
        &self.0.roles
    }

    pub(super) fn role_port(&self) -> &Port<aws_sdk_iam::Client> {
        &self.0.role
    }

    pub(super) fn cloudtrail(&self) -> &Port<aws_sdk_cloudtrail::Client> {
        &self.0.cloudtrail
    }

    pub(super) fn trails(&self) -> &TrailPorts {
        &self.0.trails
    }

    #[cfg(feature = "alarms")]
    pub(super) fn bus(&self) -> &events::BusPorts {
        &self.0.bus
    }

    #[cfg(feature = "alarms")]
    pub(super) fn filters(&self) -> &Port<aws_sdk_cloudwatchlogs::Client> {
        &self.0.filters
    }

    #[cfg_attr(
        not(feature = "stack-sets"),
        expect(dead_code, reason = "only the reads of that feature use it")
    )]
    pub(super) fn stack_sets(&self) -> &stack_sets::Ports {
        &self.0.stack_sets
    }

    pub(super) fn observer(&self) -> &dyn Observer {
        self.0.observer.as_ref()
    }
}
