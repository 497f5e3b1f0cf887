//! `direct-transfer-rests-on-leave-deny`

use crate::audit::{Context, Finding, Rule, rollup};
use crate::exits::PathId;
use crate::model::AccountId;
use crate::model::rule::{Confidence, RuleMeta, Severity};
use crate::verdict::{Answer, Hinge};

static META: RuleMeta = RuleMeta {
    id: "direct-transfer-rests-on-leave-deny",
    title: "Only the deny of LeaveOrganization stands against a direct transfer",
    severity: Severity::Medium,
    explain: "What it checks: accounts for which LeaveOrganization is denied and AcceptHandshake is not.\n\
              Why it matters: AWS's authorization reference says that accepting a foreign invitation needs both \
              actions; two other AWS pages say that it does not need LeaveOrganization.\n\
              How to fix: deny organizations:AcceptHandshake as well.",
    attack: &["T1666", "T1666.A002"],
    references: &[
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_organizations.html",
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_account_migration.html",
    ],
};

pub(super) const RULE: Rule = Rule { meta: &META, check };

fn check(cx: &Context<'_>) -> Vec<Finding> {
    let accounts: Vec<AccountId> = cx
        .judgement
        .members_with(PathId::DirectTransfer, |answer| {
            matches!(answer, Answer::Undetermined(hinges) if hinges == &[Hinge::PagesDisagree])
        })
        .map(|(id, _)| id.clone())
        .collect();
    if accounts.is_empty() {
        return Vec::new();
    }
    let summary = format!(
        "LeaveOrganization is denied but AcceptHandshake is not, and AWS's pages disagree on whether \
         that stops a direct transfer: {}",
        rollup::accounts(accounts.len())
    );
    let mut evidence = rollup::whereabouts(&accounts, cx);
    evidence.extend(META.references.iter().map(|page| format!("page: {page}")));
    vec![Finding {
        confidence: Confidence::Medium,
        accounts,
        evidence,
        remedy: "attach the guard to the root: org-exit-guard remediate".to_owned(),
        ..Finding::failed(&META, rollup::root(cx), summary)
    }]
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::audit::rules::testing::run;
    use crate::model::Observed;
    use crate::model::fixture::{self, DENY_ALL_EXITS, DENY_LEAVE, attach, gap};

    #[test]
    fn fails_passes_and_is_silent_without_facts() {
        let mut snapshot = fixture::organization();
        assert!(run(&RULE, &snapshot).is_empty(), "open is another rule's");
        attach(&mut snapshot, "p-leave000", DENY_LEAVE, &["r-ab12"]);
        assert_eq!(run(&RULE, &snapshot).len(), 1);
        attach(&mut snapshot, "p-exits000", DENY_ALL_EXITS, &["r-ab12"]);
        assert!(run(&RULE, &snapshot).is_empty());
        snapshot.root = Observed::Unknown(gap("organizations:ListRoots"));
        assert!(run(&RULE, &snapshot).is_empty());
    }
}
