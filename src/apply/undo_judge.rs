//! Of one step: is it proved to be the run's, is it still as the run left it, and so can it be taken
//! back?

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::history::{History, run_ids};
use super::rows::{Header, Made, StepOutcome};
use super::settle;
use super::undo_plan::{Reversal, UndoPlan};
use crate::aws::{Failure, Reads};
use crate::model::organization::Policy;
use crate::model::ours::RUN_TAG;
use crate::model::{AccountId, NodeId, PolicyId};
use crate::plan::{Change, PolicyRef, Step};

/// What becomes of a step.
#[derive(Debug)]
pub(super) enum Judged {
    /// It is taken back.
    Take(Reversal, String),
    /// It is taken back where its step is named.
    Held(Reversal, String),
    /// Something of it stays, for this reason.
    Left(String),
    /// There is nothing of it, for this reason.
    Nothing(String),
}

/// What a run did, beside what is there.
#[derive(Debug)]
pub(super) struct Judge<'a> {
    reads: Reads,
    history: &'a History,
    header: &'a Header,
    /// SCPs that the run created or found, by step; those whose creation nobody wrote down
    /// included.
    created: BTreeMap<String, PolicyId>,
    /// The other runs in the same directory.
    others: Vec<History>,
}

impl<'a> Judge<'a> {
    /// Reads what the journal may not know: an SCP that was created by a call whose answer nobody
    /// lived to write down carries the run's tag.
    pub(super) async fn new(
        reads: Reads,
        state: &Path,
        history: &'a History,
        header: &'a Header,
    ) -> Result<Self, Failure> {
        let mut created: BTreeMap<String, PolicyId> = BTreeMap::new();
        let creating = header
            .plan
            .steps
            .iter()
            .filter_map(|step| match &step.change {
                Change::CreatePolicy { name, .. } => Some((step.id.as_str(), name.as_str())),
                _ => None,
            });
        let creating: Vec<(&str, &str)> = creating.collect();
        for (step, _) in &creating {
            let known = history.created_by(step);
            created.extend(known.map(|id| ((*step).to_owned(), id)));
        }
        for (step, name) in &creating {
            if created.contains_key(*step) || !history.intended(step) {
                continue;
            }
            let others = creating.iter().filter(|(other, _)| other != step);
            let others: Vec<&str> = others.map(|(_, name)| *name).collect();
            let known: Vec<&PolicyId> = created.values().collect();
            let found = tagged(&reads, name, history.run(), |policy| {
                !known.contains(&&policy.id) && !others.contains(&policy.name.as_str())
            })
            .await?;
            created.extend(found.map(|id| ((*step).to_owned(), id)));
        }
        Ok(Self {
            others: others(state, history),
            reads,
            history,
            header,
            created,
        })
    }

    /// Judges a step; `so_far` are those after it.
    pub(super) async fn judge(&self, step: &Step, so_far: &UndoPlan) -> Result<Judged, Failure> {
        if !self.history.intended(&step.id) {
            return Ok(Judged::Nothing("the run never came to it".to_owned()));
        }
        match &step.change {
            Change::EnablePolicyType { root } => {
                // AWS takes minutes: a run that did not live to see it has enabled it all the same.
                let found = self.history.outcomes();
                let found = found.get(step.id.as_str());
                let before = found.is_some_and(|row| row.outcome == StepOutcome::AlreadyDone);
                let stays = !before && settle::scps_enabled(&self.reads, root).await?;
                Ok(if stays {
                    Judged::Left(step.undo.clone())
                } else {
                    Judged::Nothing(step.undo.clone())
                })
            }
            Change::DetachPolicy { .. } => Ok(Judged::Nothing(step.undo.clone())),
            Change::AcceptInvitation { account, .. } => {
                Ok(match self.reads.place_of(account).await? {
                    Some(_) => Judged::Left(step.undo.clone()),
                    None => Judged::Nothing(format!(
                        "account {account} is not in the organization any more"
                    )),
                })
            }
            Change::TagAccount { account, tags } => self.untag(step, account, tags).await,
            Change::MoveAccount { account, to } => {
                let root = NodeId::Root(self.header.plan.facts.root.clone());
                self.move_back(step, account, to, root).await
            }
            Change::InviteAccount { account } => self.cancel(step, account).await,
            Change::AttachPolicy { policy, target, .. } => self.detach(step, policy, target).await,
            Change::CreatePolicy { .. } => self.delete(step, so_far).await,
        }
    }

