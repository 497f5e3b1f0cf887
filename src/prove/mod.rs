//! All requests at once: can any request for an action get through a stack of SCPs?
//!
//! [`prove`] is quick: it decides what action and resource alone decide, for every principal
//! and every context. [`decide`] is exact: for each kind of principal the statements become a
//! formula (`formula`) over tests on condition keys; all patterns on a key run as one automaton
//! (`joint`), which gives every combination of outcomes that some value has (`key`); then a
//! finite search (`solve`) looks for a request that gets through, and for one that does not.
//! Nothing here evaluates a request: that is `evaluate`, with code of its own.

mod alphabet;
mod classes;
mod compare;
mod compile;
mod decide;
mod domain;
mod effort;
mod formula;
mod glob;
mod instances;
mod joint;
mod key;
mod moment;
mod multivalued;
mod points;
mod readings;
mod resource;
mod review;
mod solve;
mod statement;
mod states;
mod tell;
mod unsaid;
mod who;

pub use decide::{Decision, Example, decide, decide_within};
pub use domain::{Kind, Subject};
pub use effort::{Budget, DECISION_STEPS, Effort};
pub use resource::Target;
pub use review::{Dead, Review, review};
pub use statement::{Reach, Why, reach};
pub use tell::sentences;
pub use who::{Selection, guarded};

use crate::scp::{Document, Effect};

/// What is asked: one action, on a kind of resource, in one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question<'a> {
    /// IAM action.
    pub action: &'a str,
    /// What its requests act on.
    pub target: Target<'a>,
}

/// The SCPs of one node, as far as they are known.
#[derive(Debug, Clone)]
pub struct Level<'a> {
    /// Readable SCPs; the index is the caller's handle.
    pub policies: Vec<(usize, &'a Document)>,
    /// An SCP that may deny could be missing here.
    pub denies_complete: bool,
    /// An SCP that may allow could be missing here.
    pub allows_complete: bool,
}

impl<'a> Level<'a> {
    /// Exactly these SCPs, each with its index as its handle.
    pub fn complete(documents: impl IntoIterator<Item = &'a Document>) -> Self {
        Self {
            policies: documents.into_iter().enumerate().collect(),
            denies_complete: true,
            allows_complete: true,
        }
    }
}

/// A statement: level, the caller's handle of the policy, index of the statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StatementAt {
    /// Index of the level, root first.
    pub level: usize,
    /// Handle of the policy.
    pub policy: usize,
    /// Index within the document.
    pub statement: usize,
}

/// Of a clause that no statement stands for.
const NOWHERE: StatementAt = StatementAt {
    level: usize::MAX,
    policy: usize::MAX,
    statement: 0,
};

/// What holds for every request of the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// No request gets through: this deny binds them all.
    Denied(StatementAt),
    /// No request gets through: nothing at this level allows any.
    NotAllowed {
        /// Index of the level.
        level: usize,
    },
    /// Every request gets through. Denies that name the action but never bind are listed.
    Open {
        /// Denies that name the action but can never apply to it.
        dead: Vec<StatementAt>,
    },
    /// It hangs on these statements, or on what could not be read at these levels.
    Undetermined {
        /// Statements that apply to some requests only, and why.
        hinges: Vec<(StatementAt, Vec<Why>)>,
        /// Levels at which something that matters is missing.
        incomplete: Vec<usize>,
    },
}

/// Decides a question against the levels from the root down.
pub fn prove(levels: &[Level<'_>], question: &Question<'_>) -> Proof {
    let mut hinges = Vec::new();
    let mut dead = Vec::new();
    let mut incomplete = Vec::new();
    let mut not_allowed = None;
    for (index, level) in levels.iter().enumerate() {
        let mut allowed = false;
        let mut perhaps = Vec::new();
        for (at, effect, reach) in reaches(index, level, question) {
            match (effect, reach) {
                (Effect::Deny, Reach::Always) => return Proof::Denied(at),
                (Effect::Deny, Reach::Sometimes(why)) => hinges.push((at, why)),
                (Effect::Deny, Reach::NeverBinds) => dead.push(at),
                (Effect::Allow, Reach::Always) => allowed = true,
                (Effect::Allow, Reach::Sometimes(why)) => perhaps.push((at, why)),
                (_, Reach::Never) | (Effect::Allow, Reach::NeverBinds) => {}
            }
        }
        if !allowed {
            if perhaps.is_empty() && level.allows_complete {
                not_allowed = not_allowed.or(Some(index));
            }
            hinges.extend(perhaps);
        }
        if !level.denies_complete || (!allowed && !level.allows_complete) {
            incomplete.push(index);
        }
    }
    if let Some(level) = not_allowed {
        return Proof::NotAllowed { level };
    }
    if hinges.is_empty() && incomplete.is_empty() {
        return Proof::Open { dead };
    }
    Proof::Undetermined { hinges, incomplete }
}

fn reaches<'a>(
    index: usize,
    level: &'a Level<'a>,
    question: &'a Question<'a>,
) -> impl Iterator<Item = (StatementAt, Effect, Reach)> + 'a {
    level.policies.iter().flat_map(move |(policy, document)| {
        document
            .statements
            .iter()
            .enumerate()
            .map(move |(number, statement)| {
                let at = StatementAt {
                    level: index,
                    policy: *policy,
                    statement: number,
                };
                (at, statement.effect, reach(statement, question))
            })
    })
}
