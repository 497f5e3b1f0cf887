//! The plan as it lies on disk, is reviewed, approved and kept in the journal.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::facts::Facts;
use super::proof::Proof;
use super::reinvite::Candidate;
use super::step::{Existing, NotDone, Plan, Step};
use crate::model::organization::Handshake;
use crate::model::{AccountId, OrganizationId, Partition, PolicyId, Timestamp, sha256_hex};

/// The version of the plan's form that this build writes.
pub const PLAN_VERSION: u32 = 1;

/// How many members can take a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PathCount {
    /// Path id.
    pub path: String,
    /// Proved blocked.
    pub blocked: usize,
    /// Open to some principals or requests, and to some not.
    pub conditional: usize,
    /// Proved open.
    pub open: usize,
    /// Neither.
    pub undetermined: usize,
}

/// What a plan promises of each account, so that verdicts are compared account by account once it
/// was applied.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    /// Members that were judged.
    pub members: BTreeSet<AccountId>,
    /// By path, those of them that are not proved blocked after the last step.
    pub not_blocked: BTreeMap<String, BTreeSet<AccountId>>,
}

/// Everything about a plan that a reviewer sees and `apply` follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanDocument {
    /// Version of this form.
    pub format_version: u32,
    /// Version of the tool that planned.
    pub tool_version: String,
    /// The organization that it was made for.
    pub organization: OrganizationId,
    /// Its partition.
    pub partition: Partition,
    /// Its management account.
    pub management: AccountId,
    /// As of when; the plan can be applied for 24 hours from then.
    #[schemars(with = "String")]
    pub created: Timestamp,
    /// The facts that the steps rest on.
    pub facts: Facts,
    /// In order; empty: nothing to do.
    pub steps: Vec<Step>,
    /// What was not planned, and why.
    pub not_done: Vec<NotDone>,
    /// Findings that the steps resolve.
    pub resolves: Vec<String>,
    /// Members by path as the plan found them.
    pub before: Vec<PathCount>,
    /// Members by path as the plan promises them.
    pub after: Vec<PathCount>,
    /// The same, account by account; absent in plans of versions that counted only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promise: Option<Promise>,
    /// What was proved of the steps before they were shown; absent without steps, and in plans of
    /// versions that proved nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// Departed accounts, and whether they can be invited back.
    pub departed: Vec<Candidate>,
    /// Open invitations to accounts that were asked for: nothing is sent again.
    pub reused: Vec<Handshake>,
    /// The role by which accounts that came back are looked into; `None`: none was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_role: Option<String>,
    /// Names of the existing SCPs that steps attach: untrusted text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<PolicyId, String>,
    /// Those SCPs as they are today; empty in plans of versions that did not keep it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub existing: BTreeMap<PolicyId, Existing>,
    /// What a reviewer should know beside the steps: untrusted text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl PlanDocument {
    /// The plan with the verdicts that it found and those that it promises.
    pub fn new(plan: &Plan, before: Vec<PathCount>, after: Vec<PathCount>) -> Self {
        Self {
            format_version: PLAN_VERSION,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            organization: plan.organization.clone(),
            partition: plan.partition,
            management: plan.management.clone(),
            created: plan.created,
            facts: plan.facts.clone(),
            steps: plan.steps.clone(),
            not_done: plan.not_done.clone(),
            resolves: plan.resolves.clone(),
            before,
            after,
            promise: None,
            proof: plan.proof.clone(),
            departed: plan.candidates.clone(),
            reused: plan.reused.clone(),
            access_role: plan.access_role.clone(),
            names: plan.names.clone(),
            existing: plan.existing.clone(),
            notes: plan.notes.clone(),
        }
    }

    /// The digest by which a reviewer, the journal and `--plan-sha256` name the plan.
    pub fn digest(&self) -> String {
        // INVARIANT: maps with string keys only, so this cannot fail.
        plan_digest(&serde_json::to_value(self).unwrap_or_default())
    }
}

/// `sha256:` and the hash of the plan's compact JSON with sorted keys.
pub fn plan_digest(plan: &Value) -> String {
    format!("sha256:{}", sha256_hex(plan.to_string().as_bytes()))
}