    async fn detach(
        &self,
        step: &Step,
        policy: &PolicyRef,
        target: &NodeId,
    ) -> Result<Judged, Failure> {
        let Some(id) = policy.among(&self.created) else {
            let why = "neither the journal nor a tag of this run names an SCP that was attached";
            return Ok(Judged::Nothing(why.to_owned()));
        };
        let place = format!("{} {target}", target.kind());
        if !settle::hangs(&self.reads, &id, target).await? {
            return Ok(Judged::Nothing(format!(
                "SCP {id} is not attached to {place}"
            )));
        }
        if self.released(step) {
            return Ok(Judged::Nothing(format!(
                "this run detached SCP {id} from {place} itself; somebody attached it again"
            )));
        }
        if !wrote(self.history, &step.id) {
            return Ok(Judged::Nothing(format!(
                "the journal does not prove that this run attached SCP {id} to {place}; it stays"
            )));
        }
        if let Some(run) = self.taken_over(step, |other, change| {
            matches!(change, Change::AttachPolicy { policy, target: node, .. }
                if node == target && other.resolve(policy).as_ref() == Some(&id))
        }) {
            return Ok(Judged::Nothing(format!(
                "run `{run}` attached SCP {id} to {place} since; it stays"
            )));
        }
        if let Err(why) = self.provably_ours(&id).await? {
            return Ok(Judged::Left(why));
        }
        let reversal = Reversal::Detach(id.clone(), target.clone());
        Ok(if let Some(account) = step.quarantines() {
            let words = format!(
                "detach SCP {id} from {place}: the quarantine of account {account} is lifted"
            );
            Judged::Held(reversal, words)
        } else {
            let words = format!("detach SCP {id} from {place}: what it closed is open again");
            Judged::Take(reversal, words)
        })
    }

    /// Did a step of this run detach it again?
    fn released(&self, attached: &Step) -> bool {
        let mut steps = self.header.plan.steps.iter();
        steps.any(|step| step.releases(attached) && self.history.stands(step))
    }

    async fn delete(&self, step: &Step, so_far: &UndoPlan) -> Result<Judged, Failure> {
        let Some(id) = self.created.get(&step.id) else {
            let why = "neither the journal nor a tag of this run names an SCP that was created";
            return Ok(Judged::Nothing(why.to_owned()));
        };
        if let Err(why) = self.provably_ours(id).await? {
            return Ok(match settle::described(&self.reads, id).await? {
                Some(_) if self.is_tagged(id).await? => Judged::Left(why),
                _ => Judged::Nothing(why),
            });
        }
        let detaches = |list: &[(String, Reversal, String)], node: &NodeId| {
            list.iter().any(|(_, reversal, _)| {
                matches!(reversal, Reversal::Detach(policy, target)
                    if policy == id && node == target)
            })
        };
        let targets = self.reads.list_targets_for_policy(id).await?;
        let stays =
            |node: &&NodeId| !detaches(&so_far.reversals, node) && !detaches(&so_far.held, node);
        if let Some(node) = targets.iter().find(stays) {
            return Ok(Judged::Left(format!(
                "SCP {id} is attached to {} {node}, which this run does not take back",
                node.kind()
            )));
        }
        let words = format!("delete SCP {id}");
        let reversal = Reversal::Delete(id.clone());
        let held = targets.iter().any(|node| detaches(&so_far.held, node));
        Ok(if held {
            Judged::Held(reversal, words)
        } else {
            Judged::Take(reversal, words)
        })
    }

    async fn cancel(&self, step: &Step, account: &AccountId) -> Result<Judged, Failure> {
        let open = settle::invitation(&self.reads, account).await?;
        let ours = match made(self.history, &step.id) {
            Some(Made::Invitation(id)) => Some(id),
            _ => None,
        };
        Ok(match (ours, open) {
            (Some(id), Some(open)) if open.id == id => {
                let words = format!("cancel invitation {id} to {account}");
                Judged::Take(Reversal::Cancel(id), words)
            }
            (Some(id), _) => Judged::Nothing(format!("invitation {id} is not open any more")),
            (None, Some(open)) => Judged::Left(format!(
                "the journal does not prove that invitation {} is this run's; if it is, cancel it by hand",
                open.id
            )),
            (None, None) => Judged::Nothing(format!("no invitation to account {account} is open")),
        })
    }

    /// Keys that this run added and that still have the run's value.
    async fn untag(
        &self,
        step: &Step,
        account: &AccountId,
        tags: &BTreeMap<String, String>,
    ) -> Result<Judged, Failure> {
        let sent = self.history.sent(&step.id).into_iter();
        let lacking = sent.filter_map(|sending| sending.lacking.clone());
        let keys: BTreeSet<String> = lacking
            .chain(made(self.history, &step.id))
            .flat_map(|made| match made {
                Made::Tags(keys) => keys,
                Made::Policy(_) | Made::Invitation(_) => BTreeSet::new(),
            })
            .collect();
        if keys.is_empty() || self.history.taken_back(&step.id) {
            let why = "the journal does not prove that this run added tags";
            return Ok(Judged::Nothing(why.to_owned()));
        }
        if self.reads.place_of(account).await?.is_none() {
            let why = format!("account {account} is not in the organization any more");
            return Ok(Judged::Nothing(why));
        }
        let there = self.reads.list_account_tags(account).await?;
        let ours: BTreeSet<String> = keys
            .into_iter()
            .filter(|key| tags.contains_key(key) && there.get(key) == tags.get(key))
            .collect();
        if ours.is_empty() {
            let why = "the tags that this run added are gone or were changed since";
            return Ok(Judged::Nothing(why.to_owned()));
        }
        if let Some(run) = self.taken_over(
            step,
            |_, change| matches!(change, Change::TagAccount { account: one, .. } if one == account),
        ) {
            let why = format!("run `{run}` tagged account {account} since; its tags stay");
            return Ok(Judged::Nothing(why));
        }
        let names: Vec<&str> = ours.iter().map(String::as_str).collect();
        let words = format!("remove tags of account {account}: {}", names.join(", "));
        Ok(Judged::Take(Reversal::Untag(account.clone(), ours), words))
    }

