//! The text of one object → a wanted record.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::query::Query;
use crate::model::record::Record;
use crate::trail::parse::from_value;

/// Deeper than this nothing is kept; less than what `serde_json` refuses.
const DEPTH: usize = 64;

/// What an object is.
#[derive(Debug, PartialEq)]
pub(super) enum Read {
    /// A record that is wanted.
    Wanted(Box<Record>),
    /// Something else.
    Other,
    /// A record of a wanted name, or perhaps one, that could not be read.
    Unparsed(String),
}

/// Reads an object that the pre-filter let through.
pub(super) fn read(text: &[u8], query: &Query) -> Read {
    let text = mended(text);
    let mut json = serde_json::Deserializer::from_str(&text);
    let value = match (Kept { query, depth: 0 }).deserialize(&mut json) {
        Ok(value) => value,
        Err(error) => return Read::Unparsed(format!("an object that is not JSON: {error}")),
    };
    let word = |field| value.get(field).and_then(Value::as_str).unwrap_or_default();
    if !query.wants(word("eventSource"), word("eventName")) {
        return Read::Other;
    }
    match from_value(&value) {
        Ok(record) if query.takes(&record) => Read::Wanted(Box::new(record)),
        Ok(_) => Read::Other,
        Err(error) => Read::Unparsed(error.to_string()),
    }
}

/// Is an object one by itself, not one that holds records somewhere? What cannot be read may be.
pub(super) fn is_record(text: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Named {
        #[serde(rename = "eventName")]
        name: Option<IgnoredAny>,
    }
    serde_json::from_str::<Named>(&mended(text)).map_or(true, |named| named.name.is_some())
}

/// The record in an event as `lookup-events` answers: there it is text. `None`: no such event.
///
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Event.html>
pub(super) fn looked_up(text: &[u8]) -> Result<Option<String>, String> {
    #[derive(Deserialize)]
    struct LookedUp {
        #[serde(rename = "CloudTrailEvent")]
        event: Option<Value>,
    }
    let event: LookedUp = serde_json::from_str(&mended(text))
        .map_err(|error| format!("an event that is not JSON: {error}"))?;
    match event.event {
        None => Ok(None),
        Some(Value::String(text)) if text.trim_start().starts_with('{') => Ok(Some(text)),
        Some(record @ Value::Object(_)) => Ok(Some(record.to_string())),
        Some(_) => Err("an event whose `CloudTrailEvent` is no record".to_owned()),
    }
}

/// Text that `serde_json` takes: UTF-8, without control characters or halves of surrogate pairs.
fn mended(text: &[u8]) -> Cow<'_, str> {
    let mut text = String::from_utf8_lossy(text);
    if text.bytes().any(|byte| byte < b' ') {
        text = text
            .chars()
            .map(|c| if c < ' ' { ' ' } else { c })
            .collect::<String>()
            .into();
    }
    if text.contains("\\ud") || text.contains("\\uD") {
        text = paired(&text).into();
    }
    text
}

/// The same text with `\ufffd` for every escape that is half of a pair.
fn paired(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        whole.push_str(before);
        let high = |code: Option<u16>| code.is_some_and(|code| (code & 0xfc00) == 0xd800);
        let low = |code: Option<u16>| code.is_some_and(|code| (code & 0xfc00) == 0xdc00);
        let code = unit(escape);
        let length = if high(code) && low(escape.get(6..).and_then(unit)) {
            12
        } else if high(code) || low(code) {
            whole.push_str("\\ufffd");
            rest = escape.get(6..).unwrap_or_default();
            continue;
        } else {
            2
        };
        // The character behind the backslash may take several bytes.
        let length = (length..escape.len())
            .find(|end| escape.is_char_boundary(*end))
            .unwrap_or(escape.len());
        let (escape, behind) = escape.split_at(length);
        whole.push_str(escape);
        rest = behind;
    }
    whole.push_str(rest);
    whole
}

/// The code of `\uXXXX` at the beginning of a text.
fn unit(text: &str) -> Option<u16> {
    let hex = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(hex, 16).ok()
}

