//! awsQuery: form fields in, XML out.

use std::fmt::Write;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::{Api, Request, Unparsed, response};
use crate::sim::refusal::Refusal;

const CONTENT: (&str, &str) = ("content-type", "text/xml");

fn namespace(api: Api) -> &'static str {
    match api {
        Api::CloudFormation => "http://cloudformation.amazonaws.com/doc/2010-05-15/",
        Api::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
        _ => "https://sts.amazonaws.com/doc/2011-06-15/",
    }
}

pub(super) fn parse(service: Option<&str>, body: &Bytes) -> Result<(Api, String, Value), Unparsed> {
    let api = match service {
        Some("iam") => Api::Iam,
        Some("cloudformation") => Api::CloudFormation,
        // Of the operations that need no signature all are STS's.
        Some("sts") | None => Api::Sts,
        Some(_) => {
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
        put(&mut fields, &decode(name), Value::String(decode(value)));
    }
    fields.remove("Version");
    let action = fields.remove("Action");
    let operation = action.as_ref().and_then(Value::as_str).unwrap_or_default();
    let input = lists(Value::Object(fields));
    Ok((api, operation.to_owned(), input))
}

/// `Tags.member.1.Key` becomes a member within a member within a member.
fn put(fields: &mut Map<String, Value>, name: &str, value: Value) {
    let Some((first, rest)) = name.split_once('.') else {
        fields.insert(name.to_owned(), value);
        return;
    };
    let inner = fields
        .entry(first)
        .or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(inner) = inner {
        put(inner, rest, value);
    }
}

/// An object whose only member is `member`, with numbers in it, is a list.
fn lists(value: Value) -> Value {
    let Value::Object(mut members) = value else {
        return value;
    };
    if members.len() == 1
        && let Some(Value::Object(items)) = members.remove("member")
    {
        let mut items: Vec<(u32, Value)> = items
            .into_iter()
            .map(|(number, item)| (number.parse().unwrap_or(u32::MAX), item))
            .collect();
        items.sort_by_key(|(number, _)| *number);
        return items.into_iter().map(|(_, item)| lists(item)).collect();
    }
    let members = members.into_iter();
    Value::Object(
        members
            .map(|(name, member)| (name, lists(member)))
            .collect(),
    )
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
    // XML 1.0 has no way to write these.
    let text = text.replace(
        |letter: char| letter < ' ' && !"\t\n\r".contains(letter),
        "\u{fffd}",
    );
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
                match member {
                    // A map: one element for each key and its value.
                    Value::Array(entries) if name == "entry" => {
                        for entry in entries {
                            element(out, name, entry);
                        }
                    }
                    _ => element(out, name, member),
                }
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
    // Operations without an output shape have no result element.
    if !output.is_null() {
        element(&mut body, &format!("{operation}Result"), output);
    }
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
    fn dotted_names_become_objects_and_numbered_ones_lists() {
        let body = "Action=X&Version=1&T.member.2.Key=b&T.member.1.Key=a&P.arn=z&N=1";
        let (_, operation, input) = parse(Some("iam"), &Bytes::from(body)).unwrap();
        assert_eq!(operation, "X");
        let expected =
            serde_json::json!({"T": [{"Key": "a"}, {"Key": "b"}], "P": {"arn": "z"}, "N": "1"});
        assert_eq!(input, expected);
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
