//! Every fact that one collection read: what all judgement is a function of.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timestamp;
use super::ids::{AccountId, OuId, PolicyId};
use super::monitoring::{self, EventRule, Trail};
use super::node::NodeId;
use super::observed::{Gap, GapReason, Observed};
use super::organization::{
    Account, Attachments, DelegatedAdministrator, Handshake, Organization, OrganizationalUnit,
    Policy, PolicyTypeState, Root, RootFeatures, StackSet,
};
use super::partition::Partition;
use super::record::Record;

/// The version of the snapshot format that this build writes.
pub const SNAPSHOT_VERSION: u32 = 1;

/// The service principal by which `StackSets` act on accounts of the organization.
///
/// <https://docs.aws.amazon.com/organizations/latest/userguide/services-that-can-integrate-cloudformation.html>
pub const STACK_SETS: &str = "member.org.stacksets.cloudformation.amazonaws.com";

/// Immutable after `collect` returns. Equal facts give equal bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// Version of this format.
    pub format_version: u32,
    /// Version of the tool that wrote it.
    pub tool_version: String,
    /// When reading began; everything is judged as of this time.
    #[schemars(with = "String")]
    pub taken_at: Timestamp,
    /// Who read.
    pub caller: Caller,
    /// How deep the attachments were read.
    pub depth: Depth,
    /// The organization.
    pub organization: Observed<Organization>,
    /// The root and the state of the SCP policy type.
    pub root: Observed<Root>,
    /// Every account in the organization, the management account included.
    pub accounts: Observed<BTreeMap<AccountId, Account>>,
    /// Every OU that was met on the way to an account, or by walking.
    pub units: BTreeMap<OuId, OrganizationalUnit>,
    /// SCPs that were met, with their text; complete only if `policies_listed` is known.
    pub policies: BTreeMap<PolicyId, Policy>,
    /// How many SCPs the organization has; a gap of reason `not-read` if nothing needed the list.
    pub policies_listed: Observed<usize>,
    /// Which SCP hangs where.
    pub attachments: Attachments,
    /// The delegation policy's text; `Known(None)`: there is none.
    pub delegation_policy: Observed<Option<String>>,
    /// Delegated administrators.
    pub delegated_administrators: Observed<Vec<DelegatedAdministrator>>,
    /// Service principals with trusted access.
    pub trusted_services: Observed<Vec<String>>,
    /// Central root access.
    pub root_features: Observed<RootFeatures>,
    /// Handshakes of this organization, ended ones included as long as AWS lists them.
    pub handshakes: Observed<Vec<Handshake>>,
    /// Service-managed `StackSets` that the caller's region administers, by name; other regions
    /// were not looked at. A gap of reason `not-read` if trusted access of `StackSets` is off: then
    /// none acts on accounts that come or go.
    #[serde(
        default = "stack_sets_not_read",
        skip_serializing_if = "Observed::is_not_read"
    )]
    pub stack_sets: Observed<Vec<StackSet>>,
    /// The caller's CloudTrail event history, as far as exits are concerned.
    pub events: EventHistory,
    /// Trails that cover the region of Organizations, as the caller's account sees them, by ARN.
    #[serde(
        default = "monitoring::trails_not_read",
        skip_serializing_if = "monitoring::are_trails_unread"
    )]
    pub trails: Observed<Vec<Trail>>,
    /// Rules with a pattern on the management account's default bus in that region, by name.
    #[serde(
        default = "monitoring::rules_not_read",
        skip_serializing_if = "monitoring::are_rules_unread"
    )]
    pub event_rules: Observed<Vec<EventRule>>,
    /// What was read inside other accounts, by account; empty if no member role was given.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub members: BTreeMap<AccountId, MemberFacts>,
}

/// `StackSets` that nobody asked for, or of a file that is older than they are.
pub fn stack_sets_not_read() -> Observed<Vec<StackSet>> {
    Observed::not_read("cloudformation:ListStackSets")
}

