//! `invitation-open`

use crate::audit::{Context, Finding, Rule};
use crate::model::organization::Handshake;
use crate::model::rule::{RuleMeta, Severity};

static META: RuleMeta = RuleMeta {
    id: "invitation-open",
    title: "Invitations of this organization wait for an answer",
    severity: Severity::Info,
    explain: "What it checks: invitations that this organization sent and that nobody has answered.\n\
              Why it matters: each of them lets an account in, to the root; one that nobody remembers is a surprise.\n\
              How to fix: cancel those that are not meant.",
    attack: &[],
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_invites.html",
    ],
};

pub(super) const RULE: Rule = Rule { meta: &META, check };

fn check(cx: &Context<'_>) -> Vec<Finding> {
    let handshakes = &cx.snapshot.handshakes;
    if let Some(gap) = handshakes.gap() {
        return vec![Finding::unread(&META, gap, "which invitations are open")];
    }
    let now = cx.snapshot.taken_at;
    let waits = |one: &&Handshake| {
        one.is_unanswered_invitation() && one.expires_at.is_none_or(|expires| expires > now)
    };
    let open: Vec<&Handshake> = handshakes
        .known()
        .into_iter()
        .flatten()
        .filter(waits)
        .collect();
    if open.is_empty() {
        return Vec::new();
    }
    let summary = match open.len() {
        1 => "1 invitation of this organization waits for an answer".to_owned(),
        count => format!("{count} invitations of this organization wait for an answer"),
    };
    let evidence = open
        .iter()
        .map(|one| {
            let to = one
                .account
                .as_ref()
                .map(ToString::to_string)
                .or_else(|| one.email.clone());
            let until = one
                .expires_at
                .map(|time| format!(", expires {time}"))
                .unwrap_or_default();
            format!(
                "{} to {}{until}",
                one.id,
                to.unwrap_or_else(|| "an unknown account".to_owned())
            )
        })
        .collect();
    vec![Finding {
        accounts: open.iter().filter_map(|one| one.account.clone()).collect(),
        evidence,
        remedy: "cancel those that are not meant".to_owned(),
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
    use crate::model::organization::{Handshake, HandshakeState};

    #[test]
    fn open_lapsed_and_unknown() {
        let mut snapshot = fixture::organization();
        assert!(run(&RULE, &snapshot).is_empty());
        let handshake = |expires: &str| Handshake {
            id: "h-examplehandshake".parse().unwrap(),
            action: "INVITE".to_owned(),
            state: HandshakeState::Open,
            account: Some(fixture::account_id("333333333333")),
            email: None,
            organization: None,
            requested_at: None,
            expires_at: Some(expires.parse().unwrap()),
        };
        snapshot.handshakes = Observed::Known(vec![handshake("2026-12-01T00:00:00Z")]);
        assert_eq!(run(&RULE, &snapshot).len(), 1);
        snapshot.handshakes = Observed::Known(vec![handshake("2026-11-01T00:00:00Z")]);
        assert!(run(&RULE, &snapshot).is_empty());
        snapshot.handshakes = Observed::Unknown(gap("organizations:ListHandshakesForOrganization"));
        assert_eq!(run(&RULE, &snapshot)[0].outcome, Outcome::CouldNotTell);
    }
}
