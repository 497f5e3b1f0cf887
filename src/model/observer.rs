//! What happens while facts are read or changes made; progress bars, JSON
//! streams and tests listen.

use super::observed::Gap;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// An attempt of an AWS call ended, retried ones included.
    Called {
        /// IAM-style operation name, e.g. `organizations:ListAccounts`.
        operation: &'a str,
        /// HTTP status; `None` when no answer came.
        status: Option<u16>,
    },
    /// A phase of reading began.
    Phase(&'a str),
    /// Items of a list read so far.
    Read {
        /// What is listed, e.g. "accounts".
        what: &'a str,
        /// How many so far.
        count: usize,
    },
    /// A fact could not be read.
    GapFound(&'a Gap),
    /// A remediation step begins.
    StepStarted {
        /// The step's id within the plan.
        step: &'a str,
        /// The step in words.
        title: &'a str,
    },
    /// A remediation step ended.
    StepEnded {
        /// The step's id within the plan.
        step: &'a str,
        /// The outcome in one word: `done`, `already-done`, `failed`, `unknown`.
        outcome: &'a str,
    },
}

/// Listens to [`Event`]s; must not block.
pub trait Observer: Send + Sync + std::fmt::Debug {
    /// Takes note of one event.
    fn on(&self, event: &Event<'_>);
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn on(&self, _event: &Event<'_>) {}
}
