//! The steps themselves: read, decide, perhaps write, read back.

use super::ahead::Ahead;
use super::error::StepResult;
use super::rows::{Made, StepOutcome};
use super::sending::{
    PAUSES, StepFailure, Written, found, in_words, read_back, read_back_for, write,
};
use super::settle;
use super::stop::Stop;
use crate::aws::{Reads, Writes};
use crate::model::ours::RUN_TAG;
use crate::model::{AccountId, HandshakeId, NodeId, PolicyId, RootId};
use crate::plan::{INVITATION_NOTES, allows};

/// How often the SCP type's state is read after it was enabled, once the pauses are used up.
const ENABLING: u32 = 40;

/// What a step reads and writes with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hands<'a> {
    pub(super) reads: &'a Reads,
    pub(super) writes: &'a Writes,
    pub(super) stop: &'a Stop,
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

/// Enables the SCP policy type and waits until it is.
pub(super) async fn enable_scps(
    Hands {
        reads,
        writes,
        stop,
    }: Hands<'_>,
    root: &RootId,
) -> Result<StepResult, StepFailure> {
    if settle::scps_enabled(reads, root).await? {
        return Ok(already(
            format!("the SCP policy type is enabled on root {root}"),
            None,
        ));
    }
    let sent = write(stop, || writes.enable_scps(root)).await;
    let lost = sent.lost(in_words)?;
    let longest = PAUSES.last().copied().unwrap_or_default();
    let pauses = PAUSES.into_iter().chain((0..ENABLING).map(|_| longest));
    read_back_for(
        stop,
        pauses,
        lost.as_ref(),
        "the SCP policy type is not enabled yet",
        || settle::scps_enabled(reads, root),
    )
    .await?;
    let detail = format!("the SCP policy type is enabled on root {root}, read back");
    Ok(done(detail, None))
}

/// Creates the policy, or finds that it exists.
pub(super) async fn create_policy(
    Hands {
        reads,
        writes,
        stop,
    }: Hands<'_>,
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
    match write(stop, || writes.create_policy(name, description, text, tags)).await {
        Written::Done(created) => {
            let (id, detail) = (created.id.clone(), format!("created SCP {}", created.id));
            Ok((id.clone(), done(detail, Some(Made::Policy(id)))))
        }
        Written::Lost(failure) => match found(stop, || existing(reads, name, text)).await {
            Ok(Some(id)) => {
                let detail = format!("created SCP {id}; the answer was lost");
                Ok((id.clone(), done(detail, Some(Made::Policy(id)))))
            }
            Ok(None) => Err(StepFailure::Unknown(format!(
                "{failure}; no such SCP is listed"
            ))),
            Err(StepFailure::Refused(why) | StepFailure::Unknown(why)) => {
                Err(StepFailure::Unknown(format!("{failure}; then: {why}")))
            }
        },
        Written::There(failure) => match found(stop, || existing(reads, name, text)).await? {
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
        Some(policy) if settle::says(&policy, text) => {
            // Names are unique, so one that carries no run's tag was made by somebody else.
            if reads.list_tags(&policy.id).await?.contains_key(RUN_TAG) {
                return Ok(Some(policy.id));
            }
            Err(StepFailure::Refused(format!(
                "SCP {} is named `{name}` too and says the same, but does not carry this tool's tag; it is not \
                 attached: plan again, with --use-policy {} if that is meant",
                policy.id, policy.id
            )))
        }
        Some(policy) => Err(StepFailure::Refused(format!(
            "SCP {} is named `{name}` too, but says something else; it is not touched",
            policy.id
        ))),
    }
}

/// Attaches the policy and waits until it is listed there.
pub(super) async fn attach_policy(
    hands: Hands<'_>,
    ahead: Ahead<'_>,
    policy: &PolicyId,
    target: &NodeId,
    text: &str,
) -> Result<StepResult, StepFailure> {
    let Hands {
        reads,
        writes,
        stop,
    } = hands;
    // One that was created a moment ago may not be shown yet.
    let shown = || async { Ok::<_, StepFailure>(settle::described(reads, policy).await?) };
    match found(stop, shown).await? {
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
        let detail = format!("SCP {policy} is attached to {place}");
        return Ok(already(detail, made()));
    }
    if allows(text) {
        check_full_access(hands, policy, target).await?;
    }
    ahead.sends(None)?;
    let sent = write(stop, || writes.attach_policy(policy, target)).await;
    let there = matches!(sent, Written::There(_));
    let lost = sent.lost(in_words)?;
    let missing = format!("SCP {policy} is not listed on {place} yet");
    read_back(stop, lost.as_ref(), &missing, || {
        settle::hangs(reads, policy, target)
    })
    .await?;
    let detail = format!("SCP {policy} is attached to {place}, read back");
    let result = if there { already } else { done };
    Ok(result(detail, made()))
}

/// What allows something is attached only beside `FullAWSAccess`, where all is allowed anyhow. That
/// hangs on every account that joins, but perhaps is not shown yet.
async fn check_full_access(
    Hands { reads, stop, .. }: Hands<'_>,
    policy: &PolicyId,
    target: &NodeId,
) -> Result<(), StepFailure> {
    let full = PolicyId::full_aws_access();
    let shown =
        || async { Ok::<_, StepFailure>(settle::hangs(reads, &full, target).await?.then_some(())) };
    match found(stop, shown).await? {
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
    Hands {
        reads,
        writes,
        stop,
    }: Hands<'_>,
    account: &AccountId,
) -> Result<StepResult, StepFailure> {
    let open = || async { Ok::<_, StepFailure>(settle::invitation(reads, account).await?) };
    let exists = |id: &HandshakeId| already(format!("invitation {id} to {account} is open"), None);
    if let Some(open) = open().await? {
        return Ok(exists(&open.id));
    }
    match write(stop, || writes.invite_account(account, INVITATION_NOTES)).await {
        Written::Done(sent) => {
            let until = sent.expires_at.map(|time| format!(", expires {time}"));
            let until = until.unwrap_or_default();
            let detail = format!("invitation {} sent to {account}{until}", sent.id);
            Ok(done(detail, Some(Made::Invitation(sent.id))))
        }
        Written::Lost(failure) => match found(stop, open).await {
            Ok(Some(open)) => {
                let id = open.id;
                let detail = format!("invitation {id} sent to {account}; the answer was lost");
                Ok(done(detail, Some(Made::Invitation(id))))
            }
            Ok(None) => Err(StepFailure::Unknown(format!(
                "{failure}; no open invitation is listed"
            ))),
            Err(StepFailure::Refused(why) | StepFailure::Unknown(why)) => {
                Err(StepFailure::Unknown(format!("{failure}; then: {why}")))
            }
        },
        Written::There(failure) => match found(stop, open).await? {
            Some(open) => Ok(exists(&open.id)),
            None => Err(failure.into()),
        },
        Written::No(failure) => Err(super::way_back::refusal(&failure)),
    }
}
