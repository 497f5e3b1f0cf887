//! Accounts that came back: is the access role there, and can an intruder still hold root? Three
//! answers each; nothing is written.

use super::execute::Place;
use crate::aws::{FailureClass, MemberError};
use crate::model::{AccountId, NodeId};
use crate::plan::{Change, PlanDocument, responder_in};

/// What a check says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// It is as it should be.
    Yes,
    /// It is not.
    No,
    /// It could not be told.
    Unknown,
}

/// A check of what a run leaves to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What is asked.
    pub what: String,
    /// The answer.
    pub said: Said,
    /// In one line, with the remedy: partly untrusted text.
    pub detail: String,
}

/// Accounts that the plan brings back, once they are in the organization.
fn returned(plan: &PlanDocument) -> Vec<AccountId> {
    let accounts = plan.steps.iter().filter_map(|step| match &step.change {
        Change::AcceptInvitation { account, .. } | Change::MoveAccount { account, .. } => {
            Some(account.clone())
        }
        Change::AttachPolicy {
            target: NodeId::Account(account),
            ..
        } if step.quarantines() == Some(account) => Some(account.clone()),
        _ => None,
    });
    let mut accounts: Vec<AccountId> = accounts.collect();
    accounts.sort();
    accounts.dedup();
    accounts
}

/// Looks into the accounts that the plan brought back.
pub async fn check_returned(place: Place<'_>, plan: &PlanDocument) -> Vec<Check> {
    let accounts = returned(plan);
    let mut checks = Vec::new();
    for account in &accounts {
        checks.push(access_role(place, plan, account).await);
        checks.extend(responder(place, plan, account).await);
    }
    if !accounts.is_empty() {
        checks.extend(central_root_access(place, &accounts).await);
    }
    checks
}

/// AWS makes the role only in accounts that are created in an organization, and whoever held the
/// account can have deleted it. That it can be assumed says little: the quarantine may deny all that
/// its session asks for, so it asks for something harmless that an SCP could deny.
///
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_access.html>
async fn access_role(place: Place<'_>, plan: &PlanDocument, account: &AccountId) -> Check {
    let accepted = plan.steps.iter().find_map(|step| match &step.change {
        Change::AcceptInvitation {
            account: one, role, ..
        } if one == account => Some(role),
        _ => None,
    });
    let Some(role) = accepted.or(plan.access_role.as_ref()) else {
        return Check {
            what: format!("the management account can act in account {account}"),
            said: Said::Unknown,
            detail: "no role was named: plan with --member-role NAME to have it looked for"
                .to_owned(),
        };
    };
    let what = format!("the management account can act in account {account} through role `{role}`");
    let (said, detail) = probe(place, account, role).await;
    let detail = match (said, responder_of(plan, account)) {
        (Said::No, Some(responder)) if !is_named(&responder, role) => format!(
            "{detail}; as long as the quarantine is attached, `{responder}` alone gets through"
        ),
        _ => detail,
    };
    Check { what, said, detail }
}

/// Can the role that the quarantine lets through act there? A real call shows it, if this caller may
/// assume the role.
async fn responder(place: Place<'_>, plan: &PlanDocument, account: &AccountId) -> Option<Check> {
    let arn = responder_of(plan, account)?;
    let (_, name) = arn.split_once(":role/")?;
    let what = format!("the responder `{arn}` gets through the quarantine");
    let (said, detail) = match probe(place, account, name).await {
        // Whom the role trusts, this caller need not be.
        (Said::No, detail) if detail.contains("cannot be assumed") => (
            Said::Unknown,
            format!(
                "{detail}; whoever may assume it can try: aws organizations describe-organization"
            ),
        ),
        told => told,
    };
    Some(Check { what, said, detail })
}

/// ARN of the role that the plan's quarantine of the account lets through.
fn responder_of(plan: &PlanDocument, account: &AccountId) -> Option<String> {
    let mut steps = plan.steps.iter();
    steps.find_map(|step| match &step.change {
        Change::AttachPolicy { text, .. } if step.quarantines() == Some(account) => {
            responder_in(text)
        }
        _ => None,
    })
}

fn is_named(arn: &str, name: &str) -> bool {
    arn.split_once(":role/")
        .is_some_and(|(_, path)| path == name)
}

/// Assumes the role and asks for the organization, which changes nothing and which an SCP can deny.
async fn probe(place: Place<'_>, account: &AccountId, role: &str) -> (Said, String) {
    let make =
        "create it there by hand, trusting this management account, with an administrator's policy";
    let reads = match place.session.look_into(account, role).await {
        Ok(reads) => reads,
        Err(
            error @ (MemberError::NotAssumed { refused: true, .. } | MemberError::Elsewhere { .. }),
        ) => {
            return (Said::No, format!("{error}; {make}"));
        }
        Err(error) => return (Said::Unknown, error.to_string()),
    };
    match reads.describe_organization().await {
        Ok(_) => (
            Said::Yes,
            "it was assumed, and a call of its session went through; look at its trust and policies before you rely \
             on it"
                .to_owned(),
        ),
        Err(failure) if failure.class == FailureClass::AccessDenied => (
            Said::No,
            format!("it was assumed, but its session is denied: {failure}"),
        ),
        Err(failure) => (Said::Unknown, failure.to_string()),
    }
}

/// With central root access the root user's credentials can be taken away from here.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-enable-root-access.html>
async fn central_root_access(place: Place<'_>, accounts: &[AccountId]) -> Vec<Check> {
    let names: Vec<&str> = accounts.iter().map(AccountId::as_str).collect();
    let names = names.join(", ");
    let features = place.session.reads().organizations_features().await;
    let check = |what: &str, told: &str, on: &str, off: &str| {
        let (said, detail) = match &features {
            Err(failure) => (Said::Unknown, failure.to_string()),
            Ok(found) => {
                let is_on = if told == CREDENTIALS {
                    found.root_credentials_management
                } else {
                    found.root_sessions
                };
                if is_on {
                    (Said::Yes, format!("{told} is on: {on}"))
                } else {
                    (Said::No, format!("{told} is off: {off}"))
                }
            }
        };
        Check {
            what: format!("{what}: {names}"),
            said,
            detail,
        }
    };
    vec![
        check(
            "root credentials can be taken away centrally",
            CREDENTIALS,
            "delete the root user's password, keys and MFA devices of each account that came back (IAM console, Root \
             access management; or aws sts assume-root with IAMDeleteRootUserCredentials)",
            "whoever held the account may still hold its root user, and can use it once the quarantine is lifted. Turn it \
             on (aws iam enable-organizations-root-credentials-management), \
             delete the root credentials, and take the root user's e-mail address back (aws account \
             start-primary-email-update)",
        ),
        check(
            "privileged root sessions can be had",
            SESSIONS,
            "aws sts assume-root with IAMAuditRootUserCredentials shows what root credentials there are",
            "what root credentials there are cannot be audited from here: aws iam \
             enable-organizations-root-sessions",
        ),
    ]
}

const CREDENTIALS: &str = "RootCredentialsManagement";
const SESSIONS: &str = "RootSessions";
