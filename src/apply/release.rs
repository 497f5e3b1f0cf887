//! Detaching the run's own canary, once the root carries the guard: the only detachment outside
//! `undo`.

use super::error::StepResult;
use super::rows::StepOutcome;
use super::sending::{StepFailure, in_words, read_back, write};
use super::settle;
use super::stop::Stop;
use crate::aws::{Reads, Session};
use crate::model::{NodeId, PolicyId};

/// Detaches `policy` from `target`; it must hang on `carried_by` and say what `text` says.
pub(super) async fn release(
    (reads, session, stop): (&Reads, &Session, &Stop),
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
    let sent = write(stop, || writes.detach_policy(policy, target)).await;
    let lost = sent.lost(in_words)?;
    let missing = format!("SCP {policy} is still listed on {}", named(target));
    read_back(stop, lost.as_ref(), &missing, || async {
        Ok(!settle::hangs(reads, policy, target).await?)
    })
    .await?;
    let detail = format!("SCP {policy} detached from {}, read back", named(target));
    Ok(result(StepOutcome::Done, detail))
}
