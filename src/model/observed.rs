//! A fact, or the reason why it could not be read. Never a guess, never silence.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A fact about the organization, or the reason it could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Observed<T> {
    /// The fact as AWS told it.
    Known(T),
    /// Why there is no fact.
    Unknown(Gap),
}

impl<T> Observed<T> {
    /// The fact, if it was read.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }

    /// The gap, if the fact was not read.
    pub fn gap(&self) -> Option<&Gap> {
        match self {
            Self::Known(_) => None,
            Self::Unknown(gap) => Some(gap),
        }
    }

    /// Nobody asked `operation` for it, because nothing that was asked for depends on it.
    pub fn not_read(operation: &str) -> Self {
        Self::Unknown(Gap {
            operation: operation.to_owned(),
            target: None,
            reason: GapReason::NotRead,
            message: String::new(),
            request_id: None,
        })
    }

    /// Did nobody ask, for no special reason? Files leave such facts out.
    pub fn is_not_read(&self) -> bool {
        self.gap().is_some_and(Gap::is_not_read)
    }

    /// Applies `f` to the fact and keeps a gap as it is.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Observed<U> {
        match self {
            Self::Known(value) => Observed::Known(f(value)),
            Self::Unknown(gap) => Observed::Unknown(gap),
        }
    }
}

impl<T> From<Result<T, Gap>> for Observed<T> {
    fn from(result: Result<T, Gap>) -> Self {
        match result {
            Ok(value) => Self::Known(value),
            Err(gap) => Self::Unknown(gap),
        }
    }
}

/// Why a fact is missing: which operation, on what, and what came back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// The API operation that should have told it, e.g. `organizations:ListRoots`.
    pub operation: String,
    /// The node, policy or account that was asked about, if the operation takes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The kind of failure.
    pub reason: GapReason,
    /// What AWS or the network said, in one line.
    pub message: String,
    /// AWS's request id, for a support case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Gap {
    /// See [`Observed::is_not_read`].
    pub fn is_not_read(&self) -> bool {
        self.reason == GapReason::NotRead && self.message.is_empty()
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.operation)?;
        if let Some(target) = &self.target {
            write!(f, " on {target}")?;
        }
        write!(f, ": {}", self.reason)?;
        if !self.message.is_empty() {
            write!(f, " ({})", self.message)?;
        }
        Ok(())
    }
}

/// The kinds of failure that leave a gap.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum GapReason {
    /// The caller may not call the operation.
    AccessDenied,
    /// AWS kept throttling until the patience for this read was used up.
    Throttled,
    /// No answer, or not one from AWS: network, time-out, proxy page, server fault.
    Unreachable,
    /// An answer that breaks AWS's own description of it.
    Malformed,
    /// The endpoint refused the request or does not know the operation.
    Refused,
    /// This caller cannot see the fact, whatever its permissions.
    NotVisible,
    /// Not asked, because nothing that was asked for depends on it.
    NotRead,
    /// This build leaves out the part that would ask.
    NotBuiltIn,
}

impl fmt::Display for GapReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AccessDenied => "access denied",
            Self::Throttled => "throttled",
            Self::Unreachable => "no answer",
            Self::Malformed => "malformed answer",
            Self::Refused => "refused",
            Self::NotVisible => "not visible to this caller",
            Self::NotRead => "not read",
            Self::NotBuiltIn => "not built in",
        })
    }
}
