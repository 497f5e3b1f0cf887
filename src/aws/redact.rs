//! Takes secrets and e-mail addresses out of the bodies of a transcript.
//!
//! What cannot be taken apart is left out whole: a transcript that says less is
//! better than one that says too much.

use serde_json::Value;

use crate::model::sha256_hex;

/// What stands in the place of a secret.
const CUT: &str = "[cut]";
/// Names of members whose value is a secret or names one; letters and digits only, lower case.
const SECRET_NAMES: [&str; 8] = [
    "sessiontoken",
    "securitytoken",
    "secretaccesskey",
    "accesskeyid",
    "password",
    "credential",
    "authorization",
    "signature",
];
/// How AWS's access key ids begin; sixteen letters and digits follow
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>).
const KEY_PREFIXES: [&str; 2] = ["AKIA", "ASIA"];

/// The text of a body with neither secrets nor e-mail addresses.
///
/// `secrets` are words that must not appear either, such as the session token: AWS repeats
/// signed headers in some of its errors.
pub(super) fn body(text: &str, secrets: &[String]) -> String {
    let start = text.trim_start();
    if start.is_empty() {
        return String::new();
    }
    if let Ok(json) = serde_json::from_str(text) {
        return value(json, secrets).to_string();
    }
    let known = if start.starts_with('<') {
        xml(text, secrets)
    } else if start.starts_with("Action=") {
        Some(form(text, secrets))
    } else {
        None
    };
    known.unwrap_or_else(|| format!("[cut: {} bytes of no known form]", text.len()))
}

fn is_secret(name: &str) -> bool {
    let letters: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    SECRET_NAMES.iter().any(|secret| letters.contains(secret))
}

fn value(json: Value, secrets: &[String]) -> Value {
    match json {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(name, member)| {
                    let member = if is_secret(&name) {
                        Value::String(CUT.to_owned())
                    } else {
                        value(member, secrets)
                    };
                    (plain(&name, secrets), member)
                })
                .collect(),
        ),
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| value(item, secrets)).collect())
        }
        // Policies and CloudTrail records are JSON in a string.
        Value::String(text) => Value::String(match serde_json::from_str(&text) {
            Ok(inner @ (Value::Object(_) | Value::Array(_))) => value(inner, secrets).to_string(),
            _ => plain(&text, secrets),
        }),
        other => other,
    }
}

/// `None`: not the plain elements that AWS sends, so not to be trusted with secrets.
fn xml(text: &str, secrets: &[String]) -> Option<String> {
    if text.contains("<!") || text.contains("&#") || text.to_ascii_lowercase().contains("<html") {
        return None;
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('<') {
        let (tag, after) = from.split_once('>')?;
        out.push_str(&plain(before, secrets));
        out.push('<');
        out.push_str(&plain(tag, secrets));
        out.push('>');
        rest = after;
        let name = tag.split_whitespace().next().unwrap_or_default();
        let opens = !tag.starts_with(['/', '?']) && !tag.ends_with('/');
        if opens && is_secret(name) {
            let end = rest.find(&format!("</{name}>"))?;
            out.push_str(CUT);
            rest = rest.get(end..)?;
        }
    }
    out.push_str(&plain(rest, secrets));
    Some(out)
}

fn form(text: &str, secrets: &[String]) -> String {
    let pairs = text.split('&').map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name), decoded(value));
        if is_secret(&name) {
            format!("{}={CUT}", plain(&name, secrets))
        } else {
            format!("{}={}", plain(&name, secrets), plain(&value, secrets))
        }
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// Percent signs and plus signs taken back, as far as they can be.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match (byte, hex_byte(rest.clone())) {
            (b'+', _) => bytes.push(b' '),
            (b'%', Some(code)) => {
                bytes.push(code);
                rest.nth(1);
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The byte that the next two hexadecimal digits name.
fn hex_byte(rest: std::str::Bytes<'_>) -> Option<u8> {
    let mut digits = rest.map(|byte| char::from(byte).to_digit(16));
    let (high, low) = (digits.next()??, digits.next()??);
    u8::try_from(high * 16 + low).ok()
}

/// Text without the given secrets, access key ids and e-mail addresses.
fn plain(text: &str, secrets: &[String]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        text = text.replace(secret.as_str(), CUT);
    }
    emails(&key_ids(&text))
}

