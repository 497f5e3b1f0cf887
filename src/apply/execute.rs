//! Applying an approved plan: refuse, lock, read again, write, read back.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::journal::Journal;
use super::lock::{Lock, LockError};
use super::settle;
use super::steps::{self, StepFailure};
use crate::aws::{Failure, Reads, Session, Writes};
use crate::model::{Event, Observer, PolicyId, Timestamp};
use crate::plan::{Approved, Change, Plan, PolicyRef, Step};

/// A plan lives a day.
const PLAN_LIFE: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepOutcome {
    /// Written, and read back.
    Done,
    /// It was so before.
    AlreadyDone,
}

impl StepOutcome {
    /// The word for reports and the journal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::AlreadyDone => "already-done",
        }
    }
}

/// The result of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepResult {
    /// How it ended.
    pub outcome: StepOutcome,
    /// In one line.
    pub detail: String,
}

/// A plan that was applied.
#[derive(Debug)]
pub struct Applied {
    /// The run's id.
    pub run: String,
    /// Where its journal lies.
    pub journal: PathBuf,
    /// Step ids with their results, in order.
    pub results: Vec<(String, StepResult)>,
}

/// Why a plan was not applied, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Nothing was changed.
    #[error("refused: {why}; nothing was changed")]
    Refused {
        /// Why.
        why: String,
        /// What to do.
        hint: String,
    },
    /// A step failed or its outcome is not known; the steps before it stand.
    #[error("run `{run}` stopped at step `{step}`: {why}")]
    Stopped {
        /// The run.
        run: String,
        /// The step.
        step: String,
        /// Why.
        why: String,
        /// Where the journal lies.
        journal: PathBuf,
        /// Steps that stand.
        results: Vec<(String, StepResult)>,
    },
}

fn refused(why: impl Into<String>, hint: impl Into<String>) -> ApplyError {
    ApplyError::Refused {
        why: why.into(),
        hint: hint.into(),
    }
}

fn unread(failure: &Failure) -> ApplyError {
    refused(failure.to_string(), "run again once it can be read")
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
}

/// Applies an approved plan.
///
/// # Errors
/// [`ApplyError::Refused`] before the first write, [`ApplyError::Stopped`] after it began.
pub async fn apply(place: Place<'_>, approved: &Approved) -> Result<Applied, ApplyError> {
    let plan = approved.plan();
    check_age(plan, place.now)?;
    let run = run_id(plan, place.now);
    let _lock = lock(place.state, plan, &run)?;
    let reads = place.session.reads();
    check_facts(&reads, place, plan).await?;
    let header = json!({
        "tool": concat!("org-exit-guard ", env!("CARGO_PKG_VERSION")),
        "organization": plan.organization,
        "caller": place.session.caller().arn,
        "plan_digest": plan.facts.digest(),
        "reason": approved.reason(),
        "steps": plan.steps.iter().map(|step| step.id.as_str()).collect::<Vec<_>>(),
    });
    let journal = Journal::open(place.state, &run, place.now, &header).map_err(|error| {
        refused(
            format!("cannot keep a journal: {error}"),
            "choose another --state-dir",
        )
    })?;
    let writes = place.session.writes();
    let mut run = Run {
        id: run,
        reads,
        writes,
        journal,
        place,
        created: None,
        results: Vec::new(),
    };
    for step in &plan.steps {
        run.step(step, plan, approved.reason()).await?;
    }
    let close = json!({ "outcome": "complete" });
    run.journal
        .write("run-close", Timestamp::now(), &close)
        .map_err(|error| {
            run.stopped(
                "run-close",
                format!("the journal cannot be written: {error}"),
            )
        })?;
    Ok(Applied {
        run: run.id,
        journal: run.journal.directory().to_owned(),
        results: run.results,
    })
}

fn check_age(plan: &Plan, now: Timestamp) -> Result<(), ApplyError> {
    let age = now.duration_since(plan.created);
    if age > PLAN_LIFE || age < jiff::SignedDuration::ZERO {
        return Err(refused(
            format!("the plan is of {}", plan.created),
            "make a new one",
        ));
    }
    Ok(())
}

/// Sortable, typeable, and of one plan.
fn run_id(plan: &Plan, now: Timestamp) -> String {
    let digest = plan.facts.digest();
    let time = now.strftime("%Y%m%dT%H%M%SZ");
    // The real clock's fraction of a second tells runs of one second apart.
    let unique = Timestamp::now().subsec_nanosecond() & 0x00ff_ffff;
    format!(
        "{time}-{}-{unique:06x}",
        digest.get(..6).unwrap_or_default()
    )
}

