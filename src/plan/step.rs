//! The plan, its steps, and the approval without which nothing is written.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::organization::Handshake;
use crate::model::settings::Settings;
use crate::model::{AccountId, NodeId, OrganizationId, RootId, Snapshot, Timestamp};
use crate::model::{Partition, PolicyId};

use super::canary;
use super::document::PlanDocument;
use super::facts::Facts;
use super::predict;
use super::proof::{self, Proof};
use super::reinvite::Candidate;

/// Which policy a step attaches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyRef {
    /// One that exists and says what the guard says.
    Existing(PolicyId),
    /// The one that this earlier step of the plan creates.
    Created(String),
}

impl PolicyRef {
    /// The SCP that is meant, where `created` says what each step created or found; `None`: that step
    /// is not among them.
    pub fn among(&self, created: &BTreeMap<String, PolicyId>) -> Option<PolicyId> {
        match self {
            Self::Existing(id) => Some(id.clone()),
            Self::Created(step) => created.get(step).cloned(),
        }
    }
}

/// One change, named after the AWS call so that a reader finds it in CloudTrail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "call", deny_unknown_fields)]
pub enum Change {
    /// `EnablePolicyType` for SCPs; AWS can disable it again, at the price of every attachment.
    EnablePolicyType {
        /// Where.
        root: RootId,
    },
    /// `CreatePolicy`.
    CreatePolicy {
        /// Its name.
        name: String,
        /// Its text.
        text: String,
    },
    /// `AttachPolicy`.
    AttachPolicy {
        /// Which policy.
        policy: PolicyRef,
        /// Where.
        target: NodeId,
        /// What it must say when it is attached.
        text: String,
        /// What must then be proved from facts that are read anew; the step does not stand without.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proves: Option<Proves>,
    },
    /// `DetachPolicy` of the run's own attachment, once another node carries the policy.
    DetachPolicy {
        /// Which policy.
        policy: PolicyRef,
        /// From where.
        target: NodeId,
        /// Where it must hang by then.
        carried_by: NodeId,
    },
    /// `InviteAccountToOrganization`.
    InviteAccount {
        /// Whom.
        account: AccountId,
    },
    /// `AcceptHandshake` of this organization's invitation, inside the account.
    AcceptInvitation {
        /// Where.
        account: AccountId,
        /// Name of the role there that trusts the management account.
        role: String,
        /// ARN of the role that the quarantine lets through: nothing is accepted unless it is there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        responder: Option<String>,
    },
    /// `TagResource` of an account: those of the keys that it has not.
    TagAccount {
        /// Which.
        account: AccountId,
        /// Keys and values: untrusted text.
        tags: BTreeMap<String, String>,
    },
    /// `MoveAccount` from the root, where every account arrives.
    MoveAccount {
        /// Which.
        account: AccountId,
        /// Where to.
        to: NodeId,
    },
}

impl Change {
    /// The IAM action of the call.
    pub fn action(&self) -> &'static str {
        match self {
            Self::EnablePolicyType { .. } => "organizations:EnablePolicyType",
            Self::CreatePolicy { .. } => "organizations:CreatePolicy",
            Self::AttachPolicy { .. } => "organizations:AttachPolicy",
            Self::DetachPolicy { .. } => "organizations:DetachPolicy",
            Self::InviteAccount { .. } => "organizations:InviteAccountToOrganization",
            Self::AcceptInvitation { .. } => "organizations:AcceptHandshake",
            Self::TagAccount { .. } => "organizations:TagResource",
            Self::MoveAccount { .. } => "organizations:MoveAccount",
        }
    }

    /// Does this change need that step before it?
    pub(super) fn needs(&self, other: &Step) -> bool {
        match (self, &other.change) {
            (
                Self::AttachPolicy { policy, .. } | Self::DetachPolicy { policy, .. },
                Change::CreatePolicy { .. },
            ) => *policy == PolicyRef::Created(other.id.clone()),
            (
                Self::AttachPolicy { .. } | Self::CreatePolicy { .. },
                Change::EnablePolicyType { .. },
            ) => true,
            // The root's attachment waits for what the canary proves.
            (
                Self::AttachPolicy {
                    policy,
                    target: NodeId::Root(_),
                    ..
                },
                Change::AttachPolicy { policy: first, .. },
            ) => other.id == canary::ATTACH && policy == first,
            (
                Self::DetachPolicy {
                    target, carried_by, ..
                },
                Change::AttachPolicy { target: node, .. },
            ) => node == target || node == carried_by,
            _ => self.needs_for_account(other),
        }
    }

    /// Nobody is let in without the invitation and the quarantine of the plan, and nothing else is
    /// done to the account before it has arrived and the quarantine is attached.
    fn needs_for_account(&self, other: &Step) -> bool {
        let Some(account) = self.account() else {
            return false;
        };
        let quarantine = other.quarantines() == Some(account);
        let arrival = matches!(&other.change, Change::AcceptInvitation { account: back, .. } if back == account);
        match self {
            Self::AcceptInvitation { .. } => {
                quarantine
                    || other.id == format!("create-quarantine-{account}")
                    || matches!(&other.change, Change::InviteAccount { account: invited } if invited == account)
            }
            Self::MoveAccount { .. } | Self::TagAccount { .. } => quarantine || arrival,
            Self::AttachPolicy { .. } => arrival || (quarantine && !self.is_of(other)),
            _ => false,
        }
    }

    fn is_of(&self, step: &Step) -> bool {
        step.change == *self
    }

    /// The one account to which it is done.
    pub fn account(&self) -> Option<&AccountId> {
        match self {
            Self::InviteAccount { account }
            | Self::AcceptInvitation { account, .. }
            | Self::TagAccount { account, .. }
            | Self::MoveAccount { account, .. }
            | Self::AttachPolicy {
                target: NodeId::Account(account),
                ..
            } => Some(account),
            _ => None,
        }
    }
}

