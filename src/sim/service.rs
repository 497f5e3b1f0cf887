//! The seam between a transport and the simulated AWS: request in, reply out.

use std::fmt::Debug;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

/// Something that answers HTTP requests without sockets, waiting or a clock of its own.
pub trait Service: Send + Sync + Debug {
    /// Answers one request that arrived at `now`.
    fn handle(&self, now: SystemTime, request: &http::Request<Bytes>) -> Reply;

    /// The time that the transport passes as `now`.
    fn now(&self) -> SystemTime;
}

/// What the transport is to do.
#[derive(Debug)]
pub struct Reply {
    /// How long the transport waits first.
    pub after: Duration,
    /// What happens then.
    pub outcome: Outcome,
    /// A fault made the answer one that AWS's models do not have, on purpose.
    pub spoilt: bool,
}

/// How an exchange ends.
#[derive(Debug)]
pub enum Outcome {
    /// An HTTP answer, whole.
    Answer(http::Response<Bytes>),
    /// The connection is reset without an answer.
    Reset,
    /// The connection is closed without an answer.
    Closed,
    /// The head and half of the body arrive, then the connection breaks.
    CutBody(http::Response<Bytes>),
    /// The head and half of the body arrive, the rest after the given time.
    SlowBody(http::Response<Bytes>, Duration),
}

impl From<Outcome> for Reply {
    fn from(outcome: Outcome) -> Self {
        Self {
            after: Duration::ZERO,
            outcome,
            spoilt: false,
        }
    }
}
