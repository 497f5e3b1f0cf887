//! The audit report as data: the frozen form that every format lays out.
//!
//! JSON Schema: `docs/schema/audit-report.schema.json`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::audit::{Finding, Outcome};
use crate::detect::Detection;
use crate::exits::{EVENTS, ExitPath};
use crate::model::organization::FeatureSet;
use crate::model::rule::{Confidence, RuleMeta, Severity};
use crate::model::settings::Waiver;
use crate::model::snapshot::Caller;
use crate::model::{AccountId, Gap, GapReason, NodeId, Observed, PolicyId, Snapshot, Timestamp};
use crate::scp::{SCP_SIZE_LIMIT, SCPS_PER_TARGET, size};
use crate::verdict::{Judgement, Standing};

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
    /// What could not be read.
    pub gaps: Vec<Gap>,
    /// Every account, by id.
    pub accounts: Vec<AccountView>,
    /// Every SCP that was met, by id.
    pub policies: Vec<PolicyView>,
    /// The last line.
    pub counts: Counts,
}

/// Name and version.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Tool {
    /// `org-exit-guard`.
    pub name: &'static str,
    /// Its version.
    pub version: String,
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
    /// The event history that was read.
    pub events: EventCoverage,
    /// What this answer cannot know, in sentences.
    pub notes: Vec<String>,
}

/// Which events the answer covers.
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
    /// Records that could not be parsed.
    pub unparsed: Vec<String>,
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

/// A detection.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EventView {
    /// Rule id.
    pub rule: &'static str,
    /// How bad.
    pub severity: Severity,
    /// When.
    #[schemars(with = "String")]
    pub time: Timestamp,
    /// `eventName`.
    pub event: String,
    /// `eventID`.
    pub event_id: String,
    /// The account that it happened to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// One line.
    pub summary: String,
    /// Who.
    pub by: String,
    /// Source address and user agent.
    pub from: String,
    /// How it ended.
    pub outcome: &'static str,
    /// ATT&CK techniques.
    pub attack: &'static [&'static str],
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
    pub verdicts: std::collections::BTreeMap<&'static str, &'static str>,
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

impl AuditDocument {
    /// Builds the report of a snapshot, its verdicts, findings and detections.
    pub fn new(
        snapshot: &Snapshot,
        judgement: &Judgement,
        findings: &[Finding],
        detections: &[Detection],
    ) -> Self {
        let gaps = snapshot.gaps();
        Self {
            format_version: REPORT_VERSION,
            tool: Tool {
                name: "org-exit-guard",
                version: snapshot.tool_version.clone(),
            },
            taken_at: snapshot.taken_at,
            caller: CallerView {
                identity: snapshot.caller.clone(),
                is_management_account: snapshot.caller_manages(),
            },
            organization: organization(snapshot),
            coverage: coverage(snapshot, judgement),
            paths: ExitPath::of_members()
                .map(|path| row(path, judgement))
                .collect(),
            counts: counts(findings, detections, &gaps, snapshot.events.unparsed.len()),
            findings: findings.iter().map(finding).collect(),
            events: detections.iter().map(event).collect(),
            gaps,
            accounts: accounts(snapshot, judgement),
            policies: policies(snapshot),
        }
    }
}

fn organization(snapshot: &Snapshot) -> Option<OrganizationView> {
    let organization = snapshot.organization.known()?;
    let root = snapshot.root.known();
    Some(OrganizationView {
        id: organization.id.to_string(),
        feature_set: organization.feature_set.clone(),
        management_account: organization.management_account.clone(),
        scp_state: root.map(|root| root.scp_state.as_str().to_owned()),
        root: root.map(|root| root.id.to_string()),
    })
}

fn coverage(snapshot: &Snapshot, judgement: &Judgement) -> Coverage {
    let count = |test: fn(&Standing) -> bool| {
        judgement
            .standings
            .values()
            .filter(|standing| test(standing))
            .count()
    };
    let root_scps = snapshot.root.known().and_then(|root| {
        let node = NodeId::Root(root.id.clone());
        snapshot
            .attachments
            .by_node
            .get(&node)?
            .known()
            .map(Vec::len)
    });
    let history = &snapshot.events;
    Coverage {
        accounts: judgement.standings.len(),
        judged: count(|standing| matches!(standing, Standing::Member { .. })),
        not_acting: count(|standing| matches!(standing, Standing::NotActing(_))),
        units: snapshot.units.len(),
        policies: snapshot.policies.len(),
        policies_listed: snapshot.policies_listed.known().copied(),
        root_scps,
        longest_scp: snapshot
            .policies
            .values()
            .filter_map(|policy| policy.content.known())
            .map(|text| size(text))
            .max(),
        documented_scps_per_target: SCPS_PER_TARGET,
        documented_scp_characters: SCP_SIZE_LIMIT,
        events: EventCoverage {
            account: history.account.clone(),
            region: history.region.clone(),
            from: history.from,
            until: history.until,
            records: history.records.len(),
            unparsed: history.unparsed.clone(),
        },
        notes: notes(snapshot),
    }
}

