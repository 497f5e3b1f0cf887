//! One pool of connections for all lanes.
//!
//! Left alone, every client of the SDK makes its own: trusted certificates
//! loaded and TLS sessions opened once for each operation.

use std::sync::OnceLock;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{SharedHttpClient, SharedHttpConnector, http_client_fn};

/// The SDK's default HTTPS stack, made once. Proxies are those of the environment.
///
/// Only for clients with equal time-outs: the first one's are kept.
pub(super) fn shared() -> SharedHttpClient {
    let connector: OnceLock<SharedHttpConnector> = OnceLock::new();
    http_client_fn(move |settings, components| {
        let make = || {
            let mut builder = Connector::builder()
                .connector_settings(settings.clone())
                .proxy_config(ProxyConfig::from_env())
                .tls_provider(Provider::Rustls(CryptoMode::AwsLc));
            builder.set_sleep_impl(components.sleep_impl());
            SharedHttpConnector::new(builder.build())
        };
        connector.get_or_init(make).clone()
    })
}