    /// The account goes back to the root, if this run moved it and it is still where the run put it.
    async fn move_back(
        &self,
        step: &Step,
        account: &AccountId,
        from: &NodeId,
        to: NodeId,
    ) -> Result<Judged, Failure> {
        let place = format!("{} {from}", from.kind());
        if self.reads.place_of(account).await?.as_ref() != Some(from) {
            let why = format!("account {account} is not in {place}");
            return Ok(Judged::Nothing(why));
        }
        if !wrote(self.history, &step.id) {
            return Ok(Judged::Nothing(format!(
                "the journal does not prove that this run moved account {account}; it is left where it is"
            )));
        }
        if let Some(run) = self.taken_over(step, |_, change| matches!(change, Change::MoveAccount { account: one, .. } if one == account),
        ) {
            let why = format!("run `{run}` moved account {account} since; it is left where it is");
            return Ok(Judged::Nothing(why));
        }
        let words = format!(
            "move account {account} from {place} back to {} {to}: the SCPs of the OU do not bind it any more",
            to.kind()
        );
        let (account, from) = (account.clone(), from.clone());
        Ok(Judged::Take(
            Reversal::MoveBack { account, from, to },
            words,
        ))
    }

    /// A run that wrote such a change after this one took `step`: what is there is that run's.
    fn taken_over(&self, step: &Step, same: impl Fn(&History, &Change) -> bool) -> Option<&str> {
        let ours = self.history.written_at(&step.id);
        let later = self.others.iter().find(|other| {
            let mut steps = other.begun();
            steps.any(|step| {
                wrote(other, &step.id)
                    && other.written_at(&step.id) > ours
                    && same(other, &step.change)
            })
        });
        later.map(History::run)
    }

    /// The policy's text is the plan's, and if the run created it, it carries the run's tag.
    pub(super) async fn provably_ours(&self, id: &PolicyId) -> Result<Result<(), String>, Failure> {
        let Some(policy) = settle::described(&self.reads, id).await? else {
            return Ok(Err(format!("SCP {id} is gone")));
        };
        let mut steps = self.header.plan.steps.iter();
        let claim = steps.find_map(|step| match &step.change {
            Change::CreatePolicy { text, .. } if self.created.get(&step.id) == Some(id) => {
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
        // One that existed before: only the attachment is ours.
        if created && !self.is_tagged(id).await? {
            return Ok(Err(format!("SCP {id} does not carry the tag of this run")));
        }
        Ok(Ok(()))
    }

    async fn is_tagged(&self, id: &PolicyId) -> Result<bool, Failure> {
        let tags = self.reads.list_tags(id).await?;
        Ok(tags.get(RUN_TAG).map(String::as_str) == Some(self.history.run()))
    }
}

/// The SCP among those that `may` be it that carries the run's tag, that of the name first.
async fn tagged(
    reads: &Reads,
    name: &str,
    run: &str,
    may: impl Fn(&Policy) -> bool,
) -> Result<Option<PolicyId>, Failure> {
    let mut policies = reads.list_policies().await?;
    policies.retain(|policy| !policy.aws_managed && may(policy));
    policies.sort_by_key(|policy| policy.name != name);
    for policy in policies {
        let tags = reads.list_tags(&policy.id).await?;
        if tags.get(RUN_TAG).map(String::as_str) == Some(run) {
            return Ok(Some(policy.id));
        }
    }
    Ok(None)
}

/// The other runs in the same directory; one that cannot be read proves nothing.
fn others(state: &Path, history: &History) -> Vec<History> {
    let ids = run_ids(state).unwrap_or_default().into_iter();
    ids.filter(|run| run != history.run())
        .filter_map(|run| History::read(state, &run).ok())
        .collect()
}

/// Does the journal say that this run wrote it, or, where an answer was lost, that its call went
/// out when it was not there?
fn wrote(history: &History, step: &str) -> bool {
    let outcomes = history.outcomes();
    let outcome = outcomes.get(step);
    let written = outcome.is_some_and(|outcome| outcome.outcome == StepOutcome::Done)
        || !history.sent(step).is_empty();
    written && !history.taken_back(step)
}

fn made(history: &History, step: &str) -> Option<Made> {
    let outcomes = history.outcomes();
    let outcome = outcomes.get(step)?;
    (outcome.outcome == StepOutcome::Done).then(|| outcome.made.clone())?
}
