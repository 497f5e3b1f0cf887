//! What of a run can be taken back: exactly what its journal proves to be ours and AWS shows
//! unchanged. Reads only.

use std::collections::{BTreeMap, BTreeSet};

use super::execute::{ApplyError, Place, RUN_TAG, refused, unread};
use super::history::{History, RunState};
use super::rows::{Header, Made, StepOutcome};
use super::settle;
use crate::aws::{Failure, Reads};
use crate::model::{AccountId, HandshakeId, NodeId, OrganizationId, PolicyId};
use crate::plan::{Change, NotDone, OnlyError, PolicyRef, Step, WrongOrganization};

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
    /// What cannot or need not be taken back, and why.
    pub not_done: Vec<NotDone>,
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
    /// A name of which nothing can be taken back.
    pub fn keep_only(&mut self, wanted: &[String]) -> Result<(), OnlyError> {
        for name in wanted {
            if !self.reversals.iter().any(|(step, _, _)| step == name) {
                let steps: Vec<&str> = self.reversals.iter().map(|one| one.0.as_str()).collect();
                return Err(OnlyError::NoSuchStep {
                    wanted: name.clone(),
                    steps: steps.join(", "),
                });
            }
        }
        let (kept, left): (Vec<_>, Vec<_>) = std::mem::take(&mut self.reversals)
            .into_iter()
            .partition(|(step, _, _)| wanted.contains(step));
        self.reversals = kept;
        self.not_done
            .extend(left.into_iter().map(|(step, _, words)| NotDone {
                what: words,
                why: format!("step `{step}` was left out by --only"),
            }));
        Ok(())
    }

    /// Returns the plan ready to be carried out, if `typed` is exactly its organization's id.
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
        not_done: Vec::new(),
    };
    for step in header.plan.steps.iter().rev() {
        let judged = judge(&reads, history, header, step, &plan).await;
        match judged.map_err(|failure| unread(&failure))? {
            Ok((reversal, words)) => plan.reversals.push((step.id.clone(), reversal, words)),
            Err(why) => plan.not_done.push(NotDone {
                what: step.title.clone(),
                why,
            }),
        }
    }
    Ok(plan)
}

type Judged = Result<(Reversal, String), String>;

async fn judge(
    reads: &Reads,
    history: &History,
    header: &Header,
    step: &Step,
    so_far: &UndoPlan,
) -> Result<Judged, Failure> {
    if !history.intended(&step.id) {
        return Ok(Err("the run never came to it".to_owned()));
    }
    match &step.change {
        Change::EnablePolicyType { .. }
        | Change::DetachPolicy { .. }
        | Change::AcceptInvitation { .. } => Ok(Err(step.undo.clone())),
        Change::TagAccount { account, tags } => untag(reads, history, step, (account, tags)).await,
        Change::MoveAccount { account, to } => {
            move_back(reads, history, header, step, (account, to)).await
        }
        Change::InviteAccount { account } => {
            let Some(Made::Invitation(id)) = made(history, &step.id) else {
                let why = "the journal does not prove that an invitation is ours; if one is open, cancel it by hand";
                return Ok(Err(why.to_owned()));
            };
            let open = settle::invitation(reads, account).await?;
            if open.is_none_or(|open| open.id != id) {
                return Ok(Err(format!("invitation {id} is not open any more")));
            }
            let words = format!("cancel invitation {id} to {account}");
            Ok(Ok((Reversal::Cancel(id), words)))
        }
        Change::AttachPolicy { policy, target, .. } => {
            let Some(id) = history.resolve(policy) else {
                return Ok(Err("the journal names no SCP that was attached".to_owned()));
            };
            if let Err(why) = provably_ours(reads, history, header, &id).await? {
                return Ok(Err(why));
            }
            if matches!(policy, PolicyRef::Existing(_)) && !wrote(history, &step.id) {
                return Ok(Err(format!(
                    "the journal does not prove that this run attached SCP {id}"
                )));
            }
            let place = format!("{} {target}", target.kind());
            if !settle::hangs(reads, &id, target).await? {
                return Ok(Err(format!("SCP {id} does not hang on {place}")));
            }
            let words = format!("detach SCP {id} from {place}: what it closed is open again");
            Ok(Ok((Reversal::Detach(id, target.clone()), words)))
        }
        Change::CreatePolicy { .. } => {
            let Some(id) = history.created_by(&step.id) else {
                return Ok(Err("the journal names no SCP that was created".to_owned()));
            };
            if let Err(why) = provably_ours(reads, history, header, &id).await? {
                return Ok(Err(why));
            }
            let detached = |node: &NodeId| {
                so_far.reversals.iter().any(|(_, reversal, _)| {
                    matches!(reversal, Reversal::Detach(policy, target)
                        if *policy == id && node == target)
                })
            };
            let targets = reads.list_targets_for_policy(&id).await?;
            if let Some(node) = targets.iter().find(|node| !detached(node)) {
                return Ok(Err(format!(
                    "SCP {id} hangs on {node}, where this run did not attach it"
                )));
            }
            let words = format!("delete SCP {id}");
            Ok(Ok((Reversal::Delete(id), words)))
        }
    }
}

