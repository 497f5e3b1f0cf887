//! What must hold before the first write: the plan's age and size, that it was not used, and
//! that the facts it rests on are still so.

use std::path::Path;

use super::error::{ApplyError, refused, unread, unwritten};
use super::execute::{Place, Resuming};
use super::history::{History, RunState, run_ids};
use super::settle;
use crate::aws::Reads;
use crate::model::{NodeId, PolicyId};
use crate::plan::{Change, Facts, PlanDocument, Step};

/// How far the clocks of two machines are apart without anybody noticing; AWS itself takes requests
/// whose time is off by five minutes.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html>
const CLOCKS: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);
/// A plan lives a day.
const PLAN_LIFE: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);
/// What a run was to do is not what anybody would do a month later.
const RUN_LIFE: jiff::SignedDuration = jiff::SignedDuration::from_hours(30 * 24);

/// Would [`apply`] begin? Takes no lock and writes nothing, here or in AWS.
///
/// # Errors
/// [`ApplyError::Refused`], as `apply` would.
pub async fn check(place: Place<'_>, plan: &PlanDocument) -> Result<(), ApplyError> {
    check_paper(place, plan)?;
    if let Some(history) = unfinished(place.state, &plan.digest())? {
        return check_resume(place, &history, &Resuming::default()).await;
    }
    check_facts(&place.session.reads(), place, plan, &Since::default()).await
}

/// Would [`resume`] go on? As [`check`].
///
/// # Errors
/// [`ApplyError::Refused`], as `resume` would.
pub async fn check_resume(
    place: Place<'_>,
    history: &History,
    how: &Resuming,
) -> Result<(), ApplyError> {
    let Some(header) = history.header() else {
        return Err(refused(
            "the run ended before its first row was on disk: it wrote nothing",
            "make a new plan with org-exit-guard remediate",
        ));
    };
    check_resumable(place, history, &header.plan, how)
        .await
        .map(|_| ())
}

pub(super) async fn check_resumable(
    place: Place<'_>,
    history: &History,
    plan: &PlanDocument,
    how: &Resuming,
) -> Result<Reads, ApplyError> {
    if history.header().is_none_or(|header| header.plan != *plan) {
        return Err(refused(
            "the plan is not that of the run",
            "org-exit-guard runs shows every run",
        ));
    }
    match history.state() {
        RunState::Stopped(_) | RunState::Unfinished => {}
        state => {
            let hint = match state {
                RunState::UndoUnfinished => "it is being taken back: go on with undo",
                _ => "there is nothing to resume",
            };
            return Err(refused(
                format!("run `{}` is {}", history.run(), state.words()),
                hint,
            ));
        }
    }
    check_age(place, history, how)?;
    check_only(history, plan, how)?;
    check_limit(place, plan)?;
    let reads = place.session.reads();
    check_facts(&reads, place, plan, &Since::of(history)).await?;
    Ok(reads)
}

/// What can be told from the plan alone.
pub(super) fn check_paper(place: Place<'_>, plan: &PlanDocument) -> Result<(), ApplyError> {
    let age = place.now.duration_since(plan.created);
    if age > PLAN_LIFE || age < -CLOCKS {
        return Err(refused(
            format!(
                "the plan is of {}; it is now {}, and a plan lives 24 hours",
                plan.created, place.now
            ),
            "make a new one",
        ));
    }
    check_limit(place, plan)
}

fn check_limit(place: Place<'_>, plan: &PlanDocument) -> Result<(), ApplyError> {
    if plan.steps.len() > place.max_changes {
        return Err(refused(
            format!(
                "the plan has {} changes, more than the {} allowed",
                plan.steps.len(),
                place.max_changes
            ),
            "raise --max-changes, or take a part with --only",
        ));
    }
    Ok(())
}

/// A run is gone on with for 30 days.
fn check_age(place: Place<'_>, history: &History, how: &Resuming) -> Result<(), ApplyError> {
    let began = history.rows().first().map(|row| row.time);
    let old = began.is_some_and(|began| place.now.duration_since(began) > RUN_LIFE);
    match began {
        Some(began) if old && !how.stale_ok => Err(refused(
            format!(
                "run `{}` began on {began}, more than 30 days ago",
                history.run()
            ),
            "make a new plan with org-exit-guard remediate, or give --stale-ok if this one is still meant",
        )),
        _ => Ok(()),
    }
}

/// Only what the plan has, and what rests on nothing that was left out.
fn check_only(history: &History, plan: &PlanDocument, how: &Resuming) -> Result<(), ApplyError> {
    let stands = |step: &Step| history.stands(step);
    for name in &how.only {
        let Some(step) = plan.steps.iter().find(|step| step.id == *name) else {
            let all: Vec<&str> = plan.steps.iter().map(|step| step.id.as_str()).collect();
            return Err(refused(
                format!("the run has no step `{name}`; it has: {}", all.join(", ")),
                "resume without --only shows every step",
            ));
        };
        // What is let in needs the quarantine that follows.
        let mut needed = plan.steps.iter().filter(|other| step.needs(other));
        if let Some(needed) = needed.find(|other| !stands(other) && !how.only.contains(&other.id)) {
            return Err(refused(
                format!(
                    "step `{name}` needs step `{}`, which was left out",
                    needed.id
                ),
                "name every step that is wanted with --only",
            ));
        }
    }
    Ok(())
}

