//! The state of the simulated AWS: organizations, accounts, who can call, what was logged.
//!
//! Ids are plain text here. This is AWS's side of the wire: the product parses
//! ids at its own door, and a test may want to send it one that does not parse.
//! Everything serializes, so that a world can be dumped and reloaded as JSON;
//! everything drawn at random comes from the seed.

mod account;
mod attachments;
mod draw;
mod due;
mod handshake;
mod membership;
mod organization;
mod principal;
mod trail;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use account::{Account, LogGroup, MetricFilter, MfaDevice, NewEmail, Rule, Trail};
pub use attachments::Attachments;
pub(crate) use draw::unit_interval;
pub use due::{AccountRequest, Due};
pub use handshake::Handshake;
pub use organization::{
    DelegatedAdministrator, FULL_AWS_ACCESS, Member, Organization, Policy, PolicyTypeState,
    ResourcePolicy, StackSet, Unit,
};
pub use principal::{AccessKey, Group, Permissions, Principal, Role, Session, User};
pub(crate) use trail::seconds;

use super::mutation::ForeignChange;
use crate::model::{Partition, Timestamp};

/// The role that Organizations creates in the accounts it creates.
pub const ACCESS_ROLE: &str = "OrganizationAccountAccessRole";

/// How often closed accounts are looked for.
const SWEEP: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);

/// How AWS behaves where it differs by place, by time or by reading of its pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent switch of the simulated AWS"
)]
pub struct Switches {
    /// Answers carry `Account.Paths` and `OrganizationalUnit.Path` (since 30 March 2026).
    pub paths: bool,
    /// Answers carry `Account.State`.
    pub state: bool,
    /// Answers carry `Account.Status`, which `State` replaces.
    pub status: bool,
    /// An account can accept an invitation while it is in another organization (since November 2025).
    pub direct_transfer: bool,
    /// A direct transfer needs the permission for `LeaveOrganization` too. AWS's
    /// authorization reference says so; its migration page says the opposite.
    pub transfer_needs_leave: bool,
    /// How long Enable- and `DisablePolicyType` stay pending, in seconds.
    pub policy_type_delay: u32,
    /// How long an account stays in `PENDING_CLOSURE`, in seconds.
    pub closure_delay: u32,
    /// How long `CreateAccount` stays in progress, in seconds; with 0 until the next call.
    pub creation_delay: u32,
    /// How long after joining or leaving an account can neither be invited nor accept an
    /// invitation, in seconds. AWS names the refusal and not the time.
    pub membership_change_wait: u32,
    /// Lists come in pages of any size from none to what was asked for.
    pub uneven_pages: bool,
    /// The `CloudTrail` event history holds reads too; off, a long run stays small.
    pub log_reads: bool,
    /// How `CloudTrail` delivers.
    pub delivery: Delivery,
}

/// How `CloudTrail` delivers records to the event history.
///
/// AWS: typically within 5 minutes, not in the order of the calls, at least once.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html>
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Delivery {
    /// A record can be looked up this many seconds after its call, at the latest.
    pub late: u32,
    /// Each record takes a time of its own, up to `late`, so that some overtake others.
    pub out_of_order: bool,
    /// Each so-manieth record comes twice with the same event id; 0: none.
    pub twice: u32,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            paths: true,
            state: true,
            status: false,
            direct_transfer: true,
            transfer_needs_leave: true,
            policy_type_delay: 0,
            closure_delay: 60,
            creation_delay: 0,
            membership_change_wait: 0,
            uneven_pages: false,
            log_reads: true,
            delivery: Delivery::default(),
        }
    }
}

