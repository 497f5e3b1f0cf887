//! Applying an approved plan: refuse, lock, read again, write, read back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::ahead::Ahead;
use super::checks::{Since, check_facts, check_paper, check_resumable, check_unused};
use super::history::History;
use super::journal::Journal;
use super::lock::{Lock, LockError};
use super::proof;
use super::release::release;
use super::rows::{By, Call, Entry, Header, Intent, JOURNAL_VERSION, Made, Outcome, StepOutcome};
use super::settle;
use super::steps::{self, StepFailure};
use super::tags::tag_account;
use super::way_back::Back;
use crate::aws::{Failure, Reads, Session, Writes};
use crate::model::{AccountId, Event, NodeId, Observer, PolicyId, Timestamp};
use crate::plan::{Approved, Change, PlanDocument, PolicyRef, Step};

/// The tag that says which run created a policy.
pub(super) const RUN_TAG: &str = "org-exit-guard:run";
/// The result of a step that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepResult {
    /// How it ended.
    pub outcome: StepOutcome,
    /// In one line.
    pub detail: String,
    /// What was made or found.
    pub made: Option<Made>,
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

pub(super) fn refused(why: impl Into<String>, hint: impl Into<String>) -> ApplyError {
    ApplyError::Refused {
        why: why.into(),
        hint: hint.into(),
    }
}

pub(super) fn unread(failure: &Failure) -> ApplyError {
    refused(failure.to_string(), "run again once it can be read")
}

pub(super) fn unwritten(error: &std::io::Error) -> ApplyError {
    refused(
        format!("cannot keep a journal: {error}"),
        "choose another --state-dir",
    )
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
}

impl Place<'_> {
    /// What was written since this was last asked.
    pub(super) fn calls(&self) -> Vec<Call> {
        let receipts = self.session.take_receipts().into_iter();
        receipts.map(Call::from).collect()
    }
}

/// Applies an approved plan.
///
/// # Errors
/// [`ApplyError::Refused`] before the first write, [`ApplyError::Stopped`] after it began.
pub async fn apply(place: Place<'_>, approved: &Approved) -> Result<Applied, ApplyError> {
    let plan = approved.plan();
    let digest = plan.digest();
    check_paper(place, plan)?;
    let run = run_id(&digest, place.now);
    let _lock = lock(place.state, plan, &run)?;
    check_unused(place.state, &digest)?;
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
        .finish(approved, None)
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
) -> Result<Applied, ApplyError> {
    let plan = approved.plan();
    let _lock = lock(place.state, plan, history.run())?;
    // Another process may have gone on with it until the lock was free.
    let history = History::read(place.state, history.run())
        .map_err(|error| refused(error.to_string(), "org-exit-guard runs shows every run"))?;
    let reads = check_resumable(place, &history, plan).await?;
    let mut journal = Journal::reopen(&history).map_err(|e| unwritten(&e))?;
    let by = By {
        caller: place.session.caller().arn.clone(),
        reason: approved.reason().to_owned(),
    };
    journal
        .write(Timestamp::now(), Entry::Resumed(by))
        .map_err(|e| unwritten(&e))?;
    Run::new(history.run().to_owned(), journal, place, reads)
        .finish(approved, Some(&history))
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

struct Run<'a> {
    id: String,
    reads: Reads,
    writes: Writes,
    journal: Journal,
    place: Place<'a>,
    /// By the step that created or found it.
    created: BTreeMap<String, PolicyId>,
    results: Vec<(String, StepResult)>,
}

impl<'a> Run<'a> {
    fn new(id: String, journal: Journal, place: Place<'a>, reads: Reads) -> Self {
        Self {
            id,
            writes: place.session.writes(),
            reads,
            journal,
            place,
            created: BTreeMap::new(),
            results: Vec::new(),
        }
    }

    /// Takes every step that does not stand by the history.
    async fn finish(
        mut self,
        approved: &Approved,
        history: Option<&History>,
    ) -> Result<Applied, ApplyError> {
        for step in &approved.plan().steps {
            let made = history.and_then(|history| history.created_by(&step.id));
            self.created.extend(made.map(|id| (step.id.clone(), id)));
        }
        let stood = history.map(History::outcomes).unwrap_or_default();
        for step in &approved.plan().steps {
            match stood.get(step.id.as_str()) {
                Some(outcome) if outcome.outcome.stands() => {
                    let result = StepResult {
                        outcome: outcome.outcome,
                        detail: outcome.detail.clone(),
                        made: outcome.made.clone(),
                    };
                    self.results.push((step.id.clone(), result));
                }
                _ => self.step(step, approved).await?,
            }
        }
        self.note("run-close", Entry::RunClose)?;
        Ok(Applied {
            run: self.id,
            journal: self.journal.directory().to_owned(),
            results: self.results,
        })
    }

