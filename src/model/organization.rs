//! What AWS says of an organization: accounts, units, policies, delegations, invitations.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timestamp;
use super::ids::{AccountId, HandshakeId, OrganizationId, OuId, PolicyId, RootId};
use super::node::NodeId;
use super::observed::Observed;

/// A word of an AWS enumeration; a new word is kept as AWS wrote it, never refused.
macro_rules! word {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(from = "String", into = "String")]
        #[schemars(with = "String")]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
            /// A word that this version does not know.
            Other(String),
        }

        impl $name {
            /// The word as AWS writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(text) => text,
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                match text.as_str() {
                    $($text => Self::$variant,)+
                    _ => Self::Other(text),
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                text.to_owned().into()
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                word.as_str().to_owned()
            }
        }
    };
}

word!(
    /// `DescribeOrganization.FeatureSet`.
    FeatureSet {
        /// All features: policies can be used.
        All = "ALL",
        /// Consolidated billing only: no service control policies exist.
        ConsolidatedBilling = "CONSOLIDATED_BILLING",
    }
);
word!(
    /// State of the SCP policy type on the root, from `ListRoots`.
    PolicyTypeState {
        /// SCPs bind.
        Enabled = "ENABLED",
        /// Being enabled.
        PendingEnable = "PENDING_ENABLE",
        /// Being disabled: every attachment is about to be lost.
        PendingDisable = "PENDING_DISABLE",
        /// Not listed: not enabled.
        NotEnabled = "NOT_ENABLED",
    }
);
word!(
    /// `Account.State`; the older `Status` maps onto the first word that fits.
    ///
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html>
    AccountState {
        /// Created, not yet usable.
        PendingActivation = "PENDING_ACTIVATION",
        /// In use.
        Active = "ACTIVE",
        /// Restricted by AWS.
        Suspended = "SUSPENDED",
        /// Being closed; still works.
        PendingClosure = "PENDING_CLOSURE",
        /// Closed; visible for 90 days, then it leaves as CLEANED.
        Closed = "CLOSED",
    }
);
word!(
    /// `Account.JoinedMethod`.
    JoinedMethod {
        /// Created inside an organization.
        Created = "CREATED",
        /// Joined by invitation.
        Invited = "INVITED",
    }
);
word!(
    /// `Handshake.State`.
    HandshakeState {
        /// Sent; waits for others before it can be accepted.
        Requested = "REQUESTED",
        /// Can be accepted now.
        Open = "OPEN",
        /// Taken back by the sender.
        Canceled = "CANCELED",
        /// Accepted.
        Accepted = "ACCEPTED",
        /// Declined by the recipient.
        Declined = "DECLINED",
        /// Fifteen days passed.
        Expired = "EXPIRED",
    }
);

/// The organization itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Its ARN; the partition of every other ARN follows it.
    pub arn: String,
    /// All features, or consolidated billing only.
    pub feature_set: FeatureSet,
    /// The account that no SCP binds.
    pub management_account: AccountId,
    /// Root e-mail of the management account, when AWS shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_email: Option<String>,
}

/// The root of the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Root {
    /// Its id.
    pub id: RootId,
    /// Whether SCPs bind at all.
    pub scp_state: PolicyTypeState,
}

/// A member account or the management account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its name, written by whoever controls the account: untrusted text.
    pub name: String,
    /// Root e-mail: untrusted text.
    pub email: String,
    /// Its state; `None` when AWS sent neither `State` nor `Status`.
    pub state: Option<AccountState>,
    /// Created or invited.
    pub joined_method: Option<JoinedMethod>,
    /// When it joined.
    #[schemars(with = "Option<String>")]
    pub joined_at: Option<Timestamp>,
    /// Root first, then the OUs down to its parent. The account itself is not in it.
    pub parents: Observed<Vec<NodeId>>,
    /// Its tags in Organizations, which AWS deletes when it departs: untrusted text.
    #[serde(
        default = "tags_not_read",
        skip_serializing_if = "Observed::is_not_read"
    )]
    pub tags: Observed<BTreeMap<String, String>>,
}

/// Tags that nobody asked for, or of a file that is older than they are.
pub fn tags_not_read() -> Observed<BTreeMap<String, String>> {
    Observed::not_read("organizations:ListTagsForResource")
}

impl Account {
    /// The nodes whose SCPs bind it: root first, its own node last; `None` if its place is not
    /// known.
    pub fn chain(&self) -> Option<Vec<NodeId>> {
        let own = NodeId::Account(self.id.clone());
        let parents = self.parents.known()?;
        Some(parents.iter().cloned().chain([own]).collect())
    }

