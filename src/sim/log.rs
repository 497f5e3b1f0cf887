//! What was called, by whom, with which result: what tests read.

/// One request that reached the simulator, retries included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedCall {
    /// As IAM actions are written, e.g. `organizations:AttachPolicy`.
    pub operation: String,
    /// The caller's account, unless the key is unknown.
    pub account: Option<String>,
    /// The caller's ARN, unless the key is unknown.
    pub principal: Option<String>,
    /// How it ended.
    pub outcome: CallOutcome,
}

/// How a call ended, seen from AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallOutcome {
    /// Took effect, and the answer went out whole.
    Done,
    /// Refused by AWS's rules, permissions or rates: the exception's name.
    Refused(String),
    /// A fault answered in its place; nothing took effect.
    Faulted,
    /// Took effect (or was refused), but a fault lost or spoilt the answer.
    AnswerLost,
}

impl LoggedCall {
    /// The operation without its service.
    pub fn name(&self) -> &str {
        self.operation
            .split_once(':')
            .map_or(self.operation.as_str(), |(_, name)| name)
    }
}
