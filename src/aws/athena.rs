//! A query in Athena: started, waited for, read to its last page, or stopped.
//!
//! <https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html>

use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_athena::Client;
use aws_sdk_athena::types::{
    QueryExecution, QueryExecutionState, ResultConfiguration, ResultSet, Row,
};
use aws_types::region::Region;

use super::error::{Failure, FailureClass};
use super::lanes::Port;
use super::pages::{self, Page};
use super::question::{Cells, Question, Rows};
use super::session::{Session, Tuning, read_port};
use crate::model::Event;

/// The most rows that `GetQueryResults` returns in a page.
const PAGE: i32 = 1000;
const INTERRUPTED: &str = "interrupted";
/// For so long the answer to a start is waited for after that.
const GRACE: Duration = Duration::from_secs(10);
/// Between two questions after the state of a query.
const POLL: Duration = Duration::from_secs(2);

/// Athena in one region. It changes nothing in an organization; a query writes its result to S3.
#[derive(Debug)]
pub struct Athena {
    start: Port<Client>,
    state: Port<Client>,
    results: Port<Client>,
    stop: Port<Client>,
    tuning: Tuning,
}

impl Session {
    /// Athena in `region`; `None`: in the one that was configured.
    pub fn athena(&self, region: Option<&str>) -> Athena {
        let region = region.map(|region| Region::new(region.to_owned()));
        let region = region.unwrap_or_else(|| self.configured_region().clone());
        let config = self.config.clone().into_builder();
        Athena::new(&config.region(region).build(), &self.tuning)
    }
}

impl Athena {
    fn new(config: &SdkConfig, tuning: &Tuning) -> Self {
        Self {
            start: read_port!(aws_sdk_athena, config, tuning, "athena:StartQueryExecution"),
            state: read_port!(aws_sdk_athena, config, tuning, "athena:GetQueryExecution"),
            results: read_port!(aws_sdk_athena, config, tuning, "athena:GetQueryResults"),
            stop: read_port!(aws_sdk_athena, config, tuning, "athena:StopQueryExecution"),
            tuning: tuning.clone(),
        }
    }

    /// Asks and reads the whole answer. A query that still runs when `interrupted` ends, when the
    /// patience is used up or when its state cannot be read is stopped.
    pub async fn ask(
        &self,
        question: &Question,
        interrupted: impl Future<Output = ()>,
    ) -> Result<Rows, Failure> {
        let mut interrupted = pin!(interrupted);
        let (id, heard) = self.started(question, interrupted.as_mut()).await?;
        if heard {
            let error = self.left(&id, INTERRUPTED);
            return Err(self.stopped(&id, error).await);
        }
        let waited = tokio::select! {
            biased;
            () = interrupted.as_mut() => Err(self.left(&id, INTERRUPTED)),
            () = tokio::time::sleep(question.patience) => {
                Err(self.left(&id, "the query took longer than it was given"))
            }
            ended = self.ended(&id) => ended,
        };
        let execution = match waited {
            Ok(execution) => execution,
            Err(error) => return Err(self.stopped(&id, error).await),
        };
        let bytes_scanned = self.succeeded(&id, &execution)?;
        let rows = tokio::select! {
            biased;
            () = interrupted => Err(self.left(&id, INTERRUPTED)),
            rows = self.rows(&id) => rows,
        };
        let mut rows = rows?.into_iter();
        let header = rows.next().into_iter().flatten();
        let Some(columns) = header.collect::<Option<Vec<String>>>() else {
            return Err(self.bad_result(&id, "the first row names no columns"));
        };
        Ok(Rows {
            columns,
            rows: rows.collect(),
            bytes_scanned,
        })
    }

