//! Taking back what a run did: exactly what its journal proves to be ours and AWS shows
//! unchanged. The only place that detaches, deletes or cancels.

use super::execute::{ApplyError, Place, RUN_TAG, StepResult, lock, refused, unread, unwritten};
use super::history::{History, RunState};
use super::journal::Journal;
use super::rows::{By, Entry, Header, Intent, Made, Outcome, StepOutcome};
use super::settle;
use super::steps::{PAUSES, StepFailure, Written, write};
use crate::aws::{Failure, Reads, UndoWrites};
use crate::model::{Event, HandshakeId, NodeId, OrganizationId, PolicyId, Timestamp};
use crate::plan::{Change, NotDone, OnlyError, PolicyRef, Step, WrongOrganization};

/// One thing that is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reversal {
    /// `DetachPolicy`.
    Detach(PolicyId, NodeId),
    /// `DeletePolicy`.
    Delete(PolicyId),
    /// `CancelHandshake`.
    Cancel(HandshakeId),
}

/// What would be taken back, the last step first, and what cannot be.
#[derive(Debug, Clone)]
pub struct UndoPlan {
    /// The run.
    pub run: String,
    /// Its organization.
    pub organization: OrganizationId,
    /// Step, what is taken back, in words.
    pub reversals: Vec<(String, Reversal, String)>,
    /// What cannot or need not be taken back, and why.
    pub not_done: Vec<NotDone>,
}

/// An [`UndoPlan`] that a person confirmed by naming its organization.
#[derive(Debug, Clone)]
pub struct ApprovedUndo {
    plan: UndoPlan,
    reason: String,
}

/// A run that was taken back.
#[derive(Debug)]
pub struct Undone {
    /// Step ids with their results, in the order in which they were taken back.
    pub results: Vec<(String, StepResult)>,
}

impl UndoPlan {
    /// Keeps only what the named steps did.
    ///
    /// # Errors
    /// A name of which nothing can be taken back.
    pub fn keep_only(&mut self, wanted: &[String]) -> Result<(), OnlyError> {
        for name in wanted {
            if !self.reversals.iter().any(|(step, _, _)| step == name) {
                let steps: Vec<&str> = self.reversals.iter().map(|one| one.0.as_str()).collect();
                return Err(OnlyError::NoSuchStep {
                    wanted: name.clone(),
                    steps: steps.join(", "),
                });
            }
        }
        let (kept, left): (Vec<_>, Vec<_>) = std::mem::take(&mut self.reversals)
            .into_iter()
            .partition(|(step, _, _)| wanted.contains(step));
        self.reversals = kept;
        self.not_done
            .extend(left.into_iter().map(|(step, _, words)| NotDone {
                what: words,
                why: format!("step `{step}` was left out by --only"),
            }));
        Ok(())
    }

    /// Returns the plan ready to be carried out, if `typed` is exactly its organization's id.
    pub fn confirm(self, typed: &str, reason: String) -> Result<ApprovedUndo, WrongOrganization> {
        if typed == self.organization.as_str() {
            return Ok(ApprovedUndo { plan: self, reason });
        }
        Err(WrongOrganization {
            typed: typed.to_owned(),
            organization: self.organization,
        })
    }
}

/// Finds out what of a run can be taken back; reads only.
///
/// # Errors
/// [`ApplyError::Refused`]: another organization, an undone run, something unreadable.
pub async fn plan_undo(place: Place<'_>, history: &History) -> Result<UndoPlan, ApplyError> {
    let Some(header) = history.header() else {
        return Err(refused(
            "the run ended before its first row was on disk: it wrote nothing",
            "there is nothing to undo",
        ));
    };
    if history.state() == RunState::Undone {
        let why = format!("run `{}` is undone", history.run());
        return Err(refused(why, "there is nothing to undo"));
    }
    let reads = place.session.reads();
    let organization = reads
        .describe_organization()
        .await
        .map_err(|f| unread(&f))?;
    if organization.id != header.plan.organization {
        return Err(refused(
            format!(
                "the run is of organization {}, this is {}",
                header.plan.organization, organization.id
            ),
            "check the profile",
        ));
    }
    let mut plan = UndoPlan {
        run: history.run().to_owned(),
        organization: organization.id,
        reversals: Vec::new(),
        not_done: Vec::new(),
    };
    for step in header.plan.steps.iter().rev() {
        let judged = judge(&reads, history, header, step, &plan).await;
        match judged.map_err(|failure| unread(&failure))? {
            Ok((reversal, words)) => plan.reversals.push((step.id.clone(), reversal, words)),
            Err(why) => plan.not_done.push(NotDone {
                what: step.title.clone(),
                why,
            }),
        }
    }
    Ok(plan)
}

type Judged = Result<(Reversal, String), String>;