/// The simulated AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct World {
    /// Where all random ids come from.
    pub seed: u64,
    /// How many values were drawn from the seed.
    pub drawn: u64,
    /// The time up to which the world has run.
    pub now: Timestamp,
    /// The partition of every ARN.
    pub partition: Partition,
    /// How AWS behaves.
    pub switches: Switches,
    /// Account id of the management account of the organization that a scenario is about.
    pub management: String,
    /// Organizations by id.
    pub organizations: BTreeMap<String, Organization>,
    /// Accounts by id, standalone ones included.
    pub accounts: BTreeMap<String, Account>,
    /// Handshakes by id.
    pub handshakes: BTreeMap<String, Handshake>,
    /// Sessions by access key id.
    pub sessions: BTreeMap<String, Session>,
    /// `CreateAccount` requests by id.
    #[serde(default)]
    pub requests: BTreeMap<String, AccountRequest>,
    /// What others change just before some calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ForeignChange>,
    /// What happens later, in no order.
    #[serde(default)]
    pub due: Vec<(Timestamp, Due)>,
    /// When closed accounts were last looked for.
    #[serde(default)]
    pub swept_at: Timestamp,
}

impl World {
    /// A world without accounts.
    pub fn new(now: Timestamp, seed: u64) -> Self {
        Self {
            seed,
            drawn: 0,
            now,
            partition: Partition::Aws,
            switches: Switches::default(),
            management: String::new(),
            organizations: BTreeMap::new(),
            accounts: BTreeMap::new(),
            handshakes: BTreeMap::new(),
            sessions: BTreeMap::new(),
            requests: BTreeMap::new(),
            changes: Vec::new(),
            due: Vec::new(),
            swept_at: Timestamp::UNIX_EPOCH,
        }
    }

    /// The organization that an account belongs to.
    pub fn organization_of(&self, account: &str) -> Option<&Organization> {
        self.organizations
            .values()
            .find(|organization| organization.members.contains_key(account))
    }

    pub(crate) fn organization_of_mut(&mut self, account: &str) -> Option<&mut Organization> {
        self.organizations
            .values_mut()
            .find(|organization| organization.members.contains_key(account))
    }

    /// The organization that the scenario is about.
    pub fn organization(&self) -> Option<&Organization> {
        self.organization_of(&self.management)
    }

    /// The first account of that name.
    pub fn account_named(&self, name: &str) -> Option<&Account> {
        self.accounts.values().find(|account| account.name == name)
    }

    /// The first account of that name, to change it.
    pub fn account_named_mut(&mut self, name: &str) -> Option<&mut Account> {
        self.accounts
            .values_mut()
            .find(|account| account.name == name)
    }

    /// The id of an OU of the scenario's organization by its path of names, e.g. `Workloads/Prod`.
    pub fn unit_at(&self, path: &str) -> Option<&str> {
        let organization = self.organization()?;
        let mut parent = organization.root.as_str();
        for name in path.split('/') {
            parent = organization
                .units
                .values()
                .find(|unit| unit.parent == parent && unit.name == name)?
                .id
                .as_str();
        }
        Some(parent)
    }

    /// The first policy of that name in the scenario's organization.
    pub fn policy_named(&self, name: &str) -> Option<&Policy> {
        self.organization()?
            .policies
            .values()
            .find(|policy| policy.name == name)
    }

    /// An ARN of the Organizations service.
    pub(crate) fn arn(&self, owner: &str, resource: &str) -> String {
        format!("arn:{}:organizations::{owner}:{resource}", self.partition)
    }

    /// Lets the time pass that lies between the last call and `now`.
    ///
    /// Invitations lapse after 15 days and are listed 30 days longer; pending
    /// policy type changes settle; accounts leave 90 days after their closure.
    pub fn advance_to(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        for handshake in self.handshakes.values_mut() {
            handshake.lapse(now);
        }
        self.handshakes
            .retain(|_, handshake| handshake.listed_at(now));
        for organization in self.organizations.values_mut() {
            organization.settle(now);
        }
        self.settle_due(now);
        // Every account is looked at, so not at every call.
        if now.duration_since(self.swept_at) >= SWEEP {
            self.swept_at = now;
            self.clean_closed_accounts(now);
        }
    }
}
