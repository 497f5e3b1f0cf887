//! What goes wrong on purpose: faults addressed by operation and call number.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::mutation::Mutation;
use super::refusal::Refusal;
use super::world::{World, unit_interval};

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
    /// So many of a thousand, drawn from a seed.
    PerMille {
        /// How many of a thousand.
        share: u32,
        /// What is drawn depends on it and the call's number only.
        seed: u64,
    },
}

impl Calls {
    fn hit(self, number: u32) -> bool {
        match self {
            Self::Nth(n) => number == n,
            Self::First(n) => number <= n,
            Self::From(n) => number >= n,
            Self::Every => true,
            Self::PerMille { share, seed } => {
                let drawn = unit_interval(seed.wrapping_add(u64::from(number)));
                drawn * 1000.0 < f64::from(share)
            }
        }
    }
}

/// A fault and where it strikes.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// As IAM actions are written, e.g. `organizations:AttachPolicy`; `organizations:*` and `*`
    /// are every operation of one service and of all.
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
        let named = match self.operation.strip_suffix('*') {
            Some(start) => action.starts_with(start),
            None => self.operation == action,
        };
        named && self.calls.hit(number)
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
    /// A list answers fewer items than asked for, and a token.
    ShortPage,
    /// A list answers its page in the opposite order: AWS promises none.
    Reversed,
    /// The body comes in two halves with this much time between them.
    SlowBody(Duration),
    /// A read answers from before the last write, while that is younger than
    /// `within` (`None`: however old).
    Stale {
        /// How long a write takes to show.
        within: Option<Duration>,
    },
    /// The caller's credentials expire with this call and stay so.
    ExpireCredentials,
    /// Somebody else changes the world just before this call.
    Change(Change),
}

/// A change of the world by others.
#[derive(Clone)]
pub struct Change(Arc<dyn Fn(&mut World) + Send + Sync>);

impl Change {
    /// A change made by a closure.
    pub fn new(change: impl Fn(&mut World) + Send + Sync + 'static) -> Self {
        Self(Arc::new(change))
    }

    /// A change that has a name.
    pub fn named(mutation: Mutation) -> Self {
        Self::new(move |world| world.mutate(&mutation))
    }

    pub(crate) fn make(&self, world: &mut World) {
        (self.0)(world);
    }
}

impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Change")
    }
}

/// Two are the same if they are copies of one.
impl PartialEq for Change {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
