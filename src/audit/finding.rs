//! What a rule reports.

use crate::model::rule::{Confidence, RuleMeta, Severity};
use crate::model::settings::Waiver;
use crate::model::{AccountId, Gap, sha256_hex};

/// What to do where a snapshot lacks what every audit reads now.
pub(super) const OLDER_SNAPSHOT: &str = "the snapshot is of an older version, which did not read this: take a new one \
                                         (org-exit-guard snapshot -o FILE)";

/// Is something wrong, or could it not be told?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Something is wrong.
    Failed,
    /// It could not be told; never counted as well.
    CouldNotTell,
}

/// One cause and the accounts under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static RuleMeta,
    /// Wrong, or could not tell.
    pub outcome: Outcome,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// One sentence, present tense; may hold untrusted text.
    pub summary: String,
    /// Where the cause lies: a node, policy or `organization`.
    pub cause: String,
    /// Accounts under the cause, sorted.
    pub accounts: Vec<AccountId>,
    /// Statements, attachments, facts; may hold untrusted text.
    pub evidence: Vec<String>,
    /// What could not be read, if that is the reason.
    pub gaps: Vec<Gap>,
    /// What to do.
    pub remedy: String,
    /// Stays the same when the wording changes.
    pub fingerprint: String,
    /// The waiver that covers it.
    pub waived: Option<Waiver>,
}

impl Finding {
    /// A failed rule; fill in the rest by struct update.
    pub fn failed(rule: &'static RuleMeta, cause: impl Into<String>, summary: String) -> Self {
        let cause = cause.into();
        Self {
            rule,
            outcome: Outcome::Failed,
            severity: rule.severity,
            confidence: Confidence::High,
            summary,
            fingerprint: fingerprint(rule.id, &[&cause]),
            cause,
            accounts: Vec::new(),
            evidence: Vec::new(),
            gaps: Vec::new(),
            remedy: String::new(),
            waived: None,
        }
    }

    /// A rule that could not be decided for lack of a fact.
    pub fn unread(rule: &'static RuleMeta, gap: &Gap, what: &str) -> Self {
        let summary = format!("could not tell {what}: {} was not read", gap.operation);
        Self {
            outcome: Outcome::CouldNotTell,
            gaps: vec![gap.clone()],
            remedy: if gap.is_not_read() {
                OLDER_SNAPSHOT.to_owned()
            } else {
                format!("allow the caller {}", gap.operation)
            },
            ..Self::failed(rule, "organization", summary)
        }
    }
}

/// The first 16 hex digits of a hash over the parts, which are never prose.
pub fn fingerprint(rule: &str, parts: &[&str]) -> String {
    let mut bytes = rule.as_bytes().to_vec();
    for part in parts {
        bytes.push(0);
        bytes.extend(part.as_bytes());
    }
    let mut text = sha256_hex(&bytes);
    text.truncate(16);
    text
}
