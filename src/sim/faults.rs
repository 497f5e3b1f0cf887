//! What goes wrong on purpose: faults addressed by operation and call number.

use std::time::Duration;

use serde_json::Value;

use super::refusal::Refusal;

/// Which calls of an operation a fault hits; counting starts at 1 and counts
/// every request that arrives, retries included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    /// That one.
    Nth(u32),
    /// The first so many.
    First(u32),
    /// From that one on.
    From(u32),
    /// Every one.
    Every,
}

impl Calls {
    fn hit(self, number: u32) -> bool {
        match self {
            Self::Nth(n) => number == n,
            Self::First(n) => number <= n,
            Self::From(n) => number >= n,
            Self::Every => true,
        }
    }
}

/// A fault and where it strikes.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// As IAM actions are written, e.g. `organizations:AttachPolicy`; `*`: every operation.
    pub operation: String,
    /// Which calls of it.
    pub calls: Calls,
    /// What happens.
    pub kind: Kind,
}

impl Fault {
    /// A fault of an operation.
    pub fn new(operation: &str, calls: Calls, kind: Kind) -> Self {
        Self {
            operation: operation.to_owned(),
            calls,
            kind,
        }
    }

    /// Does it strike the `number`th call of `action`?
    pub(crate) fn hits(&self, action: &str, number: u32) -> bool {
        (self.operation == "*" || self.operation == action) && self.calls.hit(number)
    }
}

/// What happens.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// The error is answered, and nothing takes effect.
    Error(Refusal),
    /// A body that is not AWS's (a proxy's page, nothing at all); nothing takes effect.
    Raw {
        /// HTTP status.
        status: u16,
        /// `content-type` header.
        content_type: String,
        /// The body.
        body: String,
    },
    /// The connection is reset before anything takes effect.
    ResetBefore,
    /// The call takes effect; the connection closes without an answer.
    ClosedAfter,
    /// The call takes effect; the connection is reset without an answer.
    ResetAfter,
    /// The call takes effect; the answer breaks off in the middle.
    CutBody,
    /// The answer comes this much later.
    Delay(Duration),
    /// A value in a successful JSON answer is replaced, e.g. `/Roots/0/PolicyTypes/0/Status`
    /// by a word of the future, or `/Accounts` by null.
    Replace {
        /// JSON pointer; a place that is not there stays as it is.
        pointer: String,
        /// The new value.
        value: Value,
    },
    /// A list answers with an empty page and a token that goes on from there.
    EmptyPage,
    /// A list answers its page with the token that leads to the same page again.
    RepeatToken,
}
