//! `leave-organization-open`

use super::open_path;
use crate::audit::Rule;
use crate::exits::PathId;
use crate::model::rule::{RuleMeta, Severity};

/// The rule.
pub(super) static META: RuleMeta = RuleMeta {
    id: "leave-organization-open",
    title: "Member accounts can leave the organization",
    severity: Severity::Critical,
    explain: "What it checks: whether organizations:LeaveOrganization gets past the SCPs on the way from the root to each account.\n\
              Why it matters: one call takes the account out; every SCP falls away and the organization's trail stops.\n\
              How to fix: attach an SCP that denies it, with Resource `*` and no condition, to the root.",
    attack: &["T1666", "T1666.A002"],
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html",
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_security_default_controls.html",
    ],
};

pub(super) const RULE: Rule = Rule {
    meta: &META,
    check: |cx| open_path::check(cx, &META, PathId::Leave),
};

#[cfg(test)]
mod tests {
    #[test]
    fn fails_passes_and_leaves_the_unread_to_the_rule_for_gaps() {
        super::super::testing::check_open_path(&super::RULE);
    }
}