fn lock(state: &Path, plan: &Plan, run: &str) -> Result<Lock, ApplyError> {
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

/// Reads the facts anew; a plan never rests on what was true earlier.
async fn check_facts(reads: &Reads, place: Place<'_>, plan: &Plan) -> Result<(), ApplyError> {
    let now = settle::facts(reads, place.session.caller())
        .await
        .map_err(|failure| unread(&failure))?;
    let Some(now) = now else {
        return Err(refused(
            "the organization has no root any more",
            "make a new plan",
        ));
    };
    // Invitations do not rest on what hangs on the root.
    let guards = plan
        .steps
        .iter()
        .any(|step| !matches!(step.change, Change::InviteAccount { .. }));
    let same_place = now.organization == plan.facts.organization
        && now.management == plan.facts.management
        && now.partition == plan.facts.partition;
    if !same_place || (guards && now != plan.facts) {
        let changes = plan.facts.difference(&now).join("; ");
        return Err(refused(
            format!("the organization changed since the plan was made: {changes}"),
            "make a new plan",
        ));
    }
    Ok(())
}

struct Run<'a> {
    id: String,
    reads: Reads,
    writes: Writes,
    journal: Journal,
    place: Place<'a>,
    created: Option<PolicyId>,
    results: Vec<(String, StepResult)>,
}

impl Run<'_> {
    async fn step(&mut self, step: &Step, plan: &Plan, reason: &str) -> Result<(), ApplyError> {
        self.note(
            "intent",
            step,
            &json!({ "step": step.id, "title": step.title }),
        )?;
        self.place.observer.on(&Event::StepStarted {
            step: &step.id,
            title: &step.title,
        });
        let result = self.perform(step, plan, reason).await;
        let (word, detail) = match &result {
            Ok(result) => (result.outcome.as_str(), &result.detail),
            Err(StepFailure::Refused(why)) => ("failed", why),
            Err(StepFailure::Unknown(why)) => ("unknown", why),
        };
        self.place.observer.on(&Event::StepEnded {
            step: &step.id,
            outcome: word,
        });
        self.note(
            "outcome",
            step,
            &json!({ "step": step.id, "outcome": word, "detail": detail }),
        )?;
        match result {
            Ok(result) => {
                self.results.push((step.id.clone(), result));
                Ok(())
            }
            Err(StepFailure::Refused(why)) => Err(self.stopped(&step.id, why)),
            Err(StepFailure::Unknown(why)) => Err(self.stopped(
                &step.id,
                format!("{why}; whether it took effect is not known"),
            )),
        }
    }

    async fn perform(
        &mut self,
        step: &Step,
        plan: &Plan,
        reason: &str,
    ) -> Result<StepResult, StepFailure> {
        match &step.change {
            Change::CreatePolicy { name, text } => {
                let tags = [
                    ("org-exit-guard:run".to_owned(), self.id.clone()),
                    ("org-exit-guard:reason".to_owned(), tag_value(reason)),
                ];
                let (id, result) =
                    steps::create_policy(&self.reads, &self.writes, name, text, &tags).await?;
                self.created = Some(id);
                Ok(result)
            }
            Change::AttachPolicy { policy, root } => {
                let policy = match policy {
                    PolicyRef::Existing(id) => id.clone(),
                    PolicyRef::Created => self.created.clone().ok_or_else(|| {
                        StepFailure::Refused("no step before this one created a policy".to_owned())
                    })?,
                };
                debug_assert_eq!(*root, plan.facts.root, "the guard hangs on the root");
                steps::attach_policy(&self.reads, &self.writes, &policy, root).await
            }
            Change::InviteAccount { account } => {
                steps::invite_account(&self.reads, &self.writes, account).await
            }
        }
    }

    fn note(&mut self, kind: &str, step: &Step, body: &Value) -> Result<(), ApplyError> {
        self.journal
            .write(kind, Timestamp::now(), body)
            .map_err(|error| {
                self.stopped(&step.id, format!("the journal cannot be written: {error}"))
            })
    }

    fn stopped(&self, step: &str, why: String) -> ApplyError {
        ApplyError::Stopped {
            run: self.id.clone(),
            step: step.to_owned(),
            why,
            journal: self.journal.directory().to_owned(),
            results: self.results.clone(),
        }
    }
}

/// What AWS takes as a tag value: at most 256 characters of its alphabet.
///
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_Tag.html>
fn tag_value(text: &str) -> String {
    let allowed = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
    text.chars()
        .map(|c| if allowed(c) { c } else { '_' })
        .take(256)
        .collect()
}
