//! An organization: tree, policies and where they hang, delegations.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;

use super::attachments::Attachments;

/// The AWS-managed SCP that is attached to every new node.
pub const FULL_AWS_ACCESS: &str = "p-FullAWSAccess";

const FULL_AWS_ACCESS_TEXT: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "*",
      "Resource": "*"
    }
  ]
}"#;

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    /// `o-…`.
    pub id: String,
    /// Account id of the management account.
    pub management: String,
    /// `ALL` or `CONSOLIDATED_BILLING`.
    pub feature_set: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// The most accounts it may have, open invitations included.
    pub account_limit: usize,
    /// `r-…`.
    pub root: String,
    /// State of the SCP policy type.
    pub scp_state: PolicyTypeState,
    /// OUs by id.
    pub units: BTreeMap<String, Unit>,
    /// Members by account id, the management account included.
    pub members: BTreeMap<String, Member>,
    /// SCPs by id.
    pub policies: BTreeMap<String, Policy>,
    /// Ids of the SCPs attached to a node, by the node's id.
    pub attachments: Attachments,
    /// Tags by resource id and key.
    pub tags: BTreeMap<String, BTreeMap<String, String>>,
    /// The delegation policy.
    pub resource_policy: Option<ResourcePolicy>,
    /// Delegated administrators by account id.
    pub delegated_administrators: BTreeMap<String, DelegatedAdministrator>,
    /// Service principals with trusted access, and since when.
    pub trusted_services: BTreeMap<String, Timestamp>,
    /// `RootCredentialsManagement`, `RootSessions`.
    pub root_features: BTreeSet<String>,
    /// Service-managed `StackSets`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stack_sets: Vec<StackSet>,
}

/// A service-managed `StackSet`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackSet {
    /// Its name.
    pub name: String,
    /// Name and a UUID.
    pub id: String,
    /// In which region it is administered.
    pub region: String,
    /// Does it deploy to accounts that come, and clear those that go?
    pub auto_deployment: bool,
    /// Do stacks stay in accounts that go?
    pub retains_stacks: bool,
    /// OUs, or the root.
    pub targets: Vec<String>,
}

/// State of a policy type on the root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PolicyTypeState {
    /// Not listed at all.
    NotEnabled,
    /// `ENABLED`.
    Enabled,
    /// `PENDING_ENABLE` until the given time.
    PendingEnable(Timestamp),
    /// `PENDING_DISABLE` until the given time.
    PendingDisable(Timestamp),
}

/// An OU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// `ou-…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Id of the root or OU above.
    pub parent: String,
}

/// An account's place in an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Id of the root or OU above.
    pub parent: String,
    /// `CREATED` or `INVITED`.
    pub joined_method: String,
    /// When it joined.
    pub joined_at: Timestamp,
}

/// A service control policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// `p-…`.
    pub id: String,
    /// Its name, unique in the organization.
    pub name: String,
    /// Its description.
    pub description: String,
    /// Its text, as it was sent.
    pub content: String,
    /// Managed by AWS: neither changed nor deleted by customers.
    pub aws_managed: bool,
}

/// The delegation policy of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourcePolicy {
    /// `rp-…`.
    pub id: String,
    /// Its text.
    pub content: String,
}

/// A delegated administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelegatedAdministrator {
    /// Since when.
    pub since: Timestamp,
    /// Service principals it administers, and since when.
    pub services: BTreeMap<String, Timestamp>,
}

impl Organization {
    /// An organization with a root and `FullAWSAccess`, SCPs enabled, without members.
    pub fn new(id: &str, root: &str, management: &str, now: Timestamp) -> Self {
        let managed = Policy {
            id: FULL_AWS_ACCESS.to_owned(),
            name: "FullAWSAccess".to_owned(),
            description: "Allows access to every operation".to_owned(),
            content: FULL_AWS_ACCESS_TEXT.to_owned(),
            aws_managed: true,
        };
        let mut new = Self {
            id: id.to_owned(),
            management: management.to_owned(),
            feature_set: "ALL".to_owned(),
            created_at: now,
            account_limit: 50_000,
            root: root.to_owned(),
            scp_state: PolicyTypeState::Enabled,
            units: BTreeMap::new(),
            members: BTreeMap::new(),
            policies: BTreeMap::from([(managed.id.clone(), managed)]),
            attachments: Attachments::default(),
            tags: BTreeMap::new(),
            resource_policy: None,
            delegated_administrators: BTreeMap::new(),
            trusted_services: BTreeMap::new(),
            root_features: BTreeSet::new(),
            stack_sets: Vec::new(),
        };
        new.attach_full_access(root);
        new
    }

    /// Are SCPs in force?
    pub fn scps_enabled(&self) -> bool {
        matches!(
            self.scp_state,
            PolicyTypeState::Enabled | PolicyTypeState::PendingDisable(_)
        )
    }

    /// Is there such a root, OU or member?
    pub fn has_node(&self, id: &str) -> bool {
        self.is_parent(id) || self.members.contains_key(id)
    }

    /// Is there such a root or OU?
    pub fn is_parent(&self, id: &str) -> bool {
        self.root == id || self.units.contains_key(id)
    }

    /// The node above an OU or member.
    pub fn parent_of(&self, id: &str) -> Option<&str> {
        let unit = self.units.get(id).map(|unit| unit.parent.as_str());
        unit.or_else(|| self.members.get(id).map(|member| member.parent.as_str()))
    }

    /// The node itself and everything above it, root first. Ends at a broken link.
    pub fn line(&self, node: &str) -> Vec<String> {
        let mut line = vec![node.to_owned()];
        let mut at = node;
        // At most as many steps as there are units, so a loop in a scenario ends.
        for _ in 0..=self.units.len() {
            let Some(parent) = self.parent_of(at) else {
                break;
            };
            line.push(parent.to_owned());
            at = parent;
        }
        line.reverse();
        line
    }

    /// `o-…/r-…/ou-…/NODE/`, as `Account.Paths` and `OrganizationalUnit.Path` have it.
    pub fn path(&self, node: &str) -> String {
        format!("{}/{}/", self.id, self.line(node).join("/"))
    }

    pub(crate) fn attach_full_access(&mut self, node: &str) {
        self.attach(FULL_AWS_ACCESS, node);
    }

    /// Attaches without any check.
    pub fn attach(&mut self, policy: &str, node: &str) {
        self.attachments.attach(policy, node);
    }

    /// Every node in tree order of kinds: root, OUs, accounts.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.root.as_str())
            .chain(self.units.keys().map(String::as_str))
            .chain(self.members.keys().map(String::as_str))
    }

    /// Ends a pending policy type change whose time has come.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        match self.scp_state {
            PolicyTypeState::PendingEnable(at) if at <= now => {
                self.scp_state = PolicyTypeState::Enabled;
                let nodes: Vec<String> = self.nodes().map(str::to_owned).collect();
                for node in nodes {
                    self.attach_full_access(&node);
                }
            }
            // Re-enabling gives back FullAWSAccess only: the attachments are lost.
            PolicyTypeState::PendingDisable(at) if at <= now => {
                self.scp_state = PolicyTypeState::NotEnabled;
                self.attachments.clear();
            }
            _ => {}
        }
    }
}
