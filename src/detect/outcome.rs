//! How a call ended, and what a refusal says of the guard.

use crate::model::record::Record;

/// What refused a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedBy {
    /// A service control policy: the guard held.
    Scp,
    /// No identity policy allows it: says nothing about the guard.
    Iam,
    /// A constraint, after authorization had passed: only a payment method, an age or the like
    /// stood in the way.
    Constraint,
    /// Another error.
    Other,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It had its effect.
    Succeeded,
    /// It was refused.
    Refused(RefusedBy),
    /// It was let through and came to nothing, as a closure may.
    Failed,
}

/// Refusals beside constraint violations that come after authorization: what was asked for cannot
/// be, not: may not be.
const CANNOT_BE: [&str; 3] = [
    "AccountOwnerNotVerifiedException",
    "MasterCannotLeaveOrganizationException",
    "OrganizationNotEmptyException",
];

impl Outcome {
    /// Reads the outcome of a record. `errorCode` is `AccessDenied` in public records and
    /// `AccessDeniedException` in the API's model, so prefixes count.
    pub fn of(record: &Record) -> Self {
        let Some(code) = &record.error_code else {
            let state = record.details.pointer("/closeAccountStatus/state");
            let failed = state.and_then(serde_json::Value::as_str);
            return match failed.map(str::to_ascii_lowercase).as_deref() {
                Some("failed") => Self::Failed,
                _ => Self::Succeeded,
            };
        };
        let message = record.error_message.as_deref().unwrap_or("");
        Self::Refused(if code.starts_with("AccessDenied") {
            if message.contains("service control policy") {
                RefusedBy::Scp
            } else {
                RefusedBy::Iam
            }
        } else if code.contains("ConstraintViolation") || CANNOT_BE.contains(&code.as_str()) {
            RefusedBy::Constraint
        } else {
            RefusedBy::Other
        })
    }

    /// The words for reports.
    pub fn words(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Refused(RefusedBy::Scp) => "refused by an SCP",
            Self::Refused(RefusedBy::Iam) => "refused by IAM, which says nothing about the guard",
            Self::Refused(RefusedBy::Constraint) => {
                "refused by a constraint after authorization had passed"
            }
            Self::Refused(RefusedBy::Other) => "refused",
            Self::Failed => "failed",
        }
    }
}
