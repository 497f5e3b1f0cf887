//! The organization trail as a table: which values of a record are asked for, and a row of the
//! answer → [`Record`].
//!
//! Every value has a column of its own: what an engine prints of a whole struct cannot be told apart
//! from the commas in its values.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::parse::{Unparsed, from_value};
use crate::model::record::Record;
use crate::model::{AccountId, Gap, Timestamp};

/// One value of a record.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// The column or struct field, as Hive writes it: in lower case.
    pub field: &'static str,
    /// Where the value stands in the record.
    path: &'static [&'static str],
    /// Is it text that holds JSON?
    json: bool,
}

const fn text(field: &'static str, path: &'static [&'static str]) -> Column {
    Column {
        field,
        path,
        json: false,
    }
}

const fn json(field: &'static str, path: &'static [&'static str]) -> Column {
    Column {
        field,
        path,
        json: true,
    }
}

/// What [`Record`] keeps, in the order of the query.
pub const COLUMNS: [Column; 22] = [
    text("eventid", &["eventID"]),
    text("eventtime", &["eventTime"]),
    text("eventsource", &["eventSource"]),
    text("eventname", &["eventName"]),
    text("eventtype", &["eventType"]),
    text("awsregion", &["awsRegion"]),
    text("recipientaccountid", &["recipientAccountId"]),
    text("errorcode", &["errorCode"]),
    text("errormessage", &["errorMessage"]),
    text("sourceipaddress", &["sourceIPAddress"]),
    text("useragent", &["userAgent"]),
    text("useridentity.type", &["userIdentity", "type"]),
    text("useridentity.arn", &["userIdentity", "arn"]),
    text("useridentity.accountid", &["userIdentity", "accountId"]),
    text("useridentity.accesskeyid", &["userIdentity", "accessKeyId"]),
    text("useridentity.invokedby", &["userIdentity", "invokedBy"]),
    text(
        "useridentity.sessioncontext.sourceidentity",
        &["userIdentity", "sessionContext", "sourceIdentity"],
    ),
    text(
        "useridentity.sessioncontext.sessionissuer.arn",
        &["userIdentity", "sessionContext", "sessionIssuer", "arn"],
    ),
    text(
        "useridentity.sessioncontext.attributes.mfaauthenticated",
        &[
            "userIdentity",
            "sessionContext",
            "attributes",
            "mfaAuthenticated",
        ],
    ),
    json("requestparameters", &["requestParameters"]),
    json("responseelements", &["responseElements"]),
    json("serviceeventdetails", &["serviceEventDetails"]),
];

impl Column {
    /// Its name in the answer: that of the field, whose own last part stands in several structs.
    pub fn label(&self) -> String {
        self.field.replace('.', "_")
    }
}

/// The answer has other columns than were asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the result has columns `{0}`, which are not those that were asked for")]
pub struct OtherColumns(String);

/// Are these the columns that were asked for?
pub fn check_header(columns: &[String]) -> Result<(), OtherColumns> {
    let own = COLUMNS.iter().map(Column::label);
    if own.eq(columns.iter().map(|column| column.to_ascii_lowercase())) {
        return Ok(());
    }
    let shown: String = columns.join(", ").chars().take(200).collect();
    Err(OtherColumns(shown))
}

/// Reads the record of one row, as [`super::parse()`] reads its text. A value that is null or empty
/// is not there.
pub fn from_row(cells: &[Option<String>]) -> Result<Record, Unparsed> {
    if cells.len() != COLUMNS.len() {
        let (own, found) = (COLUMNS.len(), cells.len());
        return Err(Unparsed::NotJson(format!(
            "{found} values for {own} columns"
        )));
    }
    let mut record = Value::Object(Map::new());
    for (column, cell) in COLUMNS.iter().zip(cells) {
        let Some(text) = cell.as_deref().filter(|text| !text.is_empty()) else {
            continue;
        };
        let value = if column.json {
            serde_json::from_str(text)
                .map_err(|error| Unparsed::NotJson(format!("column `{}`: {error}", column.field)))?
        } else {
            text.into()
        };
        set(&mut record, column.path, value);
    }
    from_value(&record)
}

fn set(record: &mut Value, path: &[&str], value: Value) {
    match path {
        [] => *record = value,
        [first, rest @ ..] => {
            if !record.is_object() {
                *record = Value::Object(Map::new());
            }
            if let Value::Object(fields) = record {
                let place = fields.entry(*first).or_insert(Value::Null);
                set(place, rest, value);
            }
        }
    }
}

/// What a table was asked, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TableCoverage {
    /// `DATABASE.TABLE`.
    pub table: String,
    /// In whose folders it was looked.
    pub accounts: BTreeSet<AccountId>,
    /// In whose region's folders.
    pub region: String,
    /// From when on.
    #[schemars(with = "String")]
    pub since: Timestamp,
    /// Until when.
    #[schemars(with = "String")]
    pub until: Timestamp,
    /// Folders of so many hours later were looked into too.
    pub margin_hours: u32,
    /// Queries that succeeded.
    pub queries: usize,
    /// What they read, and are billed by, in bytes; null: Athena did not say.
    pub bytes_scanned: Option<u64>,
    /// Rows that they returned.
    pub rows: usize,
    /// Rows that are no record, and why.
    pub unparsed: Vec<String>,
}

/// A table's records.
#[derive(Debug)]
pub struct Queried {
    /// What was asked.
    pub coverage: TableCoverage,
    /// Those that came back.
    pub records: Vec<Record>,
    /// Queries that failed.
    pub gaps: Vec<Gap>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[(&str, &str)]) -> Vec<Option<String>> {
        let cell = |column: &Column| {
            let found = values.iter().find(|(field, _)| *field == column.field);
            found.map(|(_, value)| (*value).to_owned())
        };
        COLUMNS.iter().map(cell).collect()
    }

    #[test]
    fn a_row_is_the_record_that_its_text_is() {
        let cells = row(&[
            ("eventid", "e-1"),
            ("eventname", "LeaveOrganization"),
            ("eventsource", "organizations.amazonaws.com"),
            ("eventtime", "2026-11-01T12:00:00Z"),
            ("eventtype", "AwsApiCall"),
            ("awsregion", "us-east-1"),
            ("sourceipaddress", "192.0.2.1"),
            ("useragent", "it's, \"me\"={}"),
            ("recipientaccountid", "222222222222"),
            ("errorcode", "AccessDenied"),
            ("errormessage", "with an explicit deny"),
            ("requestparameters", r#"{"accountId":"222222222222"}"#),
            ("responseelements", ""),
            ("serviceeventdetails", "null"),
            ("useridentity.type", "AssumedRole"),
            (
                "useridentity.arn",
                "arn:aws:sts::222222222222:assumed-role/Admin/me",
            ),
            ("useridentity.accountid", "222222222222"),
            ("useridentity.accesskeyid", "ASIAEXAMPLE"),
            ("useridentity.invokedby", "x.amazonaws.com"),
            ("useridentity.sessioncontext.sourceidentity", "me"),
            (
                "useridentity.sessioncontext.sessionissuer.arn",
                "arn:aws:iam::222222222222:role/Admin",
            ),
            (
                "useridentity.sessioncontext.attributes.mfaauthenticated",
                "true",
            ),
        ]);
        let text = r#"{"eventID":"e-1","eventName":"LeaveOrganization",
            "eventSource":"organizations.amazonaws.com","eventTime":"2026-11-01T12:00:00Z",
            "eventType":"AwsApiCall","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.1",
            "userAgent":"it's, \"me\"={}","recipientAccountId":"222222222222",
            "errorCode":"AccessDenied","errorMessage":"with an explicit deny",
            "requestParameters":{"accountId":"222222222222"},"responseElements":null,
            "userIdentity":{"type":"AssumedRole","accountId":"222222222222",
             "arn":"arn:aws:sts::222222222222:assumed-role/Admin/me","accessKeyId":"ASIAEXAMPLE",
             "invokedBy":"x.amazonaws.com","sessionContext":{"sourceIdentity":"me",
             "sessionIssuer":{"userName":"Admin","arn":"arn:aws:iam::222222222222:role/Admin"},
             "attributes":{"mfaAuthenticated":"true"}}}}"#;
        let record = from_row(&cells).unwrap();
        assert_eq!(record, super::super::parse(text).unwrap());
        // Every field of a record has its column: this one leaves none at its default.
        let kept = serde_json::to_value(&record).unwrap();
        let fields = kept.as_object().unwrap().len() + kept["actor"].as_object().unwrap().len();
        assert_eq!(fields, 13 + 8);
    }

    #[test]
    fn a_value_that_is_not_json_is_named_and_secrets_are_cut_out() {
        let whole = [
            ("eventname", "AssumeRole"),
            ("eventsource", "sts.amazonaws.com"),
            ("eventtime", "2026-11-01T12:00:00Z"),
        ];
        let with = |field, value| {
            let mut values = whole.to_vec();
            values.push((field, value));
            from_row(&row(&values))
        };
        let error = with("requestparameters", "{type=AssumedRole}").unwrap_err();
        assert!(error.to_string().contains("`requestparameters`"), "{error}");
        let secret = r#"{"credentials":{"secretAccessKey":"s3cr3t"}}"#;
        let record = with("responseelements", secret).unwrap();
        assert_eq!(record.response["credentials"], "REDACTED");
        assert!(from_row(&row(&whole[..2])).is_err());
        let error = from_row(&row(&whole)[1..]).unwrap_err();
        assert!(
            error.to_string().contains("21 values for 22 columns"),
            "{error}"
        );
    }

    #[test]
    fn an_answer_with_other_columns_is_not_read() {
        let own: Vec<String> = COLUMNS.iter().map(Column::label).collect();
        assert_eq!(check_header(&own), Ok(()));
        assert!(check_header(&own[1..]).is_err());
        let mut swapped = own;
        swapped.swap(0, 1);
        let error = check_header(&swapped).unwrap_err();
        assert!(error.to_string().contains("eventtime, eventid"), "{error}");
    }
}
