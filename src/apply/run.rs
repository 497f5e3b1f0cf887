//! One run of a plan: step by step, written down before and after; what is independent of a step
//! that failed goes on.

use std::collections::BTreeMap;

use super::ahead::Ahead;
use super::error::{ApplyError, Left, StepResult};
use super::execute::{Applied, Place};
use super::history::History;
use super::journal::Journal;
use super::rows::{Entry, Intent, Outcome, StepOutcome};
use super::sending::StepFailure;
use super::standing;
use super::steps::Hands;
use crate::aws::{Reads, Writes};
use crate::model::{Event, PolicyId, Timestamp};
use crate::plan::{Approved, PlanDocument, PolicyRef, Step};

pub(super) struct Run<'a> {
    pub(super) id: String,
    pub(super) reads: Reads,
    pub(super) writes: Writes,
    pub(super) journal: Journal,
    pub(super) place: Place<'a>,
    /// By the step that created or found it.
    pub(super) created: BTreeMap<String, PolicyId>,
    pub(super) results: Vec<(String, StepResult)>,
    failed: Vec<(String, String)>,
    open: Vec<(String, String)>,
}

impl<'a> Run<'a> {
    pub(super) fn new(id: String, journal: Journal, place: Place<'a>, reads: Reads) -> Self {
        place.stop.begins(&id, false);
        Self {
            id,
            writes: place.session.writes(),
            reads,
            journal,
            place,
            created: BTreeMap::new(),
            results: Vec::new(),
            failed: Vec::new(),
            open: Vec::new(),
        }
    }

    /// Takes every step that does not stand by the history, or those of `only`.
    pub(super) async fn finish(
        mut self,
        approved: &Approved,
        history: Option<&History>,
        only: &[String],
    ) -> Result<Applied, ApplyError> {
        let plan = approved.plan();
        let stood = match history {
            Some(history) => self.stood(plan, history).await?,
            None => BTreeMap::new(),
        };
        let left_out = "it was left out by --only";
        for (number, step) in plan.steps.iter().enumerate() {
            let before = plan.steps.get(..number).unwrap_or_default();
            if let Some(result) = stood.get(step.id.as_str()) {
                self.results.push((step.id.clone(), result.clone()));
            } else if !only.is_empty() && !only.contains(&step.id) {
                self.leave(step, left_out.to_owned());
            } else if let Some(needed) = self.lacks(step, before) {
                self.leave(step, format!("it needs step `{needed}`"));
            } else if self.place.stop.is_asked() {
                self.leave(step, "interrupted before it".to_owned());
            } else {
                self.step(step, approved).await?;
            }
        }
        // Nothing is closed that is not looked at once more with patience.
        if self.place.stop.is_asked() {
            return Err(ApplyError::Interrupted(Box::new(self.left())));
        }
        if self.failed.is_empty() {
            self.close(plan).await?;
        }
        if !self.failed.is_empty() {
            return Err(ApplyError::Stopped(Box::new(self.left())));
        }
        // What --only left out can still be taken.
        if self.open.is_empty() {
            self.note("run-close", Entry::RunClose)?;
        }
        self.place.stop.ends();
        Ok(Applied {
            open: self.open.into_iter().map(|(step, _)| step).collect(),
            run: self.id,
            journal: self.journal.directory().to_owned(),
            results: self.results,
        })
    }

    fn leave(&mut self, step: &Step, why: String) {
        self.open.push((step.id.clone(), why));
    }

    /// What stands by the history. An account that left again is not in the organization any
    /// more, whatever the journal says.
    async fn stood(
        &mut self,
        plan: &PlanDocument,
        history: &History,
    ) -> Result<BTreeMap<String, StepResult>, ApplyError> {
        for step in &plan.steps {
            let made = history.created_by(&step.id);
            self.created.extend(made.map(|id| (step.id.clone(), id)));
        }
        let outcomes = history.outcomes().into_iter();
        let standing = outcomes.filter(|(_, outcome)| outcome.outcome.stands());
        let mut stood: BTreeMap<String, StepResult> = standing
            .map(|(id, outcome)| {
                let result = StepResult {
                    outcome: outcome.outcome,
                    detail: outcome.detail.clone(),
                    made: outcome.made.clone(),
                };
                (id.to_owned(), result)
            })
            .collect();
        let steps: Vec<&Step> = plan
            .steps
            .iter()
            .filter(|step| stood.contains_key(&step.id))
            .collect();
        for (step, why) in standing::departed(self.hands(), &steps).await {
            stood.remove(step);
            self.reverted(step, why)?;
        }
        Ok(stood)
    }

