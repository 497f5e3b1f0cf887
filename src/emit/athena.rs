//! The organization trail in Athena: its table, and the question of the catalog.
//!
//! <https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-org-wide-trail.html>

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use crate::model::{AccountId, Timestamp};
use crate::trail::COLUMNS;
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
    /// The first day that the table covers, `2026/01/01`.
    pub first_day: String,
}

/// The columns of the table; the rest of a record is left out.
const TABLE: [(&str, &str); 16] = [
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
    ("serviceeventdetails", "string"),
    ("eventid", "string"),
    ("eventtype", "string"),
    ("recipientaccountid", "string"),
];

/// Accounts that one query names: 16 of the 262,144 bytes that Athena takes, in thousands, and not
/// more folders at once than a query of a few months has to list in minutes.
///
/// <https://docs.aws.amazon.com/athena/latest/ug/service-limits.html>
const ACCOUNTS_A_QUERY: usize = 1_000;

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
    let columns = TABLE.map(|(column, kind)| format!("  {column} {kind}"));
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
        ("projection.region.type", "injected".to_owned()),
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
        "CREATE EXTERNAL TABLE {} (\n{}\n)\n\
         PARTITIONED BY (account string, region string, day string)\n\
         ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'\n\
         STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'\n\
         OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'\n\
         LOCATION {}\n\
         TBLPROPERTIES (\n  'projection.enabled' = 'true',\n{projected}{}\n);\n",
        named(name, '`'),
        columns.join(",\n"),
        quoted(&format!("{base}/")),
        properties.join(",\n"),
    )
}

/// One query, and in whose folders it looks.
#[derive(Debug, Clone)]
pub struct AthenaQuery {
    /// Empty: of all accounts that the table itself names.
    pub accounts: BTreeSet<AccountId>,
    /// Its text.
    pub sql: String,
}

/// The question that `detect` asks of an archive, to a table of [`athena_table`]. It scans only the
/// folders of `region`, of the window with its margin for late delivery, and of `accounts`: by several
/// queries if they are many; if there are none, of every account that the table itself names.
pub fn athena_queries(
    name: &str,
    query: &Query,
    region: &str,
    accounts: &BTreeSet<AccountId>,
) -> Vec<AthenaQuery> {
    let accounts: Vec<&AccountId> = accounts.iter().collect();
    let mut parts: Vec<&[&AccountId]> = accounts.chunks(ACCOUNTS_A_QUERY).collect();
    if parts.is_empty() {
        parts.push(&[]);
    }
    let asked = parts.into_iter().map(|accounts| AthenaQuery {
        accounts: accounts.iter().map(|id| (*id).clone()).collect(),
        sql: one_query(name, query, region, accounts),
    });
    asked.collect()
}

fn one_query(name: &str, query: &Query, region: &str, accounts: &[&AccountId]) -> String {
    let at = |time: Timestamp, format: &str| {
        let time = TimeZone::UTC.to_datetime(time);
        quoted(&time.strftime(format).to_string())
    };
    let (day, second) = ("%Y/%m/%d", "%Y-%m-%dT%H:%M:%SZ");
    let window = &query.window;
    let mut wanted = vec![
        format!("region = {}", quoted(region)),
        format!("day >= {}", at(window.since, day)),
        format!("day <= {}", at(window.last_delivery(), day)),
    ];
    if !accounts.is_empty() {
        let accounts: Vec<&str> = accounts.iter().map(|id| id.as_str()).collect();
        wanted.push(format!("account IN ({})", list(&accounts)));
    }
    // Times of records are whole seconds in UTC, so their texts sort as they do.
    wanted.push(format!("eventtime >= {}", at(window.since, second)));
    wanted.push(format!("eventtime <= {}", at(window.until, second)));
    let sources = query.by_source().into_iter().map(|(source, names)| {
        let source = quoted(source);
        format!(
            "(eventsource = {source} AND eventname IN ({}))",
            list(&names)
        )
    });
    let sources: Vec<String> = sources.collect();
    wanted.push(format!("(\n    {}\n  )", sources.join("\n    OR ")));
    let columns = COLUMNS.map(|column| match column.label() {
        label if label == column.field => label,
        label => format!("{} AS {label}", column.field),
    });
    format!(
        "SELECT\n  {}\nFROM {}\nWHERE {}\nORDER BY eventtime DESC, eventid;\n",
        columns.join(",\n  "),
        named(name, '"'),
        wanted.join("\n  AND ")
    )
}

fn list(values: &[&str]) -> String {
    let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
    values.join(", ")
}

/// `DATABASE.TABLE`, each in quotes: words of SQL are names too.
fn named(table: &str, quote: char) -> String {
    let parts: Vec<String> = table
        .split('.')
        .map(|part| format!("{quote}{part}{quote}"))
        .collect();
    parts.join(".")
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
        let query = Query::exits(window, BTreeSet::new());
        let sql = athena_queries("db.trail", &query, "us-east-1", &accounts)
            .remove(0)
            .sql;
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

    #[test]
    fn ten_thousand_accounts_are_asked_about_in_queries_that_athena_takes() {
        let window = Window {
            since: "2026-11-01T12:00:00Z".parse().unwrap(),
            until: "2026-11-07T23:30:00Z".parse().unwrap(),
            margin_hours: 24,
        };
        let query = Query::exits(window, BTreeSet::new());
        let id = |number: u64| format!("{:012}", 300_000_000_000 + number);
        let accounts: BTreeSet<AccountId> = (0..10_001).map(|n| id(n).parse().unwrap()).collect();
        let queries = athena_queries("db.trail", &query, "us-east-1", &accounts);
        assert_eq!(queries.len(), 11);
        assert!(queries.iter().all(|one| one.sql.len() < 262_144));
        let named = (0..10_001).map(|n| {
            queries
                .iter()
                .filter(|one| one.sql.contains(&id(n)))
                .count()
        });
        assert!(named.eq(std::iter::repeat_n(1, 10_001)));
        let any = athena_queries("db.trail", &query, "us-east-1", &BTreeSet::new())
            .remove(0)
            .sql;
        assert!(!any.contains("account IN"), "{any}");
    }
}
