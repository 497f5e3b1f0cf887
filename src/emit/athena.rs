//! The organization trail in Athena: its table, and the question of the catalog.
//!
//! <https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-org-wide-trail.html>

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use crate::model::{AccountId, Timestamp};
use crate::trail::archive::Query;

/// Where an organization trail delivers, and which folders the table covers.
#[derive(Debug, Clone)]
pub struct TrailPlace {
    /// The bucket.
    pub bucket: String,
    /// The trail's prefix; empty: none.
    pub prefix: String,
    /// The organization's id.
    pub organization: String,
    /// Accounts, former ones too: a folder outlives its account's membership.
    pub accounts: BTreeSet<AccountId>,
    /// The Organizations region.
    pub region: String,
    /// The first day that the table covers, `2026/01/01`.
    pub first_day: String,
}

/// The columns that both the table and the query name; the rest of a record is left out.
const COLUMNS: [(&str, &str); 15] = [
    ("eventversion", "string"),
    (
        "useridentity",
        "struct<type:string,principalid:string,arn:string,accountid:string,invokedby:string,\
         accesskeyid:string,username:string,sessioncontext:struct<attributes:struct<\
         mfaauthenticated:string,creationdate:string>,sessionissuer:struct<type:string,\
         principalid:string,arn:string,accountid:string,username:string>,sourceidentity:string>>",
    ),
    ("eventtime", "string"),
    ("eventsource", "string"),
    ("eventname", "string"),
    ("awsregion", "string"),
    ("sourceipaddress", "string"),
    ("useragent", "string"),
    ("errorcode", "string"),
    ("errormessage", "string"),
    ("requestparameters", "string"),
    ("responseelements", "string"),
    ("eventid", "string"),
    ("eventtype", "string"),
    ("recipientaccountid", "string"),
];

/// The statement that makes the table `name`, with partition projection.
pub fn athena_table(name: &str, place: &TrailPlace) -> String {
    let parts = [
        place.bucket.as_str(),
        place.prefix.trim_matches('/'),
        "AWSLogs",
        &place.organization,
    ];
    let base: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let base = format!("s3://{}", base.join("/"));
    let columns: Vec<String> = COLUMNS
        .iter()
        .map(|(column, kind)| format!("  {column} {kind}"))
        .chain(["  serviceeventdetails string".to_owned()])
        .collect();
    let accounts: Vec<&str> = place.accounts.iter().map(AccountId::as_str).collect();
    // Without a list, a query has to name the accounts.
    let projected = if accounts.is_empty() {
        "  'projection.account.type' = 'injected',\n".to_owned()
    } else {
        format!(
            "  'projection.account.type' = 'enum',\n  'projection.account.values' = {},\n",
            quoted(&accounts.join(","))
        )
    };
    let properties = [
        ("projection.region.type", "enum".to_owned()),
        ("projection.region.values", place.region.clone()),
        ("projection.day.type", "date".to_owned()),
        ("projection.day.format", "yyyy/MM/dd".to_owned()),
        ("projection.day.range", format!("{},NOW", place.first_day)),
        ("projection.day.interval", "1".to_owned()),
        ("projection.day.interval.unit", "DAYS".to_owned()),
        (
            "storage.location.template",
            format!("{base}/${{account}}/CloudTrail/${{region}}/${{day}}"),
        ),
    ];
    let properties = properties.map(|(key, value)| format!("  '{key}' = {}", quoted(&value)));
    format!(
        "CREATE EXTERNAL TABLE {name} (\n{}\n)\n\
         PARTITIONED BY (account string, region string, day string)\n\
         ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'\n\
         STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'\n\
         OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'\n\
         LOCATION {}\n\
         TBLPROPERTIES (\n  'projection.enabled' = 'true',\n{projected}{}\n);\n",
        columns.join(",\n"),
        quoted(&format!("{base}/")),
        properties.join(",\n"),
    )
}

/// The question that `detect` asks of an archive, to a table of [`athena_table`]; it scans only the
/// folders of the window, with its margin for late delivery, and of `accounts`, if there are any.
pub fn athena_query(name: &str, query: &Query, region: &str) -> String {
    let day = |time: Timestamp| {
        TimeZone::UTC
            .to_datetime(time)
            .strftime("%Y/%m/%d")
            .to_string()
    };
    let second = |time: Timestamp| {
        TimeZone::UTC
            .to_datetime(time)
            .strftime("%Y-%m-%dT%H:%M:%SZ")
            .to_string()
    };
    let window = &query.window;
    let mut wanted = vec![
        format!("region = {}", quoted(region)),
        format!("day >= {}", quoted(&day(window.since))),
        format!("day <= {}", quoted(&day(window.last_delivery()))),
    ];
    if !query.accounts.is_empty() {
        wanted.push(format!(
            "account IN ({})",
            list(query.accounts.iter().map(AccountId::as_str))
        ));
    }
    // Times of records are whole seconds in UTC, so their texts sort as they do.
    wanted.push(format!("eventtime >= {}", quoted(&second(window.since))));
    wanted.push(format!("eventtime <= {}", quoted(&second(window.until))));
    let sources = query.by_source().into_iter().map(|(source, names)| {
        format!(
            "(eventsource = {} AND eventname IN ({}))",
            quoted(source),
            list(names.into_iter())
        )
    });
    let sources: Vec<String> = sources.collect();
    wanted.push(format!("(\n    {}\n  )", sources.join("\n    OR ")));
    let columns: Vec<&str> = COLUMNS.iter().map(|(column, _)| *column).collect();
    format!(
        "SELECT {}, serviceeventdetails\nFROM {name}\nWHERE {}\nORDER BY eventtime DESC, eventid;\n",
        columns.join(", "),
        wanted.join("\n  AND ")
    )
}

fn list<'a>(values: impl Iterator<Item = &'a str>) -> String {
    values.map(quoted).collect::<Vec<_>>().join(", ")
}

/// A text as SQL writes it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::archive::Window;

    #[test]
    fn a_quote_in_a_name_ends_no_text() {
        let place = TrailPlace {
            bucket: "it's".to_owned(),
            prefix: "/logs/".to_owned(),
            organization: "o-exampleorg1".to_owned(),
            accounts: BTreeSet::new(),
            region: "us-east-1".to_owned(),
            first_day: "2026/01/01".to_owned(),
        };
        let table = athena_table("db.trail", &place);
        assert!(
            table.contains("LOCATION 's3://it''s/logs/AWSLogs/o-exampleorg1/'"),
            "{table}"
        );
        assert!(table.contains("'projection.account.type' = 'injected'"));
    }

    #[test]
    fn the_folders_of_late_deliveries_are_searched_too() {
        let window = Window {
            since: "2026-11-01T12:00:00Z".parse().unwrap(),
            until: "2026-11-07T23:30:00Z".parse().unwrap(),
            margin_hours: 24,
        };
        let accounts = ["222222222222".parse().unwrap()].into();
        let sql = athena_query("db.trail", &Query::exits(window, accounts), "us-east-1");
        for part in [
            "day >= '2026/11/01'",
            "day <= '2026/11/08'",
            "eventtime <= '2026-11-07T23:30:00Z'",
            "account IN ('222222222222')",
            "'LeaveOrganization'",
        ] {
            assert!(sql.contains(part), "{part}: {sql}");
        }
    }
}
