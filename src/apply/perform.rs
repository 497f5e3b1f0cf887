//! Which step does what.

use super::error::StepResult;
use super::execute::Place;
use super::proof;
use super::release::release;
use super::run::Run;
use super::sending::StepFailure;
use super::settle;
use super::steps;
use super::tags::tag_account;
use super::way_back::Back;
use crate::aws::Reads;
use crate::model::ours::policy_tags;
use crate::model::{AccountId, NodeId, PolicyId};
use crate::plan::{Approved, Change, PlanDocument, PolicyRef, Step};

impl Run<'_> {
    /// Takes one step: reads, decides, perhaps writes, reads back.
    pub(super) async fn perform(
        &mut self,
        step: &Step,
        approved: &Approved,
    ) -> Result<StepResult, StepFailure> {
        match &step.change {
            Change::EnablePolicyType { root } => steps::enable_scps(self.hands(), root).await,
            Change::CreatePolicy { name, text } => {
                let tags = policy_tags(&self.id, tag_value(approved.reason()), text);
                let tags: Vec<_> = tags.into_iter().collect();
                let described = step.description();
                let (id, result) =
                    steps::create_policy(self.hands(), name, described, text, &tags).await?;
                self.created.insert(step.id.clone(), id);
                Ok(result)
            }
            Change::AttachPolicy {
                policy,
                target,
                text,
                proves,
            } => {
                let policy = self.policy(policy)?;
                // An account that others accepted was not looked at since the plan.
                if let Some(account) = step.quarantines() {
                    let back = back(self.place, &self.reads, approved.plan(), account);
                    let role = approved.plan().access_role.as_deref();
                    back.check_let_through(role, text).await?;
                }
                let (hands, ahead) = self.sending(&step.id);
                let mut result = steps::attach_policy(hands, ahead, &policy, target, text).await?;
                if let Some(proves) = proves {
                    let proof = proof::wait(self.place, proves, &policy, target).await?;
                    result.detail = format!("{}; {proof}", result.detail);
                }
                Ok(result)
            }
            Change::DetachPolicy {
                policy,
                target,
                carried_by,
            } => {
                let id = self.policy(policy)?;
                let text = self.own(approved.plan(), policy, target, &id)?;
                let with = (&self.reads, self.place.session, self.place.stop);
                release(with, &id, text, target, carried_by).await
            }
            Change::InviteAccount { account } => steps::invite_account(self.hands(), account).await,
            Change::AcceptInvitation {
                account,
                role,
                responder,
            } => {
                let back = back(self.place, &self.reads, approved.plan(), account);
                back.accept(role, responder.as_deref()).await
            }
            Change::TagAccount { account, tags } => {
                let (hands, ahead) = self.sending(&step.id);
                tag_account(hands, ahead, account, tags).await
            }
            Change::MoveAccount { account, to } => {
                self.check_quarantine(approved.plan(), account).await?;
                let place = self.place;
                let (hands, ahead) = self.sending(&step.id);
                let back = back(place, hands.reads, approved.plan(), account);
                back.move_to(hands, ahead, to).await
            }
        }
    }

    /// Nothing is moved whose quarantine, if the plan has one, does not hang.
    async fn check_quarantine(
        &self,
        plan: &PlanDocument,
        account: &AccountId,
    ) -> Result<(), StepFailure> {
        let steps = plan.steps.iter();
        for step in steps.filter(|step| step.quarantines() == Some(account)) {
            let Change::AttachPolicy { policy, target, .. } = &step.change else {
                continue;
            };
            if !settle::hangs(&self.reads, &self.policy(policy)?, target).await? {
                return Err(StepFailure::Refused(format!(
                    "the quarantine is not attached to account {account} any more, so it is not moved"
                )));
            }
        }
        Ok(())
    }

    /// The text of the run's own attachment: the plan found none there, and a step of the run made
    /// it.
    fn own<'p>(
        &self,
        plan: &'p PlanDocument,
        policy: &PolicyRef,
        target: &NodeId,
        id: &PolicyId,
    ) -> Result<&'p str, StepFailure> {
        let before = plan.facts.elsewhere.get(target);
        let hung = before.is_none_or(|before| before.contains(id));
        let attached = plan.steps.iter().find_map(|step| match &step.change {
            Change::AttachPolicy {
                policy: attached,
                target: node,
                text,
                ..
            } if attached == policy && node == target => Some((step, text)),
            _ => None,
        });
        match attached {
            Some((step, text)) if !hung && self.results.iter().any(|(id, _)| *id == step.id) => {
                Ok(text)
            }
            _ => Err(StepFailure::Refused(format!(
                "it is not proved that this run attached SCP {id} to {target}"
            ))),
        }
    }
}

fn back<'a>(
    place: Place<'a>,
    reads: &'a Reads,
    plan: &'a PlanDocument,
    account: &'a AccountId,
) -> Back<'a> {
    Back {
        place,
        reads,
        organization: &plan.organization,
        root: &plan.facts.root,
        account,
    }
}

/// What AWS takes as a tag value: at most 256 characters of its alphabet.
///
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_Tag.html>
fn tag_value(text: &str) -> String {
    let allowed = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
    text.chars()
        .map(|c| if allowed(c) { c } else { '_' })
        .take(256)
        .collect()
}
