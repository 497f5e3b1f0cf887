//! awsJson1.1: the operation in a header, JSON in both directions.
//!
//! Timestamps are numbers, absent members are left out, errors are HTTP 400
//! with `__type`, `Message` and, where the exception has one, `Reason`.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Api, Unparsed, response};
use crate::sim::json::set;
use crate::sim::refusal::Refusal;

const CONTENT: (&str, &str) = ("content-type", "application/x-amz-json-1.1");

/// The last part of the target's prefix: `CloudTrail` clients write it with and
/// without the namespace in front.
const TARGETS: [(&str, Api); 4] = [
    ("AWSOrganizationsV20161128", Api::Organizations),
    ("CloudTrail_20131101", Api::CloudTrail),
    ("AWSEvents", Api::Events),
    ("Logs_20140328", Api::Logs),
];

pub(super) fn parse(target: &str, body: &Bytes) -> Result<(Api, String, Value), Unparsed> {
    let refuse = |code: &str| Box::new(refuse(Api::Organizations, &Refusal::new(code, ""), ""));
    let unknown = || refuse("UnknownOperationException");
    let (prefix, operation) = target.rsplit_once('.').ok_or_else(unknown)?;
    let (_, api) = TARGETS
        .into_iter()
        .find(|(name, _)| prefix.rsplit('.').next() == Some(name))
        .ok_or_else(unknown)?;
    let input = if body.is_empty() {
        json!({})
    } else {
        serde_json::from_slice(body).unwrap_or(Value::Null)
    };
    if !input.is_object() {
        return Err(refuse("SerializationException"));
    }
    Ok((api, operation.to_owned(), input))
}

pub(super) fn answer(output: &Value, id: &str) -> http::Response<Bytes> {
    // Operations without an output shape answer with an empty body.
    let body = match output {
        Value::Null => Vec::new(),
        other => other.to_string().into_bytes(),
    };
    response(200, &[CONTENT, ("x-amzn-requestid", id)], body)
}

pub(super) fn refuse(api: Api, refusal: &Refusal, id: &str) -> http::Response<Bytes> {
    let mut body = json!({"__type": refusal.code});
    if !refusal.message.is_empty() {
        // Their models declare no members for exceptions; `message` is the default.
        let name = match api {
            Api::CloudTrail | Api::Events | Api::Logs => "message",
            _ => "Message",
        };
        set(&mut body, name, refusal.message.as_str());
    }
    if let Some(reason) = &refusal.reason {
        set(&mut body, "Reason", reason.as_str());
    }
    let headers = [CONTENT, ("x-amzn-requestid", id)];
    response(refusal.status, &headers, body.to_string().into_bytes())
}
