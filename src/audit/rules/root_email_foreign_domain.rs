//! `root-email-foreign-domain`

use std::collections::BTreeMap;

use crate::audit::{Context, Finding, Rule, rollup};
use crate::model::AccountId;
use crate::model::rule::{RuleMeta, Severity};

static META: RuleMeta = RuleMeta {
    id: "root-email-foreign-domain",
    title: "Root e-mail addresses lie outside the company's domains",
    severity: Severity::Medium,
    explain: "What it checks: the domain of each account's root e-mail against `email_domains` of the configuration; \
              without that list nothing is checked.\n\
              Why it matters: whoever reads the mailbox recovers the root user and answers invitations.\n\
              How to fix: change the address from the management account (account:StartPrimaryEmailUpdate); after an \
              exit that is no longer possible.",
    attack: &["T1078.004"],
    references: &[
        "https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-update-root-user-email.html",
    ],
};

pub(super) const RULE: Rule = Rule { meta: &META, check };

fn check(cx: &Context<'_>) -> Vec<Finding> {
    let domains = &cx.settings.email_domains;
    if domains.is_empty() {
        return Vec::new();
    }
    let accounts = match (cx.snapshot.accounts.known(), cx.snapshot.accounts.gap()) {
        (Some(accounts), _) => accounts,
        (None, Some(gap)) => {
            return vec![Finding::unread(&META, gap, "whose root e-mail lies where")];
        }
        (None, None) => return Vec::new(),
    };
    let mut foreign: BTreeMap<String, Vec<AccountId>> = BTreeMap::new();
    for account in accounts.values().filter(|account| account.is_acting()) {
        let domain = account
            .email
            .rsplit_once('@')
            .map_or("", |(_, domain)| domain);
        let domain = domain.to_ascii_lowercase();
        if !domains.contains(&domain) {
            foreign.entry(domain).or_default().push(account.id.clone());
        }
    }
    if foreign.is_empty() {
        return Vec::new();
    }
    let evidence = foreign
        .iter()
        .map(|(domain, ids)| format!("{domain}: {}", rollup::accounts(ids.len())))
        .collect();
    let mut accounts: Vec<AccountId> = foreign.into_values().flatten().collect();
    accounts.sort();
    let summary = format!(
        "root e-mail outside the configured domains: {}",
        rollup::accounts(accounts.len())
    );
    vec![Finding {
        accounts,
        evidence,
        remedy: "move the addresses to a mailbox that the company controls".to_owned(),
        ..Finding::failed(&META, "organization", summary)
    }]
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::audit::Outcome;
    use crate::audit::rules::testing::{run, run_with};
    use crate::model::Observed;
    use crate::model::fixture::{self, gap};
    use crate::model::settings::Settings;

    #[test]
    fn only_configured_domains_are_checked() {
        let mut snapshot = fixture::organization();
        assert!(run(&RULE, &snapshot).is_empty());
        let settings = |domain: &str| Settings {
            email_domains: [domain.to_owned()].into(),
            ..Settings::default()
        };
        assert!(run_with(&RULE, &snapshot, &settings("example.com")).is_empty());
        let found = run_with(&RULE, &snapshot, &settings("corp.example"));
        assert_eq!(
            found[0].accounts.len(),
            2,
            "the management account counts too"
        );
        snapshot.accounts = Observed::Unknown(gap("organizations:ListAccounts"));
        let found = run_with(&RULE, &snapshot, &settings("corp.example"));
        assert_eq!(found[0].outcome, Outcome::CouldNotTell);
    }
}
