//! Who calls: key → account → principal.

use std::collections::BTreeMap;

use crate::model::Timestamp;

use super::permissions::Permitted;
use super::refusal::Refusal;
use super::wire::{Api, Request};
use super::world::{Principal, Session, World};

/// The principal behind a request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub account: String,
    /// ARN of the user or of the role session, as error texts and `GetCallerIdentity` show it.
    pub arn: String,
    /// `AIDA…`, `AROA…:session`, or the account id of a root user.
    pub user_id: String,
    pub access_key: String,
    pub kind: CallerKind,
    pub permitted: Permitted,
    /// `aws:PrincipalTag` by key.
    pub tags: BTreeMap<String, String>,
}

/// User, or session of a role or of a root user.
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
    /// A user, by `GetSessionToken`.
    UserSession {
        name: String,
        since: Timestamp,
    },
    /// By `GetFederationToken`.
    Federated {
        since: Timestamp,
    },
    /// By `AssumeRoot`.
    Root {
        since: Timestamp,
    },
    /// The root user, signed in to the console.
    RootUser,
}

/// Where keys were found: account and user by access key id. Only a hint, so
/// that not every call looks through every account; what it says is checked.
pub(crate) type Owners = BTreeMap<String, (String, String)>;

/// Finds the principal behind the key that signed.
///
/// # Errors
/// The service's own wording for a key that is missing, unknown, inactive or expired.
pub(crate) fn identify(
    world: &World,
    owners: &mut Owners,
    request: &Request,
) -> Result<Caller, Refusal> {
    let key = request
        .access_key
        .as_deref()
        .ok_or_else(|| missing(request.api))?;
    let unknown = || unknown_key(request.api);
    let Some(session) = world.sessions.get(key) else {
        return user_of(world, owners, key).ok_or_else(unknown);
    };
    if request.session_token.as_deref() != Some(session.token.as_str()) {
        return Err(unknown());
    }
    if session.expires <= world.now {
        return Err(expired(request.api));
    }
    // Neither kind may call IAM: AWS does not know their keys there.
    let user = matches!(
        session.principal,
        Principal::User(_) | Principal::Federated(_)
    );
    if user && request.api == Api::Iam {
        return Err(unknown());
    }
    of_session(world, key, session).ok_or_else(unknown)
}

fn of_session(world: &World, key: &str, session: &Session) -> Option<Caller> {
    let account = world.accounts.get(&session.account)?;
    if account.state == "CLOSED" {
        return None;
    }
    let (id, partition, since) = (&account.id, world.partition, session.since);
    let (arn, user_id, kind, permitted, own) = match &session.principal {
        Principal::Role(name) => {
            let role = account.roles.get(name)?;
            (
                format!(
                    "arn:{partition}:sts::{id}:assumed-role/{name}/{}",
                    session.name
                ),
                format!("{}:{}", role.id, session.name),
                CallerKind::Session {
                    role: name.clone(),
                    role_arn: format!("arn:{partition}:iam::{id}:role/{name}"),
                    since,
                },
                Permitted::by(&role.permissions),
                Some(&role.tags),
            )
        }
        Principal::User(name) => {
            let user = account.users.get(name)?;
            let (name, session_user) = (name.clone(), name.clone());
            (
                format!("arn:{partition}:iam::{id}:user/{name}"),
                user.id.clone(),
                CallerKind::UserSession { name, since },
                Permitted::by(&account.permissions_of(&session_user)?),
                Some(&user.tags),
            )
        }
        Principal::Federated(user) => (
            format!("arn:{partition}:sts::{id}:federated-user/{}", session.name),
            format!("{id}:{}", session.name),
            CallerKind::Federated { since },
            Permitted::by(&account.permissions_of(user)?),
            None,
        ),
        Principal::Root => (
            format!("arn:{partition}:iam::{id}:root"),
            id.clone(),
            CallerKind::Root { since },
            Permitted::everything(),
            None,
        ),
    };
    let mut tags = own.cloned().unwrap_or_default();
    tags.extend(session.tags.clone());
    Some(Caller {
        account: id.clone(),
        arn,
        user_id,
        access_key: key.to_owned(),
        kind,
        permitted: permitted.within(&session.policies),
        tags,
    })
}

fn user_of(world: &World, owners: &mut Owners, key: &str) -> Option<Caller> {
    if let Some((account, name)) = owners.get(key)
        && let Some(caller) = with_key(world, account, name, key)
    {
        return Some(caller);
    }
    let (account, name) = world.accounts.values().find_map(|account| {
        let mut users = account.users.iter();
        let (name, _) = users.find(|(_, user)| user.keys.contains_key(key))?;
        Some((account.id.clone(), name.clone()))
    })?;
    let caller = with_key(world, &account, &name, key);
    owners.insert(key.to_owned(), (account, name));
    caller
}

/// The user, if the key is its own and active, and the account is open.
fn with_key(world: &World, account: &str, name: &str, key: &str) -> Option<Caller> {
    let account = world.accounts.get(account)?;
    let user = account.users.get(name)?;
    let active = user.keys.get(key).is_some_and(|key| key.active);
    if !active || account.state == "CLOSED" {
        return None;
    }
    Some(Caller {
        account: account.id.clone(),
        arn: format!("arn:{}:iam::{}:user/{name}", world.partition, account.id),
        user_id: user.id.clone(),
        access_key: key.to_owned(),
        kind: CallerKind::User {
            name: name.to_owned(),
        },
        permitted: Permitted::by(&account.permissions_of(name)?),
        tags: user.tags.clone(),
    })
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
        .status(api.denied_status())
    }
}

fn unknown_key(api: Api) -> Refusal {
    if api.is_query() {
        Refusal::new("InvalidClientTokenId", format!("{TOKEN} invalid.")).status(403)
    } else {
        Refusal::new("UnrecognizedClientException", format!("{TOKEN} invalid."))
            .status(api.denied_status())
    }
}

pub(crate) fn expired(api: Api) -> Refusal {
    if api.is_query() {
        Refusal::new("ExpiredToken", format!("{TOKEN} expired")).status(403)
    } else {
        Refusal::new("ExpiredTokenException", format!("{TOKEN} expired"))
            .status(api.denied_status())
    }
}
