//! Inside a departed account: a session of the role that trusts the management account, which can
//! find out where it is and accept an invitation, and nothing else.

use aws_config::SdkConfig;
use aws_sdk_organizations::Client;

use super::Reads;
use super::assumed::assumed;
use super::error::{FailureClass, WriteFailure};
use super::lanes::WritePort;
use super::session::{Session, Tuning, identify};
use super::session_error::Origin;
use super::writes::{once, write_port};
use crate::model::{AccountId, HandshakeId};

/// What the session may do, whatever the role could. `LeaveOrganization` is not among it: an
/// account that another organization holds is never taken out of it by this tool.
const ACTING: [&str; 6] = [
    "organizations:DescribeOrganization",
    "organizations:ListHandshakesForAccount",
    "organizations:AcceptHandshake",
    // The first accepted invitation of an account makes the service-linked role.
    "iam:CreateServiceLinkedRole",
    "sts:GetCallerIdentity",
    // Is the responder's role there, and whom does it trust?
    "iam:GetRole",
];

/// What a session may do that looks into a returning account.
const LOOKING: [&str; 3] = [
    "organizations:DescribeOrganization",
    "sts:GetCallerIdentity",
    "iam:GetRole",
];

/// A session in one account, proved by `GetCallerIdentity`.
#[derive(Debug)]
pub struct Member {
    reads: Reads,
    accept: WritePort<Client>,
}

/// Why there is no session in an account.
#[derive(Debug, thiserror::Error)]
pub enum MemberError {
    /// The role cannot be assumed.
    #[error("role `{role}` cannot be assumed: {message}")]
    NotAssumed {
        /// Its ARN.
        role: String,
        /// Why, in one line: untrusted text.
        message: String,
        /// Did STS say that it may not be assumed? Otherwise there was no answer.
        refused: bool,
    },
    /// The session is somewhere else.
    #[error("role `{role}` leads to account {found}, not to the one that was meant")]
    Elsewhere {
        /// Its ARN.
        role: String,
        /// Where it led.
        found: AccountId,
    },
    /// Who calls is not known.
    #[error("who calls through role `{role}` is not known: {message}")]
    Unidentified {
        /// Its ARN.
        role: String,
        /// Why, in one line: untrusted text.
        message: String,
    },
}

impl Session {
    /// Assumes the role of that name, which may have a path, in an account, and asks STS whether
    /// it is that account. The session may accept our invitation.
    ///
    /// # Errors
    /// No session, or one in another account.
    pub async fn member(&self, account: &AccountId, name: &str) -> Result<Member, MemberError> {
        let config = self.enter(account, name, &ACTING).await?;
        Ok(Member::new(&config, &self.tuning))
    }

    /// The same to look around: the session can change nothing.
    ///
    /// # Errors
    /// No session, or one in another account.
    pub async fn look_into(&self, account: &AccountId, name: &str) -> Result<Reads, MemberError> {
        let config = self.enter(account, name, &LOOKING).await?;
        Ok(Reads::new(&config, &self.tuning))
    }

    async fn enter(
        &self,
        account: &AccountId,
        name: &str,
        actions: &[&str],
    ) -> Result<SdkConfig, MemberError> {
        let role = self.member_role(account, name);
        let policy = serde_json::json!({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}],
        });
        let assuming = assumed(&self.config, &self.tuning, &role, policy.to_string(), None);
        let config = Box::pin(assuming)
            .await
            .map_err(|failure| MemberError::NotAssumed {
                role: role.clone(),
                message: failure.words(),
                refused: failure.class == FailureClass::AccessDenied,
            })?;
        let found = identify(&Origin::default(), &config, &self.tuning).await;
        let caller = found.map_err(|error| MemberError::Unidentified {
            role: role.clone(),
            message: error.to_string(),
        })?;
        if caller.account != *account {
            let found = caller.account;
            return Err(MemberError::Elsewhere { role, found });
        }
        Ok(config)
    }
}

impl Member {
    fn new(config: &SdkConfig, tuning: &Tuning) -> Self {
        Self {
            reads: Reads::new(config, tuning),
            accept: write_port(config, tuning, "organizations:AcceptHandshake"),
        }
    }

    /// The read side inside the account; the role may do little of it.
    pub fn reads(&self) -> &Reads {
        &self.reads
    }

    /// `AcceptHandshake`. Whose invitation it is must have been proved.
    pub async fn accept(&self, handshake: &HandshakeId) -> Result<(), WriteFailure> {
        once(&self.accept, handshake.as_str(), |client| {
            client
                .accept_handshake()
                .handshake_id(handshake.as_str())
                .send()
        })
        .await
        .map(|_| ())
    }
}
