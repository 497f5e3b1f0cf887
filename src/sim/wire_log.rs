//! What goes over the wire, for judges that read it later: one JSON object a line.
//!
//! `tests/judges/model_check.py` holds every line against AWS's service models.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Map, Value, json};

use super::service::{Outcome, Reply};

/// The variable that names the directory in which each process of a test run leaves what its
/// simulators were asked and answered. It is read by those who start a simulator to be
/// judged; unset, nothing is written.
pub const WIRE_LOG: &str = "ORG_EXIT_GUARD_WIRE_LOG";

/// Headers without which a message cannot be understood.
const HEADERS: [&str; 5] = [
    "authorization",
    "content-type",
    "user-agent",
    "x-amz-target",
    "x-amzn-errortype",
];

/// A file that lines are added to; several simulators of a process share it.
#[derive(Debug)]
pub(super) struct WireLog(File);

impl WireLog {
    /// Opens a file to add to.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self(file))
    }

    /// Adds one exchange, whole even where a fault lets only a part of the answer through.
    pub(super) fn write(&self, request: &http::Request<Bytes>, reply: &Reply) {
        let (outcome, answer) = match &reply.outcome {
            Outcome::Answer(answer) => ("answer", Some(answer)),
            Outcome::CutBody(answer) => ("cut", Some(answer)),
            Outcome::SlowBody(answer, _) => ("slow", Some(answer)),
            Outcome::Reset => ("reset", None),
            Outcome::Closed => ("closed", None),
        };
        let line = json!({
            "from": "simulator",
            "method": request.method().as_str(),
            "path": request.uri().path(),
            "headers": headers(request.headers()),
            "body": String::from_utf8_lossy(request.body()),
            "outcome": outcome,
            "spoilt": reply.spoilt,
            "status": answer.map(|answer| answer.status().as_u16()),
            "answer_headers": answer.map(|answer| headers(answer.headers())),
            "answer": answer.map(|answer| String::from_utf8_lossy(answer.body())),
        });
        // One write a line, so that lines of several simulators do not mix. A full
        // disk must not change what the simulator answers.
        let _ = (&self.0).write_all(format!("{line}\n").as_bytes());
    }
}

fn headers(all: &HeaderMap) -> Value {
    let kept = HEADERS.into_iter().filter_map(|name| {
        let value = all.get(name)?.to_str().ok()?;
        Some((name.to_owned(), json!(value)))
    });
    Value::Object(kept.collect::<Map<_, _>>())
}
