//! Why a plan was not applied or a run not taken back, or not to the end.

use std::fmt;
use std::path::PathBuf;

use super::rows::{Made, StepOutcome};
use crate::aws::Failure;

/// The result of a step that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepResult {
    /// How it ended.
    pub outcome: StepOutcome,
    /// In one line.
    pub detail: String,
    /// What was made or found.
    pub made: Option<Made>,
}

/// What a run left behind that did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// The run.
    pub run: String,
    /// Was it being taken back, rather than applied?
    pub undo: bool,
    /// Where the journal lies.
    pub journal: PathBuf,
    /// Steps that stand, or were taken back.
    pub results: Vec<(String, StepResult)>,
    /// Steps that failed, or whose outcome is not known, with the reason; the first ended its branch.
    pub failed: Vec<(String, String)>,
    /// Steps that were not begun, with the reason.
    pub open: Vec<(String, String)>,
}

/// Why a plan was not applied, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Nothing was changed.
    #[error("refused: {why}; nothing was changed")]
    Refused {
        /// Why.
        why: String,
        /// What to do.
        hint: String,
    },
    /// A step failed or its outcome is not known; what is independent of it was done.
    #[error("{}", Stopped(.0))]
    Stopped(Box<Left>),
    /// It was asked to stop: the call under way was finished, and its outcome is in the journal.
    #[error("{}", Interrupted(.0))]
    Interrupted(Box<Left>),
}

/// A run that stopped, in one line.
struct Stopped<'a>(&'a Left);

impl fmt::Display for Stopped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "run `{}` stopped", self.0.run)?;
        for (number, (step, why)) in self.0.failed.iter().enumerate() {
            let word = if number == 0 { "" } else { ", and" };
            write!(f, "{word} at step `{step}`: {why}")?;
        }
        Ok(())
    }
}

/// A run that was interrupted, in one line.
struct Interrupted<'a>(&'a Left);

impl fmt::Display for Interrupted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "interrupted: run `{}` ", self.0.run)?;
        match (self.0.results.last(), self.0.failed.last()) {
            (_, Some((step, why))) => write!(f, "ended at step `{step}`: {why}"),
            (Some((step, _)), None) => write!(f, "ended after step `{step}`"),
            (None, None) => f.write_str("ended before another step was begun"),
        }
    }
}

pub(super) fn refused(why: impl Into<String>, hint: impl Into<String>) -> ApplyError {
    ApplyError::Refused {
        why: why.into(),
        hint: hint.into(),
    }
}

pub(super) fn unread(failure: &Failure) -> ApplyError {
    refused(failure.to_string(), "run again once it can be read")
}

pub(super) fn unwritten(error: &std::io::Error) -> ApplyError {
    refused(
        format!("cannot keep a journal: {error}"),
        "choose another --state-dir",
    )
}
