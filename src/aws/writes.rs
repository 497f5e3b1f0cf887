//! The write side: enable the SCP type, create a policy, attach it, invite an account, move it, tag it. It
//! has no way to detach, update, delete, disable, remove, close or leave.
//!
//! Nothing is repeated blindly: only a throttled call is, for AWS did not take it, and as long as
//! the budget of waits lasts that all writes of a session have together.

use std::collections::BTreeMap;
use std::future::Future;

use aws_config::SdkConfig;
use aws_sdk_organizations::Client;
use aws_sdk_organizations::types as wire;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;

use super::convert::Reading;
use super::error::{Failure, FailureClass, WriteFailure};
use super::lanes::WritePort;
use super::session::{Tuning, Watch};
use crate::model::organization::Handshake;
use crate::model::{AccountId, NodeId, PolicyId, RootId};

/// A policy that was just created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedPolicy {
    /// Its id.
    pub id: PolicyId,
    /// Its ARN.
    pub arn: String,
}

/// The few writes of the tool, one attempt each.
#[derive(Debug)]
pub struct Writes {
    create_policy: WritePort<Client>,
    attach_policy: WritePort<Client>,
    enable_type: WritePort<Client>,
    invite: WritePort<Client>,
    move_account: WritePort<Client>,
    tag: WritePort<Client>,
}

impl Writes {
    pub(super) fn new(config: &SdkConfig, tuning: &Tuning) -> Self {
        let port = |operation| write_port(config, tuning, operation);
        Self {
            create_policy: port("organizations:CreatePolicy"),
            attach_policy: port("organizations:AttachPolicy"),
            enable_type: port("organizations:EnablePolicyType"),
            invite: port("organizations:InviteAccountToOrganization"),
            move_account: port("organizations:MoveAccount"),
            tag: port("organizations:TagResource"),
        }
    }

    /// `CreatePolicy` of type SCP, tagged.
    pub async fn create_policy(
        &self,
        name: &str,
        description: &str,
        content: &str,
        tags: &[(String, String)],
    ) -> Result<CreatedPolicy, WriteFailure> {
        let port = &self.create_policy;
        let reading = reading(port, Some(name));
        let tags = wire_tags(reading, tags.iter().map(|(key, value)| (key, value)))?;
        let answer = once(port, name, |client| {
            client
                .create_policy()
                .name(name)
                .description(description)
                .content(content)
                .r#type(wire::PolicyType::ServiceControlPolicy)
                .set_tags(Some(tags.clone()))
                .send()
        })
        .await?;
        let read = || {
            let policy = reading.need(answer.policy, "policy")?;
            let summary = reading.need(policy.policy_summary, "policy summary")?;
            Ok(CreatedPolicy {
                id: reading.id(summary.id(), "policy id")?,
                arn: reading.need(summary.arn, "policy ARN")?,
            })
        };
        read().map_err(WriteFailure::OutcomeUnknown)
    }

    /// `AttachPolicy`. An existing attachment is refused as [`FailureClass::AlreadyDone`].
    pub async fn attach_policy(
        &self,
        policy: &PolicyId,
        target: &NodeId,
    ) -> Result<(), WriteFailure> {
        once(&self.attach_policy, target.as_str(), |client| {
            client
                .attach_policy()
                .policy_id(policy.as_str())
                .target_id(target.as_str())
                .send()
        })
        .await
        .map(|_| ())
    }

    /// `EnablePolicyType` for SCPs; AWS answers before it is done. An enabled type is refused as
    /// [`FailureClass::AlreadyDone`].
    pub async fn enable_scps(&self, root: &RootId) -> Result<(), WriteFailure> {
        once(&self.enable_type, root.as_str(), |client| {
            client
                .enable_policy_type()
                .root_id(root.as_str())
                .policy_type(wire::PolicyType::ServiceControlPolicy)
                .send()
        })
        .await
        .map(|_| ())
    }

