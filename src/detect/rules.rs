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
    "What it checks: LeaveOrganization and AcceptHandshake, refused ones too. AWS logs them in the member only, so the \
     management account's history does not show a member's attempt.\n\
     Why it matters: whoever tries has control of the account.\n\
     How to fix: investigate the principal and disable its credentials."
);
kind!(
    ACCOUNT_PUT_OUT,
    "account-put-out",
    "Somebody removed or closed a member account",
    Medium,
    &["T1666", "T1531"],
    "What it checks: RemoveAccountFromOrganization and CloseAccount by the management account.\n\
     Why it matters: no SCP binds the management account.\n\
     How to fix: ask the principal; protect accounts by IAM policies in the management account."
);
kind!(
    GUARD_CHANGED,
    "guard-changed",
    "Somebody changed what guards accounts",
    High,
    &["T1666", "T1484"],
    "What it checks: DetachPolicy, UpdatePolicy, DeletePolicy, DisablePolicyType, MoveAccount, PutResourcePolicy and \
     DeregisterDelegatedAdministrator.\n\
     Why it matters: each of them can lift a guard before an exit.\n\
     How to fix: compare with the planned changes; put back what was not meant."
);

/// Every kind of detection.
pub static RULES: [&RuleMeta; 8] = [
    &ACCOUNT_LEFT,
    &ACCOUNT_REMOVED,
    &ACCOUNT_CLEANED,
    &ACCOUNT_DEPARTED,
    &ACCOUNT_JOINED,
    &EXIT_ATTEMPTED,
    &ACCOUNT_PUT_OUT,
    &GUARD_CHANGED,
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
