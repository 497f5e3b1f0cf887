//! Departed accounts: who can be invited back, and why others cannot.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::step::NotDone;
use crate::detect::{Detection, latest_departures};
use crate::model::organization::{AccountState, Handshake};
use crate::model::{AccountId, Snapshot};
use crate::trail::Method;

/// What the invitation says; nothing of an incident, since an intruder may read it.
pub const INVITATION_NOTES: &str = "Invitation to join this organization";

/// A departed account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// Which.
    pub account: AccountId,
    /// How and when it departed, in words.
    pub departed: String,
    /// Why it is not a candidate for an invitation; `None`: it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_because: Option<String>,
}

/// Every departed account of the event history, and the closed members.
pub(super) fn candidates(snapshot: &Snapshot, detections: &[Detection]) -> Vec<Candidate> {
    let waived: BTreeSet<&AccountId> = detections
        .iter()
        .filter(|detection| detection.waived.is_some())
        .filter_map(|detection| detection.account.as_ref())
        .collect();
    let mut candidates: Vec<Candidate> = latest_departures(snapshot)
        .into_iter()
        .map(|(account, (method, time))| {
            let (word, not_because) = match method {
                Method::Left if waived.contains(&account) => {
                    ("LEFT", Some("its departure is waived"))
                }
                Method::Left => ("LEFT", None),
                Method::Removed => (
                    "REMOVED",
                    Some("the management account removed it: ask who did, and why"),
                ),
                Method::Cleaned => ("CLEANED", Some("it was closed 90 days before and is gone")),
                Method::Other(_) => ("an unknown way", Some("how it departed is not known")),
            };
            Candidate {
                departed: format!("departed {word} on {time}"),
                account,
                not_because: not_because.map(str::to_owned),
            }
        })
        .collect();
    let members = snapshot.members().into_iter().flatten();
    candidates.extend(
        members
            .filter(|account| account.state == Some(AccountState::Closed))
            .map(|account| Candidate {
                account: account.id.clone(),
                departed: "closed, still listed".to_owned(),
                not_because: Some(
                    "it is a member until it departs as CLEANED; AWS Support can reopen it"
                        .to_owned(),
                ),
            }),
    );
    candidates
}

/// The open invitation of this organization to an account, if there is one.
pub fn open_invitation<'a>(
    handshakes: &'a [Handshake],
    account: &AccountId,
    snapshot: &Snapshot,
) -> Option<&'a Handshake> {
    handshakes.iter().find(|one| {
        one.is_unanswered_invitation()
            && one.account.as_ref() == Some(account)
            && one
                .expires_at
                .is_none_or(|expires| expires > snapshot.taken_at)
    })
}

/// Why an account cannot be invited, whatever the wish.
pub(super) fn refusal(snapshot: &Snapshot, account: &AccountId) -> Option<NotDone> {
    let not_done = |why: &str| {
        Some(NotDone {
            unmet: true,
            what: format!("invite account {account}"),
            why: why.to_owned(),
        })
    };
    if snapshot
        .accounts
        .known()
        .is_some_and(|accounts| accounts.contains_key(account))
    {
        return not_done("it is in this organization");
    }
    if snapshot.accounts.gap().is_some() {
        return not_done("the account list could not be read, so it may be a member");
    }
    if snapshot.caller_manages() != Some(true) {
        return not_done("only the management account can invite");
    }
    if snapshot.handshakes.gap().is_some() {
        return not_done("the open invitations could not be read, so there may be one already");
    }
    None
}
