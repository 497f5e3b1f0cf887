//! Which of the question's resources a `Resource` or `NotResource` covers.

use super::compile::variable_too_early;
use super::statement::{Covers, Why};
use super::who::Selection;
use crate::model::{AccountId, OrganizationId, Partition};
use crate::scp::{Doubt, Pattern, PatternList, wildcard_in_resource_type};

/// What the requests of a question act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target<'a> {
    /// Nothing: AWS writes `*`.
    None,
    /// An invitation of any other organization:
    /// `arn:PARTITION:organizations::INVITER:handshake/o-INVITER/invite/h-…`.
    ForeignInvitation {
        /// Partition of the account.
        partition: Partition,
        /// The account's own organization, which is not the inviter, if it is known.
        own: Option<&'a OrganizationId>,
    },
    /// The account itself: `arn:PARTITION:account::ACCOUNT:account`.
    Account {
        /// Partition of the account.
        partition: Partition,
        /// The account; `None` asks for every account at once.
        id: Option<&'a AccountId>,
    },
    /// A principal of the account, such as a role that is to be created.
    Principal(&'a Selection),
}

pub(super) fn covers(list: &PatternList, target: &Target<'_>) -> Covers {
    if *target == Target::None && list.negated {
        // The literal rule says that it applies; no AWS page confirms it.
        let star = list.patterns.iter().any(Pattern::is_star);
        return if star {
            Covers::None
        } else {
            Covers::Some(Why::NotResourceWithoutResources)
        };
    }
    let covers = Covers::any(
        list.patterns
            .iter()
            .map(|pattern| pattern_covers(pattern, target)),
    );
    if list.negated {
        covers.negated()
    } else {
        covers
    }
}

fn pattern_covers(pattern: &Pattern, target: &Target<'_>) -> Covers {
    let text = pattern.as_str();
    if pattern.is_star() {
        return Covers::All;
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, partition, service, region, account, resource] = parts.as_slice() else {
        return Covers::Some(Why::Undocumented(Doubt::IncompleteArn(text.to_owned())));
    };
    if variable_too_early(text) {
        return Covers::None;
    }
    // A variable can hold a colon, so the split above may be wrong.
    let some = || Covers::Some(Why::Resource(text.to_owned()));
    if text.contains("${") {
        return some();
    }
    let part = |pattern: &str, value: &str| Pattern::new(pattern).matches(value);
    let head = |own: Partition, name: &str| {
        part(arn, "arn") && part(partition, own.name()) && part(service, name) && part(region, "")
    };
    let covers = match target {
        Target::None => Covers::None,
        // Left to the exact procedure.
        Target::Principal(_) => some(),
        Target::Account { partition: own, id } => {
            if !head(*own, "account") || !part(resource, "account") {
                return Covers::None;
            }
            match id {
                Some(id) if part(account, id.as_str()) => Covers::All,
                Some(_) => Covers::None,
                None if Pattern::new(*account).is_star() => Covers::All,
                None => some(),
            }
        }
        Target::ForeignInvitation {
            partition: own,
            own: organization,
        } => {
            if !head(*own, "organizations") {
                return Covers::None;
            }
            match invitation(resource, organization.map_or("", OrganizationId::as_str)) {
                Covers::All if Pattern::new(*account).is_star() => Covers::All,
                Covers::None => Covers::None,
                Covers::All | Covers::Some(_) => some(),
            }
        }
    };
    if covers != Covers::None && wildcard_in_resource_type(pattern) {
        let doubt = Doubt::WildcardInResourceType(text.to_owned());
        return Covers::Some(Why::Undocumented(doubt));
    }
    covers
}

/// The last part of a handshake ARN against a pattern, for every foreign organization.
fn invitation(pattern: &str, own: &str) -> Covers {
    if [
        "*",
        "handshake/*",
        "handshake/o-*",
        "handshake/*/invite/*",
        "handshake/o-*/invite/h-*",
    ]
    .contains(&pattern)
    {
        return Covers::All;
    }
    let literal = pattern.split(['*', '?']).next().unwrap_or("");
    let shape = "handshake/";
    if !shape.starts_with(literal) && !literal.starts_with(shape) {
        return Covers::None;
    }
    match literal
        .strip_prefix(shape)
        .and_then(|rest| rest.split_once('/'))
    {
        // A whole organization id stands in the pattern: our own is not foreign.
        Some((organization, _)) if organization == own => Covers::None,
        _ => Covers::Some(Why::Resource(pattern.to_owned())),
    }
}
