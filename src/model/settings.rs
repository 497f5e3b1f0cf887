//! What an administrator decided: transition OUs, mail domains, waivers, pace.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timestamp;
use super::ids::{AccountId, OuId};
use super::node::NodeId;

/// Decisions that the judgement follows. No defaults hide a fault.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Domains that root e-mail addresses should have; empty: not checked.
    pub email_domains: BTreeSet<String>,
    /// OUs from which accounts leave on purpose.
    pub transition_ous: BTreeSet<OuId>,
    /// Principals that must keep everything but the ways out: ARNs in which the account may be `*`.
    pub break_glass: BTreeSet<String>,
    /// The account in which the organization trail's bucket lies; AWS does not say.
    pub trail_bucket_account: Option<AccountId>,
    /// Findings that were accepted.
    pub waivers: Vec<Waiver>,
}

/// A finding that somebody accepted, for a reason, until a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// Rule id.
    pub rule: String,
    /// Where it holds: a root, OU or account; absent: everywhere.
    #[serde(default)]
    pub target: Option<NodeId>,
    /// Of events only: the principal that may do it, an ARN in which `*` and `?` are wildcards; a
    /// role stands for its sessions too. Absent: anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// Of events only: it covers none that happened before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub from: Option<Timestamp>,
    /// Of events only: it covers none that happened after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub until: Option<Timestamp>,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// From when on the finding counts again.
    #[schemars(with = "String")]
    pub expires: Timestamp,
}
