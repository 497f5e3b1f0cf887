//! Handshakes: what one account asks and another answers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;

use super::Organization;

/// Days that an invitation can be accepted.
const HANDSHAKE_DAYS: i64 = 15;
/// Days that an ended handshake is still listed.
const LISTED_DAYS: i64 = 30;

pub(crate) fn days(count: i64) -> jiff::SignedDuration {
    jiff::SignedDuration::from_hours(24 * count)
}

/// An invitation to join an organization, or a step of enabling all features.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handshake {
    /// `h-…`.
    pub id: String,
    /// The inviting organization.
    pub organization: String,
    /// The inviting organization's management account.
    pub management: String,
    /// `INVITE`, `ENABLE_ALL_FEATURES` or `APPROVE_ALL_FEATURES`.
    pub action: String,
    /// The handshake that this one is a part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// `ACCOUNT`, `EMAIL` or `ORGANIZATION`.
    pub target_type: String,
    /// The account id, e-mail address or organization id that it was sent to.
    pub target: String,
    /// `REQUESTED`, `OPEN`, `CANCELED`, `ACCEPTED`, `DECLINED`, `EXPIRED`.
    pub state: String,
    /// Notes of the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Tags that the account gets when it joins.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// When it was sent.
    pub requested_at: Timestamp,
    /// When it lapses.
    pub expires_at: Timestamp,
    /// When it ended, whichever way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

impl Handshake {
    /// An open invitation sent at `now` by an organization to an account.
    pub fn invitation(id: String, from: &Organization, account: &str, now: Timestamp) -> Self {
        Self {
            id,
            organization: from.id.clone(),
            management: from.management.clone(),
            action: "INVITE".to_owned(),
            parent: None,
            target_type: "ACCOUNT".to_owned(),
            target: account.to_owned(),
            state: "OPEN".to_owned(),
            notes: None,
            tags: BTreeMap::new(),
            requested_at: now,
            expires_at: now + days(HANDSHAKE_DAYS),
            ended_at: None,
        }
    }

    /// Expires, if it was not answered in time.
    pub(crate) fn lapse(&mut self, now: Timestamp) {
        let waits = matches!(self.state.as_str(), "OPEN" | "REQUESTED");
        if waits && self.expires_at <= now {
            "EXPIRED".clone_into(&mut self.state);
            self.ended_at = Some(self.expires_at);
        }
    }

    /// Does AWS still list it?
    pub(crate) fn listed_at(&self, now: Timestamp) -> bool {
        self.ended_at
            .is_none_or(|end| now < end + days(LISTED_DAYS))
    }
}
