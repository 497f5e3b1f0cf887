//! The steps themselves: read, decide, perhaps write, read back.

use std::future::Future;
use std::time::Duration;

use super::ahead::Ahead;
use super::execute::StepResult;
use super::rows::{Made, StepOutcome};
use super::settle;
use crate::aws::{Failure, FailureClass, Reads, WriteFailure, Writes};
use crate::model::{AccountId, HandshakeId, NodeId, PolicyId, RootId};
use crate::plan::{INVITATION_NOTES, allows};

/// How often the SCP type's state is read after it was enabled, once the pauses are used up.
const ENABLING: u32 = 40;

/// Waits between reads of a postcondition, and between tries of a contended write.
pub(super) const PAUSES: [Duration; 6] = [
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

fn done(detail: String, made: Option<Made>) -> StepResult {
    StepResult {
        outcome: StepOutcome::Done,
        detail,
        made,
    }
}

fn already(detail: String, made: Option<Made>) -> StepResult {
    StepResult {
        outcome: StepOutcome::AlreadyDone,
        detail,
        made,
    }
}

/// How a write ended that may have been tried several times.
#[derive(Debug)]
pub(super) enum Written<T> {
    /// AWS said so.
    Done(T),
    /// The answer was lost.
    Lost(Failure),
    /// Something is there already.
    There(Failure),
    /// AWS said no.
    No(Failure),
}

/// Writes, again only while AWS is busy with another change.
pub(super) async fn write<T, F>(send: impl Fn() -> F) -> Written<T>
where
    F: Future<Output = Result<T, WriteFailure>>,
{
    let mut pauses = PAUSES.iter();
    loop {
        match send().await {
            Ok(answer) => return Written::Done(answer),
            Err(WriteFailure::OutcomeUnknown(failure)) => return Written::Lost(failure),
            Err(WriteFailure::Refused(failure)) => match (failure.class, pauses.next()) {
                (FailureClass::InProgress, Some(pause)) => tokio::time::sleep(*pause).await,
                (FailureClass::Conflict | FailureClass::AlreadyDone, _) => {
                    return Written::There(failure);
                }
                _ => return Written::No(failure),
            },
        }
    }
}

/// Reads until there is something; a read may show the state from before the last write.
async fn found<T, F>(read: impl Fn() -> F) -> Result<Option<T>, StepFailure>
where
    F: Future<Output = Result<Option<T>, StepFailure>>,
{
    for pause in PAUSES {
        if let Some(found) = read().await? {
            return Ok(Some(found));
        }
        tokio::time::sleep(pause).await;
    }
    read().await
}

/// Enables the SCP policy type and waits until it is.
pub(super) async fn enable_scps(
    reads: &Reads,
    writes: &Writes,
    root: &RootId,
) -> Result<StepResult, StepFailure> {
    if settle::scps_enabled(reads, root).await? {
        return Ok(already(
            format!("the SCP policy type is enabled on root {root}"),
            None,
        ));
    }
    let lost = match write(|| writes.enable_scps(root)).await {
        Written::Done(()) | Written::There(_) => None,
        Written::Lost(failure) => Some(failure),
        Written::No(failure) => return Err(failure.into()),
    };
    let longest = PAUSES.last().copied().unwrap_or_default();
    let more = (0..ENABLING).map(|_| longest);
    for pause in PAUSES.into_iter().chain(more) {
        if settle::scps_enabled(reads, root).await.unwrap_or(false) {
            let detail = format!("the SCP policy type is enabled on root {root}, read back");
            return Ok(done(detail, None));
        }
        tokio::time::sleep(pause).await;
    }
    Err(StepFailure::Unknown(match lost {
        Some(failure) => format!("{failure}; the SCP policy type is not enabled yet"),
        None => "AWS accepted it, but the SCP policy type is not enabled yet".to_owned(),
    }))
}

/// Creates the policy, or finds that it exists.
pub(super) async fn create_policy(
    reads: &Reads,
    writes: &Writes,
    name: &str,
    description: &str,
    text: &str,
    tags: &[(String, String)],
) -> Result<(PolicyId, StepResult), StepFailure> {
    let exists = |id: PolicyId| {
        let detail = format!("SCP {id} exists and says the same");
        (id.clone(), already(detail, Some(Made::Policy(id))))
    };
    if let Some(found) = existing(reads, name, text).await? {
        return Ok(exists(found));
    }
    match write(|| writes.create_policy(name, description, text, tags)).await {
        Written::Done(created) => {
            let (id, detail) = (created.id.clone(), format!("created SCP {}", created.id));
            Ok((id.clone(), done(detail, Some(Made::Policy(id)))))
        }
        Written::Lost(failure) => match found(|| existing(reads, name, text)).await {
            Ok(Some(id)) => {
                let detail = format!("created SCP {id}; the answer was lost");
                Ok((id.clone(), done(detail, Some(Made::Policy(id)))))
            }
            Ok(None) => Err(StepFailure::Unknown(format!(
                "{failure}; no such SCP is listed"
            ))),
            Err(_) => Err(StepFailure::Unknown(failure.to_string())),
        },
        Written::There(failure) => match found(|| existing(reads, name, text)).await? {
            Some(id) => Ok(exists(id)),
            None => Err(failure.into()),
        },
        Written::No(failure) => Err(failure.into()),
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

/// Attaches the policy and waits until it is listed there.
pub(super) async fn attach_policy(
    (reads, writes): (&Reads, &Writes),
    ahead: Ahead<'_>,
    policy: &PolicyId,
    target: &NodeId,
    text: &str,
) -> Result<StepResult, StepFailure> {
    // One that was created a moment ago may not be shown yet.
    let shown = || async { Ok(settle::described(reads, policy).await?) };
    match found(shown).await? {
        Some(shown) if settle::says(&shown, text) => {}
        Some(_) => {
            return Err(StepFailure::Refused(format!(
                "SCP {policy} does not say what the plan attaches; it is not attached"
            )));
        }
        None => {
            return Err(StepFailure::Refused(format!(
                "SCP {policy} is not there, so it is not attached"
            )));
        }
    }
    let made = || Some(Made::Policy(policy.clone()));
    let place = format!("{} {target}", target.kind());
    if settle::hangs(reads, policy, target).await? {
        let detail = format!("SCP {policy} hangs on {place}");
        return Ok(already(detail, made()));
    }
    if allows(text) {
        check_full_access(reads, policy, target).await?;
    }
    ahead.sends(None)?;
    let (mut there, mut lost) = (false, None);
    match write(|| writes.attach_policy(policy, target)).await {
        Written::Done(()) => {}
        Written::Lost(failure) => lost = Some(failure),
        Written::There(_) => there = true,
        Written::No(failure) => return Err(failure.into()),
    }
    for pause in PAUSES {
        if settle::hangs(reads, policy, target).await.unwrap_or(false) {
            let detail = format!("SCP {policy} hangs on {place}, read back");
            let result = if there { already } else { done };
            return Ok(result(detail, made()));
        }
        tokio::time::sleep(pause).await;
    }
    Err(StepFailure::Unknown(match lost {
        Some(failure) => format!("{failure}; SCP {policy} is not listed on {place}"),
        None => {
            format!("AWS accepted the attachment, but SCP {policy} is not listed on {place} yet")
        }
    }))
}

/// What allows something is attached only beside `FullAWSAccess`, where all is allowed anyhow. That
/// hangs on every account that joins, but perhaps is not shown yet.
async fn check_full_access(
    reads: &Reads,
    policy: &PolicyId,
    target: &NodeId,
) -> Result<(), StepFailure> {
    let full = PolicyId::full_aws_access();
    let shown = || async { Ok(settle::hangs(reads, &full, target).await?.then_some(())) };
    match found(shown).await? {
        Some(()) => Ok(()),
        None => Err(StepFailure::Refused(format!(
            "SCP {policy} allows something, and FullAWSAccess does not hang on {} {target}: more would be allowed; it is \
             not attached",
            target.kind()
        ))),
    }
}

/// Invites the account, or finds that it has been invited.
pub(super) async fn invite_account(
    reads: &Reads,
    writes: &Writes,
    account: &AccountId,
) -> Result<StepResult, StepFailure> {
    let open = || async { Ok(settle::invitation(reads, account).await?) };
    let exists = |id: &HandshakeId| already(format!("invitation {id} to {account} is open"), None);
    if let Some(open) = open().await? {
        return Ok(exists(&open.id));
    }
    match write(|| writes.invite_account(account, INVITATION_NOTES)).await {
        Written::Done(sent) => {
            let until = sent.expires_at.map(|time| format!(", expires {time}"));
            let until = until.unwrap_or_default();
            let detail = format!("invitation {} sent to {account}{until}", sent.id);
            Ok(done(detail, Some(Made::Invitation(sent.id))))
        }
        Written::Lost(failure) => match found(open).await {
            Ok(Some(open)) => {
                let id = open.id;
                let detail = format!("invitation {id} sent to {account}; the answer was lost");
                Ok(done(detail, Some(Made::Invitation(id))))
            }
            _ => Err(StepFailure::Unknown(failure.to_string())),
        },
        Written::There(failure) => match found(open).await? {
            Some(open) => Ok(exists(&open.id)),
            None => Err(failure.into()),
        },
        Written::No(failure) => Err(super::way_back::refusal(&failure)),
    }
}
