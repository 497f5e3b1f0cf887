//! Reading inside member accounts.

use std::sync::Arc;

use super::assumed::{ASSUME, assumed};
use super::error::Failure;
use super::lanes::Lane;
use super::reads::Reads;
use super::session::{Session, Tuning};
use super::session_policy::in_member;
use crate::model::AccountId;

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
        let together = Tuning {
            together: Some(self.into_members.assuming.clone()),
            ..self.tuning.clone()
        };
        let assuming = assumed(&self.config, &together, &role, in_member(), external_id);
        let config = Box::pin(assuming).await?;
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
