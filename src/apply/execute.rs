//! Applying an approved plan, and going on with a run: refuse, lock, read again, hand over.

use std::path::{Path, PathBuf};

use super::checks::{Since, check_facts, check_paper, check_resumable, unfinished};
use super::error::{ApplyError, StepResult, refused, unwritten};
use super::history::History;
use super::journal::Journal;
use super::lock::{Lock, LockError};
use super::rows::{By, Call, Entry, Header, JOURNAL_VERSION};
use super::run::Run;
use super::stop::Stop;
use crate::aws::Session;
use crate::model::{Observer, Timestamp};
use crate::plan::{Approved, PlanDocument};

/// A plan that was applied.
#[derive(Debug)]
pub struct Applied {
    /// The run's id.
    pub run: String,
    /// Where its journal lies.
    pub journal: PathBuf,
    /// Step ids with their results, in order.
    pub results: Vec<(String, StepResult)>,
    /// Steps that `--only` of a resume left out, and that do not stand.
    pub open: Vec<String>,
}

/// Where and when a plan is applied.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The session; its role must be allowed to write.
    pub session: &'a Session,
    /// Where lock and journal live.
    pub state: &'a Path,
    /// The time of the plan's clock.
    pub now: Timestamp,
    /// Hears of the steps.
    pub observer: &'a dyn Observer,
    /// The most steps that a plan may have.
    pub max_changes: usize,
    /// Says when to stop.
    pub stop: &'a Stop,
}

impl Place<'_> {
    /// What was written since this was last asked.
    pub(super) fn calls(&self) -> Vec<Call> {
        let receipts = self.session.take_receipts().into_iter();
        receipts.map(Call::from).collect()
    }
}

/// How a run is gone on with.
#[derive(Debug, Clone, Default)]
pub struct Resuming {
    /// Only these steps; empty: all that do not stand.
    pub only: Vec<String>,
    /// Go on although the run is older than 30 days.
    pub stale_ok: bool,
}

/// Applies an approved plan. Where an unfinished run of this very plan is in the state directory,
/// that run is gone on with: what it wrote stays its own.
///
/// # Errors
/// [`ApplyError::Refused`] before the first write, [`ApplyError::Stopped`] and
/// [`ApplyError::Interrupted`] after it began.
pub async fn apply(place: Place<'_>, approved: &Approved) -> Result<Applied, ApplyError> {
    let plan = approved.plan();
    let digest = plan.digest();
    check_paper(place, plan)?;
    let run = run_id(&digest, place.now);
    let _lock = lock(place.state, plan, &run)?;
    if let Some(history) = unfinished(place.state, &digest)? {
        return go_on(place, &history, approved, &Resuming::default()).await;
    }
    let reads = place.session.reads();
    check_facts(&reads, place, plan, &Since::default()).await?;
    let header = Header {
        format_version: JOURNAL_VERSION,
        run: run.clone(),
        tool: concat!("org-exit-guard ", env!("CARGO_PKG_VERSION")).to_owned(),
        caller: place.session.caller().arn.clone(),
        reason: approved.reason().to_owned(),
        plan_digest: digest,
        plan: plan.clone(),
    };
    let journal = Journal::open(place.state, place.now, header).map_err(|e| unwritten(&e))?;
    Run::new(run, journal, place, reads)
        .finish(approved, None, &[])
        .await
}

/// Goes on with a run that did not end; `approved` is the plan of its journal, confirmed anew.
///
/// Steps that stand are not taken again; the others read before they write.
///
/// # Errors
/// As [`apply`].
pub async fn resume(
    place: Place<'_>,
    history: &History,
    approved: &Approved,
    how: &Resuming,
) -> Result<Applied, ApplyError> {
    let plan = approved.plan();
    let _lock = lock(place.state, plan, history.run())?;
    // Another process may have gone on with it until the lock was free.
    let history = History::read(place.state, history.run())
        .map_err(|error| refused(error.to_string(), "org-exit-guard runs shows every run"))?;
    go_on(place, &history, approved, how).await
}

/// Under the lock.
async fn go_on(
    place: Place<'_>,
    history: &History,
    approved: &Approved,
    how: &Resuming,
) -> Result<Applied, ApplyError> {
    let reads = check_resumable(place, history, approved.plan(), how).await?;
    let mut journal = Journal::reopen(history).map_err(|e| unwritten(&e))?;
    let by = By {
        caller: place.session.caller().arn.clone(),
        reason: approved.reason().to_owned(),
    };
    journal
        .write(Timestamp::now(), Entry::Resumed(by))
        .map_err(|e| unwritten(&e))?;
    Run::new(history.run().to_owned(), journal, place, reads)
        .finish(approved, Some(history), &how.only)
        .await
}

/// Sortable, typeable, and of one plan.
fn run_id(digest: &str, now: Timestamp) -> String {
    let digest = digest.trim_start_matches("sha256:");
    let time = now.strftime("%Y%m%dT%H%M%SZ");
    // The real clock's fraction of a second tells runs of one second apart.
    let unique = Timestamp::now().subsec_nanosecond() & 0x00ff_ffff;
    format!(
        "{time}-{}-{unique:06x}",
        digest.get(..6).unwrap_or_default()
    )
}

pub(super) fn lock(state: &Path, plan: &PlanDocument, run: &str) -> Result<Lock, ApplyError> {
    Lock::take(state, &plan.organization, run).map_err(|error| match error {
        LockError::Held(holder) => refused(
            format!("run `{holder}` holds the lock of {}", plan.organization),
            "wait until it ends",
        ),
        LockError::Io(source) => refused(
            format!("cannot lock in `{}`: {source}", state.display()),
            "choose another --state-dir, writable by you alone",
        ),
    })
}
