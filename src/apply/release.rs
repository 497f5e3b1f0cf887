//! Detaching the run's own canary, once the root carries the guard: the only detachment outside
//! `undo`.

use super::execute::StepResult;
use super::rows::StepOutcome;
use super::settle;
use super::steps::{PAUSES, StepFailure, Written, write};
use crate::aws::{Reads, Session};
use crate::model::{NodeId, PolicyId};

/// Detaches `policy` from `target`; it must hang on `carried_by` and say what `text` says.
pub(super) async fn release(
    reads: &Reads,
    session: &Session,
    policy: &PolicyId,
    text: &str,
    target: &NodeId,
    carried_by: &NodeId,
) -> Result<StepResult, StepFailure> {
    let named = |node: &NodeId| format!("{} {node}", node.kind());
    let result = |outcome, detail| StepResult {
        outcome,
        detail,
        made: None,
    };
    if !settle::hangs(reads, policy, carried_by).await? {
        return Err(StepFailure::Refused(format!(
            "SCP {policy} does not hang on {} any more, so it stays on {}",
            named(carried_by),
            named(target)
        )));
    }
    let shown = settle::described(reads, policy).await?;
    if !shown.is_some_and(|shown| settle::says(&shown, text)) {
        return Err(StepFailure::Refused(format!(
            "SCP {policy} was changed meanwhile, so nothing is detached"
        )));
    }
    if !settle::hangs(reads, policy, target).await? {
        let detail = format!("SCP {policy} does not hang on {}", named(target));
        return Ok(result(StepOutcome::AlreadyDone, detail));
    }
    let writes = session.undo_writes();
    let lost = match write(|| writes.detach_policy(policy, target)).await {
        Written::Done(()) | Written::There(_) => None,
        Written::Lost(failure) => Some(failure),
        Written::No(failure) => return Err(failure.into()),
    };
    for pause in PAUSES {
        if settle::hangs(reads, policy, target)
            .await
            .is_ok_and(|hangs| !hangs)
        {
            let detail = format!("SCP {policy} detached from {}, read back", named(target));
            return Ok(result(StepOutcome::Done, detail));
        }
        tokio::time::sleep(pause).await;
    }
    Err(StepFailure::Unknown(match lost {
        Some(failure) => format!("{failure}; SCP {policy} still hangs on {}", named(target)),
        None => format!(
            "AWS accepted it, but SCP {policy} is still listed on {}",
            named(target)
        ),
    }))
}
