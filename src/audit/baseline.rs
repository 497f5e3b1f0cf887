//! Findings about what changed since a baseline.

use std::collections::BTreeMap;

use super::changes::{Changes, VerdictChange};
use super::finding::{Finding, Outcome, fingerprint};
use super::former::Former;
use crate::model::AccountId;
use crate::model::rule::{RuleMeta, Severity};

/// An account that was in the organization and is not in it any more.
static ACCOUNT_VANISHED: RuleMeta = RuleMeta {
    id: "account-vanished",
    title: "An account of an earlier roster is no longer in the organization",
    severity: Severity::Critical,
    explain: "What it checks: accounts of the baseline, or of an earlier run, that AWS no longer lists.\n\
              Why it matters: it tells of a departure without any log. AWS keeps no list of former members, and its \
              event history ends after 90 days.\n\
              How to fix: if it was not meant, contain the principal and invite the account back \
              (remediate --reinvite); if it was, waive it.",
    attack: &["T1666", "T1666.A002"],
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_leave-as-member.html",
    ],
};

/// A way out that was blocked and is not any more.
static GUARD_LOST: RuleMeta = RuleMeta {
    id: "guard-lost",
    title: "A way out that was blocked is not blocked any more",
    severity: Severity::High,
    explain: "What it checks: verdicts of accounts that are in the baseline and in the organization.\n\
              Why it matters: a guard that goes is what comes before an exit.\n\
              How to fix: find out who changed it (detect), and put it back.",
    attack: &["T1666", "T1484"],
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html",
    ],
};

/// What could not be compared with the baseline.
pub static BASELINE_INCOMPLETE: RuleMeta = RuleMeta {
    id: "baseline-not-compared",
    title: "Something could not be compared with the baseline",
    severity: Severity::Low,
    explain: "What it checks: whether the baseline and the present facts have what a comparison needs.\n\
              Why it matters: what could not be compared may have changed.\n\
              How to fix: take a new baseline with a caller that may read everything.",
    attack: &[],
    references: &[],
};

/// Every rule about baselines.
pub static BASELINE_RULES: [&RuleMeta; 3] = [&ACCOUNT_VANISHED, &GUARD_LOST, &BASELINE_INCOMPLETE];

/// Findings about accounts that departed, those of earlier runs included; `told` has what events
/// tell of them.
pub fn vanished(departed: &[Former], told: &BTreeMap<AccountId, String>) -> Vec<Finding> {
    departed.iter().map(|one| of_account(one, told)).collect()
}

fn of_account(former: &Former, told: &BTreeMap<AccountId, String>) -> Finding {
    let Former {
        id, name, email, ..
    } = former;
    let event = told.get(id);
    let severity = if former.was_closed() {
        Severity::Low
    } else {
        ACCOUNT_VANISHED.severity
    };
    let mut evidence = vec![format!(
        "last seen {} as `{name}`, {email}",
        former.last_seen
    )];
    evidence.extend(former.sentences());
    evidence.extend(event.map(|event| format!("events: {event}")));
    if event.is_none() {
        evidence.push("no event that was read tells how".to_owned());
    }
    evidence.extend(former.impact_told());
    Finding {
        severity,
        accounts: vec![id.clone()],
        evidence,
        remedy: format!(
            "if this was not meant: org-exit-guard remediate --reinvite {id}; it lay in {}",
            former
                .path
                .as_ref()
                .and_then(|path| path.last())
                .map_or("a place that is not known", |node| node.as_str())
        ),
        ..Finding::failed(
            &ACCOUNT_VANISHED,
            id.as_str(),
            format!("account {id} `{name}` is no longer in the organization"),
        )
    }
}

/// Findings about guards that went, and about what could not be compared.
pub fn since_baseline(changes: &Changes) -> Vec<Finding> {
    let lost = changes.guards_lost().map(|one| guard_lost(one, changes));
    let unread = changes.not_compared.iter().map(|what| Finding {
        outcome: Outcome::CouldNotTell,
        remedy: "take a new baseline".to_owned(),
        fingerprint: fingerprint(BASELINE_INCOMPLETE.id, &[what]),
        ..Finding::failed(&BASELINE_INCOMPLETE, "baseline", what.clone())
    });
    lost.chain(unread).collect()
}

fn guard_lost(change: &VerdictChange, changes: &Changes) -> Finding {
    let VerdictChange {
        path,
        after,
        accounts,
        ..
    } = change;
    let count = match accounts.len() {
        1 => "1 account".to_owned(),
        many => format!("{many} accounts"),
    };
    let mut evidence: Vec<String> = changes
        .detached
        .iter()
        .map(|one| format!("{} hangs on {} no longer", one.policy, one.node))
        .collect();
    let edits = changes.edits.iter();
    evidence.extend(edits.map(|one| format!("has another text: {}", one.sentence())));
    if let Some((before, after)) = &changes.scp_type {
        evidence.push(format!("the SCP type was {before} and is {after}"));
    }
    let moved = changes.moved.iter();
    let moved = moved.filter(|one| accounts.contains(&one.account));
    evidence.extend(moved.map(|one| format!("account {} was moved", one.account)));
    Finding {
        accounts: accounts.clone(),
        evidence,
        remedy:
            "org-exit-guard detect shows who changed it; org-exit-guard remediate plans a guard"
                .to_owned(),
        ..Finding::failed(
            &GUARD_LOST,
            path.as_str(),
            format!("`{path}` was blocked for {count} and is {after} now"),
        )
    }
}
