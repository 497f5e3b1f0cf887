//! Taking back what a run did, as planned and confirmed. The only place that detaches, deletes or
//! cancels.

use super::execute::{ApplyError, Place, StepResult, lock, refused, unwritten};
use super::history::History;
use super::journal::Journal;
use super::rows::{By, Entry, Header, Intent, Outcome, StepOutcome};
use super::settle;
use super::steps::{PAUSES, StepFailure, Written, write};
use super::undo_plan::{ApprovedUndo, Reversal, plan_undo, provably_ours};
use crate::aws::{Failure, Reads, UndoWrites};
use crate::model::{Event, Timestamp};

/// A run that was taken back.
#[derive(Debug)]
pub struct Undone {
    /// Step ids with their results, in the order in which they were taken back.
    pub results: Vec<(String, StepResult)>,
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
    let end = if now.reversals.len() == whole {
        Entry::UndoClose
    } else {
        Entry::UndoPartClose
    };
    work.note("undo-close", end)?;
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
            Reversal::Untag(account, keys) => {
                write(|| self.writes.untag_account(account, keys)).await
            }
            Reversal::MoveBack { account, from, to } => {
                let writes = self.place.session.writes();
                write(|| writes.move_account(account, from, to)).await
            }
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
            Reversal::Untag(account, keys) => {
                let there = self.reads.list_account_tags(account).await?;
                Ok(keys.iter().all(|key| !there.contains_key(key)))
            }
            Reversal::MoveBack { account, to, .. } => {
                let there = self.reads.list_accounts_for_parent(to).await?;
                Ok(there.contains(account))
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
