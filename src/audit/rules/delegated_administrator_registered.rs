//! `delegated-administrator-registered`

use crate::audit::{Context, Finding, Rule};
use crate::model::rule::{RuleMeta, Severity};

static META: RuleMeta = RuleMeta {
    id: "delegated-administrator-registered",
    title: "Members are delegated administrators",
    severity: Severity::Info,
    explain: "What it checks: which members are registered as delegated administrators, and for which services.\n\
              Why it matters: such a member reads the whole organization, and cannot leave while it is registered; \
              deregistering it is the step before an exit.\n\
              How to fix: nothing, if each of them is meant; else deregister it.",
    attack: &[],
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_integrate_delegated_admin.html",
    ],
};

pub(super) const RULE: Rule = Rule { meta: &META, check };

fn check(cx: &Context<'_>) -> Vec<Finding> {
    let administrators = &cx.snapshot.delegated_administrators;
    if let Some(gap) = administrators.gap() {
        return vec![Finding::unread(
            &META,
            gap,
            "who the delegated administrators are",
        )];
    }
    let administrators = administrators
        .known()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if administrators.is_empty() {
        return Vec::new();
    }
    let accounts: Vec<_> = administrators
        .iter()
        .map(|one| one.account.clone())
        .collect();
    let summary = match accounts.len() {
        1 => "1 member is a delegated administrator".to_owned(),
        count => format!("{count} members are delegated administrators"),
    };
    let evidence = administrators
        .iter()
        .map(|one| match (one.services.known(), one.services.gap()) {
            (Some(services), _) => format!("{}: {}", one.account, services.join(", ")),
            (None, Some(gap)) => format!("{}: services unknown, {gap}", one.account),
            (None, None) => one.account.to_string(),
        })
        .collect();
    vec![Finding {
        accounts,
        evidence,
        gaps: administrators
            .iter()
            .filter_map(|one| one.services.gap().cloned())
            .collect(),
        remedy: "check that each of them is meant".to_owned(),
        ..Finding::failed(&META, "organization", summary)
    }]
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::audit::Outcome;
    use crate::audit::rules::testing::run;
    use crate::model::Observed;
    use crate::model::fixture::{self, gap};
    use crate::model::organization::DelegatedAdministrator;

    #[test]
    fn lists_none_some_and_unknown() {
        let mut snapshot = fixture::organization();
        assert!(run(&RULE, &snapshot).is_empty());
        snapshot.delegated_administrators = Observed::Known(vec![DelegatedAdministrator {
            account: fixture::account_id("222222222222"),
            since: None,
            services: Observed::Known(vec!["guardduty.amazonaws.com".to_owned()]),
        }]);
        assert_eq!(
            run(&RULE, &snapshot)[0].evidence,
            ["222222222222: guardduty.amazonaws.com"]
        );
        snapshot.delegated_administrators =
            Observed::Unknown(gap("organizations:ListDelegatedAdministrators"));
        assert_eq!(run(&RULE, &snapshot)[0].outcome, Outcome::CouldNotTell);
    }
}
