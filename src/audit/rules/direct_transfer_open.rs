//! `direct-transfer-open`

use super::open_path;
use crate::audit::Rule;
use crate::exits::PathId;
use crate::model::rule::{RuleMeta, Severity};

/// The rule.
pub(super) static META: RuleMeta = RuleMeta {
    id: "direct-transfer-open",
    title: "Member accounts can move into another organization",
    severity: Severity::Critical,
    explain: "What it checks: whether organizations:AcceptHandshake of a foreign invitation and organizations:LeaveOrganization both get past the SCPs.\n\
              Why it matters: since November 2025 accepting an invitation moves a member straight into the inviting organization.\n\
              How to fix: deny organizations:AcceptHandshake beside organizations:LeaveOrganization at the root.",
    attack: &["T1666", "T1666.A002"],
    references: &[
        "https://aws.amazon.com/about-aws/whats-new/2025/11/aws-organizations-direct-account-transfers/",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_organizations.html",
    ],
};

pub(super) const RULE: Rule = Rule {
    meta: &META,
    check: |cx| open_path::check(cx, &META, PathId::DirectTransfer),
};

#[cfg(test)]
mod tests {
    #[test]
    fn fails_passes_and_leaves_the_unread_to_the_rule_for_gaps() {
        super::super::testing::check_open_path(&super::RULE);
    }
}