/// What was read inside a member, or a former one, through a role there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberFacts {
    /// ARN of the role that was assumed, or should have been.
    pub role: String,
    /// Its own event history, as far as only that one shows exits.
    pub history: Observed<EventHistory>,
    /// Handshakes that it sees, those of other organizations included; not read in former members.
    pub handshakes: Observed<Vec<Handshake>>,
    /// ARNs of its roles; read only where a guard lets named principals through.
    pub roles: Observed<Vec<String>>,
}

/// How deep the attachments were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Depth {
    /// As far as the verdicts need it.
    Proof,
    /// Every SCP and every attachment.
    Full,
}

/// Who read the facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Caller {
    /// Account of the credentials.
    pub account: AccountId,
    /// ARN of the principal.
    pub arn: String,
    /// Partition of the principal.
    pub partition: Partition,
    /// Region of the Organizations endpoint and its events.
    pub region: String,
    /// Endpoint override, if one was in force: then this was not necessarily AWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
}

/// Records of one account's event history in a time window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventHistory {
    /// Whose history.
    pub account: AccountId,
    /// Which region's.
    pub region: String,
    /// From when on.
    #[schemars(with = "String")]
    pub from: Timestamp,
    /// Until when.
    #[schemars(with = "String")]
    pub until: Timestamp,
    /// Newest first, each event id once.
    pub records: Vec<Record>,
    /// Event names that could not be read, wholly or to the end.
    pub gaps: Vec<Gap>,
    /// Records that came but could not be parsed: event id or position, and why.
    pub unparsed: Vec<String>,
}

impl Snapshot {
    /// Is the caller the management account, as far as is known?
    pub fn caller_manages(&self) -> Option<bool> {
        let organization = self.organization.known()?;
        Some(organization.management_account == self.caller.account)
    }

    /// A node as sentences call it: "root r-…", "OU `name` (ou-…)", "account `name` (12 digits)";
    /// names are untrusted text.
    pub fn called(&self, node: &NodeId) -> String {
        let name = match node {
            NodeId::Root(_) => None,
            NodeId::Ou(id) => self.units.get(id).and_then(|unit| unit.name.as_deref()),
            NodeId::Account(id) => {
                let account = self.accounts.known().and_then(|accounts| accounts.get(id));
                account.map(|account| account.name.as_str())
            }
        };
        match name {
            Some(name) => format!("{} `{name}` ({node})", node.kind()),
            None => format!("{} {node}", node.kind()),
        }
    }

    /// The chain of an account; if its place is not known, the root alone, which is above it in
    /// any case.
    pub fn known_chain(&self, account: &Account) -> Vec<NodeId> {
        account.chain().unwrap_or_else(|| {
            let root = self.root.known();
            root.map(|root| NodeId::Root(root.id.clone()))
                .into_iter()
                .collect()
        })
    }

    /// Is it known which SCPs hang on a node: by the node's own list, or by the targets of every SCP?
    /// While the policy type is off, none does.
    pub fn knows_what_hangs(&self, node: &NodeId) -> bool {
        let known = |fact: Option<&Observed<_>>| fact.is_some_and(|fact| fact.known().is_some());
        let root = self.root.known();
        root.is_some_and(|root| root.scp_state == PolicyTypeState::NotEnabled)
            || known(self.attachments.by_node.get(node))
            || self.knows_every_target()
    }

    fn knows_every_target(&self) -> bool {
        let known = |id| {
            self.attachments
                .by_policy
                .get(id)
                .and_then(Observed::known)
                .is_some()
        };
        self.policies_listed.known().is_some() && self.policies.keys().all(known)
    }

    /// Root, OUs and accounts of which it is not known which SCPs hang on them; `None` if not even
    /// they are known.
    pub fn nodes_unread(&self) -> Option<Vec<NodeId>> {
        let root = NodeId::Root(self.root.known()?.id.clone());
        let accounts = self.accounts.known()?.keys().cloned();
        let below = self.units.keys().cloned().map(NodeId::Ou);
        let below = below.chain(accounts.map(NodeId::Account));
        let all = [root].into_iter().chain(below);
        if self.knows_every_target() {
            return Some(Vec::new());
        }
        Some(all.filter(|node| !self.knows_what_hangs(node)).collect())
    }

