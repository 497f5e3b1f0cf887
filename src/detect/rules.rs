//! The kinds of detection, each with its documentation.

use std::collections::BTreeMap;

use crate::model::record::Record;
use crate::model::rule::{RuleMeta, Severity};
use crate::model::{AccountId, Snapshot, Timestamp};
use crate::trail::{Method, departure, joining};

macro_rules! kind {
    ($name:ident, $id:literal, $title:literal, $severity:ident, $attack:expr, $explain:literal) => {
        pub(super) static $name: RuleMeta = RuleMeta {
            id: $id,
            title: $title,
            severity: Severity::$severity,
            explain: $explain,
            attack: $attack,
            references: &[
                "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_cloudtrail-integration.html",
            ],
        };
    };
}

kind!(
    ACCOUNT_LEFT,
    "account-left",
    "An account left the organization",
    Critical,
    &["T1666", "T1666.A002"],
    "What it checks: AccountDepartedOrganization with method LEFT: the account left by itself, or accepted another \
     organization's invitation.\n\
     Why it matters: SCPs and the organization's trail no longer reach it.\n\
     How to fix: contain the principal, invite the account back (remediate --reinvite), hold its root mailbox; or waive \
     a planned migration."
);
kind!(
    ACCOUNT_REMOVED,
    "account-removed",
    "An account was removed from the organization",
    Medium,
    &["T1666"],
    "What it checks: AccountDepartedOrganization with method REMOVED.\n\
     Why it matters: the management account did it, so a principal there is behind it.\n\
     How to fix: ask that principal; if it was not meant, contain it first."
);
kind!(
    ACCOUNT_CLEANED,
    "account-cleaned",
    "A closed account departed for good",
    Info,
    &["T1531"],
    "What it checks: AccountDepartedOrganization with method CLEANED, 90 days after a closure.\n\
     Why it matters: the account is gone; the closure was the moment to act.\n\
     How to fix: nothing."
);
kind!(
    ACCOUNT_DEPARTED,
    "account-departed",
    "An account departed in a way this version does not know",
    High,
    &["T1666"],
    "What it checks: AccountDepartedOrganization with an unknown method.\n\
     Why it matters: the account is no longer in the organization.\n\
     How to fix: read the record."
);
kind!(
    ACCOUNT_JOINED_UNINVITED,
    "account-joined-uninvited",
    "An account joined that nobody invited",
    High,
    &["T1666"],
    "What it checks: AccountJoinedOrganization with method INVITED, though none of the organization's invitations of the \
     last 30 days went to that account.\n\
     Why it matters: an account of a stranger inside the organization sees what is shared with the organization.\n\
     How to fix: find out who owns it; remove it if nobody does."
);
kind!(
    ACCOUNT_JOINED,
    "account-joined",
    "An account joined the organization",
    Info,
    &[],
    "What it checks: AccountJoinedOrganization.\n\
     Why it matters: accounts land in the root, where only the root's SCPs bind them.\n\
     How to fix: move it to its OU."
);
kind!(
    EXIT_ATTEMPTED,
    "exit-attempted",
    "Somebody tried to leave the organization",
    High,
    &["T1666", "T1666.A002"],
    "What it checks: LeaveOrganization, AcceptHandshake unless the invitation is the organization's own, and closing the \
     account from inside; refused ones too. AWS logs them in the member only, so the management account's history does \
     not show a member's attempt.\n\
     Why it matters: whoever tries has control of the account.\n\
     How to fix: investigate the principal and disable its credentials."
);
kind!(
    HANDSHAKE_ACCEPTED,
    "handshake-accepted",
    "A handshake was accepted that is no way out",
    Info,
    &[],
    "What it checks: AcceptHandshake of the organization's own invitation, or of a handshake that is no invitation.\n\
     Why it matters: it is told apart from the acceptance of a foreign invitation by the parties of the handshake.\n\
     How to fix: nothing."
);
kind!(
    ORGANIZATION_DELETED,
    "organization-deleted",
    "Somebody deleted the organization, or tried to",
    Critical,
    &["T1666"],
    "What it checks: DeleteOrganization in the management account.\n\
     Why it matters: every guard and every organization trail goes with the organization.\n\
     How to fix: contain the principal in the management account."
);
kind!(
    ACCOUNT_PUT_OUT,
    "account-put-out",
    "Somebody removed or closed a member account",
    Medium,
    &["T1666", "T1531"],
    "What it checks: RemoveAccountFromOrganization and CloseAccount by the management account, and CloseAccountResult.\n\
     Why it matters: no SCP binds the management account.\n\
     How to fix: ask the principal; protect accounts by IAM policies in the management account."
);
kind!(
    GUARD_CHANGED,
    "guard-changed",
    "Somebody changed what guards accounts",
    High,
    &["T1666", "T1484"],
    "What it checks: DetachPolicy, UpdatePolicy, DeletePolicy, DisablePolicyType, MoveAccount, PutResourcePolicy, \
     DeleteResourcePolicy, DeregisterDelegatedAdministrator, and the end of central root access \
     (DisableOrganizationsRootCredentialsManagement, DisableOrganizationsRootSessions).\n\
     Why it matters: each of them can lift a guard before an exit.\n\
     How to fix: compare with the planned changes; put back what was not meant."
);
kind!(
    GUARD_PUT_IN_PLACE,
    "guard-put-in-place",
    "Somebody attached a policy or enabled a policy type",
    Info,
    &[],
    "What it checks: AttachPolicy and EnablePolicyType.\n\
     Why it matters: it tells how long a guard was gone, in the story of an exit.\n\
     How to fix: nothing."
);
kind!(
    ROOT_USER_TOUCHED,
    "root-user-touched",
    "The e-mail address or password of a root user was changed, or somebody tried",
    Medium,
    &["T1098"],
    "What it checks: StartPrimaryEmailUpdate, AcceptPrimaryEmailUpdate, EmailUpdated, PasswordRecoveryRequested and \
     PasswordRecoveryCompleted.\n\
     Why it matters: who holds the root user can close the account, and answers invitations.\n\
     How to fix: ask the owner of the mailbox; if nobody knows of it, take the mailbox back first."
);