/// What facts that are read anew must prove.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proves {
    /// For which account.
    pub account: AccountId,
    /// Paths that are then blocked for it.
    pub blocked: BTreeSet<String>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its id within the plan: `enable-scps`, `create-guard`, `attach-canary`, `attach-guard`,
    /// `release-canary`, `attach-POLICY-NODE`, and for an account `invite-…`, `accept-…`,
    /// `create-quarantine-…`, `quarantine-…`, `move-…`, `tag-…`;
    /// for an SCP that is gone `create-POLICY`.
    pub id: String,
    /// What is changed.
    pub change: Change,
    /// In one line.
    pub title: String,
    /// Accounts that it reaches; for an invitation one.
    pub covers: usize,
    /// How it is taken back, or that it cannot be.
    pub undo: String,
}

impl Step {
    /// Does this step need that one before it?
    pub fn needs(&self, other: &Self) -> bool {
        self.change.needs(other)
    }

    /// Does it detach again what that step attached?
    pub fn releases(&self, attached: &Self) -> bool {
        match (&self.change, &attached.change) {
            (
                Change::DetachPolicy { policy, target, .. },
                Change::AttachPolicy {
                    policy: attached,
                    target: node,
                    ..
                },
            ) => policy == attached && target == node,
            _ => false,
        }
    }

    /// The account whose quarantine it attaches.
    pub fn quarantines(&self) -> Option<&AccountId> {
        match &self.change {
            Change::AttachPolicy {
                target: NodeId::Account(account),
                ..
            } if self.id.starts_with("quarantine-") => Some(account),
            _ => None,
        }
    }

    /// How a policy that it creates is described to AWS, where members may read it.
    pub fn description(&self) -> &'static str {
        if self.id == "create-guard" {
            "Members cannot leave the organization, be transferred, or close themselves"
        } else if self.id.starts_with("create-quarantine-") {
            "Restricts an account for the time being"
        } else {
            "Created again as it was"
        }
    }
}

/// An SCP that exists, as it is before the steps: code that takes it over must not change it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Existing {
    /// Its own text.
    pub text: String,
    /// Its own description: untrusted text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Every node that it is attached to; absent: that was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets: Option<Vec<NodeId>>,
}

/// Something that was not planned, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotDone {
    /// What.
    pub what: String,
    /// Why not, and what to do instead.
    pub why: String,
    /// Was it asked for, or needed, so that a run without it does not do what it was to do?
    #[serde(default, skip_serializing_if = "is_false")]
    pub unmet: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over references"
)]
fn is_false(value: &bool) -> bool {
    !value
}

