//! Credentials of a role in another account, and clients that use them.

use aws_config::SdkConfig;
use aws_config::identity::IdentityCache;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};

use super::session::APP_NAME;

/// Why a role could not be assumed.
pub(super) enum NotAssumed {
    /// There are no credentials to assume it with.
    NoCredentials,
    /// STS refused, or did not answer.
    Refused(CredentialsError),
}

/// What clients in the role's account are made from; the session may do what `policy` allows.
pub(super) async fn assumed(
    config: &SdkConfig,
    role: &str,
    policy: String,
    external_id: Option<&str>,
) -> Result<SdkConfig, NotAssumed> {
    let own = config.credentials_provider();
    let own = own.ok_or(NotAssumed::NoCredentials)?;
    let mut assume = AssumeRoleProvider::builder(role)
        .configure(config)
        .session_name(APP_NAME)
        .policy(policy);
    if let Some(id) = external_id {
        assume = assume.external_id(id);
    }
    let provider = Box::pin(assume.build_from_provider(own)).await;
    // Once, and not again for each client: an hour is enough for one account.
    let credentials = Box::pin(provider.provide_credentials())
        .await
        .map_err(NotAssumed::Refused)?;
    Ok(config
        .clone()
        .into_builder()
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        // Credentials of another account must not be served from the cache of this one.
        .identity_cache(IdentityCache::lazy().build())
        .build())
}
