//! Newtypes for AWS ids: a value that exists has been checked.
//!
//! The shapes are those of the Organizations API reference
//! (<https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html> and its siblings).

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A string that is not an id of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is not {kind} (expected {shape})")]
pub struct InvalidId {
    /// What was asked for, with its article: "an account id".
    pub kind: &'static str,
    /// The expected shape in words.
    pub shape: &'static str,
    /// What was given.
    pub value: String,
}

fn lower_alphanumeric(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
}

/// `prefix` followed by `min..=max` lower-case letters and digits.
fn prefixed(text: &str, prefix: &str, min: usize, max: usize) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|rest| (min..=max).contains(&rest.len()) && lower_alphanumeric(rest))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_ou(text: &str) -> bool {
    text.strip_prefix("ou-")
        .and_then(|rest| rest.split_once('-'))
        .is_some_and(|(root, own)| prefixed(root, "", 4, 32) && prefixed(own, "", 8, 32))
}

fn is_policy(text: &str) -> bool {
    text.strip_prefix("p-").is_some_and(|rest| {
        (8..=128).contains(&rest.len())
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $shape:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(with = "String")]
        pub struct $name(String);

        impl $name {
            /// The id as AWS writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidId { kind: $kind, shape: $shape, value: text.to_owned() })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

id!(
    /// The twelve digits of an AWS account.
    AccountId, "an account id", "12 digits", is_account
);
id!(
    /// An organization, `o-…`.
    OrganizationId, "an organization id", "`o-` and 10 to 32 lower-case letters or digits",
    |t| prefixed(t, "o-", 10, 32)
);
id!(
    /// The root of an organization's tree, `r-…`.
    RootId, "a root id", "`r-` and 4 to 32 lower-case letters or digits",
    |t| prefixed(t, "r-", 4, 32)
);
id!(
    /// An organizational unit, `ou-ROOT-…`.
    OuId, "an OU id", "`ou-`, the root's letters, `-`, 8 to 32 letters or digits", is_ou
);
id!(
    /// A policy of any type, `p-…`.
    PolicyId, "a policy id", "`p-` and 8 to 128 letters, digits or underscores", is_policy
);
id!(
    /// A handshake, `h-…`: an invitation and its answer.
    HandshakeId, "a handshake id", "`h-` and 8 to 32 lower-case letters or digits",
    |t| prefixed(t, "h-", 8, 32)
);

impl PolicyId {
    /// The AWS-managed SCP `FullAWSAccess`, attached to every new node.
    ///
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
    pub const FULL_AWS_ACCESS: &'static str = "p-FullAWSAccess";

    /// The id of `FullAWSAccess`.
    pub fn full_aws_access() -> Self {
        Self(Self::FULL_AWS_ACCESS.to_owned())
    }

    /// Is this the AWS-managed policy that allows everything?
    pub fn is_full_aws_access(&self) -> bool {
        self.0 == Self::FULL_AWS_ACCESS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_parse_once_and_refuse_lookalikes() {
        assert!("111122223333".parse::<AccountId>().is_ok());
        for bad in [
            "1111",
            "11112222333a",
            "1111222233334",
            "١١١١٢٢٢٢٣٣٣٣",
            " 111122223333",
        ] {
            assert!(bad.parse::<AccountId>().is_err(), "{bad}");
        }
        assert!("o-exampleorg1".parse::<OrganizationId>().is_ok());
        assert!("o-Exampleorg1".parse::<OrganizationId>().is_err());
        assert!("ou-ab12-11111111".parse::<OuId>().is_ok());
        assert!("ou-ab12".parse::<OuId>().is_err());
        assert!("p-FullAWSAccess".parse::<PolicyId>().is_ok());
        assert!("p-x".parse::<PolicyId>().is_err());
    }

    #[test]
    fn an_id_that_does_not_parse_is_refused_in_json_too() {
        assert!(serde_json::from_str::<AccountId>("\"1\"").is_err());
        assert_eq!(
            "x".parse::<RootId>().unwrap_err().to_string(),
            "`x` is not a root id (expected `r-` and 4 to 32 lower-case letters or digits)"
        );
    }
}
