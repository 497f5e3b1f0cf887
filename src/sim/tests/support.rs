//! Clients for tests: no retries unless asked for, own retry partition, no environment.

use std::sync::Arc;

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_types::sdk_config::{Builder, SdkConfig};

use crate::model::Timestamp;
use crate::sim::{Keys, Simulator, WorldBuilder};

pub(super) const MANAGEMENT: &str = "111111111111";
pub(super) const MEMBER: &str = "200000000001";

pub(super) fn now() -> Timestamp {
    "2026-11-24T10:00:00Z".parse().unwrap()
}

pub(super) fn builder() -> WorldBuilder {
    WorldBuilder::new(now())
}

pub(super) fn config(simulator: &Arc<Simulator>, keys: &Keys) -> Builder {
    config_over(simulator.http_client(), keys)
}

pub(super) fn config_over(client: SharedHttpClient, keys: &Keys) -> Builder {
    let credentials = Credentials::from_keys(&keys.access_key_id, &keys.secret_access_key, None);
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .http_client(client)
        .retry_config(RetryConfig::disabled())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
}

pub(super) fn organizations(
    simulator: &Arc<Simulator>,
    account: &str,
) -> aws_sdk_organizations::Client {
    let keys = simulator.keys_of(account);
    aws_sdk_organizations::Client::new(&config(simulator, &keys).build())
}

pub(super) fn trail(simulator: &Arc<Simulator>, account: &str) -> aws_sdk_cloudtrail::Client {
    let keys = simulator.keys_of(account);
    aws_sdk_cloudtrail::Client::new(&config(simulator, &keys).build())
}

/// The name of the exception with which a call was refused.
macro_rules! refused {
    ($call:expr) => {{
        let error = $call.await.unwrap_err().into_service_error();
        let code = aws_smithy_types::error::metadata::ProvideErrorMetadata::code(&error);
        code.unwrap_or("no code").to_owned()
    }};
}
pub(super) use refused;
