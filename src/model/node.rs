//! A place in the organization's tree: what a policy can be attached to.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ids::{AccountId, InvalidId, OuId, RootId};

/// The root, an organizational unit or an account; ordered root first.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum NodeId {
    /// The organization's root.
    Root(RootId),
    /// An organizational unit.
    Ou(OuId),
    /// An account.
    Account(AccountId),
}

impl NodeId {
    /// The id as AWS writes it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Root(id) => id.as_str(),
            Self::Ou(id) => id.as_str(),
            Self::Account(id) => id.as_str(),
        }
    }

    /// "root", "OU" or "account".
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Root(_) => "root",
            Self::Ou(_) => "OU",
            Self::Account(_) => "account",
        }
    }
}

impl FromStr for NodeId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let account = text.parse().map(Self::Account);
        let unit = text.parse().map(Self::Ou);
        let root = text.parse().map(Self::Root);
        account.or(unit).or(root).map_err(|_: InvalidId| InvalidId {
            kind: "a root, OU or account id",
            shape: "`r-…`, `ou-…` or 12 digits",
            value: text.to_owned(),
        })
    }
}

impl TryFrom<String> for NodeId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<NodeId> for String {
    fn from(node: NodeId) -> Self {
        node.as_str().to_owned()
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