/// What would be done, in order.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The organization that it was made for.
    pub organization: OrganizationId,
    /// Its partition.
    pub partition: Partition,
    /// Its management account.
    pub management: AccountId,
    /// As of when.
    pub created: Timestamp,
    /// The facts that the steps rest on.
    pub facts: Facts,
    /// In order; empty: nothing to do.
    pub steps: Vec<Step>,
    /// What was not planned.
    pub not_done: Vec<NotDone>,
    /// Rules and causes of findings that the steps resolve, as `rule cause`.
    pub resolves: Vec<String>,
    /// The facts as they would be after the last step.
    pub predicted: Box<Snapshot>,
    /// What is proved of the steps; absent without steps.
    pub proof: Option<Proof>,
    /// Open invitations to accounts that were asked for: nothing is sent again.
    pub reused: Vec<Handshake>,
    /// The role by which accounts that came back are looked into.
    pub access_role: Option<String>,
    /// Names of the existing SCPs that steps attach: untrusted text.
    pub names: BTreeMap<PolicyId, String>,
    /// Those SCPs as they are today.
    pub existing: BTreeMap<PolicyId, Existing>,
    /// What a reviewer should know beside the steps.
    pub notes: Vec<String>,
    /// SCPs of others that may be attached, by `--use-policy`.
    pub(super) used: BTreeSet<PolicyId>,
    /// Departed accounts, and whether they can be invited back.
    pub candidates: Vec<Candidate>,
}

/// `--only` names what cannot be done alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OnlyError {
    /// No such step.
    #[error("the plan has no step `{wanted}`; it has: {steps}")]
    NoSuchStep {
        /// What was asked for: untrusted text.
        wanted: String,
        /// Those that there are.
        steps: String,
    },
    /// It rests on a step that was left out.
    #[error("step `{step}` needs step `{needs}`, which was left out")]
    Needs {
        /// The step.
        step: String,
        /// What it needs.
        needs: String,
    },
}

impl Plan {
    /// Adds what a reviewer should know, each once.
    pub(super) fn note(&mut self, notes: Vec<String>) {
        for note in notes {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
    }

    /// Keeps only the named steps. `now` are the facts that the plan was made from: without the
    /// attachment nothing is predicted to change.
    ///
    /// # Errors
    /// A name that is no step, or a step that needs one that was left out.
    pub fn keep_only(
        &mut self,
        wanted: &[String],
        now: &Snapshot,
        settings: &Settings,
    ) -> Result<(), OnlyError> {
        for name in wanted {
            if !self.steps.iter().any(|step| step.id == *name) {
                let steps: Vec<&str> = self.steps.iter().map(|step| step.id.as_str()).collect();
                return Err(OnlyError::NoSuchStep {
                    wanted: name.clone(),
                    steps: if steps.is_empty() {
                        "none".to_owned()
                    } else {
                        steps.join(", ")
                    },
                });
            }
        }
        let (kept, left): (Vec<Step>, Vec<Step>) = self
            .steps
            .iter()
            .cloned()
            .partition(|step| wanted.contains(&step.id));
        for step in &kept {
            if let Some(needed) = left.iter().find(|other| step.needs(other)) {
                return Err(OnlyError::Needs {
                    step: step.id.clone(),
                    needs: needed.id.clone(),
                });
            }
        }
        if left
            .iter()
            .any(|step| matches!(step.change, Change::AttachPolicy { .. }))
        {
            self.resolves.clear();
        }
        self.not_done.extend(left.iter().map(|step| NotDone {
            unmet: false,
            what: step.title.clone(),
            why: format!("step `{}` was left out by --only", step.id),
        }));
        self.steps = kept;
        proof::prove(self, now, settings);
        *self.predicted = predict::after(now, &self.steps);
        Ok(())
    }
}

/// The confirmation names another organization.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the confirmation names `{typed}`, the plan is for `{organization}`")]
pub struct WrongOrganization {
    /// What was typed: untrusted text.
    pub typed: String,
    /// What the plan is for.
    pub organization: OrganizationId,
}

/// A plan that a person confirmed by naming its organization; the only thing that `apply` accepts.
#[derive(Debug, Clone)]
pub struct Approved {
    plan: PlanDocument,
    reason: String,
}

impl Approved {
    /// Returns the plan ready to be applied, if `typed` is exactly its organization's id.
    pub fn confirm(
        plan: PlanDocument,
        typed: &str,
        reason: String,
    ) -> Result<Self, WrongOrganization> {
        if typed == plan.organization.as_str() {
            Ok(Self { plan, reason })
        } else {
            let organization = plan.organization;
            Err(WrongOrganization {
                typed: typed.to_owned(),
                organization,
            })
        }
    }

    /// The plan.
    pub fn plan(&self) -> &PlanDocument {
        &self.plan
    }

    /// Why it is applied, in the administrator's words.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}
