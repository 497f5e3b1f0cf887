//! Facts to report.

use super::verify::SIMULATOR_DISAGREES;
use crate::audit::{Context, Finding, RULES, WAIVER_EXPIRED, WAIVER_UNUSED, unused_waiver};
use crate::detect::Detection;
use crate::model::Snapshot;
use crate::model::rule::RuleMeta;
use crate::model::settings::{Settings, Waiver};
use crate::report::{AuditDocument, Verification};
use crate::verdict::Judgement;

/// A snapshot and everything that follows from it.
#[derive(Debug)]
pub struct Audited {
    /// The facts.
    pub snapshot: Snapshot,
    /// Their verdicts.
    pub judgement: Judgement,
    /// Their findings.
    pub findings: Vec<Finding>,
    /// Their detections.
    pub detections: Vec<Detection>,
    /// What AWS's policy simulator was asked, if it was.
    pub verification: Option<Verification>,
}

impl Audited {
    /// The report.
    pub fn document(&self) -> AuditDocument {
        AuditDocument {
            verification: self.verification.clone(),
            ..AuditDocument::new(
                &self.snapshot,
                &self.judgement,
                &self.findings,
                &self.detections,
            )
        }
    }
}

/// Judges a snapshot.
pub fn judge_all(snapshot: Snapshot, settings: &Settings) -> Audited {
    let judgement = crate::verdict::judge(&snapshot);
    let cx = Context {
        snapshot: &snapshot,
        judgement: &judgement,
        settings,
    };
    let mut findings = crate::audit::run(&cx);
    let detections = crate::detect::detect(&snapshot, settings);
    findings.extend(idle_event_waivers(&snapshot, settings, &detections));
    crate::audit::sort(&mut findings);
    Audited {
        snapshot,
        judgement,
        findings,
        detections,
        verification: None,
    }
}

/// Waivers of events that cover none.
fn idle_event_waivers(
    snapshot: &Snapshot,
    settings: &Settings,
    detections: &[Detection],
) -> Vec<Finding> {
    let of_events = |waiver: &&Waiver| {
        waiver.expires > snapshot.taken_at
            && crate::detect::RULES
                .iter()
                .any(|rule| rule.id == waiver.rule)
    };
    let used = |waiver: &Waiver| {
        detections
            .iter()
            .any(|one| one.waived.as_ref() == Some(waiver))
    };
    let waivers = settings.waivers.iter().filter(of_events);
    waivers
        .filter(|waiver| !used(waiver))
        .map(unused_waiver)
        .collect()
}

/// Every rule, of audits and of events.
pub fn rules() -> Vec<&'static RuleMeta> {
    RULES
        .iter()
        .map(|rule| rule.meta)
        .chain(crate::detect::RULES)
        .chain([&SIMULATOR_DISAGREES, &WAIVER_EXPIRED, &WAIVER_UNUSED])
        .collect()
}

/// The ids of [`rules`].
pub fn rule_ids() -> Vec<&'static str> {
    rules().into_iter().map(|rule| rule.id).collect()
}
