//! JSON text of one record → [`Record`].

use serde_json::Value;

use super::redact::{redact, redact_text};
use crate::model::record::{Actor, Record};
use crate::model::{AccountId, Timestamp};

/// CloudTrail caps an event at 256 KB (1 MB for large ones); more is not a record.
///
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
const MOST_BYTES: usize = 2 * 1024 * 1024;

/// Why a text is not a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unparsed {
    /// Larger than any record.
    #[error("a record of {0} bytes is larger than CloudTrail writes")]
    TooLarge(usize),
    /// Not JSON, or not an object.
    #[error("not a JSON object: {0}")]
    NotJson(String),
    /// A field without which a record says nothing.
    #[error("record `{event_id}` has no usable `{field}`")]
    Field {
        /// `eventID`, or `?`.
        event_id: String,
        /// The field's name.
        field: &'static str,
    },
}

/// Reads one record. Missing and additional fields are fine; name, source and
/// time are needed. Secrets are gone from the result.
pub fn parse(json: &str) -> Result<Record, Unparsed> {
    if json.len() > MOST_BYTES {
        return Err(Unparsed::TooLarge(json.len()));
    }
    // serde_json refuses more than 128 levels, so no input can exhaust the stack.
    let value: Value =
        serde_json::from_str(json).map_err(|error| Unparsed::NotJson(error.to_string()))?;
    from_value(&value)
}

/// The same of a record that was read already.
pub(super) fn from_value(value: &Value) -> Result<Record, Unparsed> {
    if !value.is_object() {
        return Err(Unparsed::NotJson("another JSON value".to_owned()));
    }
    let event_id = text(value, "eventID").unwrap_or_default();
    let need = |field: &'static str| {
        text(value, field).ok_or_else(|| Unparsed::Field {
            event_id: shown(&event_id),
            field,
        })
    };
    let name = need("eventName")?;
    let source = need("eventSource")?;
    let time = time(&need("eventTime")?).ok_or_else(|| Unparsed::Field {
        event_id: shown(&event_id),
        field: "eventTime",
    })?;
    let free = |field| text(value, field).map(|text| redact_text(&text));
    let part = |field: &str| redact(value.get(field).cloned().unwrap_or_default());
    Ok(Record {
        time,
        source,
        name,
        event_type: text(value, "eventType").unwrap_or_default(),
        region: text(value, "awsRegion").unwrap_or_default(),
        recipient: account(value, "recipientAccountId"),
        error_code: text(value, "errorCode"),
        error_message: free("errorMessage"),
        actor: actor(value.get("userIdentity").unwrap_or(&Value::Null)),
        source_ip: free("sourceIPAddress"),
        user_agent: free("userAgent"),
        request: part("requestParameters"),
        response: part("responseElements"),
        details: part("serviceEventDetails"),
        event_id,
    })
}

fn shown(event_id: &str) -> String {
    if event_id.is_empty() {
        return "?".to_owned();
    }
    event_id.chars().take(64).collect()
}

fn actor(identity: &Value) -> Actor {
    let session = identity.get("sessionContext").unwrap_or(&Value::Null);
    let issuer = session.get("sessionIssuer").unwrap_or(&Value::Null);
    let attributes = session.get("attributes").unwrap_or(&Value::Null);
    let mfa = match attributes.get("mfaAuthenticated") {
        Some(Value::Bool(yes)) => Some(*yes),
        Some(Value::String(word)) if word == "true" => Some(true),
        Some(Value::String(word)) if word == "false" => Some(false),
        _ => None,
    };
    Actor {
        kind: text(identity, "type").unwrap_or_default(),
        arn: text(identity, "arn"),
        account: account(identity, "accountId"),
        access_key: text(identity, "accessKeyId"),
        session_issuer: text(issuer, "arn"),
        source_identity: text(session, "sourceIdentity"),
        mfa,
        invoked_by: text(identity, "invokedBy"),
    }
}

fn text(value: &Value, field: &str) -> Option<String> {
    value.get(field)?.as_str().map(str::to_owned)
}

fn account(value: &Value, field: &str) -> Option<AccountId> {
    value.get(field)?.as_str()?.parse().ok()
}