/// What the answer cannot know, whatever the caller's permissions.
fn notes(snapshot: &Snapshot) -> Vec<String> {
    let in_member: Vec<&str> = EVENTS
        .iter()
        .filter(|event| event.in_member)
        .map(|event| event.name)
        .collect();
    let mut notes = vec![
        "the management account and service-linked roles are outside SCPs".to_owned(),
        format!(
            "a member's own {} is logged in that member only; this event history cannot show it",
            in_member.join(" and ")
        ),
    ];
    if snapshot.caller_manages() == Some(false) {
        notes.push(
            "departures are recorded in the management account only; this caller is not it"
                .to_owned(),
        );
    }
    if let Some(endpoint) = &snapshot.caller.endpoint {
        notes.push(format!(
            "the facts come from {endpoint}, not from AWS's own endpoint"
        ));
    }
    notes
}

fn row(path: &ExitPath, judgement: &Judgement) -> PathRow {
    let count = |word: &str| {
        judgement
            .standings
            .values()
            .filter(|standing| standing.word(path.id) == word)
            .count()
    };
    PathRow {
        path: path.id.as_str(),
        title: path.title,
        blocked: count("blocked"),
        conditional: count("conditional"),
        open: count("open"),
        undetermined: count("undetermined"),
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Failed => "failed",
        Outcome::CouldNotTell => "could-not-tell",
    }
}

fn finding(finding: &Finding) -> FindingView {
    let RuleMeta {
        id,
        attack,
        references,
        ..
    } = finding.rule;
    FindingView {
        rule: id,
        outcome: outcome(finding.outcome),
        severity: finding.severity,
        confidence: finding.confidence,
        summary: finding.summary.clone(),
        cause: finding.cause.clone(),
        accounts: finding.accounts.clone(),
        evidence: finding.evidence.clone(),
        gaps: finding.gaps.clone(),
        remedy: finding.remedy.clone(),
        attack,
        references,
        fingerprint: finding.fingerprint.clone(),
        waived: finding.waived.clone(),
    }
}

pub(super) fn event(detection: &Detection) -> EventView {
    EventView {
        rule: detection.rule.id,
        severity: detection.severity,
        time: detection.time,
        event: detection.event.clone(),
        event_id: detection.event_id.clone(),
        account: detection.account.clone(),
        summary: detection.summary.clone(),
        by: detection.by.clone(),
        from: detection.from.clone(),
        outcome: detection.outcome.words(),
        attack: detection.attack,
        waived: detection.waived.clone(),
    }
}

fn accounts(snapshot: &Snapshot, judgement: &Judgement) -> Vec<AccountView> {
    let accounts = snapshot.accounts.known().into_iter().flatten();
    accounts
        .filter_map(|(id, account)| Some((account, judgement.standings.get(id)?)))
        .map(|(account, standing)| AccountView {
            id: account.id.clone(),
            name: account.name.clone(),
            email: account.email.clone(),
            state: account
                .state
                .as_ref()
                .map(|state| state.as_str().to_owned()),
            joined_method: account
                .joined_method
                .as_ref()
                .map(|word| word.as_str().to_owned()),
            joined_at: account.joined_at,
            path: match &account.parents {
                Observed::Known(parents) => Some(parents.clone()),
                Observed::Unknown(_) => None,
            },
            verdicts: ExitPath::of_members()
                .map(|path| (path.id.as_str(), standing.word(path.id)))
                .collect(),
        })
        .collect()
}

fn policies(snapshot: &Snapshot) -> Vec<PolicyView> {
    let attachments = &snapshot.attachments;
    snapshot
        .policies
        .values()
        .map(|policy| {
            let listed = attachments
                .by_policy
                .get(&policy.id)
                .and_then(Observed::known);
            let mut attached_to: Vec<NodeId> = listed.into_iter().flatten().cloned().collect();
            attached_to.extend(attachments.by_node.iter().filter_map(|(node, hanging)| {
                let hanging = hanging.known()?;
                hanging.contains(&policy.id).then(|| node.clone())
            }));
            attached_to.sort();
            attached_to.dedup();
            PolicyView {
                id: policy.id.clone(),
                name: policy.name.clone(),
                aws_managed: policy.aws_managed,
                characters: policy.content.known().map(|text| size(text)),
                attached_to,
                complete: listed.is_some(),
            }
        })
        .collect()
}

pub(super) fn counts(
    findings: &[Finding],
    detections: &[Detection],
    gaps: &[Gap],
    unparsed: usize,
) -> Counts {
    let mut counts = Counts {
        failed: 0,
        // A record that cannot be parsed may be a departure.
        could_not_tell: unparsed,
        waived: 0,
        info: 0,
    };
    let mut add = |waived: bool, severity: Severity, outcome: Outcome| {
        let slot = match (waived, outcome, severity) {
            (true, ..) => &mut counts.waived,
            (false, Outcome::CouldNotTell, _) => &mut counts.could_not_tell,
            (false, Outcome::Failed, Severity::Info) => &mut counts.info,
            (false, Outcome::Failed, _) => &mut counts.failed,
        };
        *slot += 1;
    };
    for finding in findings {
        add(finding.waived.is_some(), finding.severity, finding.outcome);
    }
    for detection in detections {
        add(
            detection.waived.is_some(),
            detection.severity,
            Outcome::Failed,
        );
    }
    // Gaps that no rule speaks of are still not known.
    let telling = findings
        .iter()
        .filter(|finding| finding.outcome == Outcome::CouldNotTell);
    let told: Vec<&Gap> = telling.flat_map(|finding| &finding.gaps).collect();
    let untold = gaps.iter().filter(|gap| !told.contains(gap));
    counts.could_not_tell += untold
        .filter(|gap| gap.reason != GapReason::NotRead)
        .count();
    counts
}
