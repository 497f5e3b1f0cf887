//! Who calls, and may they: key → account → principal → permissions.
//!
//! Identity policies are reduced to a deny list of actions on each user and
//! role; everything else is allowed to them. SCPs bind members by the room
//! `evaluate`, with the context keys that [`context`] sets.

use std::collections::BTreeSet;

use crate::evaluate::{self, Decision, Resource, evaluate};
use crate::model::Timestamp;
use crate::scp::{self, Dialect, Document};

use super::refusal::Refusal;
use super::wire::{Api, Request};
use super::world::{Organization, World};

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

/// What the SCPs on the line from the root to the caller's account say to
/// `action` on `resource`.
///
/// They bind neither the management account nor accounts outside organizations,
/// and `sts:GetCallerIdentity` needs no permission at all. A text that does not
/// parse (only a scenario can hold one) neither allows nor denies.
pub(crate) fn scp_allows(
    world: &World,
    caller: &Caller,
    action: &str,
    resource: &str,
    call: &Request,
) -> Decision {
    let bound = world
        .organization_of(&caller.account)
        .filter(|found| found.management != caller.account && found.scps_enabled());
    let Some(organization) = bound.filter(|_| action != "sts:GetCallerIdentity") else {
        return Decision::Allowed;
    };
    let line = organization.line(&caller.account);
    let levels: Vec<Vec<Document>> = line.iter().map(|node| texts(organization, node)).collect();
    let levels: Vec<Vec<&Document>> = levels.iter().map(|at| at.iter().collect()).collect();
    let resource = match resource {
        "*" => Resource::Any,
        arn => Resource::Arn(arn.to_owned()),
    };
    let request = evaluate::Request::new(action, resource);
    evaluate(
        &levels,
        &context(world, organization, caller, call, request),
    )
}

fn texts(organization: &Organization, node: &str) -> Vec<Document> {
    let attached = organization.attachments.get(node).into_iter().flatten();
    attached
        .filter_map(|id| organization.policies.get(id))
        .filter_map(|policy| scp::parse(&policy.content, Dialect::Scp).ok())
        .collect()
}

/// The global condition keys that AWS sets on a signed request.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
pub(crate) fn context(
    world: &World,
    organization: &Organization,
    caller: &Caller,
    call: &Request,
    request: evaluate::Request,
) -> evaluate::Request {
    let account = &caller.account;
    let above = organization.parent_of(account).unwrap_or_default();
    let region = match call.api {
        Api::Organizations | Api::Iam => world.partition.organizations_region(),
        Api::CloudTrail | Api::Sts => &call.region,
    };
    let request = request
        .with("aws:PrincipalAccount", account)
        .with("aws:PrincipalOrgID", &organization.id)
        .with_all("aws:PrincipalOrgPaths", vec![organization.path(above)])
        .with("aws:userid", &caller.user_id)
        .with("aws:PrincipalIsAWSService", "false")
        .with("aws:ViaAWSService", "false")
        .with("aws:SecureTransport", "true")
        .with("aws:RequestedRegion", region)
        .with("aws:SourceIp", super::services::record::SOURCE_IP)
        .with("aws:UserAgent", &call.user_agent)
        .with("aws:CurrentTime", world.now.to_string())
        .with("aws:EpochTime", world.now.as_second().to_string());
    let request = if touches_policies(call) {
        request.with("organizations:PolicyType", "SERVICE_CONTROL_POLICY")
    } else {
        request
    };
    match &caller.kind {
        CallerKind::User { name } => request
            .with("aws:PrincipalArn", &caller.arn)
            .with("aws:PrincipalType", "User")
            .with("aws:username", name),
        CallerKind::Session {
            role_arn, since, ..
        } => request
            .with("aws:PrincipalArn", role_arn)
            .with("aws:PrincipalType", "AssumedRole")
            .with("aws:MultiFactorAuthPresent", "false")
            .with("aws:TokenIssueTime", since.to_string()),
    }
}

/// Does the call name a policy or a policy type? SCPs are the only type here.
fn touches_policies(call: &Request) -> bool {
    let members = ["PolicyId", "PolicyType", "Type", "Filter"];
    call.api == Api::Organizations && members.iter().any(|name| call.input.get(name).is_some())
}

/// May the caller call `action` on `resource`, by identity policies and SCPs?
///
/// `call` is the request that needs the permission; usually `action` is its own.
///
/// # Errors
/// The denial, in IAM's words.
pub(crate) fn authorize(
    world: &World,
    caller: &Caller,
    action: &str,
    resource: &str,
    call: &Request,
) -> Result<(), Refusal> {
    let refuse = |why: String| {
        let who = &caller.arn;
        let message = format!("User: {who} is not authorized to perform: {action} {why}");
        Err(denied(call.api, message))
    };
    if caller.denied_actions.contains(action) {
        return refuse(format!(
            "because no identity-based policy allows the {action} action"
        ));
    }
    match scp_allows(world, caller, action, resource, call) {
        Decision::Allowed => Ok(()),
        Decision::ExplicitDeny(_) => refuse(format!(
            "on resource: {resource} with an explicit deny in a service control policy"
        )),
        Decision::ImplicitDeny { .. } => refuse(format!(
            "on resource: {resource} because no service control policy allows the {action} action"
        )),
    }
}