/// The run of this plan that is to be gone on with. A plan is used once: one that was applied or
/// taken back is refused.
pub(super) fn unfinished(state: &Path, digest: &str) -> Result<Option<History>, ApplyError> {
    let runs = run_ids(state).map_err(|e| unwritten(&e))?;
    let mut unfinished = None;
    for run in runs {
        // A journal that cannot be read proves nothing of this plan; `runs` shows it.
        let Ok(history) = History::read(state, &run) else {
            continue;
        };
        if history
            .header()
            .is_none_or(|header| header.plan_digest != digest)
        {
            continue;
        }
        if !matches!(history.state(), RunState::Stopped(_) | RunState::Unfinished) {
            return Err(refused(
                format!(
                    "the plan is already applied: run `{run}` is {}",
                    history.state().words()
                ),
                "make a new one",
            ));
        }
        unfinished = Some(history);
    }
    Ok(unfinished)
}

/// What a run has done of its plan, so that its own changes are not taken for foreign ones.
#[derive(Debug, Default)]
pub(super) struct Since {
    /// SCPs that the run attached or detached, or was about to, and where; true: the journal says
    /// that it hangs.
    moved: Vec<(PolicyId, NodeId, bool)>,
    /// The run enabled the SCP type, or was about to.
    enabled: bool,
}

impl Since {
    pub(super) fn of(history: &History) -> Self {
        let mut since = Self::default();
        for step in history.begun() {
            match &step.change {
                Change::EnablePolicyType { .. } => since.enabled = true,
                Change::AttachPolicy { policy, target, .. } => {
                    if let Some(id) = history.resolve(policy) {
                        let stands = history.stands(step);
                        since.moved.push((id, target.clone(), stands));
                    }
                }
                Change::DetachPolicy { policy, target, .. } => {
                    let id = history.resolve(policy);
                    let ours = since.moved.iter_mut();
                    for (_, _, hangs) in
                        ours.filter(|(one, node, _)| Some(one) == id.as_ref() && node == target)
                    {
                        *hangs = false;
                    }
                }
                Change::CreatePolicy { .. }
                | Change::InviteAccount { .. }
                | Change::AcceptInvitation { .. }
                | Change::TagAccount { .. }
                | Change::MoveAccount { .. } => {}
            }
        }
        since
    }

    /// Takes the run's own changes out of what was read; returns those that are gone, in words.
    fn take_out(&self, plan: &PlanDocument, now: &mut Facts) -> Vec<String> {
        if self.enabled {
            now.scp_state.clone_from(&plan.facts.scp_state);
            now.attached.retain(|id, _| !id.is_full_aws_access());
            for hangs in now.elsewhere.values_mut() {
                hangs.retain(|id| !id.is_full_aws_access());
            }
        }
        let root = NodeId::Root(now.root.clone());
        let mut gone = Vec::new();
        for (id, node, stands) in &self.moved {
            let hung = if *node == root {
                now.attached.remove(id).is_some()
            } else if let Some(hangs) = now.elsewhere.get_mut(node) {
                hangs.remove(id)
            } else {
                // The plan does not rest on that node.
                continue;
            };
            if *stands && !hung {
                gone.push(format!("SCP {id}, which the run attached, was detached"));
            }
        }
        gone
    }
}

/// Reads the facts anew; a plan never rests on what was true earlier.
pub(super) async fn check_facts(
    reads: &Reads,
    place: Place<'_>,
    plan: &PlanDocument,
    since: &Since,
) -> Result<(), ApplyError> {
    let now = settle::facts(reads, place.session.caller(), plan.facts.elsewhere.keys())
        .await
        .map_err(|failure| unread(&failure))?;
    let Some(mut now) = now else {
        return Err(refused(
            "the organization has no root any more",
            "make a new plan",
        ));
    };
    let mut changes = since.take_out(plan, &mut now);
    // Invitations do not rest on what hangs on the root.
    let guards = plan.steps.iter().any(|step| {
        !matches!(
            step.change,
            Change::InviteAccount { .. }
                | Change::AcceptInvitation { .. }
                | Change::TagAccount { .. }
                | Change::MoveAccount { .. }
        )
    });
    let same_place = now.organization == plan.facts.organization
        && now.management == plan.facts.management
        && now.partition == plan.facts.partition;
    if !same_place || (guards && now != plan.facts) {
        changes.extend(plan.facts.difference(&now));
    }
    if changes.is_empty() {
        return Ok(());
    }
    Err(refused(
        format!(
            "the organization changed since the plan was made: {}",
            changes.join("; ")
        ),
        "make a new plan",
    ))
}
