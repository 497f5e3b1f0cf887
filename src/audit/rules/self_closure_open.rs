//! `self-closure-open`

use super::open_path;
use crate::audit::Rule;
use crate::exits::PathId;
use crate::model::rule::{RuleMeta, Severity};

/// The rule.
pub(super) static META: RuleMeta = RuleMeta {
    id: "self-closure-open",
    title: "Root users can close their member accounts",
    severity: Severity::Medium,
    explain: "What it checks: whether account:CloseAccount gets past the SCPs for the account's root user.\n\
              Why it matters: a closed account stops its workloads and departs after 90 days; AWS denies it by default in new organizations.\n\
              How to fix: deny account:CloseAccount at the root, and manage root access centrally.",
    attack: &["T1531"],
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_security_default_controls.html",
    ],
};

pub(super) const RULE: Rule = Rule {
    meta: &META,
    check: |cx| open_path::check(cx, &META, PathId::SelfClosure),
};

#[cfg(test)]
mod tests {
    #[test]
    fn fails_passes_and_leaves_the_unread_to_the_rule_for_gaps() {
        super::super::testing::check_open_path(&super::RULE);
    }
}
