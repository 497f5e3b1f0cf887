//! One concrete request against a stack of SCPs: may it pass?
//!
//! Follows AWS's text to the letter, request by request; it never reasons
//! about all requests (that is `prove`, which shares no matching code with
//! this room, so that each can confirm the other).
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>

mod condition;
mod moment;
mod request;
mod text;

pub use request::{Request, Resource};

use crate::scp::{Document, Effect, PatternList, Statement, Version};
use text::Text;

/// The SCPs that hang on one node.
pub type Level<'a> = &'a [&'a Document];

/// Where a statement stands: level (0 is the root), policy within it, statement within that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Index of the level, root first.
    pub level: usize,
    /// Index of the policy.
    pub policy: usize,
    /// Index of the statement.
    pub statement: usize,
}

/// What SCPs say of a request. An allow grants nothing by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Every level allows it and none denies it.
    Allowed,
    /// This statement denies it.
    ExplicitDeny(Place),
    /// Nothing at this level allows it.
    ImplicitDeny {
        /// Index of the level, root first.
        level: usize,
    },
}

/// Decides one request against the levels from the root down to the account.
///
/// A deny at any level wins; without one, every level must allow.
pub fn evaluate(levels: &[Vec<&Document>], request: &Request) -> Decision {
    let mut denied = None;
    let mut not_allowed = None;
    for (level, policies) in levels.iter().enumerate() {
        let mut allowed = false;
        for (policy, document) in policies.iter().enumerate() {
            for (statement, body) in document.statements.iter().enumerate() {
                if !applies(body, document.version, request) {
                    continue;
                }
                match body.effect {
                    Effect::Allow => allowed = true,
                    Effect::Deny => {
                        denied = denied.or(Some(Place {
                            level,
                            policy,
                            statement,
                        }));
                    }
                }
            }
        }
        if !allowed {
            not_allowed = not_allowed.or(Some(level));
        }
    }
    match (denied, not_allowed) {
        (Some(place), _) => Decision::ExplicitDeny(place),
        (None, Some(level)) => Decision::ImplicitDeny { level },
        (None, None) => Decision::Allowed,
    }
}

/// Does a statement apply to the request: action, resource and every condition?
pub fn applies(statement: &Statement, version: Version, request: &Request) -> bool {
    covers_action(&statement.actions, &request.action)
        && covers_resource(&statement.resources, version, request)
        && statement
            .conditions
            .iter()
            .all(|one| condition::holds(one, version, request))
}

/// Service and action names are compared without regard to case.
fn covers_action(list: &PatternList, action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    let named = list.patterns.iter().any(|pattern| {
        Text::literal_wildcards(&pattern.as_str().to_ascii_lowercase()).matches(&action)
    });
    named != list.negated
}

/// A request on `*` has no ARN, so only `*` names it.
fn covers_resource(list: &PatternList, version: Version, request: &Request) -> bool {
    let named = list.patterns.iter().any(|pattern| match &request.resource {
        Resource::Any => pattern.is_star(),
        Resource::Arn(arn) => {
            pattern.is_star()
                || Text::resource(pattern.as_str(), version, request)
                    .is_some_and(|parts| text::arn_matches(&parts, arn))
        }
    });
    named != list.negated
}
