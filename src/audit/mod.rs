//! Snapshot and verdicts to findings, rolled up by cause.
//!
//! One file a rule under `rules/`, one line in [`RULES`].

mod aftermath;
mod baseline;
mod changes;
mod delegation;
mod edited;
mod finding;
mod former;
mod impact;
mod retagged;
mod rollup;
mod rules;
mod stack_sets;
mod waive;

pub use aftermath::{Acting, Aftermath, Bound, DepartureEvent, aftermath};
pub use baseline::{BASELINE_INCOMPLETE, BASELINE_RULES, since_baseline, vanished};
pub use changes::{Attached, Changes, Judged, Moved, VerdictChange, changes};
pub use delegation::{Grant, LIFTING, grants};
pub use edited::Edited;
pub use finding::{Finding, Outcome, fingerprint};
pub use former::{Former, former};
pub use impact::{AccessRole, Impact, Recording, Unbound, impact};
pub use retagged::{OtherValue, Retagged};
pub use rules::RULES;
pub use stack_sets::{Firing, stack_sets_firing};
pub use waive::{WAIVER_EXPIRED, WAIVER_UNUSED, expired_waiver, unused_waiver, waived};

use crate::model::Snapshot;
use crate::model::rule::RuleMeta;
use crate::model::settings::Settings;
use crate::verdict::Judgement;

/// What a rule sees.
#[derive(Debug)]
pub struct Context<'a> {
    /// The facts.
    pub snapshot: &'a Snapshot,
    /// The verdicts on them.
    pub judgement: &'a Judgement,
    /// What the administrator decided.
    pub settings: &'a Settings,
}

/// A rule: what it is, and how it looks at the facts.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Identity and documentation.
    pub meta: &'static RuleMeta,
    /// Returns what it found; nothing means that all is well.
    pub check: fn(&Context<'_>) -> Vec<Finding>,
}

/// Runs every rule and applies the waivers; worst first, then by rule and cause.
pub fn run(cx: &Context<'_>) -> Vec<Finding> {
    let found = RULES.iter().flat_map(|rule| (rule.check)(cx)).collect();
    let mut findings = waive::apply(found, cx);
    sort(&mut findings);
    findings
}

/// Invitations of other organizations that wait in members, waivers applied; the one rule that
/// needs no verdicts.
pub fn foreign_invitations(snapshot: &Snapshot, settings: &Settings) -> Vec<Finding> {
    let cx = Context {
        snapshot,
        judgement: &Judgement::default(),
        settings,
    };
    waived((rules::foreign_invitation_waits::RULE.check)(&cx), &cx)
}

/// Worst first, then by rule and cause.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        (b.severity, a.outcome, a.rule.id, &a.cause, &a.fingerprint).cmp(&(
            a.severity,
            b.outcome,
            b.rule.id,
            &b.cause,
            &b.fingerprint,
        ))
    });
}
