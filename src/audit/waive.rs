//! Findings that somebody accepted: shown, not counted, until the waiver expires.

use super::finding::{Finding, fingerprint};
use super::{Context, Outcome, RULES};
use crate::model::organization::Account;
use crate::model::rule::{RuleMeta, Severity};
use crate::model::settings::Waiver;
use crate::model::{AccountId, NodeId};

/// A waiver whose day has come.
pub static WAIVER_EXPIRED: RuleMeta = RuleMeta {
    id: "waiver-expired",
    title: "A waiver has expired",
    severity: Severity::Low,
    explain: "What it checks: waivers in the configuration whose `expires` has passed.\n\
              Why it matters: the finding counts again, and somebody once promised to be done by then.\n\
              How to fix: close the finding, or renew the waiver with a new reason.",
    attack: &[],
    references: &[],
};

/// A waiver that covers nothing.
pub static WAIVER_UNUSED: RuleMeta = RuleMeta {
    id: "waiver-unused",
    title: "A waiver covers nothing",
    severity: Severity::Low,
    explain: "What it checks: waivers in the configuration that no finding matches.\n\
              Why it matters: a forgotten waiver silently accepts the next finding of its kind.\n\
              How to fix: remove it.",
    attack: &[],
    references: &[],
};

/// Marks what is waived, split off from what is not, and reports idle waivers.
pub(super) fn apply(findings: Vec<Finding>, cx: &Context<'_>) -> Vec<Finding> {
    let now = cx.snapshot.taken_at;
    let waivers = cx.settings.waivers.iter();
    let (mut result, used) = mark(findings, cx);
    let expired = waivers.clone().filter(|waiver| waiver.expires <= now);
    result.extend(expired.map(expired_waiver));
    // Waivers of events are judged where the events are.
    let ours = |waiver: &Waiver| RULES.iter().any(|rule| rule.meta.id == waiver.rule);
    let unused = waivers
        .filter(|waiver| waiver.expires > now && ours(waiver))
        .filter(|waiver| !used.contains(waiver));
    result.extend(unused.map(unused_waiver));
    result
}

/// Marks what live waivers cover, split off from what they do not.
pub fn waived(findings: Vec<Finding>, cx: &Context<'_>) -> Vec<Finding> {
    mark(findings, cx).0
}

/// The same, and the waivers that covered something.
fn mark<'a>(findings: Vec<Finding>, cx: &Context<'a>) -> (Vec<Finding>, Vec<&'a Waiver>) {
    let now = cx.snapshot.taken_at;
    let waivers = cx.settings.waivers.iter();
    let live: Vec<&Waiver> = waivers.filter(|waiver| waiver.expires > now).collect();
    let mut used = Vec::new();
    let mut result = Vec::new();
    for mut finding in findings {
        // What could not be told cannot be accepted: nobody knows what it is.
        if finding.outcome == Outcome::Failed {
            for waiver in live.iter().filter(|one| one.rule == finding.rule.id) {
                let covered = covered(waiver, &finding, cx);
                if covered
                    .as_ref()
                    .is_some_and(|ids| ids.len() == finding.accounts.len())
                {
                    used.push(*waiver);
                    finding.waived = Some((*waiver).clone());
                    break;
                }
                if let Some(ids) = covered.filter(|ids| !ids.is_empty()) {
                    used.push(*waiver);
                    finding.accounts.retain(|id| !ids.contains(id));
                    let waived = Some((*waiver).clone());
                    result.push(Finding {
                        accounts: ids,
                        waived,
                        ..finding.clone()
                    });
                }
            }
        }
        result.push(finding);
    }
    (result, used)
}

/// The finding for a waiver that covers nothing.
pub fn unused_waiver(waiver: &Waiver) -> Finding {
    idle(&WAIVER_UNUSED, waiver)
}

/// The accounts of a finding that a waiver covers; `None`: it does not concern the finding.
fn covered(waiver: &Waiver, finding: &Finding, cx: &Context<'_>) -> Option<Vec<AccountId>> {
    let Some(target) = &waiver.target else {
        return Some(finding.accounts.clone());
    };
    if finding.accounts.is_empty() {
        return (finding.cause == target.as_str()).then(Vec::new);
    }
    let accounts = cx.snapshot.accounts.known();
    // An account that departed is listed no longer, but still has its id.
    let below = |id: &&AccountId| match accounts.and_then(|accounts| accounts.get(*id)) {
        _ if *target == NodeId::Account((*id).clone()) => true,
        Some(Account { parents, .. }) => parents.known().is_some_and(|all| all.contains(target)),
        None => false,
    };
    Some(finding.accounts.iter().filter(below).cloned().collect())
}

/// The finding for a waiver whose day has come.
pub fn expired_waiver(waiver: &Waiver) -> Finding {
    idle(&WAIVER_EXPIRED, waiver)
}

fn idle(rule: &'static RuleMeta, waiver: &Waiver) -> Finding {
    let target = waiver.target.as_ref().map_or("everywhere", NodeId::as_str);
    let summary = format!(
        "waiver for `{}` ({target}, owner {}): {}",
        waiver.rule, waiver.owner, rule.title
    );
    Finding {
        evidence: vec![
            format!("reason given: {}", waiver.reason),
            format!("expires {}", waiver.expires),
        ],
        remedy: "edit the `[[waiver]]` entry in the configuration".to_owned(),
        fingerprint: fingerprint(rule.id, &[&waiver.rule, target]),
        ..Finding::failed(rule, "configuration", summary)
    }
}
