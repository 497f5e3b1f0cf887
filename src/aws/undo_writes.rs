//! The writes that take back what a run did: a type of its own, so that nothing but
//! `apply/undo.rs` can detach, delete or cancel; `apply/release.rs` detaches the run's own canary.

use std::collections::BTreeSet;

use aws_config::SdkConfig;
use aws_sdk_organizations::Client;

use super::error::WriteFailure;
use super::lanes::WritePort;
use super::session::Tuning;
use super::writes::{once, write_port};
use crate::model::{AccountId, HandshakeId, NodeId, PolicyId};

/// Four writes, one attempt each.
#[derive(Debug)]
pub struct UndoWrites {
    detach: WritePort<Client>,
    delete: WritePort<Client>,
    cancel: WritePort<Client>,
    untag: WritePort<Client>,
}

impl UndoWrites {
    pub(super) fn new(config: &SdkConfig, tuning: &Tuning) -> Self {
        let port = |operation| write_port(config, tuning, operation);
        Self {
            detach: port("organizations:DetachPolicy"),
            delete: port("organizations:DeletePolicy"),
            cancel: port("organizations:CancelHandshake"),
            untag: port("organizations:UntagResource"),
        }
    }

    /// `DetachPolicy`.
    pub async fn detach_policy(
        &self,
        policy: &PolicyId,
        target: &NodeId,
    ) -> Result<(), WriteFailure> {
        once(&self.detach, target.as_str(), |client| {
            client
                .detach_policy()
                .policy_id(policy.as_str())
                .target_id(target.as_str())
                .send()
        })
        .await
        .map(|_| ())
    }

    /// `DeletePolicy`; AWS refuses one that hangs anywhere.
    pub async fn delete_policy(&self, policy: &PolicyId) -> Result<(), WriteFailure> {
        once(&self.delete, policy.as_str(), |client| {
            client.delete_policy().policy_id(policy.as_str()).send()
        })
        .await
        .map(|_| ())
    }

    /// `CancelHandshake`; AWS refuses one that was answered.
    pub async fn cancel_handshake(&self, handshake: &HandshakeId) -> Result<(), WriteFailure> {
        once(&self.cancel, handshake.as_str(), |client| {
            client
                .cancel_handshake()
                .handshake_id(handshake.as_str())
                .send()
        })
        .await
        .map(|_| ())
    }

    /// `UntagResource` of an account; keys that are not there do not matter to AWS.
    pub async fn untag_account(
        &self,
        account: &AccountId,
        keys: &BTreeSet<String>,
    ) -> Result<(), WriteFailure> {
        once(&self.untag, account.as_str(), |client| {
            client
                .untag_resource()
                .resource_id(account.as_str())
                .set_tag_keys(Some(keys.iter().cloned().collect()))
                .send()
        })
        .await
        .map(|_| ())
    }
}
