//! What a rule is, whether it judges policies or events.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How bad, worst last so that thresholds compare.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Hygiene.
    Low,
    /// Makes an exit easier or harder to notice.
    Medium,
    /// A guard that may not hold.
    High,
    /// Accounts can leave now, or have left.
    Critical,
}

impl Severity {
    /// The word in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// How sure the finding itself is, apart from how bad it would be.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// AWS's documents leave room.
    Low,
    /// Rests on one AWS page.
    Medium,
    /// Proved from the facts.
    High,
}

/// A rule's identity and documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleMeta {
    /// Kebab-case statement of the bad state; never renamed.
    pub id: &'static str,
    /// The same in words.
    pub title: &'static str,
    /// Severity unless the finding says otherwise.
    pub severity: Severity,
    /// What it checks, why it matters, how to fix it.
    pub explain: &'static str,
    /// ATT&CK techniques.
    pub attack: &'static [&'static str],
    /// AWS pages.
    pub references: &'static [&'static str],
}
