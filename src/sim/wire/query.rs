//! awsQuery: form fields in, XML out.

use std::fmt::Write;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::scope::Scope;
use super::{Api, Request, Unparsed, response};
use crate::sim::refusal::Refusal;

const CONTENT: (&str, &str) = ("content-type", "text/xml");

fn namespace(api: Api) -> &'static str {
    match api {
        Api::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
        _ => "https://sts.amazonaws.com/doc/2011-06-15/",
    }
}

pub(super) fn parse(scope: Option<&Scope>, body: &Bytes) -> Result<(Api, String, Value), Unparsed> {
    let api = match scope.map(|scope| scope.service.as_str()) {
        Some("iam") => Api::Iam,
        Some("sts") => Api::Sts,
        _ => {
            let text = "The request is for a service that is not simulated.";
            let refusal = Refusal::new("UnknownOperationException", text);
            return Err(Box::new(super::json::refuse(
                Api::Organizations,
                &refusal,
                "",
            )));
        }
    };
    let mut fields = Map::new();
    for pair in String::from_utf8_lossy(body).split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        fields.insert(decode(name), Value::String(decode(value)));
    }
    let action = fields.remove("Action");
    let operation = action.as_ref().and_then(Value::as_str).unwrap_or_default();
    Ok((api, operation.to_owned(), Value::Object(fields)))
}

/// Undoes `application/x-www-form-urlencoded`.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let decoded = match byte {
            b'+' => b' ',
            b'%' => {
                let pair = [rest.next().unwrap_or(b'?'), rest.next().unwrap_or(b'?')];
                let hex = String::from_utf8_lossy(&pair).into_owned();
                u8::from_str_radix(&hex, 16).unwrap_or(b'?')
            }
            other => other,
        };
        bytes.push(decoded);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// An object's members as elements, a list's as `<member>`.
fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                element(out, name, member);
            }
        }
        Value::Array(items) => {
            for item in items {
                element(out, "member", item);
            }
        }
        Value::String(text) => out.push_str(&escape(text)),
        Value::Null => {}
        other => out.push_str(&other.to_string()),
    }
}

fn element(out: &mut String, name: &str, value: &Value) {
    // Writing to a String cannot fail.
    let _ = write!(out, "<{name}>");
    write_value(out, value);
    let _ = write!(out, "</{name}>");
}

pub(super) fn answer(request: &Request, output: &Value, id: &str) -> http::Response<Bytes> {
    let (operation, space) = (&request.operation, namespace(request.api));
    let mut body = format!(r#"<{operation}Response xmlns="{space}">"#);
    element(&mut body, &format!("{operation}Result"), output);
    let _ = write!(
        body,
        "<ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{operation}Response>"
    );
    response(200, &[CONTENT, ("x-amzn-requestid", id)], body.into())
}

pub(super) fn refuse(api: Api, refusal: &Refusal, id: &str) -> http::Response<Bytes> {
    let body = format!(
        r#"<ErrorResponse xmlns="{}"><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>"#,
        namespace(api),
        escape(&refusal.code),
        escape(&refusal.message),
    );
    let headers = [CONTENT, ("x-amzn-requestid", id)];
    response(refusal.status, &headers, body.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_fields_are_decoded() {
        assert_eq!(decode("arn%3Aaws%3Aiam%3A%3A1+x"), "arn:aws:iam::1 x");
        assert_eq!(decode("%zz%"), "??");
    }

    #[test]
    fn text_is_escaped_and_lists_have_members() {
        let mut out = String::new();
        let value = serde_json::json!({"A": ["<x>", "&"], "B": 3});
        write_value(&mut out, &value);
        assert_eq!(
            out,
            "<A><member>&lt;x&gt;</member><member>&amp;</member></A><B>3</B>"
        );
    }
}
