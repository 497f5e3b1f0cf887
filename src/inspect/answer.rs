//! One decision with its reasons.

use super::request::Witness;
use crate::prove::StatementAt;

/// The decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// No request gets through.
    Blocked,
    /// Some do and some do not.
    Conditional,
    /// Every request gets through.
    Open,
    /// Neither could be shown.
    Undetermined,
}

impl Word {
    /// The word in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Conditional => "conditional",
            Self::Open => "open",
            Self::Undetermined => "undetermined",
        }
    }
}

/// A decision over every request that was asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The decision.
    pub word: Word,
    /// A request that gets through, confirmed by `evaluate`, unless nothing does.
    pub witness: Option<Witness>,
    /// Who gets through where some do, in words; may hold untrusted text.
    pub exemptions: Vec<String>,
    /// Why, in sentences; may hold untrusted text.
    pub because: Vec<String>,
    /// The fewest denies that block by themselves or with the allows as they are.
    pub sufficient: Vec<StatementAt>,
}

impl Answer {
    pub(super) fn undetermined(because: Vec<String>) -> Self {
        Self {
            word: Word::Undetermined,
            witness: None,
            exemptions: Vec::new(),
            because,
            sufficient: Vec::new(),
        }
    }
}
