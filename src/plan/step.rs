//! The plan, its steps, and the approval without which nothing is written.

use crate::model::organization::Handshake;
use crate::model::{AccountId, OrganizationId, RootId, Snapshot, Timestamp};
use crate::model::{Partition, PolicyId};

use super::facts::Facts;
use super::reinvite::Candidate;

/// Which policy a step attaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyRef {
    /// One that exists and says what the guard says.
    Existing(PolicyId),
    /// The one that an earlier step of the plan creates.
    Created,
}

/// One change, named after the AWS call so that a reader finds it in CloudTrail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `CreatePolicy`.
    CreatePolicy {
        /// Its name.
        name: String,
        /// Its text.
        text: String,
    },
    /// `AttachPolicy` to the root.
    AttachPolicy {
        /// Which policy.
        policy: PolicyRef,
        /// Where.
        root: RootId,
    },
    /// `InviteAccountToOrganization`.
    InviteAccount {
        /// Whom.
        account: AccountId,
    },
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its id within the plan: `create-guard`, `attach-guard`, `invite-ACCOUNT`.
    pub id: String,
    /// What is changed.
    pub change: Change,
    /// In one line.
    pub title: String,
    /// Accounts that it reaches; for an invitation one.
    pub covers: usize,
    /// How it is taken back, or that it cannot be.
    pub undo: &'static str,
}

/// Something that was not planned, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotDone {
    /// What.
    pub what: String,
    /// Why not, and what to do instead.
    pub why: String,
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
    /// The facts as they would be after the guard hangs on the root.
    pub predicted: Box<Snapshot>,
    /// Open invitations to accounts that were asked for: nothing is sent again.
    pub reused: Vec<Handshake>,
    /// Departed accounts, and whether they can be invited back.
    pub candidates: Vec<Candidate>,
    /// Accounts that were asked to be invited.
    pub reinvite: Vec<AccountId>,
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
    plan: Plan,
    reason: String,
}

impl Approved {
    /// Returns the plan ready to be applied, if `typed` is exactly its organization's id.
    pub fn confirm(plan: Plan, typed: &str, reason: String) -> Result<Self, WrongOrganization> {
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
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Why it is applied, in the administrator's words.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}
