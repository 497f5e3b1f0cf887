//! Joining and leaving an organization, and what both leave behind.

use serde_json::json;

use crate::model::Timestamp;

use super::handshake::days;
use super::{Member, World};

/// Days between closure and the end of an account.
const CLOSED_DAYS: i64 = 90;

impl World {
    /// Puts an account into an organization, under its root or an OU.
    pub fn join(&mut self, organization: &str, account: &str, parent: &str, method: &str) {
        let now = self.now;
        let Some(organization) = self.organizations.get_mut(organization) else {
            return;
        };
        let member = Member {
            parent: parent.to_owned(),
            joined_method: method.to_owned(),
            joined_at: now,
        };
        organization.members.insert(account.to_owned(), member);
        if organization.scps_enabled() {
            organization.attach_full_access(account);
        }
    }

    /// Joins by `method` and leaves the service event in the management account.
    pub(crate) fn join_with_event(&mut self, organization: &str, account: &str, method: &str) {
        let Some(found) = self.organizations.get(organization) else {
            return;
        };
        let (root, management) = (found.root.clone(), found.management.clone());
        self.note_change(account);
        self.join(organization, account, &root, method);
        let details = json!({
            "accountId": account, "joinedMethod": method,
            "joinedTime": super::seconds(self.now).to_string(),
        });
        self.service_event(&management, "AccountJoinedOrganization", &details);
    }

    /// Takes an account out of its organization: its SCPs, tags and delegations
    /// end at once, its roles stay. `method` is `LEFT`, `REMOVED` or `CLEANED`.
    ///
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_remove.html>
    pub(crate) fn depart(&mut self, account: &str, method: &str) {
        let Some(organization) = self.organization_of_mut(account) else {
            return;
        };
        organization.members.remove(account);
        organization.attachments.remove(account);
        organization.tags.remove(account);
        organization.delegated_administrators.remove(account);
        let management = organization.management.clone();
        self.note_change(account);
        let details = json!({
            "accountId": account, "departureMethod": method,
            "departureTime": super::seconds(self.now).to_string(),
        });
        self.service_event(&management, "AccountDepartedOrganization", &details);
    }

    fn note_change(&mut self, account: &str) {
        let now = self.now;
        if let Some(account) = self.accounts.get_mut(account) {
            account.membership_changed_at = Some(now);
        }
    }

    /// Accounts leave for good 90 days after their closure.
    pub(crate) fn clean_closed_accounts(&mut self, now: Timestamp) {
        let ended = |closed: Timestamp| closed + days(CLOSED_DAYS) <= now;
        let cleaned: Vec<String> = self
            .accounts
            .values()
            .filter(|account| account.closed_at.is_some_and(ended))
            .map(|account| account.id.clone())
            .collect();
        for account in cleaned {
            self.depart(&account, "CLEANED");
            self.accounts.remove(&account);
        }
    }
}