/// Any JSON value, without what nests too deeply. Of a record whose `eventName` or `eventSource`
/// stands there twice, a wanted spelling is kept: the other would be a way to hide.
#[derive(Clone, Copy)]
struct Kept<'q> {
    query: &'q Query,
    depth: usize,
}

impl Kept<'_> {
    fn deeper(self) -> Self {
        Self {
            depth: self.depth + 1,
            ..self
        }
    }

    fn prefers(self, field: &str, known: &Value) -> bool {
        let Some(known) = known.as_str() else {
            return false;
        };
        match field {
            "eventName" => self.query.has_name(known),
            "eventSource" => self.query.has_source(known),
            _ => false,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Kept<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        if self.depth > DEPTH {
            json.deserialize_ignored_any(IgnoredAny)?;
            return Ok(Value::Null);
        }
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Kept<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.deeper())? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(field) = members.next_key::<String>()? {
            let value = members.next_value_seed(self.deeper())?;
            let hides = self.depth == 0
                && map
                    .get(&field)
                    .is_some_and(|known| self.prefers(&field, known));
            if !hides {
                map.insert(field, value);
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::archive::Window;

    fn query() -> Query {
        let window = Window {
            since: "2026-11-01T00:00:00Z".parse().unwrap(),
            until: "2026-11-30T00:00:00Z".parse().unwrap(),
            margin_hours: 24,
        };
        Query::exits(window, ["111122223333".parse().unwrap()].into())
    }

    fn event(more: &str) -> String {
        format!(
            r#"{{"eventSource":"organizations.amazonaws.com","eventID":"e1","eventTime":"2026-11-20T10:00:00Z",
            "recipientAccountId":"111122223333","eventName":"LeaveOrganization"{more}}}"#
        )
    }

    fn wanted(text: &[u8]) -> Option<Record> {
        match read(text, &query()) {
            Read::Wanted(record) => Some(*record),
            _ => None,
        }
    }

    #[test]
    fn odd_members_do_not_hide_a_record() {
        let deep = format!(
            r#","requestParameters":{}1{}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        for more in [
            "",
            r#","x":"\ud83e \u0041 \\ud83e \ud83d\udc4b""#,
            r#","eventName":"ListAccounts""#,
            ",\"x\":\"a\tb\"",
            deep.as_str(),
        ] {
            let record = wanted(event(more).as_bytes()).unwrap();
            assert_eq!(record.name, "LeaveOrganization");
        }
        let mut bytes = event(r#","userAgent":"??""#).into_bytes();
        let at = bytes.len() - 4;
        bytes[at..at + 2].copy_from_slice(&[0xff, 0xc3]);
        let record = wanted(&bytes).unwrap();
        assert_eq!(record.user_agent.as_deref(), Some("\u{fffd}\u{fffd}"));
    }

    #[test]
    fn halves_of_pairs_go_and_everything_else_stays() {
        assert_eq!(paired(r"a\ud83eb\udc4b"), r"a\ufffdb\ufffd");
        assert_eq!(
            paired(r"\ud83d\udc4b \n\\ud83e \é"),
            r"\ud83d\udc4b \n\\ud83e \é"
        );
        assert_eq!(paired(r"\ud83d\ud83d\udc4b\"), r"\ufffd\ud83d\udc4b\");
        assert_eq!(paired(r"\ud8"), r"\ud8");
    }

    #[test]
    fn other_windows_accounts_and_names_are_not_wanted() {
        for (from, to) in [
            ("11-20T", "10-20T"),
            ("111122223333", "444455556666"),
            ("LeaveOrganization", "leaveorganization"),
            ("organizations.amazonaws.com", "iam.amazonaws.com"),
        ] {
            let text = event("").replace(from, to);
            assert_eq!(read(text.as_bytes(), &query()), Read::Other, "{to}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let text = event("").replace("2026-11-20T10:00:00Z", "yesterday");
        let told = Read::Unparsed("record `e1` has no usable `eventTime`".to_owned());
        assert_eq!(read(text.as_bytes(), &query()), told);
        let text = event(r#","x":}"#);
        assert!(matches!(read(text.as_bytes(), &query()), Read::Unparsed(_)));
    }
}
