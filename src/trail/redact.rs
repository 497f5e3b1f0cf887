//! Cuts secrets out of the free parts of a record: values by their key, and in texts what stands
//! behind the name of a secret.

use serde_json::{Map, Value};

/// What stands in place of a secret.
const REDACTED: &str = "REDACTED";
/// What stands in place of anything nested deeper than [`DEPTH`].
const TOO_DEEP: &str = "CUT: nested too deeply";
/// Real records nest about eight levels.
const DEPTH: usize = 32;

/// Names of secrets, in lower case and without hyphens and underscores.
const SECRETS: [&str; 8] = [
    "apikey",
    "authorization",
    "credentials",
    "pwd",
    "samlassertion",
    "secretbinary",
    "secretstring",
    "tokencode",
];
/// How such names end: `sessionToken`, `clientRequestToken`, `--secret-key`, `newPassword`.
const ENDS: [&str; 9] = [
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "secret",
    "secretaccesskey",
    "secretkey",
    "signature",
    "token",
];
/// Where a list goes on: it opens nothing.
const PLACES: [&str; 3] = ["continuationtoken", "nexttoken", "paginationtoken"];
/// Schemes of an `Authorization` header: the secret comes behind.
const SCHEMES: [&str; 2] = ["basic", "bearer"];

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

/// Does a key, or the name of an option, stand for a secret?
fn is_secret(name: &str) -> bool {
    let kept = name.chars().filter(|c| !matches!(c, '-' | '_'));
    let name: String = kept.map(|c| c.to_ascii_lowercase()).collect();
    let name = name.as_str();
    let ends = || ENDS.iter().any(|end| name.ends_with(end));
    !PLACES.contains(&name) && (SECRETS.contains(&name) || ends())
}

/// The text without what stands behind the name of a secret: `--password VALUE`, `token=VALUE`,
/// `"sessionToken": "VALUE"`.
pub(super) fn redact_text(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(in_name) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !in_name(c)).unwrap_or(from.len());
        let (name, behind) = from.split_at(end);
        clean.push_str(before);
        clean.push_str(name);
        rest = behind;
        if let Some(at) = value_at(name, behind).filter(|_| is_secret(name)) {
            let (between, value) = behind.split_at(at);
            clean.push_str(between);
            clean.push_str(REDACTED);
            rest = behind_value(value);
        }
    }
    clean.push_str(rest);
    clean
}

fn in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '\\')
}

/// Where the value of a name begins in what is behind it. The colons of an ARN are none.
fn value_at(name: &str, behind: &str) -> Option<usize> {
    let open = behind.trim_start_matches(is_quote);
    let quoted = open.len() < behind.len();
    let spaced = open.trim_start();
    let value = if let Some(value) = spaced.strip_prefix('=') {
        value
    } else if let Some(value) = spaced.strip_prefix(':') {
        let apart = quoted || value.starts_with(char::is_whitespace);
        apart.then_some(value)?
    } else {
        let apart = name.starts_with('-') && spaced.len() < open.len();
        apart.then_some(spaced)?
    };
    let value = value.trim_start().trim_start_matches(is_quote);
    (!value.is_empty()).then(|| behind.len() - value.len())
}

/// What comes behind a value at the beginning of a text.
fn behind_value(text: &str) -> &str {
    let ends =
        |c: char| c.is_whitespace() || is_quote(c) || matches!(c, '&' | ',' | ';' | ')' | '}');
    let (value, behind) = text.split_at(text.find(ends).unwrap_or(text.len()));
    if SCHEMES
        .iter()
        .any(|scheme| value.eq_ignore_ascii_case(scheme))
    {
        let next = behind.trim_start();
        return next.split_at(next.find(ends).unwrap_or(next.len())).1;
    }
    behind
}

fn fields_of(fields: Map<String, Value>, depth: usize) -> Map<String, Value> {
    fields
        .into_iter()
        .map(|(key, value)| {
            let value = if is_secret(&key) && !value.is_null() {
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
    fn tokens_of_any_name_go_and_places_in_lists_stay() {
        let clean = redact(json!({
            "clientToken": "canary", "clientRequestToken": "canary", "client_token": "canary",
            "masterUserPassword": "canary", "secretString": "canary", "tokenCode": "canary",
            "nextToken": "page", "tokenStatus": "kept", "policyId": "p-token",
        }));
        assert!(!clean.to_string().contains("canary"), "{clean}");
        assert_eq!(clean["nextToken"], "page");
        assert_eq!(clean["tokenStatus"], "kept");
        assert_eq!(clean["policyId"], "p-token");
    }

    #[test]
    fn values_behind_names_of_secrets_go_from_texts() {
        for (text, wanted) in [
            ("tool --secret-key canary x", "tool --secret-key REDACTED x"),
            ("tool --password=canary", "tool --password=REDACTED"),
            ("t --password 'canary' -v", "t --password 'REDACTED' -v"),
            (
                "X-Amz-Security-Token=canary&a=b",
                "X-Amz-Security-Token=REDACTED&a=b",
            ),
            (
                r#"{\"sessionToken\": \"canary\", "a": 1}"#,
                r#"{\"sessionToken\": \"REDACTED\", "a": 1}"#,
            ),
            (
                "Authorization: Bearer canary, x",
                "Authorization: REDACTED, x",
            ),
            ("token: canary\u{e9}canary \u{e9}", "token: REDACTED \u{e9}"),
        ] {
            assert_eq!(redact_text(text), wanted);
        }
        for kept in [
            "",
            "aws-cli/2.15 md/token#1 exec-env/x --password",
            "not authorized to perform: sts:GetSessionToken on resource: \
             arn:aws:secretsmanager:us-east-1:111122223333:secret:token:x with an explicit deny",
            "the token has expired",
        ] {
            assert_eq!(redact_text(kept), kept);
        }
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