/// Keys that this run added and that still have the run's value.
async fn untag(
    reads: &Reads,
    history: &History,
    step: &Step,
    (account, tags): (&AccountId, &BTreeMap<String, String>),
) -> Result<Judged, Failure> {
    let sent = history.sent(&step.id).into_iter();
    let lacking = sent.filter_map(|sending| sending.lacking.clone());
    let keys: BTreeSet<String> = lacking
        .chain(made(history, &step.id))
        .flat_map(|made| match made {
            Made::Tags(keys) => keys,
            Made::Policy(_) | Made::Invitation(_) => BTreeSet::new(),
        })
        .collect();
    if keys.is_empty() {
        let why = "the journal does not prove that this run added tags";
        return Ok(Err(why.to_owned()));
    }
    let there = reads.list_account_tags(account).await?;
    let ours: BTreeSet<String> = keys
        .into_iter()
        .filter(|key| tags.contains_key(key) && there.get(key) == tags.get(key))
        .collect();
    if ours.is_empty() {
        let why = "the tags that this run added are gone or were changed since";
        return Ok(Err(why.to_owned()));
    }
    let names: Vec<&str> = ours.iter().map(String::as_str).collect();
    let words = format!("remove tags of account {account}: {}", names.join(", "));
    Ok(Ok((Reversal::Untag(account.clone(), ours), words)))
}

/// The account goes back to the root, if this run moved it and it is still where the run put it.
async fn move_back(
    reads: &Reads,
    history: &History,
    header: &Header,
    step: &Step,
    (account, from): (&AccountId, &NodeId),
) -> Result<Judged, Failure> {
    if !wrote(history, &step.id) {
        let why = format!(
            "the journal does not prove that this run moved account {account}; it is left where it is"
        );
        return Ok(Err(why));
    }
    let there = reads.list_accounts_for_parent(from).await?;
    if !there.contains(account) {
        return Ok(Err(format!(
            "account {account} is not in {} {from}",
            from.kind()
        )));
    }
    let to = NodeId::Root(header.plan.facts.root.clone());
    let words = format!(
        "move account {account} from {} {from} back to root {to}: the SCPs of the OU do not bind it any more",
        from.kind()
    );
    let (account, from) = (account.clone(), from.clone());
    Ok(Ok((Reversal::MoveBack { account, from, to }, words)))
}

/// Does the journal say that this run wrote it, or, where an answer was lost, that its call went
/// out when it was not there?
fn wrote(history: &History, step: &str) -> bool {
    let outcomes = history.outcomes();
    let outcome = outcomes.get(step);
    outcome.is_some_and(|outcome| outcome.outcome == StepOutcome::Done)
        || !history.sent(step).is_empty()
}

fn made(history: &History, step: &str) -> Option<Made> {
    let outcomes = history.outcomes();
    let outcome = outcomes.get(step)?;
    (outcome.outcome == StepOutcome::Done).then(|| outcome.made.clone())?
}

/// The policy's text is the plan's, and if the run created it, it carries the run's tag.
pub(super) async fn provably_ours(
    reads: &Reads,
    history: &History,
    header: &Header,
    id: &PolicyId,
) -> Result<Result<(), String>, Failure> {
    let Some(policy) = settle::described(reads, id).await? else {
        return Ok(Err(format!("SCP {id} is gone")));
    };
    let claim = header
        .plan
        .steps
        .iter()
        .find_map(|step| match &step.change {
            Change::CreatePolicy { text, .. }
                if history.created_by(&step.id).as_ref() == Some(id) =>
            {
                Some((text, true))
            }
            Change::AttachPolicy {
                text,
                policy: PolicyRef::Existing(existing),
                ..
            } if existing == id => Some((text, false)),
            _ => None,
        });
    let Some((text, created)) = claim else {
        return Ok(Err(format!("the plan does not speak of SCP {id}")));
    };
    if !settle::says(&policy, text) {
        return Ok(Err(format!("SCP {id} was changed since")));
    }
    if !created {
        // It existed before: only the attachment is ours.
        return Ok(Ok(()));
    }
    let tags = reads.list_tags(id).await?;
    if tags.get(RUN_TAG).map(String::as_str) != Some(history.run()) {
        return Ok(Err(format!("SCP {id} does not carry the tag of this run")));
    }
    Ok(Ok(()))
}
