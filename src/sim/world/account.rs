//! An account and those who can call in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::Timestamp;

use super::World;
use super::principal::{AccessKey, Group, Permissions, Role, User};

/// An AWS account, in an organization or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Root e-mail address.
    pub email: String,
    /// `ACTIVE`, `SUSPENDED`, `PENDING_CLOSURE`, `CLOSED`, `PENDING_ACTIVATION`.
    pub state: String,
    /// When it was created; created accounts cannot leave in their first four days.
    pub created_at: Timestamp,
    /// When it was closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// When it last joined or left an organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub membership_changed_at: Option<Timestamp>,
    /// Has a payment method of its own, which leaving needs and a direct transfer does not.
    pub payment_method: bool,
    /// IAM users by name.
    #[serde(default)]
    pub users: BTreeMap<String, User>,
    /// IAM roles by name.
    #[serde(default)]
    pub roles: BTreeMap<String, Role>,
    /// IAM groups by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, Group>,
    /// Virtual MFA devices by serial number.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub mfa_devices: BTreeMap<String, MfaDevice>,
    /// `CloudTrail` event history by region, in order of arrival.
    #[serde(default)]
    pub trail: BTreeMap<String, Vec<Value>>,
    /// Alternate contacts by type (`BILLING`, `OPERATIONS`, `SECURITY`), each by member.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub contacts: BTreeMap<String, BTreeMap<String, String>>,
    /// A change of the root e-mail address that waits for its one-time password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_email: Option<NewEmail>,
    /// The root user's password and keys, once somebody looked or made one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<Box<User>>,
    /// `CloudTrail` trails by home region and name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub trails: BTreeMap<String, BTreeMap<String, Trail>>,
    /// `EventBridge` rules of the default bus by region and name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rules: BTreeMap<String, BTreeMap<String, Rule>>,
    /// Log groups by region and name.
    #[serde(default)]
    pub log_groups: BTreeMap<String, BTreeMap<String, LogGroup>>,
}

/// A virtual MFA device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MfaDevice {
    /// The user it belongs to, and since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<(String, Timestamp)>,
}

impl Account {
    /// What a user may do: by its own policies and by those of its groups.
    pub(crate) fn permissions_of(&self, user: &str) -> Option<Permissions> {
        let mut all = self.users.get(user)?.permissions.clone();
        let groups = self.groups.iter();
        for (name, group) in groups.filter(|(_, group)| group.members.contains(user)) {
            all.managed.extend(group.permissions.managed.clone());
            let inline = group.permissions.inline.iter();
            // No policy has a slash in its name: none is overwritten.
            let inline = inline.map(|(policy, text)| (format!("{name}/{policy}"), text.clone()));
            all.inline.extend(inline);
        }
        Some(all)
    }
}

/// A requested change of the root e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewEmail {
    /// The new address.
    pub address: String,
    /// The one-time password that was sent there.
    pub otp: String,
}

/// A trail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of its own in AWS's model"
)]
pub struct Trail {
    /// Where it delivers to.
    pub bucket: String,
    /// Logs every region.
    pub multi_region: bool,
    /// Logs every account of the organization.
    pub organization: bool,
    /// Logs calls of global services.
    pub global_events: bool,
    /// Does it log now?
    pub logging: bool,
    /// When it was last started.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
    /// When it was last stopped.
    #[serde(default)]
    pub stopped_at: Option<Timestamp>,
    /// Are digests of its files delivered?
    #[serde(default)]
    pub validated: bool,
    /// ARN of the log group that it delivers to.
    #[serde(default)]
    pub log_group: Option<String>,
    /// ARN of the role by which it does.
    #[serde(default)]
    pub log_role: Option<String>,
    /// Why it last could not deliver to its bucket.
    #[serde(default)]
    pub delivery_error: Option<String>,
    /// Why it last could not deliver to its log group.
    #[serde(default)]
    pub log_group_error: Option<String>,
    /// Event selectors as they were put, under the name of their kind; none: every management
    /// event.
    #[serde(default)]
    pub selectors: Option<Value>,
}

/// A log group of `CloudWatch` Logs. Nothing is written to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogGroup {
    /// Metric filters by name.
    #[serde(default)]
    pub filters: BTreeMap<String, MetricFilter>,
}

/// A metric filter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricFilter {
    /// Its pattern.
    pub pattern: String,
    /// What it counts, as it was put.
    pub transformations: Value,
    /// When it was put.
    pub created_at: Timestamp,
}

/// A rule of the default event bus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its event pattern.
    pub pattern: String,
    /// `ENABLED`, `DISABLED` or `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS`.
    pub state: String,
    /// Its description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Targets by id, as they were put.
    #[serde(default)]
    pub targets: BTreeMap<String, Value>,
}

impl World {
    /// Adds an active, standalone account and returns it.
    pub fn add_account(&mut self, id: String, name: &str, email: String) -> &mut Account {
        let account = Account {
            id: id.clone(),
            name: name.to_owned(),
            email,
            state: "ACTIVE".to_owned(),
            // Old enough to leave.
            created_at: self.now - jiff::SignedDuration::from_hours(24 * 400),
            closed_at: None,
            membership_changed_at: None,
            payment_method: true,
            users: BTreeMap::new(),
            roles: BTreeMap::new(),
            groups: BTreeMap::new(),
            mfa_devices: BTreeMap::new(),
            trail: BTreeMap::new(),
            contacts: BTreeMap::new(),
            new_email: None,
            root: None,
            trails: BTreeMap::new(),
            rules: BTreeMap::new(),
            log_groups: BTreeMap::new(),
        };
        self.accounts.entry(id).or_insert(account)
    }

    /// An active key of the account's user, both made if they are not there; a
    /// user who is made is an administrator.
    /// `None` if there is no such account.
    pub fn ensure_user(&mut self, account: &str, user: &str) -> Option<(String, String)> {
        let existing = self.accounts.get(account)?.users.get(user);
        let active = existing.and_then(|user| user.keys.iter().find(|(_, key)| key.active));
        if let Some((id, key)) = active {
            return Some((id.clone(), key.secret.clone()));
        }
        let (user_id, key_id) = (self.draw_unique_id("AIDA"), self.draw_unique_id("AKIA"));
        let secret = self.draw_secret();
        let (partition, now) = (self.partition, self.now);
        let users = &mut self.accounts.get_mut(account)?.users;
        let entry = users.entry(user.to_owned()).or_insert_with(|| User {
            permissions: Permissions::administrator(partition),
            ..User::new(user_id, now)
        });
        let key = AccessKey::new(secret.clone(), now);
        entry.keys.insert(key_id.clone(), key);
        Some((key_id, secret))
    }

    /// Adds an administrators' role, unless the account has one of that name, and
    /// lets `trusted` assume it.
    pub fn ensure_role(&mut self, account: &str, role: &str, trusted: &str) {
        let id = self.draw_unique_id("AROA");
        let (partition, now) = (self.partition, self.now);
        if let Some(account) = self.accounts.get_mut(account) {
            account
                .roles
                .entry(role.to_owned())
                .or_insert_with(|| Role {
                    permissions: Permissions::administrator(partition),
                    ..Role::new(id, now)
                })
                .trusted_accounts
                .insert(trusted.to_owned());
        }
    }
}