/// RFC 3339, or `2025-01-20 15:59:33.000000000` as some archives write it, in UTC.
fn time(text: &str) -> Option<Timestamp> {
    let zoned = text.parse().ok();
    zoned.or_else(|| {
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn samples() -> Vec<Value> {
        include_str!("../../tests/it/data/cloudtrail-samples.jsonl")
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["event"].clone())
            .collect()
    }

    #[test]
    fn every_published_record_is_read_and_stubs_say_what_they_lack() {
        let (records, stubs): (Vec<_>, Vec<_>) = samples()
            .iter()
            .map(|event| parse(&event.to_string()))
            .partition(Result::is_ok);
        assert_eq!((records.len(), stubs.len()), (12, 3));
        for stub in stubs {
            assert_eq!(
                stub.unwrap_err().to_string(),
                "record `?` has no usable `eventTime`"
            );
        }
        for record in records.into_iter().map(Result::unwrap) {
            assert!(!record.name.is_empty() && !record.source.is_empty());
            let again: Record =
                serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
            assert_eq!(again, record);
        }
    }

    #[test]
    fn a_denied_attempt_keeps_who_when_where_and_why() {
        let event = samples().remove(3);
        let record = parse(&event.to_string()).unwrap();
        assert_eq!(record.name, "LeaveOrganization");
        assert_eq!(record.time.to_string(), "2025-01-20T15:59:33Z");
        assert_eq!(record.error_code.as_deref(), Some("AccessDenied"));
        assert_eq!(record.recipient.unwrap().as_str(), "111122223333");
        assert_eq!(record.source_ip.as_deref(), Some("1.2.3.4"));
        assert_eq!(record.actor.kind, "AssumedRole");
        assert_eq!(record.actor.mfa, Some(false));
        assert_eq!(
            record.actor.session_issuer.as_deref(),
            Some("arn:aws:iam::111122223333:role/SampleRole")
        );
    }

    #[test]
    fn session_credentials_never_reach_the_record() {
        let record = parse(&samples().remove(0).to_string()).unwrap();
        assert_eq!(record.name, "AssumeRole");
        assert_eq!(record.response["credentials"], "REDACTED");
        assert!(!serde_json::to_string(&record).unwrap().contains("ASIAMOWP"));
    }

    #[test]
    fn what_a_caller_wrote_into_its_user_agent_is_cut_too() {
        let record = parse(
            &json!({"eventName": "X", "eventSource": "s", "eventTime": "2026-11-20T10:00:00Z",
            "userAgent": "tool --secret-key canary", "errorMessage": "sessionToken=canary",
            "requestParameters": {"clientToken": "canary"}})
            .to_string(),
        )
        .unwrap();
        let shown = serde_json::to_string(&record).unwrap();
        assert!(!shown.contains("canary"), "{shown}");
        assert_eq!(record.user_agent.unwrap(), "tool --secret-key REDACTED");
    }

    #[test]
    fn a_handshake_stays_in_the_response() {
        let invite = samples()
            .into_iter()
            .find(|event| event["eventName"] == "InviteAccountToOrganization")
            .unwrap();
        let record = parse(&invite.to_string()).unwrap();
        assert_eq!(
            record.response["handshake"]["parties"][1]["id"],
            "222222222222"
        );
    }

    #[test]
    fn what_is_no_record_is_told() {
        assert!(matches!(parse("<html>"), Err(Unparsed::NotJson(_))));
        assert!(matches!(parse("[]"), Err(Unparsed::NotJson(_))));
        let nested = "[".repeat(100_000);
        assert!(matches!(parse(&nested), Err(Unparsed::NotJson(_))));
        let large = " ".repeat(MOST_BYTES + 1);
        assert_eq!(parse(&large), Err(Unparsed::TooLarge(MOST_BYTES + 1)));
        let bad = json!({"eventID": "e", "eventName": "X", "eventSource": "s", "eventTime": "now"});
        assert_eq!(
            parse(&bad.to_string()).unwrap_err().to_string(),
            "record `e` has no usable `eventTime`"
        );
    }
}