    /// `MoveAccount`; AWS refuses if the account is not in `from` any more.
    pub async fn move_account(
        &self,
        account: &AccountId,
        from: &NodeId,
        to: &NodeId,
    ) -> Result<(), WriteFailure> {
        once(&self.move_account, account.as_str(), |client| {
            client
                .move_account()
                .account_id(account.as_str())
                .source_parent_id(from.as_str())
                .destination_parent_id(to.as_str())
                .send()
        })
        .await
        .map(|_| ())
    }

    /// `TagResource` of an account; AWS overwrites keys that are there, so the caller has looked.
    pub async fn tag_account(
        &self,
        account: &AccountId,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), WriteFailure> {
        let port = &self.tag;
        let tags = wire_tags(reading(port, Some(account.as_str())), tags.iter())?;
        once(port, account.as_str(), |client| {
            client
                .tag_resource()
                .resource_id(account.as_str())
                .set_tags(Some(tags.clone()))
                .send()
        })
        .await
        .map(|_| ())
    }

    /// `InviteAccountToOrganization` by account id.
    pub async fn invite_account(
        &self,
        account: &AccountId,
        notes: &str,
    ) -> Result<Handshake, WriteFailure> {
        let port = &self.invite;
        let reading = reading(port, Some(account.as_str()));
        let party = wire::HandshakeParty::builder()
            .id(account.as_str())
            .r#type(wire::HandshakePartyType::Account)
            .build()
            .map_err(|error| WriteFailure::Refused(reading.malformed(error.to_string())))?;
        let answer = once(port, account.as_str(), |client| {
            client
                .invite_account_to_organization()
                .target(party.clone())
                .notes(notes)
                .send()
        })
        .await?;
        reading
            .need(answer.handshake, "handshake")
            .and_then(|handshake| reading.handshake(&handshake))
            .map_err(WriteFailure::OutcomeUnknown)
    }
}

fn wire_tags<'a>(
    reading: Reading<'_>,
    tags: impl Iterator<Item = (&'a String, &'a String)>,
) -> Result<Vec<wire::Tag>, WriteFailure> {
    tags.map(|(key, value)| wire::Tag::builder().key(key).value(value).build())
        .collect::<Result<_, _>>()
        .map_err(|error| WriteFailure::Refused(reading.malformed(error.to_string())))
}

fn reading<'a>(port: &WritePort<Client>, target: Option<&'a str>) -> Reading<'a> {
    Reading {
        operation: port.lane.name(),
        target,
    }
}

/// A client without retries of its own.
pub(super) fn write_port(
    config: &SdkConfig,
    tuning: &Tuning,
    operation: &'static str,
) -> WritePort<Client> {
    let lane = tuning.lane(operation);
    let config = aws_sdk_organizations::config::Builder::from(config)
        .retry_partition(lane.partition())
        .retry_config(RetryConfig::disabled())
        .interceptor(Watch(tuning.observer.clone()))
        .interceptor(tuning.recorder())
        .interceptor(tuning.receipts.clone())
        .build();
    WritePort {
        lane,
        client: Client::from_conf(config),
        waits: tuning.waits.clone(),
    }
}

/// One attempt; more only while AWS says that it did not take the call.
pub(super) async fn once<T, E, F, Fut>(
    port: &WritePort<Client>,
    target: &str,
    send: F,
) -> Result<T, WriteFailure>
where
    F: Fn(&Client) -> Fut,
    Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let mut attempts = 0;
    loop {
        port.lane.wait().await;
        attempts += 1;
        let error = match Box::pin(send(&port.client)).await {
            Ok(output) => return Ok(output),
            Err(error) => Failure::from_sdk(port.lane.name(), Some(target), &error),
        };
        let again = error.class == FailureClass::Throttled && attempts < port.lane.attempts();
        match again.then(|| port.waits.pause(attempts)).flatten() {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return Err(WriteFailure::from_failure(error)),
        }
    }
}
