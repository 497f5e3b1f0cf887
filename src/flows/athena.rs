//! The organization trail asked in Athena.

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use crate::aws::{Failure, Question, Rows, Session};
use crate::emit::{AthenaQuery, athena_queries};
use crate::model::{AccountId, Gap, GapReason, Snapshot};
use crate::trail::archive::Query;
use crate::trail::{Queried, TableCoverage, check_header, departure, from_row};

/// Athena ends a query after 30 minutes unless that quota was raised.
///
/// <https://docs.aws.amazon.com/athena/latest/ug/service-limits.html>
const PATIENCE: Duration = Duration::from_hours(1);

/// Which table is asked, for what.
#[derive(Debug)]
pub struct AskTable<'a> {
    /// `DATABASE.TABLE`.
    pub table: &'a str,
    /// What for.
    pub query: &'a Query,
    /// In the folders of this region: that of Organizations.
    pub region: &'a str,
    /// In the folders of these accounts.
    pub accounts: &'a BTreeSet<AccountId>,
    /// Where Athena runs; `None`: in the configured region.
    pub athena_region: Option<&'a str>,
    /// The workgroup; `None`: `primary`.
    pub workgroup: Option<&'a str>,
    /// Where the result is kept, `s3://…`; `None`: where the workgroup says.
    pub output: Option<&'a str>,
}

/// The event that tells of a departure.
pub const DEPARTED: [&str; 1] = ["AccountDepartedOrganization"];

/// Departures that name no account, so that nobody can be asked about it.
pub fn nameless(snapshot: &Snapshot) -> impl Iterator<Item = Gap> + '_ {
    let records = snapshot.records();
    let nameless =
        records.filter(|record| departure(record).is_some_and(|one| one.account.is_none()));
    nameless.map(|record| Gap {
        operation: "cloudtrail:LookupEvents".to_owned(),
        target: Some(record.name.clone()),
        reason: GapReason::Malformed,
        message: format!(
            "event {} does not tell which account departed",
            record.event_id
        ),
        request_id: None,
    })
}

/// Every account that is known to be or to have been in the organization.
pub fn everybody(snapshot: &Snapshot) -> impl Iterator<Item = AccountId> + '_ {
    let listed = snapshot.accounts.known().into_iter().flatten();
    let departed = snapshot.records().filter_map(departure);
    let departed = departed.filter_map(|one| one.account);
    listed.map(|(id, _)| id.clone()).chain(departed)
}

/// Runs the queries one after the other. The first that fails is a gap, and ends it: the next would
/// fail as well. When `interrupted` ends, so does the query that runs.
pub async fn ask_table(
    session: &Session,
    from: &AskTable<'_>,
    mut interrupted: impl Future<Output = ()> + Unpin,
) -> Queried {
    let athena = session.athena(from.athena_region);
    let window = &from.query.window;
    let mut queried = Queried {
        coverage: TableCoverage {
            table: from.table.to_owned(),
            accounts: BTreeSet::new(),
            region: from.region.to_owned(),
            since: window.since,
            until: window.until,
            margin_hours: window.margin_hours,
            queries: 0,
            bytes_scanned: Some(0),
            rows: 0,
            unparsed: Vec::new(),
        },
        records: Vec::new(),
        gaps: Vec::new(),
    };
    for query in athena_queries(from.table, from.query, from.region, from.accounts) {
        let answer = athena.ask(&question(from, &query), &mut interrupted).await;
        let kept = answer
            .map_err(Failure::into_gap)
            .and_then(|rows| keep(&mut queried, &query, &rows));
        if let Err(gap) = kept {
            let open = from.accounts.len() - queried.coverage.accounts.len();
            queried.gaps.push(in_folders(gap, from.table, open));
            break;
        }
    }
    queried
}

fn question(from: &AskTable<'_>, query: &AthenaQuery) -> Question {
    Question {
        sql: query.sql.clone(),
        workgroup: from.workgroup.map(str::to_owned),
        output: from.output.map(str::to_owned),
        request_token: format!("{:032x}", fastrand::u128(..)),
        patience: PATIENCE,
    }
}

/// How Athena begins its words where a table is not what was taken for granted.
const NOT_OUR_TABLE: [&str; 4] = [
    "COLUMN_NOT_FOUND",
    "SCHEMA_NOT_FOUND",
    "TABLE_NOT_FOUND",
    "TYPE_MISMATCH",
];

/// What is not looked into for want of an answer, in the terms of who asked.
fn in_folders(gap: Gap, table: &str, open: usize) -> Gap {
    let accounts = if open == 1 { "account" } else { "accounts" };
    let ours = NOT_OUR_TABLE.iter().any(|word| gap.message.contains(word));
    let hint = if ours {
        "; the table has to be one that `emit athena-table` prints"
    } else {
        ""
    };
    Gap {
        target: Some(format!("{table}, folders of {open} {accounts}")),
        message: format!("{}{hint}", gap.message),
        ..gap
    }
}

/// Reads the rows of one query.
fn keep(queried: &mut Queried, query: &AthenaQuery, rows: &Rows) -> Result<(), Gap> {
    let coverage = &mut queried.coverage;
    check_header(&rows.columns).map_err(|error| Gap {
        operation: "athena:GetQueryResults".to_owned(),
        target: None,
        reason: GapReason::Malformed,
        message: error.to_string(),
        request_id: None,
    })?;
    coverage.queries += 1;
    coverage.accounts.extend(query.accounts.iter().cloned());
    let scanned = coverage.bytes_scanned.zip(rows.bytes_scanned);
    coverage.bytes_scanned = scanned.map(|(sum, more)| sum.saturating_add(more));
    for row in &rows.rows {
        coverage.rows += 1;
        match from_row(row) {
            Ok(record) => queried.records.push(record),
            Err(error) => {
                let id = row.first().and_then(Option::as_deref).unwrap_or("?");
                let (number, table) = (coverage.rows, &coverage.table);
                let told = format!("row {number} of {table}, event `{id}`: {error}");
                coverage.unparsed.push(told);
            }
        }
    }
    Ok(())
}
