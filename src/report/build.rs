//! From the facts and what follows from them to the audit report.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{
    AccountView, AuditDocument, CallerView, Counts, Coverage, EventCoverage, FindingView,
    OrganizationView, PathRow, PolicyView, REPORT_VERSION, Tool,
};
use super::members;
use super::timeline::{EventView, StoryView};
use crate::audit::{Finding, Outcome};
use crate::detect::{Detection, Story};
use crate::exits::ExitPath;
use crate::model::rule::{RuleMeta, Severity};
use crate::model::{Gap, GapReason, NodeId, Observed, PolicyId, Snapshot};
use crate::scp::{SCP_SIZE_LIMIT, SCPS_PER_TARGET, size};
use crate::verdict::{Judgement, Standing};

impl AuditDocument {
    /// Builds the report of a snapshot, its verdicts, findings and detections.
    pub fn new(
        snapshot: &Snapshot,
        judgement: &Judgement,
        findings: &[Finding],
        (detections, stories): (&[Detection], &[Story]),
    ) -> Self {
        let gaps = snapshot.gaps();
        Self {
            format_version: REPORT_VERSION,
            tool: Tool::of(&snapshot.tool_version),
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
            counts: counts(findings, detections, &gaps, snapshot.unparsed().count()),
            findings: findings.iter().map(finding).collect(),
            events: detections.iter().map(EventView::of).collect(),
            stories: stories
                .iter()
                .map(|story| StoryView::of(story, detections))
                .collect(),
            verification: None,
            departed: Vec::new(),
            aftermath: BTreeMap::new(),
            changes: None,
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
        events: EventCoverage::of(&snapshot.events),
        members: snapshot
            .histories()
            .skip(1)
            .map(EventCoverage::of)
            .collect(),
        notes: notes(snapshot),
    }
}

/// What the answer cannot know, whatever the caller's permissions.
fn notes(snapshot: &Snapshot) -> Vec<String> {
    let mut notes =
        vec!["the management account and service-linked roles are outside SCPs".to_owned()];
    notes.extend(members::blind_spots(snapshot));
    if snapshot.trails.is_not_read() || snapshot.event_rules.is_not_read() {
        notes.push(
            "the snapshot is of an older version, which did not read who would hear of an exit: \
             take a new one (org-exit-guard snapshot -o FILE)"
                .to_owned(),
        );
    }
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

pub(super) fn finding(finding: &Finding) -> FindingView {
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
    let mut attached: BTreeMap<&PolicyId, BTreeSet<&NodeId>> = BTreeMap::new();
    for (node, policy) in attachments.pairs() {
        attached.entry(policy).or_default().insert(node);
    }
    snapshot
        .policies
        .values()
        .map(|policy| {
            let listed = attachments.by_policy.get(&policy.id);
            let nodes = attached.get(&policy.id).into_iter().flatten();
            PolicyView {
                id: policy.id.clone(),
                name: policy.name.clone(),
                aws_managed: policy.aws_managed,
                characters: policy.content.known().map(|text| size(text)),
                attached_to: nodes.map(|node| (*node).clone()).collect(),
                complete: listed.and_then(Observed::known).is_some(),
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
