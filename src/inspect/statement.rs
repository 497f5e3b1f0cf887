//! What one statement does to the requests for an action.

use super::stack::Whose;
use super::words;
use crate::prove::{Budget, Decision, Kind, Level, Question, Reach, Why, decide_within, reach};
use crate::scp::{Document, Effect, Statement, Version};

/// Which of the requests a statement applies to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// All of them.
    Always,
    /// None, and why.
    Never(String),
    /// Those for which all of this holds.
    When(Vec<String>),
    /// It could not be told, and why.
    Unclear(Vec<String>),
}

impl Match {
    /// `matches`, `does-not-match`, `matches-when` or `unclear`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Always => "matches",
            Self::Never(_) => "does-not-match",
            Self::When(_) => "matches-when",
            Self::Unclear(_) => "unclear",
        }
    }

    /// The reasons, in sentences.
    pub fn reasons(&self) -> Vec<String> {
        match self {
            Self::Always => Vec::new(),
            Self::Never(why) => vec![why.clone()],
            Self::When(why) | Self::Unclear(why) => why.clone(),
        }
    }
}

/// Which requests for the question a statement applies to, over principals of `kinds`.
///
/// Decided exactly, as far as the budget goes: the statement alone, as a deny beside
/// `FullAWSAccess`.
pub fn matches(
    statement: &Statement,
    version: Version,
    question: &Question<'_>,
    whose: &Whose,
    kinds: &[Kind],
    budget: &Budget,
) -> Match {
    match reach(statement, question) {
        Reach::Always => return Match::Always,
        Reach::Never => return Match::Never("it does not name the action".to_owned()),
        Reach::NeverBinds => return Match::Never(never_binds(statement, question)),
        Reach::Sometimes(_) => {}
    }
    if budget.is_over() {
        return Match::Unclear(vec![Why::TooComplex.to_string()]);
    }
    let everything = Document::full_aws_access();
    let alone = Document {
        version,
        statements: vec![Statement {
            effect: Effect::Deny,
            ..statement.clone()
        }],
    };
    let level = Level::complete([&everything, &alone]);
    let asked = std::slice::from_ref(question);
    let subject = whose.subject();
    let decision =
        budget.decision(|effort| decide_within(&[level], asked, &subject, kinds, effort));
    match decision {
        Decision::Blocked(_) => Match::Always,
        Decision::Open(_) => Match::Never(never_holds(statement)),
        Decision::Conditional { .. } => Match::When(when(statement)),
        Decision::Undetermined(why) => {
            let mut reasons: Vec<String> = why.iter().map(ToString::to_string).collect();
            reasons.dedup();
            Match::Unclear(reasons)
        }
    }
}

fn never_binds(statement: &Statement, question: &Question<'_>) -> String {
    let patterns = &statement.resources.patterns;
    let first = patterns.first().map_or("", |pattern| pattern.as_str());
    let element = if statement.resources.negated {
        "NotResource"
    } else {
        "Resource"
    };
    if question.target == crate::prove::Target::None {
        format!(
            "{} takes no resource, so only \"*\" names it, and {element} is {first}",
            question.action
        )
    } else {
        format!("{element} {first} names no resource of {}", question.action)
    }
}

fn never_holds(statement: &Statement) -> String {
    let words: Vec<String> = statement.conditions.iter().map(words::condition).collect();
    format!("it never holds that {}", words.join(" and "))
}

/// Conditions in words, and resources that match some requests only.
pub(super) fn when(statement: &Statement) -> Vec<String> {
    let mut when = Vec::new();
    let resources = &statement.resources;
    if !resources.patterns.iter().any(crate::scp::Pattern::is_star) {
        let patterns: Vec<&str> = resources
            .patterns
            .iter()
            .map(crate::scp::Pattern::as_str)
            .collect();
        let verb = if resources.negated {
            "does not match"
        } else {
            "matches"
        };
        when.push(format!("the resource {verb} {}", patterns.join(" or ")));
    }
    when.extend(statement.conditions.iter().map(words::condition));
    when
}
