//! Credentials of a role in another account, and clients that use them.

use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_config::identity::IdentityCache;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

use super::error::Failure;
use super::lanes::Port;
use super::session::{APP_NAME, Tuning, read_port};

pub(super) const ASSUME: &str = "sts:AssumeRole";

/// What clients in the role's account are made from; the session may do what `policy` allows.
///
/// # Errors
/// STS refused, or did not answer; the failure names the role's ARN.
pub(super) async fn assumed(
    config: &SdkConfig,
    tuning: &Tuning,
    role: &str,
    policy: String,
    external_id: Option<&str>,
) -> Result<SdkConfig, Failure> {
    let port: Port<aws_sdk_sts::Client> = read_port!(aws_sdk_sts, config, tuning, "sts:AssumeRole");
    let answer = port
        .read(Some(role), |client| {
            client
                .assume_role()
                .role_arn(role)
                .role_session_name(APP_NAME)
                .policy(&policy)
                .set_external_id(external_id.map(str::to_owned))
                .send()
        })
        .await?;
    let got = answer
        .credentials
        .ok_or_else(|| Failure::unanswered(ASSUME, role, "an answer without credentials"))?;
    let expires = SystemTime::try_from(got.expiration).ok();
    // Once, and not again for each client: an hour is enough for one account.
    let credentials = Credentials::new(
        got.access_key_id,
        got.secret_access_key,
        Some(got.session_token),
        expires,
        "AssumeRole",
    );
    Ok(config
        .clone()
        .into_builder()
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        // Credentials of another account must not be served from the cache of this one.
        .identity_cache(IdentityCache::lazy().build())
        .build())
}