    /// Starts the query, and tells whether `interrupted` ended meanwhile: without its id a query
    /// cannot be stopped, so the answer is waited for, though not for long.
    async fn started(
        &self,
        question: &Question,
        mut interrupted: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<(String, bool), Failure> {
        let mut start = pin!(self.start(question));
        let answer = tokio::select! {
            biased;
            () = interrupted.as_mut() => None,
            answer = start.as_mut() => Some(answer),
        };
        if let Some(answer) = answer {
            return Ok((answer.map_err(perhaps_started)?, false));
        }
        let late = |_| {
            let name = self.start.lane.name();
            Err(Failure::unanswered(name, "the query", INTERRUPTED))
        };
        let answer = tokio::time::timeout(GRACE, start).await;
        let answer = answer.unwrap_or_else(late);
        Ok((answer.map_err(perhaps_started)?, true))
    }

    async fn start(&self, question: &Question) -> Result<String, Failure> {
        let output = question.output.clone();
        let output = output.map(|place| {
            ResultConfiguration::builder()
                .output_location(place)
                .build()
        });
        let answer = self
            .start
            .read(None, |client| {
                client
                    .start_query_execution()
                    .query_string(&question.sql)
                    .client_request_token(&question.request_token)
                    .set_work_group(question.workgroup.clone())
                    .set_result_configuration(output.clone())
                    .send()
            })
            .await?;
        answer.query_execution_id.ok_or_else(|| {
            Failure::malformed(self.start.lane.name(), None, "the answer names no query")
        })
    }

    /// Waits until the query runs no more.
    async fn ended(&self, id: &str) -> Result<QueryExecution, Failure> {
        let malformed = |what: &str| Failure::malformed(self.state.lane.name(), Some(id), what);
        loop {
            let answer = self
                .state
                .read(Some(id), |client| {
                    client.get_query_execution().query_execution_id(id).send()
                })
                .await?;
            let execution = answer
                .query_execution
                .ok_or_else(|| malformed("the answer describes no query"))?;
            let state = execution.status().and_then(|status| status.state());
            match state.ok_or_else(|| malformed("the answer has no state"))? {
                QueryExecutionState::Queued => self.tell("the query waits in Athena"),
                QueryExecutionState::Running => self.tell("the query runs in Athena"),
                _ => return Ok(execution),
            }
            tokio::time::sleep(POLL).await;
        }
    }

    fn tell(&self, phase: &str) {
        self.tuning.observer.on(&Event::Phase(phase));
    }

    /// The bytes that a query scanned, if it succeeded.
    fn succeeded(&self, id: &str, execution: &QueryExecution) -> Result<Option<u64>, Failure> {
        let status = execution.status();
        let state = status.and_then(|status| status.state());
        if state == Some(&QueryExecutionState::Succeeded) {
            let scanned = execution.statistics();
            let scanned = scanned.and_then(|scanned| scanned.data_scanned_in_bytes);
            return Ok(scanned.and_then(|bytes| u64::try_from(bytes).ok()));
        }
        let state = state.map_or("UNKNOWN", |state| state.as_str());
        let reason = status.and_then(|status| status.state_change_reason());
        let reason = reason.unwrap_or("Athena gave no reason");
        let what = format!("the query ended as {state}: {reason}");
        Err(Failure {
            class: FailureClass::Refused,
            ..Failure::malformed(self.state.lane.name(), Some(id), what)
        })
    }

    /// Every row of every page, the header first.
    async fn rows(&self, id: &str) -> Result<Vec<Cells>, Failure> {
        let told = |count| {
            self.tuning.observer.on(&Event::Read {
                what: "rows",
                count,
            });
        };
        let port = &self.results;
        pages::all(&port.lane, Some(id), told, |token| async move {
            let answer = port
                .read(Some(id), |client| {
                    client
                        .get_query_results()
                        .query_execution_id(id)
                        .max_results(PAGE)
                        .set_next_token(token.clone())
                        .send()
                })
                .await?;
            let rows = answer.result_set.and_then(|set: ResultSet| set.rows);
            Ok(Page {
                items: rows.map(|rows| rows.into_iter().map(cells).collect()),
                next: answer.next_token,
            })
        })
        .await
    }

    fn left(&self, id: &str, why: &str) -> Failure {
        Failure::unanswered(self.state.lane.name(), id, why)
    }

    fn bad_result(&self, id: &str, what: &str) -> Failure {
        Failure::malformed(self.results.lane.name(), Some(id), what)
    }

    /// Stops a query; `error` says whether that worked.
    async fn stopped(&self, id: &str, error: Failure) -> Failure {
        let stopped = self
            .stop
            .read(Some(id), |client| {
                client.stop_query_execution().query_execution_id(id).send()
            })
            .await;
        let message = match stopped {
            Ok(_) => format!("{}; the query was stopped", error.message),
            Err(failure) => format!(
                "{}; the query may still run, as it could not be stopped: {failure}",
                error.message
            ),
        };
        Failure { message, ..error }
    }
}

/// Without an answer it is not known whether AWS heard the call.
fn perhaps_started(error: Failure) -> Failure {
    if error.class != FailureClass::Unreachable {
        return error;
    }
    let message = format!(
        "{}; a query may have been started all the same: Athena's recent queries tell",
        error.message
    );
    Failure { message, ..error }
}

fn cells(row: Row) -> Cells {
    let data = row.data.unwrap_or_default();
    data.into_iter().map(|datum| datum.var_char_value).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::{Value, json};

    use super::super::testing::{Asked, Canned, Reply, ok, refuse};
    use super::*;

    fn question() -> Question {
        Question {
            sql: "SELECT 1".to_owned(),
            workgroup: Some("audit".to_owned()),
            output: Some("s3://results/here/".to_owned()),
            request_token: "0123456789abcdef0123456789abcdef".to_owned(),
            patience: Duration::from_mins(10),
        }
    }

    fn row(cells: &[&str]) -> Value {
        let data: Vec<Value> = cells.iter().map(|c| json!({"VarCharValue": c})).collect();
        json!({"Data": data})
    }

    fn state(state: &str) -> Reply {
        ok(&json!({"QueryExecution": {
            "Status": {"State": state, "StateChangeReason": "TABLE_NOT_FOUND: no such table"},
            "Statistics": {"DataScannedInBytes": 4096},
        }}))
    }

    fn page(rows: &[Value], next: Option<&str>) -> Reply {
        ok(&json!({"ResultSet": {"Rows": rows}, "NextToken": next}))
    }

    /// A query in these states, one after the other; the last one stays.
    fn athena(
        states: &'static [&'static str],
        results: impl Fn(Option<&str>) -> Reply + Send + 'static,
    ) -> Canned {
        Canned::new(answers(states, results))
    }

