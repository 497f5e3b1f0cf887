//! One role of an account: whether it is there, since when, and whom it trusts.

use aws_config::SdkConfig;
use aws_sdk_iam::Client;

use super::convert::time;
use super::error::{Failure, FailureClass};
use super::lanes::Port;
use super::reads::Reads;
use super::session::{Tuning, read_port};
use crate::model::Timestamp;

/// A role as IAM describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its ARN, with its path.
    pub arn: String,
    /// When it was made; `None` where AWS did not say.
    pub created_at: Option<Timestamp>,
    /// The text of its trust policy; `None` where AWS did not say: untrusted text.
    pub trust: Option<String>,
}

pub(super) fn port(config: &SdkConfig, tuning: &Tuning) -> Port<Client> {
    read_port!(aws_sdk_iam, config, tuning, "iam:GetRole")
}

impl Reads {
    /// `iam:GetRole`: the role of that name, which may have its path before it; `None`: there is none.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html>
    ///
    /// # Errors
    /// AWS refused, or did not answer.
    pub async fn role(&self, name: &str) -> Result<Option<Role>, Failure> {
        // IAM names a role without its path.
        let plain = name.rsplit('/').next().unwrap_or(name);
        let answer = self
            .role_port()
            .read(Some(name), |client| {
                client.get_role().role_name(plain).send()
            })
            .await;
        let role = match answer {
            Ok(answer) => answer.role,
            Err(failure) if failure.class == FailureClass::NotFound => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let role = role.ok_or_else(|| {
            Failure::malformed("iam:GetRole", Some(name), "an answer without a role")
        })?;
        Ok(Some(Role {
            created_at: time(&role.create_date),
            trust: role.assume_role_policy_document.as_deref().map(decoded),
            arn: role.arn,
        }))
    }
}

/// IAM percent-encodes policy documents, as RFC 3986 has it.
fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}