    /// May `StackSets` act on accounts of the organization by themselves? `None` if that is not
    /// known.
    pub fn stack_sets_trusted(&self) -> Option<bool> {
        let services = self.trusted_services.known()?;
        Some(services.iter().any(|one| one == STACK_SETS))
    }

    /// Member accounts, the management account left out; `None` if the list could not be read.
    pub fn members(&self) -> Option<impl Iterator<Item = &Account>> {
        let management = self
            .organization
            .known()
            .map(|organization| &organization.management_account);
        let accounts = self.accounts.known()?;
        Some(
            accounts
                .values()
                .filter(move |account| Some(&account.id) != management),
        )
    }
}

impl Snapshot {
    /// Every event history that was read: the caller's, then those of members.
    pub fn histories(&self) -> impl Iterator<Item = &EventHistory> {
        let members = self.members.values();
        std::iter::once(&self.events).chain(members.filter_map(|one| one.history.known()))
    }

    /// The records of all of them; one that stands in two comes twice.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.histories().flat_map(|history| &history.records)
    }

    /// Records of all of them that could not be parsed: which, and why.
    pub fn unparsed(&self) -> impl Iterator<Item = &String> {
        self.histories().flat_map(|history| &history.unparsed)
    }

    /// Organization trails among the trails; `None` if those are not known.
    pub fn organization_trails(&self) -> Option<impl Iterator<Item = &Trail>> {
        let trails = self.trails.known()?;
        Some(trails.iter().filter(|trail| trail.organization))
    }

    /// What of trails and rules was not read.
    fn monitoring_gaps(&self) -> impl Iterator<Item = &Gap> {
        let trails = self.trails.known().into_iter().flatten();
        let rules = self.event_rules.known().into_iter().flatten();
        let unread = [self.trails.gap(), self.event_rules.gap()];
        let parts = trails.flat_map(Trail::gaps);
        let targets = rules.filter_map(|rule| rule.targets.gap());
        unread.into_iter().flatten().chain(parts).chain(targets)
    }

    /// Everything that was asked for and not read, each once, sorted.
    ///
    /// What was not asked for because nothing depended on it is no gap.
    pub fn gaps(&self) -> Vec<Gap> {
        let accounts = self.accounts.known().into_iter().flatten();
        let policies = self.policies.values();
        let attachments = &self.attachments;
        let administrators = self.delegated_administrators.known().into_iter().flatten();
        let mut gaps: Vec<&Gap> = [
            self.organization.gap(),
            self.root.gap(),
            self.accounts.gap(),
            self.policies_listed.gap(),
            self.delegation_policy.gap(),
            self.delegated_administrators.gap(),
            self.trusted_services.gap(),
            self.root_features.gap(),
            self.handshakes.gap(),
            self.stack_sets.gap(),
        ]
        .into_iter()
        .flatten()
        .chain(
            accounts
                .clone()
                .filter_map(|(_, account)| account.parents.gap()),
        )
        .chain(accounts.filter_map(|(_, account)| account.tags.gap()))
        .chain(policies.clone().filter_map(|policy| policy.content.gap()))
        .chain(policies.filter_map(|policy| policy.tags.gap()))
        .chain(attachments.by_policy.values().filter_map(Observed::gap))
        .chain(attachments.by_node.values().filter_map(Observed::gap))
        .chain(administrators.filter_map(|one| one.services.gap()))
        .chain(self.monitoring_gaps())
        .chain(self.histories().flat_map(|history| &history.gaps))
        .chain(self.members.values().filter_map(|one| one.history.gap()))
        .chain(self.members.values().filter_map(|one| one.handshakes.gap()))
        .chain(self.members.values().filter_map(|one| one.roles.gap()))
        .filter(|gap| gap.reason != GapReason::NotRead)
        .collect();
        gaps.sort();
        gaps.dedup();
        gaps.into_iter().cloned().collect()
    }
}
