//! The way back of one account: accepting our own invitation inside it, and its place.

use super::ahead::Ahead;
use super::error::StepResult;
use super::execute::Place;
use super::rows::StepOutcome;
use super::sending::{StepFailure, found, read_back, write};
use super::settle;
use super::steps::Hands;
use crate::aws::{Failure, FailureClass, Member, Reads};
use crate::model::organization::Handshake;
use crate::model::{AccountId, NodeId, OrganizationId, RootId};
use crate::plan::{by_hand, responder_in};

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
        Some(when) => format!("{failure}; {when}, by resuming the run"),
        None => failure.to_string(),
    })
}

/// Is there a role of that very ARN, path included?
async fn has_role(reads: &Reads, arn: &str) -> Result<bool, Failure> {
    let name = arn.rsplit('/').next().unwrap_or(arn);
    let found = reads.role(name).await?;
    Ok(found.is_some_and(|role| role.arn == arn))
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
    ///
    /// `responder` is the ARN of the role that the quarantine will let through.
    pub(super) async fn accept(
        self,
        role: &str,
        responder: Option<&str>,
    ) -> Result<StepResult, StepFailure> {
        let account = self.account;
        if let Some(place) = self.reads.place_of(account).await? {
            let detail = format!(
                "account {account} is in the organization, in {}",
                self.named(&place)
            );
            return Ok(result(StepOutcome::AlreadyDone, detail));
        }
        let ours = self.invitation().await?;
        let session = self.place.session;
        let member = session.member(account, role).await.map_err(|error| {
            StepFailure::Refused(format!("{error}; the account's owner can accept instead"))
        })?;
        let lost = if self.has_joined(&member, &ours).await? {
            None
        } else {
            if let Some(responder) = responder
                && !has_role(member.reads(), responder).await?
            {
                return Err(self.nobody_let_through(responder));
            }
            let sent = write(self.place.stop, || member.accept(&ours.id)).await;
            sent.lost(refusal)?
        };
        let missing = format!("account {account} is not listed in the organization yet");
        read_back(self.place.stop, lost.as_ref(), &missing, || async {
            Ok(self.reads.place_of(account).await?.is_some())
        })
        .await?;
        let place = self.reads.place_of(account).await.ok().flatten();
        let place = place.map_or_else(String::new, |place| format!(", in {}", self.named(&place)));
        let detail = format!(
            "invitation {} accepted in account {account}, which is in the organization{place}, read back",
            ours.id
        );
        Ok(result(StepOutcome::Done, detail))
    }

    /// Refuses a quarantine that lets nobody through: `text` exempts a role that is not in the account.
    /// Where the account cannot be entered, what the plan found stands.
    pub(super) async fn check_let_through(
        self,
        role: Option<&str>,
        text: &str,
    ) -> Result<(), StepFailure> {
        let (Some(role), Some(responder)) = (role, responder_in(text)) else {
            return Ok(());
        };
        let Ok(reads) = self.place.session.look_into(self.account, role).await else {
            return Ok(());
        };
        match has_role(&reads, &responder).await {
            Ok(false) => Err(self.nobody_let_through(&responder)),
            Ok(true) | Err(_) => Ok(()),
        }
    }

    fn nobody_let_through(self, responder: &str) -> StepFailure {
        StepFailure::Refused(format!(
            "`{responder}` is not in account {}: its quarantine would let nobody through, so nothing is begun; make the \
             role, or name another with --break-glass-role in a new plan",
            self.account
        ))
    }

    /// A root or OU, and whether it is the root, where accounts arrive.
    fn named(self, place: &NodeId) -> String {
        if *place == NodeId::Root(self.root.clone()) {
            format!("root {place}")
        } else {
            format!(
                "{} {place}, to which somebody moved it from the root",
                place.kind()
            )
        }
    }

    /// Our open invitation to it; one that was just sent may not be shown yet.
    async fn invitation(self) -> Result<Handshake, StepFailure> {
        let open = || settle::invitation(self.reads, self.account);
        if let Some(open) = found(self.place.stop, open).await? {
            return Ok(open);
        }
        let account = self.account;
        let latest = settle::latest_invitation(self.reads, account).await?;
        let became = latest.map_or_else(
            || "none was sent".to_owned(),
            |one| format!("invitation {} is {}", one.id, one.state.as_str()),
        );
        Err(StepFailure::Refused(format!(
            "no invitation of this organization to account {account} is open: {became}; resuming the run sends \
             another"
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
        let seen = || async {
            let seen = member.reads().list_handshakes_for_account().await?;
            let ours = seen.iter().any(|one| {
                one.id == ours.id
                    && one.is_unanswered_invitation()
                    && one.organization.as_ref() == Some(self.organization)
            });
            Ok::<_, Failure>(ours.then_some(()))
        };
        if found(self.place.stop, seen).await?.is_some() {
            return Ok(false);
        }
        Err(StepFailure::Refused(format!(
            "account {} does not see invitation {} as one of organization {}; nothing is accepted",
            self.account, ours.id, self.organization
        )))
    }

    /// Moves it from the root, where it arrived. An account that somebody moved elsewhere meanwhile is
    /// left there.
    pub(super) async fn move_to(
        self,
        Hands {
            reads,
            writes,
            stop,
        }: Hands<'_>,
        ahead: Ahead<'_>,
        to: &NodeId,
    ) -> Result<StepResult, StepFailure> {
        let account = self.account;
        let there = || async { Ok(reads.place_of(account).await?.as_ref() == Some(to)) };
        let place = format!("{} {to}", to.kind());
        let from = &NodeId::Root(self.root.clone());
        let now = found(stop, || reads.place_of(account)).await?;
        let Some(now) = now else {
            return Err(StepFailure::Refused(format!(
                "account {account} is not in the organization any more: it left again; plan anew with --reinvite {account}"
            )));
        };
        if now == *to {
            let detail = format!("account {account} is in {place}");
            return Ok(result(StepOutcome::AlreadyDone, detail));
        }
        if now != *from {
            return Err(StepFailure::Refused(format!(
                "account {account} is in {} {now}, to which somebody moved it from the root, and is left there; {}",
                now.kind(),
                by_hand(account, &now, to)
            )));
        }
        ahead.sends(None)?;
        let sent = write(stop, || writes.move_account(account, from, to)).await;
        let lost = sent.lost(refusal)?;
        let missing = format!("account {account} is not listed in {place} yet");
        read_back(stop, lost.as_ref(), &missing, there).await?;
        let detail = format!("account {account} moved to {place}, read back");
        Ok(result(StepOutcome::Done, detail))
    }
}
