//! A lane for every operation: its own pace, its own retries.
//!
//! Organizations throttles each operation by a token bucket of its own
//! (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>),
//! so one operation's throttling must neither slow down nor use up the retries
//! of another. A lane books calls at a share of the published rate, and keeps
//! the SDK's adaptive retries in a partition of its own for the case that
//! others use the same bucket. Waiting happens here, never in a connector.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority, RetryReason,
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::{ErrorKind, RetryConfig};
use tokio::time::Instant;

use super::error::{Failure, FailureClass};
use super::waits::Waits;
use crate::model::operations::{Operation, Rate, operation};

/// Longest wait between two attempts of a throttled call.
const LONGEST_BACKOFF: Duration = Duration::from_secs(20);
/// Waits before the second and third try of a call that got no answer from AWS.
const SECOND_TRIES: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(600)];
/// After this long without an answer a call is not tried again.
const SECOND_TRY_LIMIT: Duration = Duration::from_mins(1);
/// Room below the share, for clocks and buckets that do not run alike.
const HEADROOM: f64 = 0.95;

/// Books the times at which calls may start.
#[derive(Debug)]
struct Pace {
    interval: Duration,
    slack: Duration,
    next: Option<Instant>,
}

impl Pace {
    fn new(rate: Rate, share: f64) -> Self {
        if share == f64::INFINITY {
            return Self {
                interval: Duration::ZERO,
                slack: Duration::ZERO,
                next: None,
            };
        }
        let share = if share.is_finite() {
            share.clamp(0.01, 1.0)
        } else {
            0.5
        };
        let interval = Duration::from_secs_f64(1.0 / (rate.per_second * share * HEADROOM));
        let burst = (rate.burst * share).max(1.0);
        Self {
            interval,
            slack: interval.mul_f64(burst - 1.0),
            next: None,
        }
    }

    /// The start of the next call: at once while the burst lasts, then one each interval.
    fn book(&mut self, now: Instant) -> Instant {
        let due = self.next.map_or(now, |next| next.max(now));
        self.next = Some(due + self.interval);
        due.checked_sub(self.slack)
            .map_or(now, |slot| slot.max(now))
    }
}

/// One operation's pace and retries.
pub(super) struct Lane {
    operation: &'static str,
    pace: Mutex<Pace>,
    partition: RetryPartition,
    attempts: u32,
    first_page_only: bool,
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane")
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}

impl Lane {
    /// `share` of the published rate, 0 to 1; `patience` with throttling, per call.
    pub(super) fn new(name: &'static str, share: f64, patience: Duration) -> Self {
        const CAREFUL: Rate = Rate {
            per_second: 1.0,
            burst: 1.0,
        };
        let rate = operation(name).map_or(CAREFUL, |row: &Operation| row.rate);
        // While throttling lasts, the adaptive limiter soon asks for the longest wait each time.
        let waits = patience.as_secs() / LONGEST_BACKOFF.as_secs();
        let attempts = u32::try_from(waits).unwrap_or(u32::MAX / 2);
        Self {
            operation: name,
            pace: Mutex::new(Pace::new(rate, share)),
            partition: RetryPartition::custom(name)
                .token_bucket(TokenBucket::new(5_000))
                .build(),
            attempts: attempts.saturating_add(6),
            first_page_only: false,
        }
    }

    /// The same lane, in which a list ends with its first page if `only`.
    pub(super) fn first_page(self, only: bool) -> Self {
        Self {
            first_page_only: only,
            ..self
        }
    }

    pub(super) fn first_page_only(&self) -> bool {
        self.first_page_only
    }

    pub(super) fn name(&self) -> &'static str {
        self.operation
    }

    /// A partition of the lane's own: the SDK's default one is shared by the whole process.
    pub(super) fn partition(&self) -> RetryPartition {
        self.partition.clone()
    }

    /// Adaptive retries for reads; the classifier decides what is retried.
    pub(super) fn read_retries(&self) -> RetryConfig {
        RetryConfig::adaptive()
            .with_max_attempts(self.attempts)
            .with_initial_backoff(Duration::from_secs(1))
            .with_max_backoff(LONGEST_BACKOFF)
    }

    /// How many attempts the lane's patience is worth.
    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Waits for the lane's next free slot.
    pub(super) async fn wait(&self) {
        let slot = {
            let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
            pace.book(Instant::now())
        };
        tokio::time::sleep_until(slot).await;
    }
}

