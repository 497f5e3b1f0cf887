//! Does what a run did still stand? Read again before the run closes, and before it is gone on
//! with.

use std::collections::BTreeMap;

use super::error::StepResult;
use super::rows::Made;
use super::sending::found;
use super::settle;
use super::steps::Hands;
use crate::aws::Failure;
use crate::model::{AccountId, PolicyId};
use crate::plan::{Change, Step};

/// Why a step is not known to stand any more.
#[derive(Debug)]
pub(super) enum Gone {
    /// Somebody took it back.
    Reverted(String),
    /// It could not be read.
    Unread(String),
}

/// Of the steps, those that do not stand any more, or of which it could not be told.
pub(super) async fn gone(
    hands: Hands<'_>,
    steps: &[&Step],
    created: &BTreeMap<String, PolicyId>,
    results: &[(String, StepResult)],
) -> Vec<(String, Gone)> {
    let mut gone = Vec::new();
    for step in steps {
        // The run itself detached it again.
        if steps.iter().any(|other| other.releases(step)) {
            continue;
        }
        let made = results.iter().find(|(id, _)| *id == step.id);
        let made = made.and_then(|(_, result)| result.made.as_ref());
        // A read may show the state from before the write.
        let read = found(hands.stop, || async {
            let stands = stands(hands, step, created, made).await;
            stands.map(|stands| stands.then_some(()))
        });
        match read.await {
            Ok(Some(())) => {}
            // Its attachment is ours still, whatever its text says now.
            Ok(None) if is_attached(hands, step, created).await => {
                let why = "the SCP is attached, but its text is not the plan's any more";
                gone.push((step.id.clone(), Gone::Unread(why.to_owned())));
            }
            Ok(None) => gone.push((step.id.clone(), Gone::Reverted(words(step)))),
            Err(failure) => gone.push((
                step.id.clone(),
                Gone::Unread(format!(
                    "it could not be read again before the run ended: {failure}"
                )),
            )),
        }
    }
    gone
}

async fn stands(
    hands: Hands<'_>,
    step: &Step,
    created: &BTreeMap<String, PolicyId>,
    made: Option<&Made>,
) -> Result<bool, Failure> {
    let Hands { reads, .. } = hands;
    match &step.change {
        Change::EnablePolicyType { root } => settle::scps_enabled(reads, root).await,
        // Its text counts where it is attached.
        Change::CreatePolicy { .. } => Ok(true),
        Change::AttachPolicy {
            policy,
            target,
            text,
            ..
        } => {
            let Some(id) = policy.among(created) else {
                return Ok(false);
            };
            let shown = settle::described(reads, &id).await?;
            Ok(shown.is_some_and(|shown| settle::says(&shown, text))
                && settle::hangs(reads, &id, target).await?)
        }
        Change::DetachPolicy { policy, target, .. } => match policy.among(created) {
            Some(id) => Ok(!settle::hangs(reads, &id, target).await?),
            None => Ok(false),
        },
        Change::InviteAccount { account } => invited(hands, account).await,
        Change::AcceptInvitation { account, .. } => Ok(reads.place_of(account).await?.is_some()),
        Change::TagAccount { account, tags } => {
            let there = reads.list_account_tags(account).await?;
            let Some(Made::Tags(keys)) = made else {
                return Ok(true);
            };
            Ok(keys.iter().all(|key| there.get(key) == tags.get(key)))
        }
        Change::MoveAccount { account, to } => {
            Ok(reads.place_of(account).await?.as_ref() == Some(to))
        }
    }
}

/// Is the SCP of an attachment attached where the step put it?
async fn is_attached(hands: Hands<'_>, step: &Step, created: &BTreeMap<String, PolicyId>) -> bool {
    let Change::AttachPolicy { policy, target, .. } = &step.change else {
        return false;
    };
    match policy.among(created) {
        Some(id) => settle::hangs(hands.reads, &id, target)
            .await
            .unwrap_or(false),
        None => false,
    }
}

async fn invited(hands: Hands<'_>, account: &AccountId) -> Result<bool, Failure> {
    Ok(settle::invitation(hands.reads, account).await?.is_some()
        || hands.reads.place_of(account).await?.is_some())
}

fn words(step: &Step) -> String {
    let somebody = "since this run did it: somebody changed it meanwhile";
    match &step.change {
        Change::EnablePolicyType { root } => {
            format!("the SCP policy type is not enabled on root {root} any more, {somebody}")
        }
        Change::CreatePolicy { name, .. } => format!("SCP `{name}` is gone, {somebody}"),
        Change::AttachPolicy { target, .. } => format!(
            "the SCP is not attached to {} {target} any more, or has another text, {somebody}",
            target.kind()
        ),
        Change::DetachPolicy { target, .. } => format!(
            "the SCP is attached to {} {target} again, {somebody}",
            target.kind()
        ),
        Change::InviteAccount { account } => {
            format!("the invitation to account {account} is not open any more")
        }
        Change::AcceptInvitation { account, .. } => {
            format!("account {account} is not in the organization any more: it left again")
        }
        Change::TagAccount { account, .. } => {
            format!("tags of account {account} are gone or changed, {somebody}")
        }
        Change::MoveAccount { account, to } => format!(
            "account {account} is not in {} {to} any more, {somebody}",
            to.kind()
        ),
    }
}

/// Invitations and arrivals that stand by the journal, of accounts that are not in the
/// organization and not invited any more. What could not be read is left as it is: its step finds
/// out.
pub(super) async fn departed<'s>(hands: Hands<'_>, steps: &[&'s Step]) -> Vec<(&'s str, String)> {
    let mut departed: Vec<(&Step, String)> = Vec::new();
    let mut gone: Vec<&AccountId> = Vec::new();
    for step in steps {
        let there = match &step.change {
            Change::AcceptInvitation { account, .. } => {
                let member = || async { hands.reads.place_of(account).await };
                let there = found(hands.stop, member).await.map(|place| place.is_some());
                gone.extend(matches!(there, Ok(false)).then_some(account));
                there
            }
            Change::InviteAccount { account } => {
                let invited =
                    || async { Ok::<_, Failure>(invited(hands, account).await?.then_some(())) };
                found(hands.stop, invited)
                    .await
                    .map(|there| there.is_some())
            }
            // With the account went all that was done to it.
            change => Ok(change
                .account()
                .is_none_or(|account| !gone.contains(&account))),
        };
        if matches!(there, Ok(false)) {
            departed.push((step, words(step)));
        }
    }
    let departed = departed.into_iter();
    departed
        .map(|(step, why)| (step.id.as_str(), why))
        .collect()
}
