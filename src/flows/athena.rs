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
    /// In the folders of these accounts; none: of those that the table itself names.
    pub accounts: &'a BTreeSet<AccountId>,
    /// Where Athena runs; `None`: in the configured region.
    pub athena_region: Option<&'a str>,
    /// The workgroup; `None`: `primary`.
    pub workgroup: Option<&'a str>,
    /// Where the result is kept, `s3://…`; `None`: where the workgroup says.
    pub output: Option<&'a str>,
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
        let answer = answer.map_err(|failure| unanswered(from, &query, failure));
        if let Err(gap) = answer.and_then(|rows| keep(&mut queried, &query, &rows)) {
            queried.gaps.push(gap);
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

/// What a query that failed leaves open, in the terms of who asked.
fn unanswered(from: &AskTable<'_>, query: &AthenaQuery, failure: Failure) -> Gap {
    let folders = match query.accounts.len() {
        0 => String::new(),
        1 => ", folders of 1 account".to_owned(),
        many => format!(", folders of {many} accounts"),
    };
    let gap = failure.into_gap();
    let ran = gap.operation == "athena:GetQueryExecution" && gap.reason == GapReason::Refused;
    let own = if ran {
        "; the table has to be one that `emit athena-table` prints"
    } else {
        ""
    };
    Gap {
        target: Some(format!("{}{folders}", from.table)),
        message: format!("{}{own}", gap.message),
        ..gap
    }
}

/// Reads the rows of one query.
fn keep(queried: &mut Queried, query: &AthenaQuery, rows: &Rows) -> Result<(), Gap> {
    let coverage = &mut queried.coverage;
    check_header(&rows.columns).map_err(|error| Gap {
        operation: "athena:GetQueryResults".to_owned(),
        target: Some(coverage.table.clone()),
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
            Err(error) => coverage.unparsed.push(format!(
                "row {} of {}: {error}",
                coverage.rows, coverage.table
            )),
        }
    }
    Ok(())
}
