//! What AWS can put into a request: named facts, each with its source.
//!
//! A wrong fact is mended here and nowhere else.

use std::collections::BTreeMap;

use super::glob::{Glob, Set, Token};
use super::multivalued::multivalued;
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

    /// Does `aws:username` exist for it? It is the last part of the ARN.
    pub(super) fn has_user_name(self) -> bool {
        matches!(self, Self::User | Self::UserInPath)
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

/// Keys whose values are given, by name in lower case; `None`: absent.
pub(super) type Given = BTreeMap<String, Option<Vec<String>>>;

/// What the questions' actions say about their requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// The ways out: they create nothing, so they carry no tags, and stand in one region.
    Exit,
    /// A service with one endpoint a partition, in one region.
    Global,
    /// Any other.
    Regional,
}

/// Actions without tags or policy types in their requests.
const EXITS: [&str; 6] = [
    "organizations:leaveorganization",
    "organizations:accepthandshake",
    "organizations:removeaccountfromorganization",
    "organizations:closeaccount",
    "organizations:deleteorganization",
    "account:closeaccount",
];

impl Service {
    /// What all of the actions have in common.
    pub(super) fn of<'a>(actions: impl Iterator<Item = &'a str>) -> Self {
        let one = |action: &str| {
            let action = action.to_ascii_lowercase();
            let global = ["organizations:", "account:", "iam:"];
            if EXITS.contains(&action.as_str()) {
                Self::Exit
            } else if global.iter().any(|prefix| action.starts_with(prefix)) {
                Self::Global
            } else {
                Self::Regional
            }
        };
        let all: Vec<Self> = actions.map(one).collect();
        [Self::Regional, Self::Global]
            .into_iter()
            .find(|service| all.contains(service))
            .unwrap_or(Self::Exit)
    }
}

/// A kind of principal of the account, and what is known of its requests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) subject: &'a Subject<'a>,
    pub(super) kind: Kind,
    pub(super) service: Service,
    pub(super) given: &'a Given,
    /// The tag that the call sets, in lower case.
    pub(super) tag: Option<&'a str>,
}

/// What stands for a `${…}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Variable {
    /// The same in every request of the scene.
    Value(String),
    /// No request has a value for it.
    None,
    /// It differs from request to request.
    Differs,
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
    /// Some texts, none of them empty and at least one; `holding`: one of them has this shape.
    Texts {
        optional: bool,
        holding: Option<Glob>,
    },
    /// `true` or `false`.
    Flag { optional: bool },
    /// A number, not negative, or none.
    Number,
    /// A time, from this one on and always present; without one any time, or none.
    Time { from: Option<Timestamp> },
    /// An address of either family, or none.
    Address,
}

fn anything() -> Glob {
    Glob(vec![Token::Run(Set::Any)])
}

/// `us-east-1` and its like.
fn region() -> Glob {
    let mut shape = vec![Token::One(Set::LowerDigit), Token::One(Set::LowerDigit)];
    shape.extend([Token::One(Set::One('-')), Token::One(Set::Name)]);
    shape.extend([Token::Run(Set::Name), Token::One(Set::One('-'))]);
    shape.push(Token::One(Set::Digit));
    Glob(shape)
}

fn name() -> [Token; 2] {
    [Token::One(Set::Name), Token::Run(Set::Name)]
}

