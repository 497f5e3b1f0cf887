//! Taking back what a run did, as planned and confirmed. The only place that detaches, deletes or
//! cancels.

use super::error::{ApplyError, Left, StepResult, refused, unread, unwritten};
use super::execute::{Place, lock};
use super::history::History;
use super::journal::Journal;
use super::rows::{By, Entry, Intent, Outcome, StepOutcome};
use super::sending::{StepFailure, in_words, read_back, write};
use super::settle;
use super::undo_judge::Judge;
use super::undo_plan::{ApprovedUndo, Reversal, plan_undo};
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
    let wanted = &approved.plan.reversals;
    let named: Vec<String> = wanted.iter().map(|(step, _, _)| step.clone()).collect();
    if now.keep_only(&named).is_err() || now.reversals != *wanted {
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
    let judge = Judge::new(place.session.reads(), place.state, &history, &header)
        .await
        .map_err(|failure| unread(&failure))?;
    let mut journal = Journal::reopen(&history).map_err(|e| unwritten(&e))?;
    let by = By {
        caller: place.session.caller().arn.clone(),
        reason: approved.reason.clone(),
    };
    journal
        .write(Timestamp::now(), Entry::UndoOpen(by))
        .map_err(|e| unwritten(&e))?;
    place.stop.begins(run, true);
    let mut work = Work {
        place,
        reads: place.session.reads(),
        writes: place.session.undo_writes(),
        journal,
        history: &history,
        judge,
        results: Vec::new(),
        open: Vec::new(),
    };
    for (number, (step, reversal, words)) in now.reversals.iter().enumerate() {
        if place.stop.is_asked() {
            let open = now.reversals.get(number..).unwrap_or_default();
            return Err(ApplyError::Interrupted(Box::new(work.left(None, open))));
        }
        work.open = now.reversals.get(number + 1..).unwrap_or_default().to_vec();
        work.take_back(step, reversal, words).await?;
    }
    // While something of the run is left, it is not undone.
    let end = if now.is_whole() {
        Entry::UndoClose
    } else {
        Entry::UndoPartClose
    };
    work.note("undo-close", end)?;
    place.stop.ends();
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
    judge: Judge<'a>,
    results: Vec<(String, StepResult)>,
    /// What is still to be taken back after the step under way.
    open: Vec<(String, Reversal, String)>,
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
        self.place.stop.at(step);
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
            let ours = self.judge.provably_ours(id).await?;
            ours.map_err(StepFailure::Refused)?;
        }
        let stop = self.place.stop;
        let written = match reversal {
            Reversal::Detach(id, target) => {
                write(stop, || self.writes.detach_policy(id, target)).await
            }
            Reversal::Delete(id) => write(stop, || self.writes.delete_policy(id)).await,
            Reversal::Cancel(id) => write(stop, || self.writes.cancel_handshake(id)).await,
            Reversal::Untag(account, keys) => {
                write(stop, || self.writes.untag_account(account, keys)).await
            }
            Reversal::MoveBack { account, from, to } => {
                let writes = self.place.session.writes();
                write(stop, || writes.move_account(account, from, to)).await
            }
        };
        let lost = written.lost(in_words)?;
        read_back(stop, lost.as_ref(), "it is still there", || {
            self.is_gone(reversal)
        })
        .await
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
        let failed = Some((step.to_owned(), why));
        let left = Box::new(self.left(failed, &self.open));
        // A read-back that was cut short is an interruption.
        if self.place.stop.is_asked() {
            ApplyError::Interrupted(left)
        } else {
            ApplyError::Stopped(left)
        }
    }

    fn left(&self, failed: Option<(String, String)>, open: &[(String, Reversal, String)]) -> Left {
        self.place.stop.ends();
        let open = open.iter().map(|(step, _, _)| step.clone());
        Left {
            run: self.history.run().to_owned(),
            undo: true,
            journal: self.journal.directory().to_owned(),
            results: self.results.clone(),
            failed: failed.into_iter().collect(),
            open: open
                .map(|step| (step, "it was not come to".to_owned()))
                .collect(),
        }
    }
}
