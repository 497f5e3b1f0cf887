//! Which findings the steps of a plan resolve.

use std::collections::BTreeSet;

use super::predict;
use super::proof::Proof;
use super::step::Step;
use crate::audit::{Context, Finding};
use crate::model::Snapshot;
use crate::model::settings::Settings;
use crate::verdict::judge;

/// Attachments for which each one's own findings are told; beyond, only those of the whole plan.
const MOST_TOLD: usize = 24;

/// Tells each attachment the findings that are gone after it and were there before it; `all`:
/// those that are gone after the last step.
pub(super) fn resolved_by(
    proof: &mut Proof,
    steps: &[Step],
    all: &[String],
    (now, findings, settings): (&Snapshot, &[Finding], &Settings),
) {
    if proof.takes.len() > MOST_TOLD {
        return;
    }
    let mut known: BTreeSet<String> = BTreeSet::new();
    for (number, step) in steps.iter().enumerate() {
        let Some(takes) = proof.takes.iter_mut().find(|one| one.step == step.id) else {
            continue;
        };
        let first = steps.get(..=number).unwrap_or_default();
        let gone = if first.len() == steps.len() {
            all.to_vec()
        } else {
            resolved(&predict::after(now, first), findings, settings)
        };
        let gone: Vec<String> = gone
            .into_iter()
            .filter(|one| known.insert(one.clone()))
            .collect();
        takes.resolves = gone;
    }
}

/// Findings that are gone once the facts are as predicted.
pub(super) fn resolved(
    predicted: &Snapshot,
    findings: &[Finding],
    settings: &Settings,
) -> Vec<String> {
    let judgement = judge(predicted);
    let after = crate::audit::run(&Context {
        snapshot: predicted,
        judgement: &judgement,
        settings,
    });
    let left: BTreeSet<&str> = after
        .iter()
        .map(|finding| finding.fingerprint.as_str())
        .collect();
    findings
        .iter()
        .filter(|finding| !left.contains(finding.fingerprint.as_str()))
        .map(|finding| {
            let count = finding.accounts.len();
            let accounts = if count == 1 { "account" } else { "accounts" };
            format!(
                "{} ({}, {count} {accounts})",
                finding.rule.id, finding.cause
            )
        })
        .collect()
}