    fn answers(
        states: &'static [&'static str],
        results: impl Fn(Option<&str>) -> Reply + Send + 'static,
    ) -> impl FnMut(&Asked) -> Reply + Send + 'static {
        let mut polls = 0;
        move |asked: &Asked| match asked.operation.as_str() {
            "StartQueryExecution" => ok(&json!({"QueryExecutionId": "q-1"})),
            "GetQueryExecution" => {
                polls += 1;
                state(states[(polls - 1).min(states.len() - 1)])
            }
            "GetQueryResults" => results(asked.body["NextToken"].as_str()),
            _ => ok(&json!({})),
        }
    }

    async fn ask(canned: &Canned) -> Result<Rows, Failure> {
        let session = canned.session().await;
        let athena = session.athena(Some("us-east-1"));
        athena.ask(&question(), std::future::pending()).await
    }

    #[tokio::test(start_paused = true)]
    async fn every_page_is_read_and_only_the_first_has_a_header() {
        let canned = athena(&["QUEUED", "RUNNING", "SUCCEEDED"], |token| match token {
            None => page(&[row(&["eventid"]), row(&["a"])], Some("t1")),
            Some(_) => page(&[row(&["eventid"])], None),
        });
        let rows = ask(&canned).await.unwrap();
        assert_eq!(rows.columns, ["eventid"]);
        let read: Vec<_> = rows.rows.iter().flatten().flatten().collect();
        assert_eq!(read, ["a", "eventid"]);
        assert_eq!(rows.bytes_scanned, Some(4096));
        assert_eq!(canned.count("GetQueryExecution"), 3);
        assert_eq!(canned.count("StopQueryExecution"), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_repeated_token_and_a_header_with_a_hole_are_no_result() {
        let canned = athena(&["SUCCEEDED"], |_| page(&[row(&["eventid"])], Some("t1")));
        let error = ask(&canned).await.unwrap_err();
        assert!(error.message.contains("came twice"), "{error}");
        let hole = json!({"Data": [{"VarCharValue": "a"}, {}]});
        let canned = athena(&["SUCCEEDED"], move |_| {
            page(std::slice::from_ref(&hole), None)
        });
        let error = ask(&canned).await.unwrap_err();
        assert!(error.message.contains("names no columns"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_query_says_why_and_its_results_are_not_read() {
        for (end, states) in [("FAILED", &["FAILED"]), ("CANCELLED", &["CANCELLED"])] {
            let canned = athena(states, |_| page(&[], None));
            let error = ask(&canned).await.unwrap_err();
            assert!(error.message.contains(end), "{error}");
            assert!(error.message.contains("TABLE_NOT_FOUND"), "{error}");
            assert_eq!(canned.count("GetQueryResults"), 0);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_query_that_is_given_up_is_stopped() {
        let canned = athena(&["RUNNING"], |_| page(&[], None));
        let error = ask(&canned).await.unwrap_err();
        assert!(error.message.contains("was stopped"), "{error}");
        assert_eq!(canned.count("StopQueryExecution"), 1);

        let canned = athena(&["RUNNING"], |_| page(&[], None));
        let session = canned.session().await;
        let interrupted = tokio::time::sleep(Duration::from_secs(5));
        let athena = session.athena(None);
        let error = athena.ask(&question(), interrupted).await.unwrap_err();
        assert!(error.message.contains("interrupted"), "{error}");
        assert_eq!(canned.count("StopQueryExecution"), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_start_is_told_and_nothing_else_is_called() {
        let canned = Canned::new(|_| refuse("AccessDeniedException"));
        let error = ask(&canned).await.unwrap_err();
        assert_eq!(error.class, FailureClass::AccessDenied);
        assert_eq!(canned.calls(), ["StartQueryExecution"]);
    }

    /// What is left of a query that is interrupted when the `at`th call goes out.
    async fn interrupted_at(at: usize) -> (Failure, Vec<String>) {
        let calls = Arc::new(AtomicUsize::new(0));
        let (hears, tells) = tokio::sync::oneshot::channel();
        let mut tell = Some(hears);
        let mut answers = answers(&["RUNNING", "SUCCEEDED"], |token| match token {
            None => page(&[row(&["eventid"]), row(&["a"])], Some("t1")),
            Some(_) => page(&[row(&["b"])], None),
        });
        let canned = Canned::new(move |asked: &Asked| {
            if calls.fetch_add(1, Ordering::Relaxed) == at
                && let Some(tell) = tell.take()
            {
                tell.send(()).unwrap();
            }
            answers(asked)
        });
        let session = canned.session().await;
        let athena = session.athena(None);
        let interrupted = async {
            tells.await.unwrap();
        };
        let error = athena.ask(&question(), interrupted).await.unwrap_err();
        (error, canned.calls())
    }

    #[tokio::test(start_paused = true)]
    async fn an_interruption_is_heard_at_every_call() {
        let stopped = "StopQueryExecution".to_owned();
        for (at, stops) in [(0, true), (1, true), (2, true), (3, false)] {
            let (error, calls) = interrupted_at(at).await;
            assert!(error.message.starts_with(INTERRUPTED), "{at}: {error}");
            assert_eq!(calls.contains(&stopped), stops, "{at}: {calls:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_start_without_an_answer_may_have_started_a_query() {
        let canned = Canned::new(|_| refuse("InternalServerException"));
        let error = ask(&canned).await.unwrap_err();
        assert!(error.message.contains("may have been started"), "{error}");
    }
}
