//! The way back of one account: accepting our own invitation inside it, and its place.

use super::ahead::Ahead;
use super::execute::{Place, StepResult};
use super::rows::StepOutcome;
use super::settle;
use super::steps::{PAUSES, StepFailure, Written, write};
use crate::aws::{Failure, FailureClass, Member, Reads, Writes};
use crate::model::organization::Handshake;
use crate::model::{AccountId, NodeId, OrganizationId, RootId};

fn result(outcome: StepOutcome, detail: String) -> StepResult {
    StepResult {
        outcome,
        detail,
        made: None,
    }
}

/// When AWS might say yes, where it says no for now.
///
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_InviteAccountToOrganization.html>
pub(super) fn later(failure: &Failure) -> Option<&'static str> {
    match failure.reason.as_deref()? {
        "ORGANIZATION_MEMBERSHIP_CHANGE_RATE_LIMIT_EXCEEDED" => Some(
            "the account's membership changed a short while ago: retry after some days; AWS does not say how many",
        ),
        "WAIT_PERIOD_ACTIVE" => {
            Some("a waiting period is running: retry after some days; AWS does not say how many")
        }
        "HANDSHAKE_RATE_LIMIT_EXCEEDED" => {
            Some("the day's quota of invitations is used up: retry after 24 hours")
        }
        _ => None,
    }
}

/// A refusal, with when to try again.
pub(super) fn refusal(failure: &Failure) -> StepFailure {
    StepFailure::Refused(match later(failure) {
        Some(when) => format!("{failure}; {when}, with org-exit-guard resume"),
        None => failure.to_string(),
    })
}

/// Where an account is accepted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Back<'a> {
    pub(super) place: Place<'a>,
    pub(super) reads: &'a Reads,
    pub(super) organization: &'a OrganizationId,
    pub(super) root: &'a RootId,
    pub(super) account: &'a AccountId,
}

impl Back<'_> {
    /// Accepts our open invitation inside the account.
    pub(super) async fn accept(self, role: &str) -> Result<StepResult, StepFailure> {
        let account = self.account;
        let joined = || {
            let detail = format!("account {account} is in the organization");
            result(StepOutcome::AlreadyDone, detail)
        };
        if self.has_landed().await? {
            return Ok(joined());
        }
        let ours = self.invitation().await?;
        let session = self.place.session;
        let member = session.member(account, role).await.map_err(|error| {
            StepFailure::Refused(format!("{error}; the account's owner can accept instead"))
        })?;
        let lost = if self.has_joined(&member, &ours).await? {
            None
        } else {
            match write(|| member.accept(&ours.id)).await {
                Written::Done(()) | Written::There(_) => None,
                Written::Lost(failure) => Some(failure),
                Written::No(failure) => return Err(refusal(&failure)),
            }
        };
        for pause in PAUSES {
            if self.has_landed().await.unwrap_or(false) {
                let detail = format!(
                    "invitation {} accepted in account {account}, which is in the organization, read back",
                    ours.id
                );
                return Ok(result(StepOutcome::Done, detail));
            }
            tokio::time::sleep(pause).await;
        }
        Err(StepFailure::Unknown(match lost {
            Some(failure) => format!("{failure}; account {account} is not listed in the root"),
            None => format!("AWS accepted it, but account {account} is not listed in the root yet"),
        }))
    }

    /// Is it a member in the root, where every account arrives?
    async fn has_landed(self) -> Result<bool, Failure> {
        let root = NodeId::Root(self.root.clone());
        let there = self.reads.list_accounts_for_parent(&root).await?;
        Ok(there.contains(self.account))
    }

    /// Our open invitation to it; one that was just sent may not be shown yet.
    async fn invitation(self) -> Result<Handshake, StepFailure> {
        for pause in PAUSES {
            if let Some(open) = settle::invitation(self.reads, self.account).await? {
                return Ok(open);
            }
            tokio::time::sleep(pause).await;
        }
        Err(StepFailure::Refused(format!(
            "no invitation of this organization to account {} is open",
            self.account
        )))
    }

    /// Is the account in this organization already? If not, it is proved to be in none, and to see
    /// our very invitation from our organization.
    async fn has_joined(self, member: &Member, ours: &Handshake) -> Result<bool, StepFailure> {
        match member.reads().describe_organization().await {
            Err(failure) if failure.class == FailureClass::NotInOrganization => {}
            Err(failure) => return Err(failure.into()),
            Ok(found) if found.id == *self.organization => return Ok(true),
            Ok(other) => {
                return Err(StepFailure::Refused(format!(
                    "account {} is in organization {}; this tool takes no account out of one: its owner must \
                     accept, with organizations:LeaveOrganization as well",
                    self.account, other.id
                )));
            }
        }
        for pause in PAUSES {
            let seen = member.reads().list_handshakes_for_account().await?;
            let mut seen = seen.iter();
            if seen.any(|one| {
                one.id == ours.id
                    && one.is_unanswered_invitation()
                    && one.organization.as_ref() == Some(self.organization)
            }) {
                return Ok(false);
            }
            tokio::time::sleep(pause).await;
        }
        Err(StepFailure::Refused(format!(
            "account {} does not see invitation {} as one of organization {}; nothing is accepted",
            self.account, ours.id, self.organization
        )))
    }

    /// Moves it from the root.
    pub(super) async fn move_to(
        self,
        writes: &Writes,
        ahead: Ahead<'_>,
        to: &NodeId,
    ) -> Result<StepResult, StepFailure> {
        let account = self.account;
        let there = || async {
            Ok::<_, Failure>(
                self.reads
                    .list_accounts_for_parent(to)
                    .await?
                    .contains(account),
            )
        };
        let place = format!("{} {to}", to.kind());
        if there().await? {
            let detail = format!("account {account} is in {place}");
            return Ok(result(StepOutcome::AlreadyDone, detail));
        }
        let from = NodeId::Root(self.root.clone());
        ahead.sends(None)?;
        let lost = match write(|| writes.move_account(account, &from, to)).await {
            Written::Done(()) | Written::There(_) => None,
            Written::Lost(failure) => Some(failure),
            Written::No(failure) => return Err(refusal(&failure)),
        };
        for pause in PAUSES {
            if there().await.unwrap_or(false) {
                let detail = format!("account {account} moved to {place}, read back");
                return Ok(result(StepOutcome::Done, detail));
            }
            tokio::time::sleep(pause).await;
        }
        Err(StepFailure::Unknown(match lost {
            Some(failure) => format!("{failure}; account {account} is not listed in {place}"),
            None => format!("AWS accepted it, but account {account} is not listed in {place} yet"),
        }))
    }
}
