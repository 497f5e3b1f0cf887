//! A CloudTrail record as the product keeps it: the fields that judge an exit,
//! secrets already cut out.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timestamp;
use super::ids::AccountId;

/// One record. Every text field is untrusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// `eventID`: the same record from several sources carries the same one.
    pub event_id: String,
    /// `eventTime`.
    #[schemars(with = "String")]
    pub time: Timestamp,
    /// `eventSource`, e.g. `organizations.amazonaws.com`.
    pub source: String,
    /// `eventName`.
    pub name: String,
    /// `eventType`: `AwsApiCall`, `AwsServiceEvent`, …
    pub event_type: String,
    /// `awsRegion`.
    pub region: String,
    /// `recipientAccountId`: in whose trail it was logged.
    pub recipient: Option<AccountId>,
    /// `errorCode` of a call that did not succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// `errorMessage`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// Who called.
    pub actor: Actor,
    /// `sourceIPAddress`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ip: Option<String>,
    /// `userAgent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// `requestParameters`, redacted.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    #[schemars(with = "serde_json::Value")]
    pub request: serde_json::Value,
    /// `responseElements`, redacted.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    #[schemars(with = "serde_json::Value")]
    pub response: serde_json::Value,
    /// `serviceEventDetails`, redacted.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    #[schemars(with = "serde_json::Value")]
    pub details: serde_json::Value,
}

/// `userIdentity`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Actor {
    /// `IAMUser`, `AssumedRole`, `Root`, `AWSService`, …
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// ARN of the caller or its session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// Account of the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Access key id; an id, not a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_key: Option<String>,
    /// ARN of the role behind a session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_issuer: Option<String>,
    /// `sourceIdentity` of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_identity: Option<String>,
    /// Signed in with MFA, when the session says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mfa: Option<bool>,
    /// The AWS service that called, for service events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoked_by: Option<String>,
}
