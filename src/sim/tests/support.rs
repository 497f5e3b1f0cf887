//! Clients for tests: no retries unless asked for, own retry partition, no environment.

use std::fmt::Write;
use std::sync::Arc;

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_types::sdk_config::{Builder, SdkConfig};

use crate::model::Timestamp;
use crate::sim::{Keys, Service, Simulator, WorldBuilder};

pub(in crate::sim) const MANAGEMENT: &str = "111111111111";
pub(in crate::sim) const MEMBER: &str = "200000000001";

pub(super) fn now() -> Timestamp {
    "2026-11-24T10:00:00Z".parse().unwrap()
}

pub(in crate::sim) fn builder() -> WorldBuilder {
    WorldBuilder::new(now())
}

/// Records what goes over the wire, if the test run asks for it.
pub(in crate::sim) fn record(simulator: &Simulator) {
    if let Some(directory) = std::env::var_os(crate::sim::WIRE_LOG) {
        let name = format!("simulator-{}.jsonl", std::process::id());
        let path = std::path::Path::new(&directory).join(name);
        simulator.record_to(&path).unwrap();
    }
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

/// A client without an SDK, for services whose SDK the product does without.
pub(super) struct Plain {
    pub(super) simulator: Arc<Simulator>,
    pub(super) key: String,
    pub(super) token: Option<String>,
}

impl Plain {
    /// With the administrator's keys of an account.
    pub(super) fn of(simulator: &Arc<Simulator>, account: &str) -> Self {
        Self {
            simulator: simulator.clone(),
            key: simulator.keys_of(account).access_key_id,
            token: None,
        }
    }

    /// With the credentials in an answer of STS.
    pub(super) fn session(simulator: &Arc<Simulator>, answer: &str) -> Self {
        Self {
            simulator: simulator.clone(),
            key: text_of(answer, "AccessKeyId"),
            token: Some(text_of(answer, "SessionToken")),
        }
    }

    fn send(
        &self,
        service: &str,
        path: &str,
        target: &str,
        body: String,
    ) -> Result<String, String> {
        let mut request = http::Request::new(bytes::Bytes::from(body));
        *request.uri_mut() = path.parse().unwrap();
        let headers = request.headers_mut();
        let scope = format!(
            "Credential={}/20261124/us-east-1/{service}/aws4_request",
            self.key
        );
        headers.insert("authorization", scope.parse().unwrap());
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        let content = match (target, service) {
            ("", "account") => "application/json",
            ("", _) => form,
            _ => "application/x-amz-json-1.1",
        };
        headers.insert("content-type", content.parse().unwrap());
        if !target.is_empty() {
            headers.insert("x-amz-target", target.parse().unwrap());
        }
        if let Some(token) = &self.token {
            headers.insert("x-amz-security-token", token.parse().unwrap());
        }
        let reply = self.simulator.handle(self.simulator.now(), &request);
        let crate::sim::Outcome::Answer(answer) = reply.outcome else {
            panic!("no answer");
        };
        let text = String::from_utf8(answer.body().to_vec()).unwrap();
        if answer.status().is_success() {
            return Ok(text);
        }
        let header = answer.headers().get("x-amzn-errortype");
        let json: Option<serde_json::Value> = serde_json::from_str(&text).ok();
        Err(match (header, json) {
            (Some(code), _) => format!("{} {}", answer.status().as_u16(), code.to_str().unwrap()),
            (None, Some(json)) => {
                let reason = json["Reason"].as_str().map(|reason| format!(" {reason}"));
                format!(
                    "{}{}",
                    json["__type"].as_str().unwrap(),
                    reason.unwrap_or_default()
                )
            }
            (None, None) => format!("{} {}", answer.status().as_u16(), text_of(&text, "Code")),
        })
    }

    /// An awsJson call; `Err` is the exception's name and reason.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "calls read better with `json!` in place"
    )]
    pub(super) fn json(
        &self,
        target: &str,
        input: serde_json::Value,
    ) -> Result<serde_json::Value, String> {
        let service = match target.split_once('.') {
            Some(("AWSOrganizationsV20161128", _)) => "organizations",
            Some(("AWSEvents", _)) => "events",
            _ => "cloudtrail",
        };
        let text = self.send(service, "/", target, input.to_string())?;
        let empty = text.is_empty().then(|| serde_json::json!({}));
        Ok(empty.unwrap_or_else(|| serde_json::from_str(&text).unwrap()))
    }

    pub(super) fn organizations(
        &self,
        operation: &str,
        input: serde_json::Value,
    ) -> Result<serde_json::Value, String> {
        self.json(&format!("AWSOrganizationsV20161128.{operation}"), input)
    }

    /// A restJson call of Account Management; `Err` is status and exception.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "calls read better with `json!` in place"
    )]
    pub(super) fn account(
        &self,
        path: &str,
        input: serde_json::Value,
    ) -> Result<serde_json::Value, String> {
        let text = self.send("account", path, "", input.to_string())?;
        let empty = text.is_empty().then(|| serde_json::json!({}));
        Ok(empty.unwrap_or_else(|| serde_json::from_str(&text).unwrap()))
    }

    /// An awsQuery call; `Err` is status and code.
    pub(super) fn query(
        &self,
        service: &str,
        action: &str,
        fields: &[(&str, &str)],
    ) -> Result<String, String> {
        let version = match service {
            "iam" => "2010-05-08",
            _ => "2011-06-15",
        };
        let mut body = format!("Action={action}&Version={version}");
        for (name, value) in fields {
            write!(body, "&{name}=").unwrap();
            for byte in value.bytes() {
                write!(body, "%{byte:02X}").unwrap();
            }
        }
        self.send(service, "/", "", body)
    }

    pub(super) fn iam(&self, action: &str, fields: &[(&str, &str)]) -> Result<String, String> {
        self.query("iam", action, fields)
    }

    /// A session of a role.
    pub(super) fn assume(&self, role_arn: &str, more: &[(&str, &str)]) -> Result<Self, String> {
        let mut fields = vec![("RoleArn", role_arn), ("RoleSessionName", "me")];
        fields.extend(more);
        let answer = self.query("sts", "AssumeRole", &fields)?;
        Ok(Self::session(&self.simulator, &answer))
    }
}

/// The text of the first element of that name.
pub(super) fn text_of(xml: &str, name: &str) -> String {
    let open = format!("<{name}>");
    let (_, rest) = xml.split_once(&open).unwrap();
    rest.split('<').next().unwrap().to_owned()
}

/// A policy of one statement on every resource.
pub(in crate::sim) fn policy(effect: &str, action: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Action":"{action}","Resource":"*"}}]}}"#
    )
}