    /// The first step before it that it needs and that does not stand.
    fn lacks<'s>(&self, step: &Step, before: &'s [Step]) -> Option<&'s str> {
        let mut needed = before.iter().filter(|other| step.needs(other));
        let lacking = needed.find(|other| !self.results.iter().any(|(id, _)| *id == other.id));
        lacking.map(|other| other.id.as_str())
    }

    /// Looks once more at everything that stands, and writes down what does not any more.
    async fn close(&mut self, plan: &PlanDocument) -> Result<(), ApplyError> {
        let steps: Vec<&Step> = plan
            .steps
            .iter()
            .filter(|step| self.results.iter().any(|(id, _)| *id == step.id))
            .collect();
        let gone = standing::gone(self.hands(), &steps, &self.created, &self.results).await;
        for (step, why) in gone {
            match why {
                standing::Gone::Reverted(why) => {
                    self.results.retain(|(id, _)| *id != step);
                    self.reverted(&step, why.clone())?;
                    self.failed.push((step, why));
                }
                standing::Gone::Unread(why) => self.failed.push((step, why)),
            }
        }
        Ok(())
    }

    fn reverted(&mut self, step: &str, why: String) -> Result<(), ApplyError> {
        let row = Outcome {
            step: step.to_owned(),
            outcome: StepOutcome::Reverted,
            detail: why,
            made: None,
            calls: Vec::new(),
        };
        self.note(step, Entry::Outcome(row))
    }

    async fn step(&mut self, step: &Step, approved: &Approved) -> Result<(), ApplyError> {
        let intent = Intent {
            step: step.id.clone(),
            title: step.title.clone(),
        };
        self.note(&step.id, Entry::Intent(intent))?;
        self.place.stop.at(&step.id);
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
        self.place.stop.idle();
        match result {
            Ok(result) => self.results.push((step.id.clone(), result)),
            Err(StepFailure::Refused(why)) => self.failed.push((step.id.clone(), why)),
            Err(StepFailure::Unknown(why)) => self.failed.push((
                step.id.clone(),
                format!("{why}; whether it took effect is not known"),
            )),
        }
        Ok(())
    }

    /// What a step reads and writes with.
    pub(super) fn hands(&self) -> Hands<'_> {
        Hands {
            reads: &self.reads,
            writes: &self.writes,
            stop: self.place.stop,
        }
    }

    /// The same, and where it says so before it writes.
    pub(super) fn sending<'b>(&'b mut self, step: &'b str) -> (Hands<'b>, Ahead<'b>) {
        let hands = Hands {
            reads: &self.reads,
            writes: &self.writes,
            stop: self.place.stop,
        };
        let journal = &mut self.journal;
        (hands, Ahead { journal, step })
    }

    pub(super) fn policy(&self, policy: &PolicyRef) -> Result<PolicyId, StepFailure> {
        policy.among(&self.created).ok_or_else(|| {
            StepFailure::Refused("no step before this one created a policy".to_owned())
        })
    }

    fn note(&mut self, step: &str, entry: Entry) -> Result<(), ApplyError> {
        let Err(error) = self.journal.write(Timestamp::now(), entry) else {
            return Ok(());
        };
        let why = format!("the journal cannot be written: {error}");
        self.failed.push((step.to_owned(), why));
        Err(ApplyError::Stopped(Box::new(self.left())))
    }

    fn left(&self) -> Left {
        self.place.stop.ends();
        Left {
            run: self.id.clone(),
            undo: false,
            journal: self.journal.directory().to_owned(),
            results: self.results.clone(),
            failed: self.failed.clone(),
            open: self.open.clone(),
        }
    }
}
