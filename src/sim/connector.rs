//! The AWS SDK's HTTP client, in process: no sockets, so that tests run in
//! tokio's virtual time.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::BodyExt;

use super::body::Once;
use super::service::{Outcome, Service};

/// Hands the SDK's requests to a [`Service`].
#[derive(Debug, Clone)]
pub struct InProcess {
    service: Arc<dyn Service>,
}

impl InProcess {
    /// A client whose every request goes to `service`.
    pub fn new(service: Arc<dyn Service>) -> Self {
        Self { service }
    }
}

impl HttpClient for InProcess {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector {
            service: self.service.clone(),
            read_timeout: settings.read_timeout(),
        })
    }
}

/// A [`Service`]'s clock, so that signatures and credentials follow virtual time.
#[derive(Debug, Clone)]
pub struct Clock(pub Arc<dyn Service>);

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        self.0.now()
    }
}

#[derive(Debug, Clone)]
struct Connector {
    service: Arc<dyn Service>,
    read_timeout: Option<Duration>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        HttpConnectorFuture::new(async move { this.exchange(request).await })
    }
}

fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ConnectorError {
    ConnectorError::other(error.into(), None)
}

impl Connector {
    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let (head, body) = request.try_into_http1x().map_err(other)?.into_parts();
        let body: Bytes = body.collect().await.map_err(other)?.to_bytes();
        let request = http::Request::from_parts(head, body);
        let reply = self.service.handle(self.service.now(), &request);
        if let Some(limit) = self.read_timeout.filter(|limit| *limit < reply.after) {
            tokio::time::sleep(limit).await;
            return Err(ConnectorError::timeout(
                format!("no answer within {limit:?}").into(),
            ));
        }
        if !reply.after.is_zero() {
            tokio::time::sleep(reply.after).await;
        }
        let response = match reply.outcome {
            Outcome::Answer(response) => response.map(SdkBody::from),
            Outcome::CutBody(response) => {
                response.map(|bytes| SdkBody::from_body_1_x(Once::cut(&bytes)))
            }
            Outcome::SlowBody(response, time) => {
                response.map(|bytes| SdkBody::from_body_1_x(Once::slow(&bytes, time)))
            }
            Outcome::Reset => return Err(broken(io::ErrorKind::ConnectionReset)),
            Outcome::Closed => return Err(broken(io::ErrorKind::UnexpectedEof)),
        };
        HttpResponse::try_from(response).map_err(other)
    }
}

fn broken(kind: io::ErrorKind) -> ConnectorError {
    ConnectorError::io(io::Error::from(kind).into())
}
