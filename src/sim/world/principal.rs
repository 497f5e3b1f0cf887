//! Who can call in an account: users, roles, their keys, sessions and policies.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::{Partition, Timestamp};

/// The identity policies of a user or role.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// ARNs of attached managed policies. Of these only `AdministratorAccess`
    /// grants anything: the others' texts are not here.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub managed: BTreeSet<String>,
    /// Inline policies' texts by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inline: BTreeMap<String, String>,
    /// IAM actions that no policy allows, whatever the policies say, e.g. `organizations:ListRoots`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub lacks: BTreeSet<String>,
}

impl Permissions {
    /// Everything, by AWS's own policy for administrators.
    pub fn administrator(partition: Partition) -> Self {
        let arn = format!("arn:{partition}:iam::aws:policy/AdministratorAccess");
        Self {
            managed: BTreeSet::from([arn]),
            ..Self::default()
        }
    }

    /// Is AWS's policy for administrators attached?
    pub fn is_administrator(&self) -> bool {
        self.managed
            .iter()
            .any(|arn| arn.ends_with(":iam::aws:policy/AdministratorAccess"))
    }
}

/// An IAM user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// `AIDA…`.
    pub id: String,
    /// Long-term keys by id.
    pub keys: BTreeMap<String, AccessKey>,
    /// What it may do.
    #[serde(default)]
    pub permissions: Permissions,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its tags, which its calls carry as `aws:PrincipalTag`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Since when it has a console password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_since: Option<Timestamp>,
}

impl User {
    /// A user without keys and permissions.
    pub fn new(id: String, now: Timestamp) -> Self {
        Self {
            id,
            keys: BTreeMap::new(),
            permissions: Permissions::default(),
            created_at: now,
            tags: BTreeMap::new(),
            password_since: None,
        }
    }
}

/// A group of users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// `AGPA…`.
    pub id: String,
    /// Names of its users.
    pub members: BTreeSet<String>,
    /// What its users may do.
    #[serde(default)]
    pub permissions: Permissions,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A long-term access key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKey {
    /// Its secret; signatures are not verified.
    pub secret: String,
    /// Inactive keys are refused.
    pub active: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When, where and at which service it was used last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<(Timestamp, String, String)>,
}

impl AccessKey {
    /// An active key.
    pub fn new(secret: String, now: Timestamp) -> Self {
        Self {
            secret,
            active: true,
            created_at: now,
            last_used: None,
        }
    }
}

/// An IAM role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// `AROA…`.
    pub id: String,
    /// Account ids whose principals may assume it.
    pub trusted_accounts: BTreeSet<String>,
    /// The trust policy's text, where it says more than `trusted_accounts`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<String>,
    /// What its sessions may do.
    #[serde(default)]
    pub permissions: Permissions,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its tags, which its sessions carry as `aws:PrincipalTag`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Its description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Longest session, in seconds.
    pub longest: i64,
}

impl Role {
    /// A role that nobody can assume and that may do nothing.
    pub fn new(id: String, now: Timestamp) -> Self {
        Self {
            id,
            trusted_accounts: BTreeSet::new(),
            trust: None,
            permissions: Permissions::default(),
            created_at: now,
            tags: BTreeMap::new(),
            description: None,
            longest: 3600,
        }
    }

    /// The trust policy.
    pub fn trust_text(&self, partition: Partition) -> String {
        self.trust.clone().unwrap_or_else(|| {
            let roots = self.trusted_accounts.iter();
            let roots: Vec<String> = roots
                .map(|account| format!("arn:{partition}:iam::{account}:root"))
                .collect();
            serde_json::json!({
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow",
                    "Principal": {"AWS": roots},
                    "Action": "sts:AssumeRole",
                }],
            })
            .to_string()
        })
    }
}

/// Who a session acts as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Principal {
    /// The role of that name.
    Role(String),
    /// The user of that name, by `GetSessionToken`.
    User(String),
    /// Somebody with the rights of the user of that name, by `GetFederationToken`.
    Federated(String),
    /// The account's root user, by `AssumeRoot`.
    Root,
}

/// Temporary credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The account that it acts in.
    pub account: String,
    /// Who it acts as.
    pub principal: Principal,
    /// Session name.
    pub name: String,
    /// The token that has to come along.
    pub token: String,
    /// Texts of session policies: what none of them allows is not allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// Tags that came with it, before those of the role.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Began at.
    pub since: Timestamp,
    /// Refused from then on.
    pub expires: Timestamp,
}
