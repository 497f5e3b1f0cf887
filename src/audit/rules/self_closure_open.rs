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
    use super::RULE;
    use crate::audit::rules::testing::run;
    use crate::model::Observed;
    use crate::model::fixture::{self, DENY_ALL_EXITS, attach, gap};

    #[test]
    fn fails_passes_and_leaves_the_unread_to_the_rule_for_gaps() {
        let mut snapshot = fixture::organization();
        let found = run(&RULE, &snapshot);
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
        assert!(run(&RULE, &snapshot).is_empty());
        snapshot.organization = Observed::Unknown(gap("organizations:DescribeOrganization"));
        assert!(run(&RULE, &snapshot).is_empty());
        assert!(!run(&super::super::exit_verdict_unknown::RULE, &snapshot).is_empty());
    }
}
