//! What the organization's delegation policy lets members do to SCPs.
//!
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs-policy-delegate.html>

use crate::scp::{Document, Effect, Statement, action_matches};

/// Actions with which a guard can be lifted.
pub const LIFTING: [&str; 5] = [
    "organizations:AttachPolicy",
    "organizations:DetachPolicy",
    "organizations:UpdatePolicy",
    "organizations:DeletePolicy",
    "organizations:DisablePolicyType",
];

/// A statement that lets somebody touch SCPs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Number of the statement, from one.
    pub number: usize,
    /// Line of the text.
    pub line: usize,
    /// Its `Sid`: untrusted text.
    pub sid: Option<String>,
    /// To whom, as written: untrusted text.
    pub principals: Vec<String>,
    /// Which of the lifting actions.
    pub actions: Vec<&'static str>,
    /// Conditions as written; they may narrow the grant.
    pub conditions: Vec<String>,
    /// `NotAction` or `NotResource`, refused in new policies since June 2026.
    pub inverted: bool,
}

/// Every statement that allows a lifting action.
///
/// Conditions are shown and not weighed, except the one that plainly speaks of other policy types.
pub fn grants(document: &Document) -> Vec<Grant> {
    document
        .statements
        .iter()
        .enumerate()
        .filter(|(_, statement)| statement.effect == Effect::Allow && !other_type(statement))
        .filter_map(|(index, statement)| {
            let actions: Vec<&'static str> = LIFTING
                .into_iter()
                .filter(|action| covers(statement, action))
                .collect();
            (!actions.is_empty()).then(|| Grant {
                number: index + 1,
                line: statement.at.line,
                sid: statement.sid.clone(),
                principals: principals(statement),
                actions,
                conditions: statement
                    .conditions
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
                inverted: statement.actions.negated || statement.resources.negated,
            })
        })
        .collect()
}

fn covers(statement: &Statement, action: &str) -> bool {
    let named = statement
        .actions
        .patterns
        .iter()
        .any(|pattern| action_matches(pattern, action));
    named != statement.actions.negated
}

fn principals(statement: &Statement) -> Vec<String> {
    let list = statement.principals.as_ref();
    let negated = list.is_some_and(|list| list.negated);
    let patterns = list.into_iter().flat_map(|list| &list.patterns);
    patterns
        .map(|one| {
            if negated {
                format!("everyone but {one}")
            } else {
                one.to_string()
            }
        })
        .collect()
}

/// Is the statement held to policy types other than SCPs by a plain equality?
fn other_type(statement: &Statement) -> bool {
    use crate::scp::Base;
    statement.conditions.iter().any(|condition| {
        condition
            .key
            .eq_ignore_ascii_case("organizations:PolicyType")
            && condition.operator.base == Base::StringEquals
            && !condition.operator.if_exists
            && condition.operator.set.is_none()
            && condition
                .values
                .iter()
                .all(|value| value != "SERVICE_CONTROL_POLICY" && !value.contains("${"))
    })
}
