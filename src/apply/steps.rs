//! The steps themselves: read, decide, perhaps write, read back.

use std::time::Duration;

use super::execute::{StepOutcome, StepResult};
use super::settle;
use crate::aws::{Failure, FailureClass, Reads, WriteFailure, Writes};
use crate::model::{AccountId, NodeId, PolicyId, RootId};
use crate::plan::INVITATION_NOTES;

/// Waits between reads of a postcondition, and between tries of a contended write.
const PAUSES: [Duration; 6] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(15),
];

/// Why a step did not reach its postcondition.
#[derive(Debug)]
pub(super) enum StepFailure {
    /// AWS refused, or the state forbids it; nothing was changed by this step.
    Refused(String),
    /// It may or may not have happened, and reading did not tell.
    Unknown(String),
}

impl From<Failure> for StepFailure {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure.to_string())
    }
}

fn done(detail: String) -> StepResult {
    StepResult {
        outcome: StepOutcome::Done,
        detail,
    }
}

fn already(detail: String) -> StepResult {
    StepResult {
        outcome: StepOutcome::AlreadyDone,
        detail,
    }
}

/// Creates the policy, or finds that it exists; returns its id.
pub(super) async fn create_policy(
    reads: &Reads,
    writes: &Writes,
    name: &str,
    text: &str,
    tags: &[(String, String)],
) -> Result<(PolicyId, StepResult), StepFailure> {
    if let Some(found) = existing(reads, name, text).await? {
        return Ok((
            found.clone(),
            already(format!("SCP {found} exists and says the same")),
        ));
    }
    let description = "Members cannot leave the organization, be transferred, or close themselves";
    let mut pauses = PAUSES.iter();
    loop {
        match writes.create_policy(name, description, text, tags).await {
            Ok(created) => {
                return Ok((
                    created.id.clone(),
                    done(format!("created SCP {}", created.id)),
                ));
            }
            Err(WriteFailure::OutcomeUnknown(failure)) => {
                return match existing(reads, name, text).await {
                    Ok(Some(id)) => Ok((
                        id.clone(),
                        done(format!("created SCP {id}; the answer was lost")),
                    )),
                    Ok(None) => Err(StepFailure::Unknown(format!(
                        "{failure}; no such SCP is listed yet"
                    ))),
                    Err(_) => Err(StepFailure::Unknown(failure.to_string())),
                };
            }
            Err(WriteFailure::Refused(failure)) => match (failure.class, pauses.next()) {
                (FailureClass::InProgress, Some(pause)) => tokio::time::sleep(*pause).await,
                (FailureClass::Conflict | FailureClass::AlreadyDone, _) => {
                    return match existing(reads, name, text).await? {
                        Some(id) => Ok((
                            id.clone(),
                            already(format!("SCP {id} exists and says the same")),
                        )),
                        None => Err(failure.into()),
                    };
                }
                _ => return Err(failure.into()),
            },
        }
    }
}

/// The policy of that name, if it says the same; a namesake that does not is an error.
async fn existing(reads: &Reads, name: &str, text: &str) -> Result<Option<PolicyId>, StepFailure> {
    match settle::policy_named(reads, name).await? {
        None => Ok(None),
        Some(policy) if settle::says(&policy, text) => Ok(Some(policy.id)),
        Some(policy) => Err(StepFailure::Refused(format!(
            "SCP {} is named `{name}` too, but says something else; it is not touched",
            policy.id
        ))),
    }
}

/// Attaches the policy to the root and waits until it is listed there.
pub(super) async fn attach_policy(
    reads: &Reads,
    writes: &Writes,
    policy: &PolicyId,
    root: &RootId,
) -> Result<StepResult, StepFailure> {
    if settle::hangs(reads, policy, root).await? {
        return Ok(already(format!("SCP {policy} hangs on root {root}")));
    }
    let target = NodeId::Root(root.clone());
    let mut pauses = PAUSES.iter();
    let lost = loop {
        match writes.attach_policy(policy, &target).await {
            Ok(()) => break None,
            Err(WriteFailure::OutcomeUnknown(failure)) => break Some(failure),
            Err(WriteFailure::Refused(failure)) => match (failure.class, pauses.next()) {
                (FailureClass::InProgress, Some(pause)) => tokio::time::sleep(*pause).await,
                (FailureClass::AlreadyDone, _) => break None,
                _ => return Err(failure.into()),
            },
        }
    };
    for pause in PAUSES {
        if settle::hangs(reads, policy, root).await.unwrap_or(false) {
            return Ok(done(format!(
                "SCP {policy} hangs on root {root}, read back"
            )));
        }
        tokio::time::sleep(pause).await;
    }
    Err(StepFailure::Unknown(match lost {
        Some(failure) => format!("{failure}; SCP {policy} is not listed on root {root}"),
        None => format!(
            "AWS accepted the attachment, but SCP {policy} is not listed on root {root} yet"
        ),
    }))
}

/// Invites the account, or finds that it has been invited.
pub(super) async fn invite_account(
    reads: &Reads,
    writes: &Writes,
    account: &AccountId,
) -> Result<StepResult, StepFailure> {
    if let Some(open) = settle::invitation(reads, account).await? {
        return Ok(already(format!(
            "invitation {} to {account} is open",
            open.id
        )));
    }
    let mut pauses = PAUSES.iter();
    loop {
        match writes.invite_account(account, INVITATION_NOTES).await {
            Ok(sent) => {
                let until = sent
                    .expires_at
                    .map(|time| format!(", expires {time}"))
                    .unwrap_or_default();
                return Ok(done(format!(
                    "invitation {} sent to {account}{until}",
                    sent.id
                )));
            }
            Err(WriteFailure::OutcomeUnknown(failure)) => {
                return match settle::invitation(reads, account).await {
                    Ok(Some(open)) => Ok(done(format!(
                        "invitation {} sent to {account}; the answer was lost",
                        open.id
                    ))),
                    _ => Err(StepFailure::Unknown(failure.to_string())),
                };
            }
            Err(WriteFailure::Refused(failure)) => match (failure.class, pauses.next()) {
                (FailureClass::InProgress, Some(pause)) => tokio::time::sleep(*pause).await,
                (FailureClass::Conflict | FailureClass::AlreadyDone, _) => {
                    return match settle::invitation(reads, account).await? {
                        Some(open) => Ok(already(format!(
                            "invitation {} to {account} is open",
                            open.id
                        ))),
                        None => Err(failure.into()),
                    };
                }
                _ => return Err(failure.into()),
            },
        }
    }
}
