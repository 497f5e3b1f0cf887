//! Which requests of a question a single statement applies to.

use super::Question;
use super::resource;
use crate::scp::{Doubt, Pattern, PatternList, Statement, action_matches};

/// How many of the question's requests a statement applies to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// All of them.
    Always,
    /// None: it does not name the action.
    Never,
    /// None, although it names the action: its resource can never match.
    NeverBinds,
    /// It hangs on this.
    Sometimes(Vec<Why>),
}

/// What a statement's reach hangs on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// A condition, as written.
    Condition(String),
    /// A resource pattern that matches some requests only.
    Resource(String),
    /// `NotResource` with ARNs on an action without resource types: AWS documents no meaning.
    NotResourceWithoutResources,
    /// Syntax without documented meaning.
    Undocumented(Doubt),
    /// A comparison that cannot be told for all requests at once, or that AWS's pages leave open.
    Unclear(String),
    /// A condition of which AWS's pages do not say what it comes to, and what is not said.
    Unsaid(String, String),
    /// Deciding it takes more work than is allowed.
    TooComplex,
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Condition(text) => write!(f, "condition {text}"),
            Self::Resource(text) => write!(f, "resource {text} matches some requests only"),
            Self::NotResourceWithoutResources => f.write_str(
                "AWS does not document what NotResource with ARNs means for an action without resources",
            ),
            Self::Undocumented(doubt) => doubt.fmt(f),
            Self::Unclear(text) => write!(f, "what {text} comes to cannot be told"),
            Self::Unsaid(text, why) => {
                write!(f, "AWS does not say what {text} comes to: {why}")
            }
            Self::TooComplex => f.write_str("deciding it takes more work than is allowed"),
        }
    }
}

/// Yes, no, or it depends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Covers {
    All,
    None,
    Some(Why),
}

impl Covers {
    pub(super) fn negated(self) -> Self {
        match self {
            Self::All => Self::None,
            Self::None => Self::All,
            some @ Self::Some(_) => some,
        }
    }

    /// All if any covers all; none if every one covers none.
    pub(super) fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::None;
        for part in parts {
            match part {
                Self::All => return Self::All,
                Self::Some(_) => result = part,
                Self::None => {}
            }
        }
        result
    }
}

/// Which requests of the question the statement applies to.
pub fn reach(statement: &Statement, question: &Question<'_>) -> Reach {
    let mut why = Vec::new();
    match actions(&statement.actions, question.action) {
        Covers::None => return Reach::Never,
        Covers::Some(reason) => why.push(reason),
        Covers::All => {}
    }
    match resource::covers(&statement.resources, &question.target) {
        Covers::None => return Reach::NeverBinds,
        Covers::Some(reason) => why.push(reason),
        Covers::All => {}
    }
    why.extend(
        statement
            .conditions
            .iter()
            .map(|one| Why::Condition(one.to_string())),
    );
    why.extend(statement.doubts.iter().filter_map(|doubt| match doubt {
        Doubt::OperatorSpelling(_) | Doubt::EmptyCondition(_) => {
            Some(Why::Undocumented(doubt.clone()))
        }
        // Judged where the pattern itself is.
        Doubt::WildcardService(_)
        | Doubt::BlankInAction(_)
        | Doubt::IncompleteArn(_)
        | Doubt::WildcardInResourceType(_) => None,
    }));
    if why.is_empty() {
        Reach::Always
    } else {
        Reach::Sometimes(why)
    }
}

pub(super) fn actions(list: &PatternList, action: &str) -> Covers {
    let covers = Covers::any(
        list.patterns
            .iter()
            .map(|pattern| action_covers(pattern, action)),
    );
    if list.negated {
        covers.negated()
    } else {
        covers
    }
}

fn action_covers(pattern: &Pattern, action: &str) -> Covers {
    let text = pattern.as_str();
    if pattern.is_star() {
        return Covers::All;
    }
    if text == "*:*" {
        return Covers::Some(Why::Undocumented(Doubt::WildcardService(text.to_owned())));
    }
    if action_matches(pattern, action) {
        return Covers::All;
    }
    let without_blanks: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if without_blanks != text && action_matches(&Pattern::new(without_blanks), action) {
        return Covers::Some(Why::Undocumented(Doubt::BlankInAction(text.to_owned())));
    }
    Covers::None
}
