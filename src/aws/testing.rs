//! A connector that answers from a closure, and a clock on tokio's time.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use serde_json::Value;

use super::session::{Keys, Session, SessionOptions};
use crate::model::{Event, Observer};

/// What the closure sees of a request.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// `ListRoots`, `GetCallerIdentity`, …
    pub(crate) operation: String,
    /// The JSON body, or null for the query protocol.
    pub(crate) body: Value,
    /// The raw body.
    pub(crate) text: String,
}

/// What the closure answers.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Status, content type, body.
    Answer(u16, &'static str, String),
    /// The connection broke.
    Broken,
    /// The answer takes this long.
    Late(Duration),
}

pub(crate) fn ok(body: &Value) -> Reply {
    Reply::Answer(200, "application/x-amz-json-1.1", body.to_string())
}

pub(crate) fn refuse(code: &str) -> Reply {
    let body = serde_json::json!({"__type": code, "Message": format!("{code} said no")});
    Reply::Answer(400, "application/x-amz-json-1.1", body.to_string())
}

pub(crate) fn html(status: u16) -> Reply {
    Reply::Answer(
        status,
        "text/html; charset=utf-8",
        "<!doctype html>\n<title>500 Internal Server Error</title>".to_owned(),
    )
}

type Handler = dyn FnMut(&Asked) -> Reply + Send;

#[derive(Clone)]
pub(crate) struct Canned {
    handler: Arc<Mutex<Box<Handler>>>,
    log: Arc<Mutex<Vec<String>>>,
}

impl fmt::Debug for Canned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Canned")
    }
}

impl Canned {
    pub(crate) fn new(handler: impl FnMut(&Asked) -> Reply + Send + 'static) -> Self {
        Self {
            handler: Arc::new(Mutex::new(Box::new(handler))),
            log: Arc::default(),
        }
    }

    /// Operations that were asked for, in order, retries included; STS left out.
    pub(crate) fn calls(&self) -> Vec<String> {
        let log = self.log.lock().unwrap();
        log.iter()
            .filter(|name| *name != "GetCallerIdentity")
            .cloned()
            .collect()
    }

    pub(crate) fn count(&self, operation: &str) -> usize {
        let calls = self.log.lock().unwrap();
        calls.iter().filter(|name| *name == operation).count()
    }

    pub(crate) fn options(&self) -> SessionOptions {
        SessionOptions {
            keys: Some(Keys {
                id: "AKIDEXAMPLE".to_owned(),
                secret: "secret".to_owned(),
                token: None,
            }),
            http_client: Some(SharedHttpClient::new(self.clone())),
            time_source: Some(SharedTimeSource::new(PausedClock(
                tokio::time::Instant::now(),
            ))),
            ..SessionOptions::default()
        }
    }

    pub(crate) async fn session(&self) -> Session {
        Session::open(self.options()).await.unwrap()
    }
}

impl HttpClient for Canned {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Canned {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let asked = read(&request);
        self.log.lock().unwrap().push(asked.operation.clone());
        let reply = if asked.operation == "GetCallerIdentity" {
            identity(&mut self.handler.lock().unwrap(), &asked)
        } else {
            (self.handler.lock().unwrap())(&asked)
        };
        HttpConnectorFuture::new(async move {
            match reply {
                Reply::Answer(status, kind, body) => Ok(answer(status, kind, body)),
                Reply::Broken => Err(ConnectorError::io("connection reset".into())),
                Reply::Late(after) => {
                    tokio::time::sleep(after).await;
                    Ok(answer(200, "application/x-amz-json-1.1", "{}".to_owned()))
                }
            }
        })
    }
}

/// The closure may answer STS itself; what it says of JSON is replaced by the usual identity.
fn identity(handler: &mut Box<Handler>, asked: &Asked) -> Reply {
    match handler(asked) {
        Reply::Answer(_, "application/x-amz-json-1.1", _) => {
            caller("arn:aws:iam::111111111111:user/auditor")
        }
        other => other,
    }
}

pub(crate) fn caller(arn: &str) -> Reply {
    let account = arn.split(':').nth(4).unwrap();
    let body = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <GetCallerIdentityResult><Arn>{arn}</Arn><UserId>AIDA</UserId>\
         <Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
    );
    Reply::Answer(200, "text/xml", body)
}

fn answer(status: u16, kind: &'static str, body: String) -> HttpResponse {
    let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
    response.headers_mut().insert("content-type", kind);
    response
        .headers_mut()
        .insert("x-amzn-requestid", "req-1234");
    response
}

fn read(request: &HttpRequest) -> Asked {
    let bytes = request.body().bytes().unwrap_or_default();
    let text = String::from_utf8_lossy(bytes).into_owned();
    let target = request.headers().get("x-amz-target");
    let operation = match target {
        Some(target) => target.rsplit('.').next().unwrap().to_owned(),
        None => text
            .split('&')
            .find_map(|pair| pair.strip_prefix("Action="))
            .unwrap_or("?")
            .to_owned(),
    };
    Asked {
        operation,
        body: serde_json::from_slice(bytes).unwrap_or_default(),
        text,
    }
}

/// A clock that follows tokio's, so that paused tests stay in step with signing and pacing.
#[derive(Debug)]
struct PausedClock(tokio::time::Instant);

impl TimeSource for PausedClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000) + self.0.elapsed()
    }
}

/// Keeps what it hears.
#[derive(Debug, Default)]
pub(crate) struct Heard(pub(crate) Mutex<Vec<String>>);

impl Observer for Heard {
    fn on(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }
}
