//! What AWS can put into a request: named facts, each with its source.
//!
//! A wrong fact is mended here and nowhere else.

use super::glob::{Glob, Set, Token};
use crate::model::{AccountId, NodeId, OrganizationId, Partition, Timestamp};

/// The account that a question is about, and what is constant for it.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// Its partition.
    pub partition: Partition,
    /// Its id.
    pub account: &'a AccountId,
    /// Its organization.
    pub organization: Option<&'a OrganizationId>,
    /// Root first, its parent last; `None` if its place is unknown.
    pub parents: Option<&'a [NodeId]>,
    /// Requests are made now or later.
    pub now: Timestamp,
}

/// The kinds of principals that an SCP binds.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The root user.
    Root,
    /// A role, its sessions included: the key holds the role's ARN.
    Role,
    /// A role with a path.
    RoleInPath,
    /// An IAM user.
    User,
    /// An IAM user with a path.
    UserInPath,
    /// A session of `GetFederationToken`.
    Federated,
}

impl Kind {
    /// Every kind; roles first, since most witnesses are roles.
    pub const ALL: [Self; 6] = [
        Self::Role,
        Self::RoleInPath,
        Self::User,
        Self::UserInPath,
        Self::Federated,
        Self::Root,
    ];

    /// In words, with an article.
    pub fn words(self) -> &'static str {
        match self {
            Self::Root => "the root user",
            Self::Role => "a role",
            Self::RoleInPath => "a role with a path",
            Self::User => "an IAM user",
            Self::UserInPath => "an IAM user with a path",
            Self::Federated => "a federated user session",
        }
    }

    /// `aws:PrincipalType`.
    fn principal_type(self) -> &'static str {
        match self {
            Self::Root => "Account",
            Self::Role | Self::RoleInPath => "AssumedRole",
            Self::User | Self::UserInPath => "User",
            Self::Federated => "FederatedUser",
        }
    }
}

/// What a key can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Values {
    /// Always these.
    Constant(Vec<String>),
    /// Never present.
    Absent,
    /// A text of this shape.
    Text { shape: Glob, optional: bool },
    /// Any set of texts.
    Texts { optional: bool },
    /// `true` or `false`.
    Flag { optional: bool },
    /// A number, not negative.
    Number,
    /// A time, from this one on and always present; without one any time, or none.
    Time { from: Option<Timestamp> },
    /// An address of either family, or none.
    Address,
}

fn anything() -> Glob {
    Glob(vec![Token::Run(Set::Any)])
}

/// The shape of `aws:PrincipalArn` for a kind.
fn principal_arn(kind: Kind, subject: &Subject<'_>) -> Glob {
    let (partition, account) = (subject.partition, subject.account);
    let iam = |tail: &str| Glob::literal(&format!("arn:{partition}:iam::{account}:{tail}"));
    let name = [Token::One(Set::Name), Token::Run(Set::Name)];
    let path = [
        Token::One(Set::Path),
        Token::Run(Set::Path),
        Token::One(Set::One('/')),
    ];
    let mut glob = match kind {
        Kind::Root => return iam("root"),
        Kind::Role | Kind::RoleInPath => iam("role/"),
        Kind::User | Kind::UserInPath => iam("user/"),
        Kind::Federated => {
            Glob::literal(&format!("arn:{partition}:sts::{account}:federated-user/"))
        }
    };
    if matches!(kind, Kind::RoleInPath | Kind::UserInPath) {
        glob.0.extend(path);
    }
    glob.0.extend(name);
    glob
}

/// What `key` (lower case) can hold in a request of `kind`.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
pub(super) fn values(key: &str, kind: Kind, subject: &Subject<'_>) -> Values {
    let one = |text: &str| Values::Constant(vec![text.to_owned()]);
    let any = || Values::Text {
        shape: anything(),
        optional: true,
    };
    match key {
        "aws:principalarn" => Values::Text {
            shape: principal_arn(kind, subject),
            optional: false,
        },
        "aws:principaltype" => one(kind.principal_type()),
        "aws:principalaccount" => one(subject.account.as_str()),
        "aws:principalorgid" => match subject.organization {
            Some(id) => one(id.as_str()),
            None => any(),
        },
        "aws:principalorgpaths" => match (subject.organization, subject.parents) {
            (Some(organization), Some(parents)) => {
                let parents: Vec<&str> = parents.iter().map(NodeId::as_str).collect();
                Values::Constant(vec![format!("{organization}/{}/", parents.join("/"))])
            }
            _ => Values::Texts { optional: true },
        },
        // A principal of the account is never a service principal.
        "aws:principalisawsservice" => one("false"),
        "aws:principalservicename" | "aws:principalservicenameslist" => Values::Absent,
        "aws:viaawsservice" => Values::Flag { optional: false },
        // The endpoints of Organizations and of account management answer on TLS only.
        "aws:securetransport" => one("true"),
        // The exits' endpoints stand in one region of the partition.
        "aws:requestedregion" => one(subject.partition.organizations_region()),
        "aws:currenttime" | "aws:epochtime" => Values::Time {
            from: Some(subject.now),
        },
        "aws:tokenissuetime" => Values::Time { from: None },
        "aws:multifactorauthpresent" => Values::Flag { optional: true },
        "aws:multifactorauthage" => Values::Number,
        "aws:sourceip" | "aws:vpcsourceip" => Values::Address,
        "aws:username" => match kind {
            Kind::User | Kind::UserInPath => Values::Text {
                shape: Glob(vec![Token::One(Set::Name), Token::Run(Set::Name)]),
                optional: false,
            },
            _ => Values::Absent,
        },
        "aws:userid" => Values::Text {
            shape: anything(),
            optional: false,
        },
        // The exits create nothing, so they carry no tags and act on no policy.
        "aws:tagkeys" | "organizations:policytype" | "organizations:serviceprincipal" => {
            Values::Absent
        }
        "aws:calledvia" => Values::Texts { optional: true },
        _ if key.starts_with("aws:requesttag/") => Values::Absent,
        // The root user carries no tags.
        _ if key.starts_with("aws:principaltag/") && kind == Kind::Root => Values::Absent,
        _ => any(),
    }
}

/// The constants that a policy variable may name, for this account.
pub(super) fn constant(key: &str, subject: &Subject<'_>) -> Option<String> {
    // The kind does not matter for what is constant of the account.
    match key {
        "aws:principalaccount" | "aws:principalorgid" | "aws:requestedregion" => {
            match values(key, Kind::Role, subject) {
                Values::Constant(values) => values.into_iter().next(),
                _ => None,
            }
        }
        _ => None,
    }
}