fn key_ids(text: &str) -> String {
    const LENGTH: usize = 20;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = KEY_PREFIXES.iter().filter_map(|p| rest.find(p)).min() {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let length = from.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let (word, after) = from.split_at(length);
        out.push_str(if length < LENGTH { word } else { CUT });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Every address replaced by a word that is the same for the same address.
fn emails(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, from) = rest.split_at(at);
        let local = local_part(before);
        let domain = domain(from.get(1..).unwrap_or_default());
        let (kept, local) = before.split_at(before.len() - local);
        let (address_end, after) = from.split_at(1 + domain);
        out.push_str(kept);
        if local.is_empty() && domain == 0 {
            out.push('@');
        } else {
            let address = format!("{local}{address_end}").to_lowercase();
            let hash: String = sha256_hex(address.as_bytes()).chars().take(8).collect();
            out.push_str("sha256-");
            out.push_str(&hash);
            out.push_str("@redacted");
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// How many bytes at the end of the text are the part of an address before its `@`.
fn local_part(before: &str) -> usize {
    if let Some(quoted) = before.strip_suffix('"') {
        return quoted.rfind('"').map_or(1, |start| before.len() - start);
    }
    before
        .chars()
        .rev()
        .take_while(|c| c.is_alphanumeric() || ".!#$%&*+=?^_~-".contains(*c))
        .map(char::len_utf8)
        .sum()
}

/// How many bytes at the start of the text are the domain of an address.
fn domain(after: &str) -> usize {
    let length: usize = after
        .chars()
        .take_while(|c| c.is_alphanumeric() || ".-".contains(*c))
        .map(char::len_utf8)
        .sum();
    let domain = after.get(..length).unwrap_or_default();
    domain.trim_end_matches(['.', '-']).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str) -> String {
        body(text, &["TOKEN/with+signs=".to_owned()])
    }

    #[test]
    fn secrets_are_cut_from_every_form_under_every_spelling() {
        let inner = r#"{\"userIdentity\":{\"accessKeyId\":\"canary\",\"sessionContext\":1}}"#;
        for text in [
            r#"{"Credentials":{"a":"canary"}}"#.to_owned(),
            r#"{"deep":[{"session_token":"canary"}]}"#.to_owned(),
            r#"{"SecretAccessKey":["canary"]}"#.to_owned(),
            r#"{"newPassword":"canary"}"#.to_owned(),
            r#"{"X-Amz-Security-Token":"canary"}"#.to_owned(),
            format!(r#"{{"CloudTrailEvent":"{inner}"}}"#),
            "<a><Credentials><x>canary</x></Credentials><b>1</b></a>".to_owned(),
            "<SessionToken>canary</SessionToken>".to_owned(),
            "<Password id=\"1\">canary".to_owned(),
            "<!doctype html><input name=password value=canary>".to_owned(),
            "<html><input name=password value=canary></html>".to_owned(),
            "<a><![CDATA[<Password>canary</Password>]]></a>".to_owned(),
            "Action=A&Secret%41ccessKey=canary&b=1".to_owned(),
            r#"{"Password":"canary"#.to_owned(),
            "password: canary".to_owned(),
        ] {
            let cleaned = clean(&text);
            assert!(!cleaned.contains("canary"), "{text} became {cleaned}");
            assert!(cleaned.contains("[cut"), "{text} became {cleaned}");
        }
    }

    #[test]
    fn given_words_and_key_ids_are_cut_wherever_they_stand() {
        for text in [
            r#"{"message":"x-amz-security-token:TOKEN\/with+signs= ASIAABCDEFGHIJKLMNOP."}"#,
            "<Message>token:TOKEN/with+signs=\nAKIAABCDEFGHIJKLMNOP</Message>",
            "Action=A&b=TOKEN%2Fwith%2Bsigns%3D&c=xAKIAABCDEFGHIJKLMNOP",
            r#"{"TOKEN/with+signs=":"AKIAABCDEFGHIJKLMNOP"}"#,
        ] {
            let cleaned = clean(text);
            assert!(!cleaned.contains("with"), "{cleaned}");
            assert!(!cleaned.contains("ABCDEFGHIJKLMNOP"), "{cleaned}");
        }
        assert_eq!(clean(r#"{"a":"an AKIA key"}"#), r#"{"a":"an AKIA key"}"#);
    }

    #[test]
    fn addresses_become_words_that_tell_them_apart() {
        let cleaned = clean(
            r#"{"jane@example.com":"Jane <Jane@Example.com>, arn:a/b/jane@example.com.","n":"joe+x@corp.test","q":"\"odd one\"@corp.test"}"#,
        );
        for gone in ["jane", "Jane@", "xample", "joe", "corp", "odd"] {
            assert!(!cleaned.contains(gone), "{gone} in {cleaned}");
        }
        let hash: String = sha256_hex(b"jane@example.com").chars().take(8).collect();
        let word = format!("sha256-{hash}@redacted");
        assert_eq!(cleaned.matches(&word).count(), 3, "{cleaned}");
        assert!(cleaned.contains("arn:a/b/sha256-"));
        assert!(!clean("<Email>joe@corp.test</Email>").contains("joe"));
        assert!(!clean("Action=A&Email=joe%40corp.test").contains("joe"));
        assert_eq!(clean(r#"{"a":"5 @ 3"}"#), r#"{"a":"5 @ 3"}"#);
    }

    #[test]
    fn what_is_no_secret_stays() {
        let text = r#"{"Id":"r-ab12","PolicyTypes":[{"Status":"ENABLED"}],"n":null,"t":true}"#;
        let same: Value = serde_json::from_str(&clean(text)).unwrap();
        assert_eq!(same, serde_json::from_str::<Value>(text).unwrap());
        let text = "<?xml version=\"1.0\"?>\n<A xmlns=\"https://x/\"><Arn>arn:a</Arn><b/></A>\n";
        assert_eq!(clean(text), text);
        assert_eq!(
            clean("Action=A&Version=2011-06-15"),
            "Action=A&Version=2011-06-15"
        );
        assert_eq!(clean(" "), "");
    }
}
