//! What is known of the organization whose records are judged.

use serde_json::Value;

use crate::exits::{ExitPath, PathId};
use crate::model::organization::HandshakeState;
use crate::model::record::Record;
use crate::model::{AccountId, NodeId, OrganizationId, Snapshot, Timestamp};
use crate::verdict::{Judgement, Standing};

/// AWS lists handshakes for so many hours after they ended.
///
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListHandshakesForOrganization.html>
const HANDSHAKES_KEPT_HOURS: i64 = 30 * 24;

/// The organization, as far as it is known; the default knows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Home<'a> {
    /// Its id.
    pub organization: Option<&'a OrganizationId>,
    /// Its facts.
    pub snapshot: Option<&'a Snapshot>,
    /// Their verdicts.
    pub judgement: Option<&'a Judgement>,
}

/// Whose invitation a handshake is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Inviter {
    /// This organization's.
    Own,
    /// Another one's, by its id.
    Foreign(String),
    /// It is no invitation.
    NoInvitation,
    /// The record does not tell.
    Unknown,
}

impl<'a> Home<'a> {
    /// What a snapshot and its verdicts tell.
    pub fn of(snapshot: &'a Snapshot, judgement: &'a Judgement) -> Self {
        let organization = snapshot.organization.known();
        Self {
            organization: organization.map(|organization| &organization.id),
            snapshot: Some(snapshot),
            judgement: Some(judgement),
        }
    }

    /// Whose invitation was accepted: by the parties in the answer, else by the handshake's id.
    pub(super) fn inviter(&self, record: &Record) -> Inviter {
        let handshake = record.response.get("handshake").unwrap_or(&Value::Null);
        let text = |field: &str| handshake.get(field).and_then(Value::as_str);
        if text("action").is_some_and(|action| !action.eq_ignore_ascii_case("invite")) {
            return Inviter::NoInvitation;
        }
        let parties = handshake.get("parties").and_then(Value::as_array);
        let organization = parties.into_iter().flatten().find_map(|party| {
            let kind = party.get("type")?.as_str()?;
            kind.eq_ignore_ascii_case("organization")
                .then(|| party.get("id")?.as_str())?
        });
        match (organization, self.organization) {
            (Some(id), Some(own)) if bare(id) == bare(own.as_str()) => Inviter::Own,
            (Some(id), Some(_)) => Inviter::Foreign(id.to_owned()),
            _ if self.sent(record, text("id")) => Inviter::Own,
            _ => self.waits(record, text("id")).unwrap_or(Inviter::Unknown),
        }
    }

    /// Another organization's invitation of that id, as the member sees it that was looked into.
    fn waits(&self, record: &Record, id: Option<&str>) -> Option<Inviter> {
        let asked = record.request.get("handshakeId").and_then(Value::as_str);
        let id = id.or(asked)?;
        let members = self.snapshot?.members.values();
        let mut seen = members
            .filter_map(|facts| facts.handshakes.known())
            .flatten();
        let from = seen
            .find(|one| one.id.as_str() == id)?
            .organization
            .as_ref()?;
        let own = self.organization?;
        (bare(from.as_str()) != bare(own.as_str()))
            .then(|| Inviter::Foreign(from.as_str().to_owned()))
    }

    /// Is it one of the invitations that this organization sent?
    fn sent(&self, record: &Record, id: Option<&str>) -> bool {
        let asked = record.request.get("handshakeId").and_then(Value::as_str);
        let Some(id) = id.or(asked) else { return false };
        let sent = self.snapshot.and_then(|facts| facts.handshakes.known());
        sent.is_some_and(|sent| sent.iter().any(|one| one.id.as_str() == id))
    }

    /// Did this organization invite the account that joined at a time? `None`: that long ago
    /// invitations are not listed, or they could not be read.
    pub(super) fn invited(&self, account: &AccountId, joined: Timestamp) -> Option<bool> {
        let snapshot = self.snapshot?;
        let handshakes = snapshot.handshakes.known()?;
        if snapshot.taken_at.duration_since(joined).as_hours() >= HANDSHAKES_KEPT_HOURS {
            return None;
        }
        let listed = snapshot.accounts.known();
        let email = listed
            .and_then(|all| all.get(account))
            .map(|one| &one.email);
        Some(handshakes.iter().any(|one| {
            let by_mail = one.email.as_ref().zip(email);
            let to = one.account.as_ref() == Some(account)
                || by_mail.is_some_and(|(to, own)| to.eq_ignore_ascii_case(own));
            one.action == "INVITE" && one.state == HandshakeState::Accepted && to
        }))
    }

    /// Is every way out blocked for the accounts right in a root or OU? `None`: no account there
    /// tells.
    pub(super) fn guarded(&self, node: &str) -> Option<bool> {
        let standings = &self.judgement?.standings;
        let standing = standings.values().find(|standing| match standing {
            Standing::Member { chain, .. } => {
                let parent = chain.len().checked_sub(2).and_then(|at| chain.get(at));
                parent.is_some_and(|parent| parent.as_str() == node)
            }
            Standing::Management | Standing::NotActing(_) => false,
        })?;
        let words: Vec<(PathId, &str)> = ExitPath::of_members()
            .map(|path| (path.id, standing.word(path.id)))
            .collect();
        if words.iter().any(|(_, word)| *word == "undetermined") {
            return None;
        }
        Some(words.iter().all(|(_, word)| *word == "blocked"))
    }

    /// Does an account lie in a node, or is it that node? `None`: where it lies is not known.
    pub(super) fn within(&self, account: &AccountId, node: &NodeId) -> Option<bool> {
        if let NodeId::Account(id) = node {
            return Some(id == account);
        }
        let account = self.snapshot?.accounts.known()?.get(account)?;
        Some(account.chain()?.contains(node))
    }
}

/// Organization ids are written with and without their prefix.
fn bare(id: &str) -> &str {
    id.strip_prefix("o-").unwrap_or(id)
}