    async fn step(&mut self, step: &Step, approved: &Approved) -> Result<(), ApplyError> {
        let intent = Intent {
            step: step.id.clone(),
            title: step.title.clone(),
        };
        self.note(&step.id, Entry::Intent(intent))?;
        self.place.observer.on(&Event::StepStarted {
            step: &step.id,
            title: &step.title,
        });
        let result = Box::pin(self.perform(step, approved)).await;
        let (outcome, detail, made) = match &result {
            Ok(result) => (result.outcome, result.detail.clone(), result.made.clone()),
            Err(StepFailure::Refused(why)) => (StepOutcome::Failed, why.clone(), None),
            Err(StepFailure::Unknown(why)) => (StepOutcome::Unknown, why.clone(), None),
        };
        self.place.observer.on(&Event::StepEnded {
            step: &step.id,
            outcome: outcome.as_str(),
        });
        let row = Outcome {
            step: step.id.clone(),
            outcome,
            detail,
            made,
            calls: self.place.calls(),
        };
        self.note(&step.id, Entry::Outcome(row))?;
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
        approved: &Approved,
    ) -> Result<StepResult, StepFailure> {
        match &step.change {
            Change::EnablePolicyType { root } => {
                steps::enable_scps(&self.reads, &self.writes, root).await
            }
            Change::CreatePolicy { name, text } => {
                let tags = [
                    (RUN_TAG.to_owned(), self.id.clone()),
                    (
                        "org-exit-guard:reason".to_owned(),
                        tag_value(approved.reason()),
                    ),
                ];
                let (id, result) = steps::create_policy(
                    &self.reads,
                    &self.writes,
                    name,
                    step.description(),
                    text,
                    &tags,
                )
                .await?;
                self.created.insert(step.id.clone(), id);
                Ok(result)
            }
            Change::AttachPolicy {
                policy,
                target,
                text,
                proves,
            } => {
                let policy = self.policy(policy)?;
                let (aws, ahead) = self.sending(&step.id);
                let mut result = steps::attach_policy(aws, ahead, &policy, target, text).await?;
                if let Some(proves) = proves {
                    let proof = proof::wait(self.place, proves, &policy, target).await?;
                    result.detail = format!("{}; {proof}", result.detail);
                }
                Ok(result)
            }
            Change::DetachPolicy {
                policy,
                target,
                carried_by,
            } => {
                let id = self.policy(policy)?;
                let text = self.own(approved.plan(), policy, target, &id)?;
                release(
                    &self.reads,
                    self.place.session,
                    &id,
                    text,
                    target,
                    carried_by,
                )
                .await
            }
            Change::InviteAccount { account } => {
                steps::invite_account(&self.reads, &self.writes, account).await
            }
            Change::AcceptInvitation { account, role } => {
                let back = back(self.place, &self.reads, approved.plan(), account);
                back.accept(role).await
            }
            Change::TagAccount { account, tags } => {
                let (aws, ahead) = self.sending(&step.id);
                tag_account(aws, ahead, account, tags).await
            }
            Change::MoveAccount { account, to } => {
                self.check_quarantine(approved.plan(), account).await?;
                let place = self.place;
                let ((reads, writes), ahead) = self.sending(&step.id);
                let back = back(place, reads, approved.plan(), account);
                back.move_to(writes, ahead, to).await
            }
        }
    }

    /// What a step reads and writes with, and where it says so before it writes.
    fn sending<'b>(&'b mut self, step: &'b str) -> ((&'b Reads, &'b Writes), Ahead<'b>) {
        let journal = &mut self.journal;
        ((&self.reads, &self.writes), Ahead { journal, step })
    }

    /// Nothing is moved whose quarantine, if the plan has one, does not hang.
    async fn check_quarantine(
        &self,
        plan: &PlanDocument,
        account: &AccountId,
    ) -> Result<(), StepFailure> {
        let id = format!("quarantine-{account}");
        for step in plan.steps.iter().filter(|step| step.id == id) {
            let Change::AttachPolicy { policy, target, .. } = &step.change else {
                continue;
            };
            if !settle::hangs(&self.reads, &self.policy(policy)?, target).await? {
                return Err(StepFailure::Refused(format!(
                    "the quarantine does not hang on account {account} any more, so it is not moved"
                )));
            }
        }
        Ok(())
    }

    fn policy(&self, policy: &PolicyRef) -> Result<PolicyId, StepFailure> {
        let id = match policy {
            PolicyRef::Existing(id) => Some(id.clone()),
            PolicyRef::Created(step) => self.created.get(step).cloned(),
        };
        id.ok_or_else(|| {
            StepFailure::Refused("no step before this one created a policy".to_owned())
        })
    }

    /// The text of the run's own attachment: the plan found none there, and a step of the run made
    /// it.
    fn own<'p>(
        &self,
        plan: &'p PlanDocument,
        policy: &PolicyRef,
        target: &NodeId,
        id: &PolicyId,
    ) -> Result<&'p str, StepFailure> {
        let before = plan.facts.elsewhere.get(target);
        let hung = before.is_none_or(|before| before.contains(id));
        let attached = plan.steps.iter().find_map(|step| match &step.change {
            Change::AttachPolicy {
                policy: attached,
                target: node,
                text,
                ..
            } if attached == policy && node == target => Some((step, text)),
            _ => None,
        });
        match attached {
            Some((step, text)) if !hung && self.results.iter().any(|(id, _)| *id == step.id) => {
                Ok(text)
            }
            _ => Err(StepFailure::Refused(format!(
                "it is not proved that this run attached SCP {id} to {target}"
            ))),
        }
    }

    fn note(&mut self, step: &str, entry: Entry) -> Result<(), ApplyError> {
        self.journal
            .write(Timestamp::now(), entry)
            .map_err(|error| self.stopped(step, format!("the journal cannot be written: {error}")))
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

fn back<'a>(
    place: Place<'a>,
    reads: &'a Reads,
    plan: &'a PlanDocument,
    account: &'a AccountId,
) -> Back<'a> {
    Back {
        place,
        reads,
        organization: &plan.organization,
        root: &plan.facts.root,
        account,
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
