//! Cuts secrets out of the free parts of a record.

use serde_json::{Map, Value};

/// What stands in place of a secret.
const REDACTED: &str = "REDACTED";
/// What stands in place of anything nested deeper than [`DEPTH`].
const TOO_DEEP: &str = "CUT: nested too deeply";
/// Real records nest about eight levels.
const DEPTH: usize = 32;

/// Keys whose values are secrets, in lower case.
const SECRET_KEYS: [&str; 9] = [
    "credentials",
    "sessiontoken",
    "secretaccesskey",
    "password",
    "newpassword",
    "oldpassword",
    "accesstoken",
    "refreshtoken",
    "clientsecret",
];

/// The value without secrets; what is null stays null.
pub(super) fn redact(value: Value) -> Value {
    cut(value, 0)
}

fn cut(value: Value, depth: usize) -> Value {
    match value {
        Value::Array(_) | Value::Object(_) if depth >= DEPTH => TOO_DEEP.into(),
        Value::Array(items) => items.into_iter().map(|item| cut(item, depth + 1)).collect(),
        Value::Object(fields) => Value::Object(fields_of(fields, depth)),
        other => other,
    }
}

fn fields_of(fields: Map<String, Value>, depth: usize) -> Map<String, Value> {
    fields
        .into_iter()
        .map(|(key, value)| {
            let secret = SECRET_KEYS.contains(&key.to_ascii_lowercase().as_str());
            let value = if secret && !value.is_null() {
                REDACTED.into()
            } else {
                cut(value, depth + 1)
            };
            (key, value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_go_at_any_depth_and_in_any_case() {
        let clean = redact(json!({
            "credentials": {"accessKeyId": "ASIA", "sessionToken": "canary"},
            "list": [{"SECRETACCESSKEY": "canary", "keep": 1}],
            "deep": {"er": {"newPassword": "canary", "Password": null}},
            "handshake": {"id": "h-1", "parties": [{"id": "o-1"}]},
        }));
        assert!(!clean.to_string().contains("canary"));
        assert_eq!(clean["credentials"], "REDACTED");
        assert_eq!(clean["list"][0]["keep"], 1);
        assert_eq!(clean["deep"]["er"]["Password"], Value::Null);
        assert_eq!(clean["handshake"]["parties"][0]["id"], "o-1");
    }

    #[test]
    fn what_nests_too_deeply_is_cut() {
        let mut value = json!({"secretAccessKey": "canary"});
        for _ in 0..60 {
            value = json!({ "x": value });
        }
        let clean = redact(value).to_string();
        assert!(clean.contains(TOO_DEEP));
        assert!(!clean.contains("canary"));
    }
}
