//! What to do now, in one sentence.

use super::rules::{
    ACCOUNT_DEPARTED, ACCOUNT_JOINED_UNINVITED, ACCOUNT_LEFT, ACCOUNT_PUT_OUT, ACCOUNT_REMOVED,
    EXIT_ATTEMPTED, GUARD_CHANGED, ORGANIZATION_DELETED, ROOT_USER_TOUCHED,
};
use crate::model::AccountId;
use crate::model::record::Actor;
use crate::model::rule::RuleMeta;

/// The next step for a detection of a rule; empty where nothing is to be done. May hold
/// untrusted text.
pub(super) fn next_step(
    rule: &'static RuleMeta,
    account: Option<&AccountId>,
    actor: &Actor,
) -> String {
    let principal = actor
        .session_issuer
        .as_deref()
        .or(actor.arn.as_deref())
        .unwrap_or("the principal");
    let id = rule.id;
    if id == ACCOUNT_LEFT.id || id == ACCOUNT_DEPARTED.id {
        return match account {
            Some(account) => format!(
                "look up in {account} who called LeaveOrganization or AcceptHandshake, contain that principal, then: \
                 org-exit-guard remediate --reinvite {account}"
            ),
            None => "find out which account it was: compare the list of accounts with an older one"
                .to_owned(),
        };
    }
    if id == ACCOUNT_REMOVED.id || id == ACCOUNT_PUT_OUT.id || id == ORGANIZATION_DELETED.id {
        return format!("ask whether {principal} was meant to do this in the management account");
    }
    if id == EXIT_ATTEMPTED.id {
        return format!(
            "look at what {principal} did around that time, and disable its credentials"
        );
    }
    if id == GUARD_CHANGED.id {
        return format!(
            "compare with the planned changes of {principal}; org-exit-guard audit shows what is open now"
        );
    }
    if id == ACCOUNT_JOINED_UNINVITED.id {
        return "find out who owns the account".to_owned();
    }
    if id == ROOT_USER_TOUCHED.id {
        return "ask the owner of the root mailbox".to_owned();
    }
    String::new()
}