/// Every kind of detection.
pub static RULES: [&RuleMeta; 13] = [
    &ACCOUNT_LEFT,
    &ACCOUNT_REMOVED,
    &ACCOUNT_CLEANED,
    &ACCOUNT_DEPARTED,
    &ACCOUNT_JOINED_UNINVITED,
    &ACCOUNT_JOINED,
    &EXIT_ATTEMPTED,
    &HANDSHAKE_ACCEPTED,
    &ORGANIZATION_DELETED,
    &ACCOUNT_PUT_OUT,
    &GUARD_CHANGED,
    &GUARD_PUT_IN_PLACE,
    &ROOT_USER_TOUCHED,
];

/// The last departure of every account that has not joined again since and is not listed now.
pub fn latest_departures(snapshot: &Snapshot) -> BTreeMap<AccountId, (Method, Timestamp)> {
    let mut last: BTreeMap<AccountId, (Option<Method>, &Record)> = BTreeMap::new();
    for record in &snapshot.events.records {
        let (account, method) = if let Some(departure) = departure(record) {
            (departure.account, Some(departure.method))
        } else if let Some(joining) = joining(record) {
            (joining.account, None)
        } else {
            continue;
        };
        let Some(account) = account else { continue };
        let newer = last
            .get(&account)
            .is_none_or(|(_, known)| known.time < record.time);
        if newer {
            last.insert(account, (method, record));
        }
    }
    let listed = |id: &AccountId| {
        snapshot
            .accounts
            .known()
            .is_some_and(|accounts| accounts.contains_key(id))
    };
    last.into_iter()
        .filter(|(id, _)| !listed(id))
        .filter_map(|(id, (method, record))| Some((id, (method?, record.time))))
        .collect()
}
