//! Reading inside member accounts.

use std::sync::Arc;

use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};

use super::error::Failure;
use super::lanes::Lane;
use super::reads::Reads;
use super::session::{APP_NAME, Session, Tuning};
use super::session_error::not_assumed;
use super::session_policy::in_member;
use crate::model::AccountId;

const ASSUME: &str = "sts:AssumeRole";

/// The lanes in which the sessions of all members go together.
#[derive(Debug, Clone)]
pub(super) struct IntoMembers {
    assuming: Arc<Lane>,
    /// AWS limits it for the accounts of an organization together, and hardly higher than for one:
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
    handshakes: Arc<Lane>,
}

impl IntoMembers {
    pub(super) fn new(tuning: &Tuning) -> Self {
        Self {
            assuming: tuning.lane(ASSUME),
            handshakes: tuning.lane("organizations:ListHandshakesForAccount"),
        }
    }
}

impl Session {
    /// The read side inside a member, through the role of that name there; a role with a path has
    /// it in its `name`. The session may do what is read in members and nothing else. Event
    /// histories have a pace of their own in each account; handshakes share one.
    ///
    /// # Errors
    /// The role cannot be assumed; the failure names its ARN, and with it the account.
    pub async fn inside(
        &self,
        account: &AccountId,
        name: &str,
        external_id: Option<&str>,
    ) -> Result<Reads, Failure> {
        let role = self.member_role(account, name);
        let mut assume = AssumeRoleProvider::builder(&role)
            .configure(&self.config)
            .session_name(APP_NAME)
            .policy(in_member());
        if let Some(id) = external_id {
            assume = assume.external_id(id);
        }
        let own = self.config.credentials_provider();
        let own = own.ok_or_else(|| Failure::unanswered(ASSUME, &role, "no credentials"))?;
        let assumed = Box::pin(assume.build_from_provider(own)).await;
        self.into_members.assuming.wait().await;
        // Once, and not again for each client: an hour is enough for one member.
        let credentials = Box::pin(assumed.provide_credentials())
            .await
            .map_err(|error| not_assumed(&role, &error))?;
        let config = self
            .config
            .clone()
            .into_builder()
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        let tuning = Tuning {
            together: Some(self.into_members.handshakes.clone()),
            ..self.tuning.clone()
        };
        Ok(Reads::new(&config, &tuning))
    }

    /// ARN of the role of that name in a member.
    pub fn member_role(&self, account: &AccountId, name: &str) -> String {
        format!("arn:{}:iam::{account}:role/{name}", self.caller.partition)
    }
}
