//! What takes its time: accounts being made, accounts being closed.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::model::Timestamp;

use super::{ACCESS_ROLE, World, seconds};

/// Something that happens later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Due {
    /// The account in `PENDING_CLOSURE` is closed.
    Closed(String),
    /// The `CreateAccount` request of that id is done.
    Created(String),
}

/// A `CreateAccount` request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRequest {
    /// `car-…`.
    pub id: String,
    /// The organization that asked.
    pub organization: String,
    /// The new account's name.
    pub name: String,
    /// Its root e-mail address.
    pub email: String,
    /// The role made in it.
    pub role: String,
    /// Its tags.
    #[serde(default)]
    pub tags: std::collections::BTreeMap<String, String>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    /// The account, once made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Why there will be none, as in `FailureReason`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

impl World {
    /// Lets happen what is due.
    pub(crate) fn settle_due(&mut self, now: Timestamp) {
        if self.due.is_empty() {
            return;
        }
        let (due, later) = std::mem::take(&mut self.due)
            .into_iter()
            .partition(|(at, _)| *at <= now);
        self.due = later;
        let due: Vec<(Timestamp, Due)> = due;
        for (at, what) in due {
            match what {
                Due::Closed(account) => self.closed(&account, at),
                Due::Created(request) => self.created(&request, at),
            }
        }
    }

    /// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/non-api-aws-service-events.html>
    fn closed(&mut self, id: &str, at: Timestamp) {
        let Some(account) = self.accounts.get_mut(id) else {
            return;
        };
        "CLOSED".clone_into(&mut account.state);
        account.closed_at = Some(at);
        let Some(management) = self
            .organization_of(id)
            .map(|found| found.management.clone())
        else {
            return;
        };
        let details = json!({
            "closeAccountStatus": {
                "accountId": id,
                "state": "SUCCEEDED",
                "completedTimestamp": seconds(at).to_string(),
            },
        });
        self.service_event(&management, "CloseAccountResult", &details);
    }

    fn created(&mut self, request: &str, at: Timestamp) {
        let Some(request) = self.requests.get(request).cloned() else {
            return;
        };
        let taken = self
            .accounts
            .values()
            .any(|account| account.email.eq_ignore_ascii_case(&request.email));
        let id = (!taken).then(|| self.draw_account_id());
        if let Some(kept) = self.requests.get_mut(&request.id) {
            kept.completed_at = Some(at);
            kept.account.clone_from(&id);
            kept.failure = taken.then(|| "EMAIL_ALREADY_EXISTS".to_owned());
        }
        let (Some(id), Some(management)) = (id, self.management_of(&request.organization)) else {
            return;
        };
        let account = self.add_account(id.clone(), &request.name, request.email.clone());
        account.created_at = at;
        // Bills go to the management account; nobody has entered a card here.
        account.payment_method = false;
        self.ensure_role(&id, &request.role, &management);
        self.join_with_event(&request.organization, &id, "CREATED");
        if let Some(organization) = self.organizations.get_mut(&request.organization) {
            organization.tags.insert(id, request.tags);
        }
    }

    fn management_of(&self, organization: &str) -> Option<String> {
        let found = self.organizations.get(organization)?;
        Some(found.management.clone())
    }

    /// The name of the role that a new account gets when nobody names one.
    pub(crate) fn default_role() -> String {
        ACCESS_ROLE.to_owned()
    }
}
