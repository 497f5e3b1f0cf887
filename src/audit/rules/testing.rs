//! Running one rule on a small organization.

use crate::audit::{Context, Finding, Rule};
use crate::model::Snapshot;
use crate::model::settings::Settings;

pub(super) fn run(rule: &Rule, snapshot: &Snapshot) -> Vec<Finding> {
    run_with(rule, snapshot, &Settings::default())
}

pub(super) fn run_with(rule: &Rule, snapshot: &Snapshot, settings: &Settings) -> Vec<Finding> {
    let judgement = crate::verdict::judge(snapshot);
    (rule.check)(&Context {
        snapshot,
        judgement: &judgement,
        settings,
    })
}