    /// Can this account still act, so that its exit is a risk?
    ///
    /// Unknown states count as acting: an account is never left out for lack of knowledge.
    pub fn is_acting(&self) -> bool {
        !matches!(
            self.state,
            Some(AccountState::Suspended | AccountState::Closed)
        )
    }
}

/// An organizational unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrganizationalUnit {
    /// Its id.
    pub id: OuId,
    /// Its name, if it was read: untrusted text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Root first, then the OUs down to its parent.
    pub parents: Vec<NodeId>,
}

/// A service control policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Policy {
    /// Its id.
    pub id: PolicyId,
    /// Its ARN.
    pub arn: String,
    /// Its name: untrusted text.
    pub name: String,
    /// Managed by AWS, so not editable.
    pub aws_managed: bool,
    /// The text exactly as AWS stores it.
    pub content: Observed<String>,
    /// Its description, where AWS told it: untrusted text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its tags, read only where it matters whose it is: untrusted text.
    #[serde(
        default = "tags_not_read",
        skip_serializing_if = "Observed::is_not_read"
    )]
    pub tags: Observed<BTreeMap<String, String>>,
}

/// Which SCP hangs where, as it was asked: by policy, by node, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attachments {
    /// `ListTargetsForPolicy`: every node that a policy hangs on.
    pub by_policy: BTreeMap<PolicyId, Observed<Vec<NodeId>>>,
    /// `ListPoliciesForTarget`: every SCP that hangs on a node.
    pub by_node: BTreeMap<NodeId, Observed<Vec<PolicyId>>>,
}

impl Attachments {
    /// Every attachment that either way of asking told; twice, if both did.
    pub fn pairs(&self) -> impl Iterator<Item = (&NodeId, &PolicyId)> {
        let by_policy = self.by_policy.iter().flat_map(|(policy, nodes)| {
            let nodes = nodes.known().into_iter().flatten();
            nodes.map(move |node| (node, policy))
        });
        let by_node = self.by_node.iter().flat_map(|(node, policies)| {
            let policies = policies.known().into_iter().flatten();
            policies.map(move |policy| (node, policy))
        });
        by_policy.chain(by_node)
    }
}

/// A member that may act for the organization in some services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DelegatedAdministrator {
    /// The account.
    pub account: AccountId,
    /// Since when.
    #[schemars(with = "Option<String>")]
    pub since: Option<Timestamp>,
    /// Service principals it administers.
    pub services: Observed<Vec<String>>,
}

/// A service-managed `StackSet`: it acts on accounts that come to a place, or go from it.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-manage-auto-deployment.html>
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct StackSet {
    /// Its name: untrusted text.
    pub name: String,
    /// Its id, which tells it from one of the same name that was deleted.
    pub id: String,
    /// The region that administers it; its stacks may lie in others.
    pub region: String,
    /// Does it act by itself when an account comes to a target, or goes from one?
    pub auto_deployment: bool,
    /// Do stacks, and what they made, stay in an account that goes?
    pub retains_stacks: bool,
    /// The root or OUs that it was aimed at. AWS does not tell here which of their accounts were
    /// picked or left out.
    pub targets: BTreeSet<NodeId>,
}

impl StackSet {
    /// Is one of these places a target? An OU stands for everything below it.
    pub fn covers(&self, places: &[NodeId]) -> bool {
        places.iter().any(|place| self.targets.contains(place))
    }
}

/// Central root access, from `iam:ListOrganizationsFeatures`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RootFeatures {
    /// Members need no root credentials.
    pub root_credentials_management: bool,
    /// Short privileged root sessions are possible.
    pub root_sessions: bool,
}

/// An invitation that this organization sent or received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Handshake {
    /// Its id.
    pub id: HandshakeId,
    /// `INVITE`, `ENABLE_ALL_FEATURES`, …, as AWS writes it.
    pub action: String,
    /// Where it stands.
    pub state: HandshakeState,
    /// The invited account, when AWS names it.
    pub account: Option<AccountId>,
    /// The invited e-mail address, when AWS names it: untrusted text.
    pub email: Option<String>,
    /// The inviting organization.
    pub organization: Option<OrganizationId>,
    /// Sent at.
    #[schemars(with = "Option<String>")]
    pub requested_at: Option<Timestamp>,
    /// Lapses at.
    #[schemars(with = "Option<String>")]
    pub expires_at: Option<Timestamp>,
}

impl Handshake {
    /// Is it an invitation that nobody has answered, as AWS lists it? Whether it has lapsed
    /// meanwhile is for the caller, who knows the time.
    pub fn is_unanswered_invitation(&self) -> bool {
        self.action == "INVITE"
            && matches!(self.state, HandshakeState::Open | HandshakeState::Requested)
    }
}
