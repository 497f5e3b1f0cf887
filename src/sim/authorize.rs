//! Who calls, and may they: key → account → principal → permissions.
//!
//! Identity policies are reduced to a deny list of actions on each user and
//! role; everything else is allowed to them.
//!
//! **SCPs do not bind yet.** [`scp_allows`] is the one place where they will,
//! by the room `evaluate`; until then it says yes to everything, and a member
//! can leave under a guard in the simulator.

use std::collections::BTreeSet;

use crate::model::Timestamp;

use super::refusal::Refusal;
use super::wire::{Api, Request};
use super::world::World;

/// The principal behind a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub account: String,
    /// ARN of the user or of the role session, as error texts and `GetCallerIdentity` show it.
    pub arn: String,
    /// `AIDA…` or `AROA…:session`.
    pub user_id: String,
    pub access_key: String,
    pub kind: CallerKind,
    pub denied_actions: BTreeSet<String>,
}

/// User, or session of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CallerKind {
    User {
        name: String,
    },
    Session {
        role: String,
        role_arn: String,
        since: Timestamp,
    },
}

/// Finds the principal behind the key that signed.
///
/// # Errors
/// The service's own wording for a key that is missing, unknown, inactive or expired.
pub(crate) fn identify(world: &World, request: &Request) -> Result<Caller, Refusal> {
    let key = request
        .access_key
        .as_deref()
        .ok_or_else(|| missing(request.api))?;
    if let Some(caller) = user_of(world, key) {
        return Ok(caller);
    }
    let unknown = || unknown_key(request.api);
    let session = world.sessions.get(key).ok_or_else(unknown)?;
    if request.session_token.as_deref() != Some(session.token.as_str()) {
        return Err(unknown());
    }
    if session.expires <= world.now {
        return Err(expired(request.api));
    }
    let account = world.accounts.get(&session.account).ok_or_else(unknown)?;
    let role = account.roles.get(&session.role).ok_or_else(unknown)?;
    let (id, partition) = (&account.id, world.partition);
    Ok(Caller {
        account: id.clone(),
        arn: format!(
            "arn:{partition}:sts::{id}:assumed-role/{}/{}",
            session.role, session.name
        ),
        user_id: format!("{}:{}", role.id, session.name),
        access_key: key.to_owned(),
        kind: CallerKind::Session {
            role: session.role.clone(),
            role_arn: format!("arn:{partition}:iam::{id}:role/{}", session.role),
            since: session.since,
        },
        denied_actions: role.denied_actions.clone(),
    })
}

fn user_of(world: &World, key: &str) -> Option<Caller> {
    let usable = |account: &&super::world::Account| account.state != "CLOSED";
    for account in world.accounts.values().filter(usable) {
        let found = account
            .users
            .iter()
            .find(|(_, user)| user.keys.get(key).is_some_and(|key| key.active));
        if let Some((name, user)) = found {
            return Some(Caller {
                account: account.id.clone(),
                arn: format!("arn:{}:iam::{}:user/{name}", world.partition, account.id),
                user_id: user.id.clone(),
                access_key: key.to_owned(),
                kind: CallerKind::User { name: name.clone() },
                denied_actions: user.denied_actions.clone(),
            });
        }
    }
    None
}

const TOKEN: &str = "The security token included in the request is";

fn missing(api: Api) -> Refusal {
    if api.is_query() {
        Refusal::new(
            "MissingAuthenticationToken",
            "Request is missing Authentication Token",
        )
        .status(403)
    } else {
        Refusal::new(
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        )
    }
}

fn unknown_key(api: Api) -> Refusal {
    if api.is_query() {
        Refusal::new("InvalidClientTokenId", format!("{TOKEN} invalid.")).status(403)
    } else {
        Refusal::new("UnrecognizedClientException", format!("{TOKEN} invalid."))
    }
}

fn expired(api: Api) -> Refusal {
    if api.is_query() {
        Refusal::new("ExpiredToken", format!("{TOKEN} expired")).status(403)
    } else {
        Refusal::new("ExpiredTokenException", format!("{TOKEN} expired"))
    }
}

/// An access denial in the service's own words.
pub(crate) fn denied(api: Api, message: String) -> Refusal {
    if api.is_query() {
        Refusal::new("AccessDenied", message).status(403)
    } else {
        Refusal::new("AccessDeniedException", message)
    }
}

/// What SCPs say to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScpDecision {
    Allowed,
}

/// Do the SCPs above the caller's account let `action` on `resource` through?
///
/// Not enforced yet: see the module's documentation.
pub(crate) fn scp_allows(_: &World, _: &Caller, _action: &str, _resource: &str) -> ScpDecision {
    ScpDecision::Allowed
}

/// May the caller call `action` on `resource`, by identity policies and SCPs?
///
/// # Errors
/// The denial, in IAM's words.
pub(crate) fn authorize(
    world: &World,
    caller: &Caller,
    api: Api,
    action: &str,
    resource: &str,
) -> Result<(), Refusal> {
    if caller.denied_actions.contains(action) {
        let message = format!(
            "User: {} is not authorized to perform: {action} because no identity-based policy allows the {action} action",
            caller.arn
        );
        return Err(denied(api, message));
    }
    match scp_allows(world, caller, action, resource) {
        ScpDecision::Allowed => Ok(()),
    }
}