async fn judge(
    reads: &Reads,
    history: &History,
    header: &Header,
    step: &Step,
    so_far: &UndoPlan,
) -> Result<Judged, Failure> {
    if !history.intended(&step.id) {
        return Ok(Err("the run never came to it".to_owned()));
    }
    match &step.change {
        Change::EnablePolicyType { .. }
        | Change::DetachPolicy { .. }
        | Change::AcceptInvitation { .. }
        | Change::MoveAccount { .. } => Ok(Err(step.undo.clone())),
        Change::InviteAccount { account } => {
            let Some(Made::Invitation(id)) = made(history, &step.id) else {
                let why = "the journal does not prove that an invitation is ours; if one is open, cancel it by hand";
                return Ok(Err(why.to_owned()));
            };
            let open = settle::invitation(reads, account).await?;
            if open.is_none_or(|open| open.id != id) {
                return Ok(Err(format!("invitation {id} is not open any more")));
            }
            let words = format!("cancel invitation {id} to {account}");
            Ok(Ok((Reversal::Cancel(id), words)))
        }
        Change::AttachPolicy { policy, target, .. } => {
            let Some(id) = history.resolve(policy) else {
                return Ok(Err("the journal names no SCP that was attached".to_owned()));
            };
            if let Err(why) = provably_ours(reads, history, header, &id).await? {
                return Ok(Err(why));
            }
            let by_us = history
                .outcomes()
                .get(step.id.as_str())
                .is_some_and(|row| row.outcome == StepOutcome::Done);
            if matches!(policy, PolicyRef::Existing(_)) && !by_us {
                return Ok(Err(format!(
                    "the journal does not prove that this run attached SCP {id}"
                )));
            }
            let place = format!("{} {target}", target.kind());
            if !settle::hangs(reads, &id, target).await? {
                return Ok(Err(format!("SCP {id} does not hang on {place}")));
            }
            let words = format!("detach SCP {id} from {place}: what it closed is open again");
            Ok(Ok((Reversal::Detach(id, target.clone()), words)))
        }
        Change::CreatePolicy { .. } => {
            let Some(id) = history.created_by(&step.id) else {
                return Ok(Err("the journal names no SCP that was created".to_owned()));
            };
            if let Err(why) = provably_ours(reads, history, header, &id).await? {
                return Ok(Err(why));
            }
            let detached = |node: &NodeId| {
                so_far.reversals.iter().any(|(_, reversal, _)| {
                    matches!(reversal, Reversal::Detach(policy, target)
                        if *policy == id && node == target)
                })
            };
            let targets = reads.list_targets_for_policy(&id).await?;
            if let Some(node) = targets.iter().find(|node| !detached(node)) {
                return Ok(Err(format!(
                    "SCP {id} hangs on {node}, where this run did not attach it"
                )));
            }
            let words = format!("delete SCP {id}");
            Ok(Ok((Reversal::Delete(id), words)))
        }
    }
}

fn made(history: &History, step: &str) -> Option<Made> {
    let outcomes = history.outcomes();
    let outcome = outcomes.get(step)?;
    (outcome.outcome == StepOutcome::Done).then(|| outcome.made.clone())?
}

/// The policy's text is the plan's, and if the run created it, it carries the run's tag.
async fn provably_ours(
    reads: &Reads,
    history: &History,
    header: &Header,
    id: &PolicyId,
) -> Result<Result<(), String>, Failure> {
    let Some(policy) = settle::described(reads, id).await? else {
        return Ok(Err(format!("SCP {id} is gone")));
    };
    let claim = header
        .plan
        .steps
        .iter()
        .find_map(|step| match &step.change {
            Change::CreatePolicy { text, .. }
                if history.created_by(&step.id).as_ref() == Some(id) =>
            {
                Some((text, true))
            }
            Change::AttachPolicy {
                text,
                policy: PolicyRef::Existing(existing),
                ..
            } if existing == id => Some((text, false)),
            _ => None,
        });
    let Some((text, created)) = claim else {
        return Ok(Err(format!("the plan does not speak of SCP {id}")));
    };
    if !settle::says(&policy, text) {
        return Ok(Err(format!("SCP {id} was changed since")));
    }
    if !created {
        // It existed before: only the attachment is ours.
        return Ok(Ok(()));
    }
    let tags = reads.list_tags(id).await?;
    if tags.get(RUN_TAG).map(String::as_str) != Some(history.run()) {
        return Ok(Err(format!("SCP {id} does not carry the tag of this run")));
    }
    Ok(Ok(()))
}