/// A client that is only used in one lane, to write.
#[derive(Debug)]
pub(super) struct WritePort<C> {
    pub(super) lane: Arc<Lane>,
    pub(super) client: C,
    pub(super) waits: Waits,
}

/// A client that is only used in one lane.
#[derive(Debug)]
pub(super) struct Port<C> {
    pub(super) lane: Arc<Lane>,
    pub(super) client: C,
}

impl<C> Port<C> {
    /// One read: waits for its slot, sends, and tries again a few times when
    /// no answer came from AWS. Throttling is waited out inside `send`.
    pub(super) async fn read<T, E, F, Fut>(
        &self,
        target: Option<&str>,
        send: F,
    ) -> Result<T, Failure>
    where
        F: Fn(&C) -> Fut,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        self.lane.wait().await;
        // The SDK's futures are large, and thousands of calls may wait for their slot: boxed.
        let started = Instant::now();
        let mut tries = SECOND_TRIES.into_iter();
        loop {
            let error = match Box::pin(send(&self.client)).await {
                Ok(output) => return Ok(output),
                Err(error) => Failure::from_sdk(self.lane.name(), target, &error),
            };
            let again =
                error.class == FailureClass::Unreachable && started.elapsed() < SECOND_TRY_LIMIT;
            match tries.next() {
                Some(pause) if again => tokio::time::sleep(pause).await,
                _ => return Err(error),
            }
        }
    }
}

/// Retries inside the SDK: throttling and contention, nothing else.
///
/// Missing answers are tried again by [`Port::read`], which can count: inside
/// the SDK they would share the many attempts that throttling needs.
/// `LimitExceededException` stands on the SDK's throttling list but means a
/// quota; contention is not on it.
#[derive(Debug)]
pub(super) struct Contention;

impl ClassifyRetry for Contention {
    fn classify_retry(&self, ctx: &InterceptorContext) -> RetryAction {
        self.classify_retry_v2(ctx, &RetryAction::NoActionIndicated)
    }

    fn classify_retry_v2(&self, ctx: &InterceptorContext, previous: &RetryAction) -> RetryAction {
        let Some(response) = ctx.response() else {
            return forbid_unless_throttling(previous);
        };
        if response.status().is_success() && ctx.output_or_error().is_some_and(|o| o.is_ok()) {
            return RetryAction::NoActionIndicated;
        }
        let kind = error_type(response.body().bytes().unwrap_or_default());
        match kind.as_deref() {
            Some("ConcurrentModificationException" | "PolicyChangesInProgressException") => {
                RetryAction::throttling_error()
            }
            Some("LimitExceededException") => RetryAction::RetryForbidden,
            _ if response.status().as_u16() == 429 => RetryAction::throttling_error(),
            _ => forbid_unless_throttling(previous),
        }
    }

    fn name(&self) -> &'static str {
        "contention"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

fn forbid_unless_throttling(previous: &RetryAction) -> RetryAction {
    match previous {
        RetryAction::RetryIndicated(RetryReason::RetryableError {
            kind: ErrorKind::TransientError | ErrorKind::ServerError,
            ..
        }) => RetryAction::RetryForbidden,
        _ => RetryAction::NoActionIndicated,
    }
}

/// `__type` of a JSON error, without its namespace.
fn error_type(body: &[u8]) -> Option<String> {
    let json: serde_json::Value = serde_json::from_slice(body).ok()?;
    let full = json.get("__type")?.as_str()?;
    Some(full.rsplit('#').next().unwrap_or(full).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_lane_lets_the_burst_pass_and_then_keeps_its_share() {
        // ListAccounts: 8 a second, 12 at once; half of it, less the headroom.
        let lane = Lane::new("organizations:ListAccounts", 0.5, Duration::from_mins(1));
        let start = Instant::now();
        for _ in 0..6 {
            lane.wait().await;
        }
        assert!(start.elapsed() < Duration::from_millis(5), "the burst");
        for _ in 0..38 {
            lane.wait().await;
        }
        let expected = 38.0 / (8.0 * 0.5 * HEADROOM);
        let took = start.elapsed().as_secs_f64();
        assert!((took - expected).abs() < 0.2, "{took} for {expected}");
    }

    #[test]
    fn the_type_of_an_error_is_read_without_its_namespace() {
        let body = br#"{"__type":"com.amazonaws.organizations#ConcurrentModificationException"}"#;
        assert_eq!(
            error_type(body).as_deref(),
            Some("ConcurrentModificationException")
        );
        assert_eq!(error_type(b"<html>"), None);
    }
}
