//! AWS's protocols: from an HTTP request to a call, from its result to an answer.
//!
//! awsJson1.1 for Organizations, `CloudTrail`, `EventBridge` and `CloudWatch` Logs, awsQuery for IAM
//! and STS, restJson1 for Account Management.
//! Service, region and caller come from the credential scope of the signature;
//! the signature itself is not verified.

mod json;
mod query;
mod rest;
mod scope;

use bytes::Bytes;
use serde_json::Value;

use super::refusal::Refusal;
use scope::Scope;

/// A service of the simulated AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    Organizations,
    CloudTrail,
    Iam,
    Sts,
    Account,
    Events,
    Logs,
    CloudFormation,
}

impl Api {
    /// Name in IAM actions and in the credential scope.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Organizations => "organizations",
            Self::CloudTrail => "cloudtrail",
            Self::Iam => "iam",
            Self::Sts => "sts",
            Self::Account => "account",
            Self::Events => "events",
            Self::Logs => "logs",
            Self::CloudFormation => "cloudformation",
        }
    }

    /// HTTP status of a refused caller: awsJson services send 400 with every error.
    pub(crate) fn denied_status(self) -> u16 {
        match self {
            Self::Organizations | Self::CloudTrail | Self::Events | Self::Logs => 400,
            Self::Iam | Self::Sts | Self::Account | Self::CloudFormation => 403,
        }
    }

    /// Speaks awsQuery, in XML, where the others speak JSON.
    pub(crate) fn is_query(self) -> bool {
        matches!(self, Self::Iam | Self::Sts | Self::CloudFormation)
    }
}

/// A request, understood.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub api: Api,
    pub operation: String,
    pub input: Value,
    pub region: String,
    pub access_key: Option<String>,
    pub session_token: Option<String>,
    pub user_agent: String,
}

impl Request {
    /// As IAM actions are written: `organizations:ListRoots`.
    pub(crate) fn action(&self) -> String {
        format!("{}:{}", self.api.prefix(), self.operation)
    }
}

/// The answer to a request that no service understands.
pub(crate) type Unparsed = Box<http::Response<Bytes>>;

/// Understands a request.
///
/// # Errors
/// The answer to a request that no service understands.
pub(crate) fn parse(request: &http::Request<Bytes>) -> Result<Request, Unparsed> {
    let header = |name: &str| {
        let value = request.headers().get(name);
        value.and_then(|value| value.to_str().ok())
    };
    let scope = header("authorization").and_then(Scope::parse);
    let service = scope.as_ref().map(|scope| scope.service.as_str());
    let (api, operation, input) = match (header("x-amz-target"), service) {
        (Some(target), _) => json::parse(target, request.body()),
        (None, Some("account")) => rest::parse(request.uri().path(), request.body()),
        (None, _) => query::parse(service, request.body()),
    }?;
    Ok(Request {
        api,
        operation,
        input,
        region: scope.as_ref().map(|s| s.region.clone()).unwrap_or_default(),
        access_key: scope.map(|scope| scope.access_key),
        session_token: header("x-amz-security-token").map(str::to_owned),
        user_agent: header("user-agent").unwrap_or_default().to_owned(),
    })
}

/// The answer of a call that succeeded.
pub(crate) fn answer(request: &Request, output: &Value, id: &str) -> http::Response<Bytes> {
    match request.api {
        Api::Iam | Api::Sts | Api::CloudFormation => query::answer(request, output, id),
        Api::Account => rest::answer(output, id),
        Api::Organizations | Api::CloudTrail | Api::Events | Api::Logs => json::answer(output, id),
    }
}

/// The answer of a call that was refused.
pub(crate) fn refuse(api: Api, refusal: &Refusal, id: &str) -> http::Response<Bytes> {
    match api {
        Api::Iam | Api::Sts | Api::CloudFormation => query::refuse(api, refusal, id),
        Api::Account => rest::refuse(refusal, id),
        Api::Organizations | Api::CloudTrail | Api::Events | Api::Logs => {
            json::refuse(api, refusal, id)
        }
    }
}

/// An HTTP answer; empty header values and those that HTTP does not allow are left out.
pub(crate) fn response(
    status: u16,
    headers: &[(&'static str, &str)],
    body: Vec<u8>,
) -> http::Response<Bytes> {
    let mut response = http::Response::new(Bytes::from(body));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
        if let Ok(value) = http::HeaderValue::from_str(value) {
            response.headers_mut().insert(*name, value);
        }
    }
    response
}
