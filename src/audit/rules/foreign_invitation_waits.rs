//! `foreign-invitation-waits`

use crate::audit::{Context, Finding, Rule, fingerprint};
use crate::model::organization::Handshake;
use crate::model::rule::{RuleMeta, Severity};

static META: RuleMeta = RuleMeta {
    id: "foreign-invitation-waits",
    title: "Another organization's invitation waits in a member",
    severity: Severity::High,
    explain: "What it checks: invitations of other organizations that a member sees and nobody there has answered; \
              only with --member-role.\n\
              Why it matters: accepting one moves the account straight into the other organization, and no event \
              tells of the invitation.\n\
              How to fix: ask who asked for it; decline it in the member; attach the guard to the root.",
    attack: &["T1666", "T1666.A002"],
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListHandshakesForAccount.html",
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_accept-decline-invite.html",
    ],
};

pub(in crate::audit) const RULE: Rule = Rule { meta: &META, check };

fn check(cx: &Context<'_>) -> Vec<Finding> {
    // Unread: the gap is told by itself, and nothing can be told apart.
    let Some(organization) = cx.snapshot.organization.known() else {
        return Vec::new();
    };
    let own = Some(&organization.id);
    let now = cx.snapshot.taken_at;
    let waits = |one: &&Handshake| {
        one.is_unanswered_invitation()
            && one.expires_at.is_none_or(|expires| expires > now)
            && one.organization.as_ref() != own
    };
    let mut findings = Vec::new();
    for (account, facts) in &cx.snapshot.members {
        let seen = facts.handshakes.known().into_iter().flatten();
        let evidence: Vec<String> = seen.filter(waits).map(words).collect();
        if evidence.is_empty() {
            continue;
        }
        let summary = format!("account {account} is invited by another organization");
        findings.push(Finding {
            accounts: vec![account.clone()],
            fingerprint: fingerprint(META.id, &[account.as_str()]),
            evidence,
            remedy: "decline it in the member, and attach the guard to the root".to_owned(),
            ..Finding::failed(&META, account.to_string(), summary)
        });
    }
    findings
}

fn words(one: &Handshake) -> String {
    let from = one.organization.as_ref().map_or_else(
        || "an unknown organization".to_owned(),
        |id| format!("organization {id}"),
    );
    let until = one.expires_at.map(|time| format!(", expires {time}"));
    format!("{} of {from}{}", one.id, until.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::RULE;
    use crate::audit::rules::testing::run;
    use crate::model::Observed;
    use crate::model::fixture::{self, gap};
    use crate::model::organization::{Handshake, HandshakeState};
    use crate::model::snapshot::MemberFacts;

    #[test]
    fn only_the_open_invitation_of_another_organization_counts() {
        let mut snapshot = fixture::organization();
        let own = snapshot.organization.known().unwrap().id.clone();
        let account = fixture::account_id("222222222222");
        let handshake = Handshake {
            id: "h-examplehandshake".parse().unwrap(),
            action: "INVITE".to_owned(),
            state: HandshakeState::Open,
            account: Some(account.clone()),
            email: None,
            organization: Some("o-otherorg0000".parse().unwrap()),
            requested_at: None,
            expires_at: Some("2026-12-01T00:00:00Z".parse().unwrap()),
        };
        let lapsed = Handshake {
            expires_at: Some("2026-11-01T00:00:00Z".parse().unwrap()),
            ..handshake.clone()
        };
        let ours = Handshake {
            organization: Some(own),
            ..handshake.clone()
        };
        for (handshakes, expected) in [
            (Observed::Known(vec![handshake]), 1),
            (Observed::Known(vec![lapsed, ours]), 0),
            // The gap is told by itself, and counts in the exit code.
            (
                Observed::Unknown(gap("organizations:ListHandshakesForAccount")),
                0,
            ),
        ] {
            let facts = MemberFacts {
                role: "arn:aws:iam::222222222222:role/audit".to_owned(),
                history: Observed::Unknown(gap("sts:AssumeRole")),
                handshakes,
                roles: Observed::Unknown(gap("iam:ListRoles")),
            };
            snapshot.members = BTreeMap::from([(account.clone(), facts)]);
            assert_eq!(run(&RULE, &snapshot).len(), expected);
        }
    }
}
