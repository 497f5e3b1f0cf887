//! An account and those who can call in it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::Timestamp;

use super::World;

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
    /// Has a payment method of its own, which leaving needs and a direct transfer does not.
    pub payment_method: bool,
    /// IAM users by name.
    #[serde(default)]
    pub users: BTreeMap<String, User>,
    /// IAM roles by name.
    #[serde(default)]
    pub roles: BTreeMap<String, Role>,
    /// `CloudTrail` event history by region, in order of arrival.
    #[serde(default)]
    pub trail: BTreeMap<String, Vec<Value>>,
}

/// An IAM user. Users may do everything but what is denied to them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// `AIDA…`.
    pub id: String,
    /// Long-term keys by id.
    pub keys: BTreeMap<String, AccessKey>,
    /// IAM actions that the user may not call, e.g. `organizations:ListRoots`.
    #[serde(default)]
    pub denied_actions: BTreeSet<String>,
}

/// A long-term access key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKey {
    /// Its secret; signatures are not verified.
    pub secret: String,
    /// Inactive keys are refused.
    pub active: bool,
}

/// An IAM role. Roles may do everything but what is denied to them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// `AROA…`.
    pub id: String,
    /// Account ids whose principals may assume it.
    pub trusted_accounts: BTreeSet<String>,
    /// IAM actions that the role may not call.
    #[serde(default)]
    pub denied_actions: BTreeSet<String>,
}

/// A session of an assumed role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The account that it acts in.
    pub account: String,
    /// The role behind it.
    pub role: String,
    /// Session name.
    pub name: String,
    /// The token that has to come along.
    pub token: String,
    /// Began at.
    pub since: Timestamp,
    /// Refused from then on.
    pub expires: Timestamp,
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
            payment_method: true,
            users: BTreeMap::new(),
            roles: BTreeMap::new(),
            trail: BTreeMap::new(),
        };
        self.accounts.entry(id).or_insert(account)
    }

    /// An active key of the account's user, both made if they are not there.
    /// `None` if there is no such account.
    pub fn ensure_user(&mut self, account: &str, user: &str) -> Option<(String, String)> {
        let existing = self.accounts.get(account)?.users.get(user);
        let active = existing.and_then(|user| user.keys.iter().find(|(_, key)| key.active));
        if let Some((id, key)) = active {
            return Some((id.clone(), key.secret.clone()));
        }
        let (user_id, key_id) = (self.draw_unique_id("AIDA"), self.draw_unique_id("AKIA"));
        let secret = self.draw_secret();
        let users = &mut self.accounts.get_mut(account)?.users;
        let entry = users.entry(user.to_owned()).or_insert_with(|| User {
            id: user_id,
            keys: BTreeMap::new(),
            denied_actions: BTreeSet::new(),
        });
        let key = AccessKey {
            secret: secret.clone(),
            active: true,
        };
        entry.keys.insert(key_id.clone(), key);
        Some((key_id, secret))
    }

    /// Adds a role, unless the account has one of that name, and lets `trusted` assume it.
    pub fn ensure_role(&mut self, account: &str, role: &str, trusted: &str) {
        let id = self.draw_unique_id("AROA");
        if let Some(account) = self.accounts.get_mut(account) {
            account
                .roles
                .entry(role.to_owned())
                .or_insert_with(|| Role {
                    id,
                    trusted_accounts: BTreeSet::new(),
                    denied_actions: BTreeSet::new(),
                })
                .trusted_accounts
                .insert(trusted.to_owned());
        }
    }
}