impl Scene<'_> {
    /// What every `aws:PrincipalArn` begins with, and whether a name follows.
    fn principal_prefix(&self) -> (Glob, bool) {
        let (partition, account) = (self.subject.partition, self.subject.account);
        let iam = |tail: &str| Glob::literal(&format!("arn:{partition}:iam::{account}:{tail}"));
        let mut glob = match self.kind {
            Kind::Root => return (iam("root"), false),
            Kind::Role | Kind::RoleInPath => iam("role/"),
            Kind::User | Kind::UserInPath => iam("user/"),
            Kind::Federated => {
                Glob::literal(&format!("arn:{partition}:sts::{account}:federated-user/"))
            }
        };
        if matches!(self.kind, Kind::RoleInPath | Kind::UserInPath) {
            glob.0.extend([
                Token::One(Set::Path),
                Token::Run(Set::Path),
                Token::One(Set::One('/')),
            ]);
        }
        (glob, true)
    }

    /// The shape of `aws:PrincipalArn`.
    pub(super) fn principal_arn(&self) -> Glob {
        let (mut glob, named) = self.principal_prefix();
        match self.given.get("aws:username") {
            Some(Some(given)) if self.kind.has_user_name() => {
                glob.0.extend(Glob::literal(&given.concat()).0);
            }
            _ if named => glob.0.extend(name()),
            _ => {}
        }
        glob
    }

    /// The ARNs of users whose name matches `pattern`.
    pub(super) fn named(&self, pattern: &Glob) -> Glob {
        let (mut glob, _) = self.principal_prefix();
        // A name holds no slash or colon, so that nothing must reach back into the path.
        let inside = |token: &Token| match token {
            Token::One(Set::Any | Set::NotColon) => Token::One(Set::Name),
            Token::Run(Set::Any | Set::NotColon) => Token::Run(Set::Name),
            Token::One(Set::One(c) | Set::Fold(c)) if matches!(c, '/' | ':') => {
                Token::One(Set::Nothing)
            }
            other => *other,
        };
        glob.0.extend(pattern.0.iter().map(inside));
        glob
    }

    /// What `key` (lower case) can hold.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
    pub(super) fn values(&self, key: &str) -> Values {
        match self.given.get(key) {
            Some(Some(values)) => Values::Constant(values.clone()),
            Some(None) => Values::Absent,
            None => self.possible(key),
        }
    }

    fn possible(&self, key: &str) -> Values {
        let subject = self.subject;
        let one = |text: &str| Values::Constant(vec![text.to_owned()]);
        let text = |shape: Glob, optional: bool| Values::Text { shape, optional };
        let any = || text(anything(), true);
        let texts = || Values::Texts {
            optional: true,
            holding: None,
        };
        if let Some(tag) = self.tag {
            // IAM compares tag keys without regard to case, and a call may set more than one tag.
            // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules
            let fold = tag.chars().map(|c| Token::One(Set::Fold(c)));
            match key.strip_prefix("aws:requesttag/") {
                Some(own) if own == tag => return text(anything(), false),
                _ if key == "aws:tagkeys" => {
                    return Values::Texts {
                        optional: false,
                        holding: Some(Glob(fold.collect())),
                    };
                }
                _ => {}
            }
        }
        match key {
            "aws:principalarn" => text(self.principal_arn(), false),
            "aws:principaltype" => one(self.kind.principal_type()),
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
                _ => texts(),
            },
            "aws:username" if self.kind.has_user_name() => text(Glob(name().to_vec()), false),
            // A principal of the account is never a service principal.
            "aws:principalisawsservice" => one("false"),
            "aws:principalservicename" | "aws:principalservicenameslist" | "aws:username" => {
                Values::Absent
            }
            // These endpoints answer on TLS only, and stand in one region.
            "aws:securetransport" if self.service != Service::Regional => one("true"),
            "aws:requestedregion" if self.service != Service::Regional => {
                one(subject.partition.organizations_region())
            }
            "aws:viaawsservice" | "aws:securetransport" => Values::Flag { optional: false },
            "aws:requestedregion" => text(region(), false),
            "aws:userid" => text(anything().without_empty(), false),
            "aws:currenttime" | "aws:epochtime" => Values::Time {
                from: Some(subject.now),
            },
            "aws:tokenissuetime" => Values::Time { from: None },
            "aws:multifactorauthpresent" => Values::Flag { optional: true },
            "aws:multifactorauthage" => Values::Number,
            "aws:sourceip" | "aws:vpcsourceip" => Values::Address,
            "aws:tagkeys" | "organizations:policytype" | "organizations:serviceprincipal"
                if self.service == Service::Exit =>
            {
                Values::Absent
            }
            _ if key.starts_with("aws:requesttag/") && self.service == Service::Exit => {
                Values::Absent
            }
            _ if multivalued(key) => texts(),
            // The root user carries no tags.
            _ if key.starts_with("aws:principaltag/") && self.kind == Kind::Root => Values::Absent,
            _ => any(),
        }
    }

    /// What stands for `${name}`: an escape, a key that has one value, or the default.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
    pub(super) fn variable(&self, name: &str) -> Variable {
        if matches!(name, "*" | "?" | "$") {
            return Variable::Value(name.to_owned());
        }
        let (key, default) = match name.split_once(',') {
            Some((key, default)) => (key.trim(), Some(default.trim().trim_matches('\''))),
            None => (name.trim(), None),
        };
        let key = key.to_ascii_lowercase();
        if multivalued(&key) {
            return Variable::Differs;
        }
        match self.values(&key) {
            Values::Constant(values) => match values.into_iter().next() {
                Some(value) => Variable::Value(value),
                None => Variable::None,
            },
            Values::Absent => {
                default.map_or(Variable::None, |text| Variable::Value(text.to_owned()))
            }
            _ => Variable::Differs,
        }
    }
}
