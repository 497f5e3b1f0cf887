//! `AccountDepartedOrganization` and `AccountJoinedOrganization`: whom they are about.
//!
//! AWS publishes no sample of either, and the field names have changed since
//! their launch in May 2026, so both are read leniently.
//! <https://docs.aws.amazon.com/organizations/latest/APIReference/API_LeaveOrganization.html>

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::AccountId;
use crate::model::organization::JoinedMethod;
use crate::model::record::Record;

/// How an account departed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// It left by itself, or accepted another organization's invitation.
    Left,
    /// The management account removed it.
    Removed,
    /// It was closed 90 days before.
    Cleaned,
    /// A word that this version does not know; empty if the record has none.
    Other(String),
}

impl Method {
    /// The word as AWS writes it; `of unknown method` if it has none.
    pub fn word(&self) -> &str {
        match self {
            Self::Left => "LEFT",
            Self::Removed => "REMOVED",
            Self::Cleaned => "CLEANED",
            Self::Other(word) if word.is_empty() => "of unknown method",
            Self::Other(word) => word,
        }
    }
}

/// An account that departed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// Which account; `None` if the record does not tell it apart.
    pub account: Option<AccountId>,
    /// How.
    pub method: Method,
}

/// An account that joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joining {
    /// Which account; `None` if the record does not tell it apart.
    pub account: Option<AccountId>,
    /// Created or invited; `None` if the record has no method.
    pub method: Option<JoinedMethod>,
}

/// The departure that a record tells of, if it is one.
pub fn departure(record: &Record) -> Option<Departure> {
    if record.name != "AccountDepartedOrganization" {
        return None;
    }
    let word = word(&record.details, &["departuremethod", "departedmethod"]).unwrap_or_default();
    let method = match word.to_ascii_uppercase().as_str() {
        "LEFT" => Method::Left,
        "REMOVED" => Method::Removed,
        "CLEANED" => Method::Cleaned,
        _ => Method::Other(word),
    };
    Some(Departure {
        account: account(record),
        method,
    })
}

/// The joining that a record tells of, if it is one.
pub fn joining(record: &Record) -> Option<Joining> {
    if record.name != "AccountJoinedOrganization" {
        return None;
    }
    let word = word(&record.details, &["joinedmethod", "joinmethod"]);
    Some(Joining {
        account: account(record),
        method: word.map(|word| word.to_ascii_uppercase().into()),
    })
}

/// The field `accountId`, else the one account in the details that is not the recipient.
fn account(record: &Record) -> Option<AccountId> {
    if let Some(id) = word(&record.details, &["accountid"]).and_then(|word| word.parse().ok()) {
        return Some(id);
    }
    let mut found = BTreeSet::new();
    visit(&record.details, &mut |_, value| {
        found.extend(value.as_str().and_then(|text| text.parse().ok()));
    });
    if let Some(recipient) = &record.recipient {
        found.remove(recipient);
    }
    let one = found.pop_first()?;
    found.is_empty().then_some(one)
}

/// The first text under one of `keys` (lower case), at any depth, whatever its case.
fn word(details: &Value, keys: &[&str]) -> Option<String> {
    let mut found = None;
    visit(details, &mut |key, value| {
        if found.is_none() && keys.contains(&key.to_ascii_lowercase().as_str()) {
            found = value.as_str().map(str::to_owned);
        }
    });
    found
}

/// Shows every scalar with the key that it stands under; depth was bounded by redaction.
fn visit(value: &Value, see: &mut impl FnMut(&str, &Value)) {
    fn go(key: &str, value: &Value, see: &mut impl FnMut(&str, &Value)) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(key, value)| go(key, value, see)),
            Value::Array(items) => items.iter().for_each(|item| go(key, item, see)),
            scalar => see(key, scalar),
        }
    }
    go("", value, see);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::parse;
    use super::*;

    fn record(name: &str, details: &Value) -> Record {
        let event = json!({"eventID": "e", "eventName": name, "eventTime": "2026-11-20T10:00:00Z",
            "eventSource": "organizations.amazonaws.com", "recipientAccountId": "111111111111",
            "serviceEventDetails": details});
        parse(&event.to_string()).unwrap()
    }

    #[test]
    fn both_spellings_in_any_case_tell_method_and_account() {
        for (details, method) in [
            (
                json!({"accountId": "222222222222", "departureMethod": "LEFT"}),
                Method::Left,
            ),
            (
                json!({"departedMethod": "Removed", "member": {"id": "222222222222"},
                    "by": "111111111111"}),
                Method::Removed,
            ),
            (
                json!({"x": {"AccountID": "222222222222", "DepartureMethod": "cleaned"}}),
                Method::Cleaned,
            ),
            (
                json!({"accounts": ["222222222222"], "departureMethod": "TELEPORTED"}),
                Method::Other("TELEPORTED".to_owned()),
            ),
        ] {
            let told = departure(&record("AccountDepartedOrganization", &details)).unwrap();
            assert_eq!(told.method, method, "{details}");
            assert_eq!(told.account.unwrap().as_str(), "222222222222", "{details}");
        }
    }

    #[test]
    fn two_candidates_are_no_answer() {
        let details = json!({"a": "222222222222", "b": "333333333333"});
        let told = departure(&record("AccountDepartedOrganization", &details)).unwrap();
        assert_eq!(told.account, None);
        assert_eq!(told.method, Method::Other(String::new()));
    }

    #[test]
    fn joining_is_told_alike_and_other_records_are_neither() {
        let details = json!({"accountId": "222222222222", "joinedMethod": "Invited"});
        let told = joining(&record("AccountJoinedOrganization", &details)).unwrap();
        assert_eq!(told.method, Some(JoinedMethod::Invited));
        assert_eq!(told.account.unwrap().as_str(), "222222222222");
        assert!(departure(&record("AccountJoinedOrganization", &details)).is_none());
        assert!(joining(&record("CloseAccount", &details)).is_none());
    }
}
