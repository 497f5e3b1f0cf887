//! Running one rule on a small organization.

use crate::audit::{Context, Finding, Rule};
use crate::model::fixture::{self, DENY_ALL_EXITS, attach, gap};
use crate::model::settings::Settings;
use crate::model::{Observed, Snapshot};

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

/// Each rule of an open path fails on a bare organization, passes under a guard, and leaves
/// what could not be read to the rule for gaps.
pub(super) fn check_open_path(rule: &Rule) {
    let mut snapshot = fixture::organization();
    let found = run(rule, &snapshot);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].cause, "r-ab12");
    assert_eq!(found[0].accounts, [fixture::account_id("222222222222")]);
    assert!(
        found[0]
            .evidence
            .iter()
            .any(|line| line.starts_with("gets through: arn:aws:iam::222222222222:"))
    );
    attach(&mut snapshot, "p-exits000", DENY_ALL_EXITS, &["r-ab12"]);
    assert!(run(rule, &snapshot).is_empty());
    snapshot.organization = Observed::Unknown(gap("organizations:DescribeOrganization"));
    assert!(run(rule, &snapshot).is_empty());
    assert!(!run(&super::exit_verdict_unknown::RULE, &snapshot).is_empty());
}
