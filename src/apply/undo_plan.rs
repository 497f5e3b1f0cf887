//! What of a run can be taken back: exactly what its journal proves to be ours and AWS shows
//! unchanged. Reads only.

use std::collections::BTreeSet;

use super::error::{ApplyError, refused, unread};
use super::execute::Place;
use super::history::{History, RunState};
use super::undo_judge::{Judge, Judged};
use crate::model::{AccountId, HandshakeId, NodeId, OrganizationId, PolicyId};
use crate::plan::{NotDone, OnlyError, WrongOrganization};

/// One thing that is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reversal {
    /// `DetachPolicy`.
    Detach(PolicyId, NodeId),
    /// `DeletePolicy`.
    Delete(PolicyId),
    /// `CancelHandshake`.
    Cancel(HandshakeId),
    /// `UntagResource` of an account, of these keys.
    Untag(AccountId, BTreeSet<String>),
    /// `MoveAccount` back to the root, where every account arrives.
    MoveBack {
        /// Which.
        account: AccountId,
        /// Where the run put it.
        from: NodeId,
        /// Where it was.
        to: NodeId,
    },
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
    /// What is taken back only where its step is named: lifting a quarantine lets an intruder in.
    pub held: Vec<(String, Reversal, String)>,
    /// What the run did and what stays, with the reason.
    pub left: Vec<NotDone>,
    /// What need not be taken back, and why.
    pub not_done: Vec<NotDone>,
    /// The run's steps, the last first.
    order: Vec<String>,
}

/// An [`UndoPlan`] that a person confirmed by naming its organization.
#[derive(Debug, Clone)]
pub struct ApprovedUndo {
    pub(super) plan: UndoPlan,
    pub(super) reason: String,
}

impl UndoPlan {
    /// Keeps only what the named steps did.
    ///
    /// # Errors
    /// A name of which nothing can be taken back, or an SCP that would be deleted while it is attached.
    pub fn keep_only(&mut self, wanted: &[String]) -> Result<(), OnlyError> {
        let all = self.reversals.iter().chain(&self.held);
        let steps: Vec<&str> = all.map(|one| one.0.as_str()).collect();
        if let Some(name) = wanted.iter().find(|name| !steps.contains(&name.as_str())) {
            return Err(OnlyError::NoSuchStep {
                wanted: name.clone(),
                steps: steps.join(", "),
            });
        }
        let mut all = std::mem::take(&mut self.reversals);
        all.append(&mut self.held);
        // The last step first, those that are held included.
        all.sort_by_key(|(step, _, _)| self.order.iter().position(|one| one == step));
        let (kept, left): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|(step, _, _)| wanted.contains(step));
        for (step, reversal, _) in &kept {
            let detaches = left.iter().find(|(_, other, _)| {
                matches!((reversal, other), (Reversal::Delete(id), Reversal::Detach(other, _)) if id == other)
            });
            if let Some((needs, _, _)) = detaches {
                return Err(OnlyError::Needs {
                    step: step.clone(),
                    needs: needs.clone(),
                });
            }
        }
        self.reversals = kept;
        self.left
            .extend(left.into_iter().map(|(step, _, words)| NotDone {
                unmet: false,
                what: words,
                why: format!("step `{step}` was left out by --only"),
            }));
        Ok(())
    }

    /// Is nothing of the run left once this is carried out?
    pub(super) fn is_whole(&self) -> bool {
        self.held.is_empty() && self.left.is_empty()
    }

    /// Returns the plan ready to be carried out, if `typed` is exactly its organization's id.
    ///
    /// # Errors
    /// Another organization's id.
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
        held: Vec::new(),
        left: Vec::new(),
        not_done: Vec::new(),
        order: header
            .plan
            .steps
            .iter()
            .rev()
            .map(|step| step.id.clone())
            .collect(),
    };
    let judge = Judge::new(reads, place.state, history, header)
        .await
        .map_err(|failure| unread(&failure))?;
    for step in header.plan.steps.iter().rev() {
        let judged = judge.judge(step, &plan).await;
        let noted = |why: String| NotDone {
            unmet: false,
            what: step.title.clone(),
            why,
        };
        match judged.map_err(|failure| unread(&failure))? {
            Judged::Take(reversal, words) => {
                plan.reversals.push((step.id.clone(), reversal, words));
            }
            Judged::Held(reversal, words) => plan.held.push((step.id.clone(), reversal, words)),
            Judged::Left(why) => plan.left.push(noted(why)),
            Judged::Nothing(why) => plan.not_done.push(noted(why)),
        }
    }
    Ok(plan)
}