/// Takes a run back. Everything is looked at anew under the lock, and again before each write.
///
/// # Errors
/// [`ApplyError::Refused`] before the first write, [`ApplyError::Stopped`] after it began.
pub async fn undo(place: Place<'_>, approved: &ApprovedUndo) -> Result<Undone, ApplyError> {
    let run = approved.plan.run.as_str();
    let read = || {
        History::read(place.state, run)
            .map_err(|error| refused(error.to_string(), "org-exit-guard runs shows every run"))
    };
    let Some(header) = read()?.header().cloned() else {
        return Err(refused(
            "the run has no first row",
            "there is nothing to undo",
        ));
    };
    let _lock = lock(place.state, &header.plan, run)?;
    let history = read()?;
    let mut now = plan_undo(place, &history).await?;
    let whole = now.reversals.len();
    let wanted = &approved.plan.reversals;
    now.reversals.retain(|reversal| wanted.contains(reversal));
    if now.reversals != *wanted {
        return Err(refused(
            "what can be taken back changed since it was shown",
            "run undo without --apply again",
        ));
    }
    if now.reversals.len() > place.max_changes {
        return Err(refused(
            format!(
                "{} changes are more than the {} allowed",
                now.reversals.len(),
                place.max_changes
            ),
            "raise --max-changes",
        ));
    }
    let mut journal = Journal::reopen(&history).map_err(|e| unwritten(&e))?;
    let by = By {
        caller: place.session.caller().arn.clone(),
        reason: approved.reason.clone(),
    };
    journal
        .write(Timestamp::now(), Entry::UndoOpen(by))
        .map_err(|e| unwritten(&e))?;
    let mut work = Work {
        place,
        reads: place.session.reads(),
        writes: place.session.undo_writes(),
        journal,
        history: &history,
        header: &header,
        results: Vec::new(),
    };
    for (step, reversal, words) in &now.reversals {
        work.take_back(step, reversal, words).await?;
    }
    // What was left out by --only can still be taken back.
    if now.reversals.len() == whole {
        work.note("undo-close", Entry::UndoClose)?;
    }
    Ok(Undone {
        results: work.results,
    })
}

struct Work<'a> {
    place: Place<'a>,
    reads: Reads,
    writes: UndoWrites,
    journal: Journal,
    history: &'a History,
    header: &'a Header,
    results: Vec<(String, StepResult)>,
}

impl Work<'_> {
    async fn take_back(
        &mut self,
        step: &str,
        reversal: &Reversal,
        words: &str,
    ) -> Result<(), ApplyError> {
        let intent = Intent {
            step: step.to_owned(),
            title: words.to_owned(),
        };
        self.note(step, Entry::UndoIntent(intent))?;
        self.place
            .observer
            .on(&Event::StepStarted { step, title: words });
        let result = self.write(reversal).await;
        let (outcome, detail) = match &result {
            Ok(()) => (StepOutcome::Done, format!("{words}; read back")),
            Err(StepFailure::Refused(why)) => (StepOutcome::Failed, why.clone()),
            Err(StepFailure::Unknown(why)) => (StepOutcome::Unknown, why.clone()),
        };
        self.place.observer.on(&Event::StepEnded {
            step,
            outcome: outcome.as_str(),
        });
        let row = Outcome {
            step: step.to_owned(),
            outcome,
            detail: detail.clone(),
            made: None,
            calls: self.place.calls(),
        };
        self.note(step, Entry::UndoOutcome(row))?;
        if result.is_err() {
            return Err(self.stopped(step, detail));
        }
        let result = StepResult {
            outcome,
            detail,
            made: None,
        };
        self.results.push((step.to_owned(), result));
        Ok(())
    }

    /// Looks once more, writes, reads back.
    async fn write(&self, reversal: &Reversal) -> Result<(), StepFailure> {
        if let Reversal::Detach(id, _) | Reversal::Delete(id) = reversal {
            let ours = provably_ours(&self.reads, self.history, self.header, id).await?;
            ours.map_err(StepFailure::Refused)?;
        }
        let written = match reversal {
            Reversal::Detach(id, target) => write(|| self.writes.detach_policy(id, target)).await,
            Reversal::Delete(id) => write(|| self.writes.delete_policy(id)).await,
            Reversal::Cancel(id) => write(|| self.writes.cancel_handshake(id)).await,
        };
        let lost = match written {
            Written::Done(()) | Written::There(_) => None,
            Written::Lost(failure) => Some(failure),
            Written::No(failure) => return Err(failure.into()),
        };
        for pause in PAUSES {
            if self.is_gone(reversal).await.unwrap_or(false) {
                return Ok(());
            }
            tokio::time::sleep(pause).await;
        }
        Err(StepFailure::Unknown(match lost {
            Some(failure) => format!("{failure}; it is still there"),
            None => "AWS accepted it, but it is still listed".to_owned(),
        }))
    }

    async fn is_gone(&self, reversal: &Reversal) -> Result<bool, Failure> {
        match reversal {
            Reversal::Detach(id, node) => Ok(!settle::hangs(&self.reads, id, node).await?),
            Reversal::Delete(id) => {
                let listed = self.reads.list_policies().await?;
                Ok(listed.iter().all(|policy| policy.id != *id))
            }
            Reversal::Cancel(id) => {
                let all = self.reads.list_handshakes_for_organization().await?;
                Ok(!all
                    .iter()
                    .any(|one| one.id == *id && one.is_unanswered_invitation()))
            }
        }
    }

    fn note(&mut self, step: &str, entry: Entry) -> Result<(), ApplyError> {
        self.journal
            .write(Timestamp::now(), entry)
            .map_err(|error| self.stopped(step, format!("the journal cannot be written: {error}")))
    }

    fn stopped(&self, step: &str, why: String) -> ApplyError {
        ApplyError::Stopped {
            run: self.history.run().to_owned(),
            step: step.to_owned(),
            why,
            journal: self.journal.directory().to_owned(),
            results: self.results.clone(),
        }
    }
}
