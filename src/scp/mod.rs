//! Policy documents: parsed once, strictly, with the line and column of every
//! statement.
//!
//! What AWS refuses to store is an error here; what AWS's pages leave open is
//! a [`Doubt`] on the statement, so that nothing is decided by guessing.
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_syntax.html>

mod document;
mod json;
mod levels;
mod operator;
mod parse;
mod pattern;
mod statement;

pub use document::{Dialect, Document, Effect, PatternList, Position, Statement, Version};
pub use levels::{Levels, levels, levels_in};
pub use operator::{Base, Condition, Operator, Set};
pub use parse::{ParseError, Problem, parse};
pub use pattern::{Pattern, action_matches, wildcard_in_resource_type};
pub use statement::Doubt;

/// Longest SCP that AWS stores, in characters, since May 2026.
///
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
pub const SCP_SIZE_LIMIT: usize = 10_240;
/// Most SCPs that can hang on one root, OU or account, since May 2026.
pub const SCPS_PER_TARGET: usize = 10;
/// Longest delegation (resource) policy, in characters.
pub const DELEGATION_SIZE_LIMIT: usize = 40_000;

/// The size of a policy as AWS counts it: characters, white space included.
pub fn size(text: &str) -> usize {
    text.chars().count()
}
