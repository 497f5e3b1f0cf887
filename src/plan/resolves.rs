//! Which findings the steps of a plan resolve.

use std::collections::{BTreeMap, BTreeSet};

use super::predict;
use super::proof::Proof;
use super::step::Step;
use crate::audit::{Context, Finding};
use crate::model::settings::Settings;
use crate::model::{AccountId, Snapshot};
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
    let mut left: BTreeMap<&str, BTreeSet<&AccountId>> = BTreeMap::new();
    for finding in &after {
        let accounts = left.entry(finding.rule.id).or_default();
        accounts.extend(&finding.accounts);
    }
    let same: BTreeSet<&str> = after.iter().map(|one| one.fingerprint.as_str()).collect();
    let told = |finding: &Finding| {
        let count = finding.accounts.len();
        // An account that has a finding of the rule afterwards keeps it, whatever its cause is then.
        let still = left.get(finding.rule.id);
        let gone = finding.accounts.iter();
        let gone = gone.filter(|id| !still.is_some_and(|still| still.contains(id)));
        let number = match (count, gone.count()) {
            (0, _) if same.contains(finding.fingerprint.as_str()) => return None,
            (1.., 0) => return None,
            (1, _) => "1 account".to_owned(),
            (count, gone) if count == gone => format!("{count} accounts"),
            (count, gone) => format!("{gone} of {count} accounts"),
        };
        Some(format!("{} ({}, {number})", finding.rule.id, finding.cause))
    };
    findings.iter().filter_map(told).collect()
}
