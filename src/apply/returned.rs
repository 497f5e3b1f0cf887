//! Accounts that came back: is the access role there, and can an intruder still hold root? Three
//! answers each; nothing is written.

use super::execute::Place;
use crate::aws::MemberError;
use crate::model::{AccountId, NodeId};
use crate::plan::{Change, PlanDocument};

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
        } if step.id == format!("quarantine-{account}") => Some(account.clone()),
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
    }
    if !accounts.is_empty() {
        checks.extend(central_root_access(place, &accounts).await);
    }
    checks
}

/// AWS makes the role only in accounts that are created in an organization, and whoever held the
/// account can have deleted it.
///
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_access.html>
async fn access_role(place: Place<'_>, plan: &PlanDocument, account: &AccountId) -> Check {
    let accepted = plan.steps.iter().find_map(|step| match &step.change {
        Change::AcceptInvitation { account: one, role } if one == account => Some(role),
        _ => None,
    });
    let Some(role) = accepted.or(plan.access_role.as_ref()) else {
        return Check {
            what: format!("the management account can get into account {account}"),
            said: Said::Unknown,
            detail: "no role was named: plan with --member-role NAME to have it looked for"
                .to_owned(),
        };
    };
    let what =
        format!("the management account can get into account {account} through role `{role}`");
    let make =
        "create it there by hand, trusting this management account, with an administrator's policy";
    let (said, detail) = match place.session.member(account, role).await {
        Ok(_) => (
            Said::Yes,
            "it was assumed, and GetCallerIdentity names the account; look at its trust and policies before you rely \
             on it"
                .to_owned(),
        ),
        Err(error @ MemberError::NotAssumed { refused: true, .. }) => {
            (Said::No, format!("{error}; {make}"))
        }
        Err(error @ MemberError::Elsewhere { .. }) => (Said::No, format!("{error}; {make}")),
        Err(error) => (Said::Unknown, error.to_string()),
    };
    Check { what, said, detail }
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
