//! What the journal holds: one row a line.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Receipt;
use crate::model::{HandshakeId, PolicyId, Timestamp};
use crate::plan::PlanDocument;

/// The version of the journal's format.
pub const JOURNAL_VERSION: u32 = 2;

/// One row; on disk its line ends with the SHA-256 of what stands before, as `hash`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// From 0, without holes.
    pub sequence: u64,
    /// The hash of the row before; empty in the first.
    pub previous: String,
    /// When it was written.
    #[schemars(with = "String")]
    pub time: Timestamp,
    /// What it says.
    #[serde(flatten)]
    pub entry: Entry,
}

/// What a row says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Entry {
    /// The first row.
    RunOpen(Box<Header>),
    /// Somebody goes on with a run that did not end.
    Resumed(By),
    /// A step is about to be looked at and perhaps written.
    Intent(Intent),
    /// What the step sets was looked for and is not there; the call goes out next.
    Sending(Sending),
    /// What came of it.
    Outcome(Outcome),
    /// Every step is done.
    RunClose,
    /// Somebody takes the run back.
    UndoOpen(By),
    /// A step is about to be taken back.
    UndoIntent(Intent),
    /// What came of that.
    UndoOutcome(Outcome),
    /// All of the run is taken back.
    UndoClose,
    /// A part is taken back: something of the run stands.
    UndoPartClose,
}

/// What a run is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Header {
    /// Version of the journal's form.
    pub format_version: u32,
    /// The run's id.
    pub run: String,
    /// Tool and version.
    pub tool: String,
    /// ARN of who applied it.
    pub caller: String,
    /// Why.
    pub reason: String,
    /// Digest of the plan.
    pub plan_digest: String,
    /// The plan, whole, with the facts that it rests on.
    pub plan: PlanDocument,
}

/// Who goes on with a run or takes it back, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct By {
    /// ARN.
    pub caller: String,
    /// In the administrator's words.
    pub reason: String,
}

/// A step that is about to be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Intent {
    /// The step's id.
    pub step: String,
    /// In one line.
    pub title: String,
}

/// A call that is about to go out, after a read that did not show what it sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sending {
    /// The step's id.
    pub step: String,
    /// What of the step was lacking, where that may be a part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lacking: Option<Made>,
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    /// The step's id.
    pub step: String,
    /// In one word.
    pub outcome: StepOutcome,
    /// In one line.
    pub detail: String,
    /// What was made or found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Made>,
    /// Every write that was sent for it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
}

/// One attempt of a write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Call {
    /// IAM action.
    pub action: String,
    /// AWS's id of the request, as in CloudTrail; absent if no answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// HTTP status; absent if no answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

impl From<Receipt> for Call {
    fn from(receipt: Receipt) -> Self {
        Self {
            action: receipt.action,
            request_id: receipt.request_id,
            status: receipt.status,
        }
    }
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepOutcome {
    /// Written, and read back.
    Done,
    /// It was so before.
    AlreadyDone,
    /// Refused; nothing was changed by this step.
    Failed,
    /// It may or may not have happened.
    Unknown,
    /// It stood, and somebody took it back before the run ended.
    Reverted,
}

impl StepOutcome {
    /// The word for reports and the journal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::AlreadyDone => "already-done",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Reverted => "reverted",
        }
    }

    /// Does the step stand?
    pub fn stands(self) -> bool {
        matches!(self, Self::Done | Self::AlreadyDone)
    }
}

/// What a step made or found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Made {
    /// An SCP.
    Policy(PolicyId),
    /// An invitation.
    Invitation(HandshakeId),
    /// Keys that an account had not before: untrusted text.
    Tags(BTreeSet<String>),
}
