//! restJson1: the path names the operation, the body is JSON.
//!
//! The exception's name stands in a header, its HTTP status in AWS's model.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Api, Unparsed, response};
use crate::sim::refusal::Refusal;

const CONTENT: (&str, &str) = ("content-type", "application/json");

/// `/getPrimaryEmail` is `GetPrimaryEmail`.
pub(super) fn parse(path: &str, body: &Bytes) -> Result<(Api, String, Value), Unparsed> {
    let mut letters = path.trim_start_matches('/').chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    let operation: String = first.into_iter().chain(letters).collect();
    let input = if body.is_empty() {
        json!({})
    } else {
        serde_json::from_slice(body).unwrap_or(Value::Null)
    };
    if !input.is_object() {
        let refusal = Refusal::new("SerializationException", "");
        return Err(Box::new(refuse(&refusal, "")));
    }
    Ok((Api::Account, operation, input))
}

pub(super) fn answer(output: &Value, id: &str) -> http::Response<Bytes> {
    let body = match output {
        Value::Null => Vec::new(),
        other => other.to_string().into_bytes(),
    };
    response(200, &[CONTENT, ("x-amzn-requestid", id)], body)
}

pub(super) fn refuse(refusal: &Refusal, id: &str) -> http::Response<Bytes> {
    let body = json!({"message": refusal.message});
    let headers = [
        CONTENT,
        ("x-amzn-requestid", id),
        ("x-amzn-errortype", refusal.code.as_str()),
    ];
    response(refusal.status, &headers, body.to_string().into_bytes())
}
