//! The audit report as data: the frozen form that every format lays out.
//!
//! JSON Schema: `docs/schema/audit-report.schema.json`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::timeline::{EventView, StoryView};
use crate::audit::{Aftermath, Changes, Former};
use crate::model::organization::FeatureSet;
use crate::model::rule::{Confidence, Severity};
use crate::model::settings::Waiver;
use crate::model::snapshot::{Caller, EventHistory};
use crate::model::{AccountId, Gap, NodeId, PolicyId, Timestamp};

/// The version of this form.
pub const REPORT_VERSION: u32 = 1;

/// An audit report.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AuditDocument {
    /// Version of this form.
    pub format_version: u32,
    /// What wrote it.
    pub tool: Tool,
    /// As of when.
    #[schemars(with = "String")]
    pub taken_at: Timestamp,
    /// Who read the facts.
    pub caller: CallerView,
    /// The organization; absent if it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrganizationView>,
    /// What the answer covers and what it cannot.
    pub coverage: Coverage,
    /// One row for each path that members can take.
    pub paths: Vec<PathRow>,
    /// Worst first.
    pub findings: Vec<FindingView>,
    /// Newest first.
    pub events: Vec<EventView>,
    /// Events that belong together, newest first.
    pub stories: Vec<StoryView>,
    /// What AWS's policy simulator was asked, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification: Option<Verification>,
    /// Accounts of an earlier roster that are not in the organization: what the way back needs.
    pub departed: Vec<Former>,
    /// What departures ended of accounts that no roster knows: their events alone do. `departed` has
    /// the impact of those that one knows.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub aftermath: BTreeMap<AccountId, Aftermath>,
    /// What differs from an earlier snapshot, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<Changes>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
    /// Every account, by id.
    pub accounts: Vec<AccountView>,
    /// Every SCP that was met, by id.
    pub policies: Vec<PolicyView>,
    /// The last line.
    pub counts: Counts,
}

/// The verdicts put to AWS's policy simulator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Verification {
    /// Questions that it answered.
    pub answered: usize,
    /// Answers that agree.
    pub agreed: usize,
    /// What it could not be asked, in sentences.
    pub not_asked: Vec<String>,
}

/// Name and version.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Tool {
    /// `org-exit-guard`.
    pub name: &'static str,
    /// Its version.
    pub version: String,
}

impl Tool {
    /// This tool, in the version that read the facts or made the document.
    pub(super) fn of(version: &str) -> Self {
        Self {
            name: "org-exit-guard",
            version: version.to_owned(),
        }
    }
}

/// Who read.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CallerView {
    /// Identity, partition, region and endpoint.
    #[serde(flatten)]
    pub identity: Caller,
    /// Is it the management account; absent if unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_management_account: Option<bool>,
}

/// The organization.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct OrganizationView {
    /// Its id.
    pub id: String,
    /// `ALL` or `CONSOLIDATED_BILLING`.
    pub feature_set: FeatureSet,
    /// The account that no SCP binds.
    pub management_account: AccountId,
    /// State of the SCP policy type, if it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scp_state: Option<String>,
    /// The root, if it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
}

/// What the answer covers.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Coverage {
    /// Accounts listed, the management account included.
    pub accounts: usize,
    /// Members that were judged.
    pub judged: usize,
    /// Closed or suspended members, not judged.
    pub not_acting: usize,
    /// OUs met.
    pub units: usize,
    /// SCPs met.
    pub policies: usize,
    /// SCPs in the organization, if they were listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policies_listed: Option<usize>,
    /// SCPs attached to the root, if that was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_scps: Option<usize>,
    /// Length of the longest SCP that was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest_scp: Option<usize>,
    /// The most that AWS documents for one root, OU or account.
    pub documented_scps_per_target: usize,
    /// The longest SCP that AWS documents, in characters.
    pub documented_scp_characters: usize,
    /// The caller's event history.
    pub events: EventCoverage,
    /// Members' own event histories that were read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<EventCoverage>,
    /// What this answer cannot know, in sentences.
    pub notes: Vec<String>,
}

/// An event history that was read.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EventCoverage {
    /// Whose event history.
    pub account: AccountId,
    /// Which region's.
    pub region: String,
    /// From.
    #[schemars(with = "String")]
    pub from: Timestamp,
    /// Until.
    #[schemars(with = "String")]
    pub until: Timestamp,
    /// Records found.
    pub records: usize,
    /// Records that could not be parsed: which, and why.
    pub unparsed: Vec<String>,
}

impl EventCoverage {
    pub(super) fn of(history: &EventHistory) -> Self {
        Self {
            account: history.account.clone(),
            region: history.region.clone(),
            from: history.from,
            until: history.until,
            records: history.records.len(),
            unparsed: history.unparsed.clone(),
        }
    }
}

/// How many accounts can take a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PathRow {
    /// Path id.
    pub path: &'static str,
    /// In words.
    pub title: &'static str,
    /// Proved blocked.
    pub blocked: usize,
    /// Proved open to some principals or requests, and to some not.
    pub conditional: usize,
    /// Proved open.
    pub open: usize,
    /// Neither.
    pub undetermined: usize,
}

/// A finding.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FindingView {
    /// Rule id.
    pub rule: &'static str,
    /// `failed` or `could-not-tell`.
    pub outcome: &'static str,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// One sentence.
    pub summary: String,
    /// Where the cause lies.
    pub cause: String,
    /// Accounts under it.
    pub accounts: Vec<AccountId>,
    /// What it rests on.
    pub evidence: Vec<String>,
    /// What could not be read, if that is the reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// What to do.
    pub remedy: String,
    /// ATT&CK techniques.
    pub attack: &'static [&'static str],
    /// AWS pages.
    pub references: &'static [&'static str],
    /// Stays the same when the wording changes.
    pub fingerprint: String,
    /// The waiver that covers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waived: Option<Waiver>,
}

/// An account and its verdicts.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AccountView {
    /// Its id.
    pub id: AccountId,
    /// Its name: untrusted text.
    pub name: String,
    /// Root e-mail: untrusted text.
    pub email: String,
    /// Its state, if AWS told it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Created or invited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined_method: Option<String>,
    /// When it joined.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub joined_at: Option<Timestamp>,
    /// Root first, its parent last; absent if its place is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<Vec<NodeId>>,
    /// `blocked`, `conditional`, `open`, `undetermined`, `outside-scps` or `not-acting`, by path id.
    pub verdicts: BTreeMap<&'static str, &'static str>,
}

/// An SCP and where it hangs, as far as that was read.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PolicyView {
    /// Its id.
    pub id: PolicyId,
    /// Its name: untrusted text.
    pub name: String,
    /// Managed by AWS.
    pub aws_managed: bool,
    /// Length of its text, if that was read; AWS counts characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub characters: Option<usize>,
    /// Nodes that it is known to hang on.
    pub attached_to: Vec<NodeId>,
    /// Are those all? An audit reads no further than its verdicts need; `--full` reads all.
    pub complete: bool,
}

/// The last line of every report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counts {
    /// Findings and events that are wrong, waived and merely informative ones left out.
    pub failed: usize,
    /// Findings that could not be told, what could not be read, and records that could not be parsed.
    pub could_not_tell: usize,
    /// Accepted by a waiver.
    pub waived: usize,
    /// For information only.
    pub info: usize,
}
