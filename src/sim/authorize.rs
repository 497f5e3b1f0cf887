//! May the caller do it: identity policies, session policies, SCPs.
//!
//! All of them are decided by the room `evaluate`, with the context keys that
//! [`context`] sets. SCPs bind members only.

use serde_json::Value;

use crate::evaluate::{self, Decision, Resource, evaluate};
use crate::scp::{self, Dialect, Document};

use super::identify::{Caller, CallerKind};
use super::permissions::Verdict;
use super::refusal::Refusal;
use super::wire::{Api, Request};
use super::world::{Organization, World};

/// An access denial in the service's own words.
pub(crate) fn denied(api: Api, message: String) -> Refusal {
    if api.is_query() {
        Refusal::new("AccessDenied", message).status(403)
    } else {
        Refusal::new("AccessDeniedException", message).status(api.denied_status())
    }
}

/// What the SCPs on the line from the root to the caller's account say to a request.
///
/// They bind neither the management account nor accounts outside organizations. A text that does not
/// parse (only a scenario can hold one) neither allows nor denies.
pub(crate) fn scp_allows(world: &World, caller: &Caller, request: &evaluate::Request) -> Decision {
    let bound = world
        .organization_of(&caller.account)
        .filter(|found| found.management != caller.account && found.scps_enabled());
    let Some(organization) = bound else {
        return Decision::Allowed;
    };
    let line = organization.line(&caller.account);
    let levels: Vec<Vec<Document>> = line.iter().map(|node| texts(organization, node)).collect();
    let levels: Vec<Vec<&Document>> = levels.iter().map(|at| at.iter().collect()).collect();
    evaluate(&levels, request)
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
    caller: &Caller,
    call: &Request,
    request: evaluate::Request,
) -> evaluate::Request {
    let account = &caller.account;
    let region = match call.api {
        Api::Organizations | Api::Iam | Api::Account => world.partition.organizations_region(),
        Api::CloudTrail | Api::Sts | Api::Events | Api::Logs | Api::CloudFormation => &call.region,
    };
    let request = request
        .with("aws:PrincipalAccount", account)
        .with("aws:userid", &caller.user_id)
        .with("aws:PrincipalIsAWSService", "false")
        .with("aws:ViaAWSService", "false")
        .with("aws:SecureTransport", "true")
        .with("aws:RequestedRegion", region)
        .with("aws:SourceIp", super::services::record::SOURCE_IP)
        .with("aws:UserAgent", &call.user_agent)
        .with("aws:CurrentTime", world.now.to_string())
        .with("aws:EpochTime", world.now.as_second().to_string());
    let request = match world.organization_of(account) {
        Some(organization) => {
            let above = organization.parent_of(account).unwrap_or_default();
            request
                .with("aws:PrincipalOrgID", &organization.id)
                .with_all("aws:PrincipalOrgPaths", vec![organization.path(above)])
        }
        None => request,
    };
    let request = caller.tags.iter().fold(request, |request, (key, value)| {
        request.with(&format!("aws:PrincipalTag/{key}"), value)
    });
    principal_keys(caller, service_keys(call, request))
}

/// The keys that tell kinds of principals apart.
fn principal_keys(caller: &Caller, request: evaluate::Request) -> evaluate::Request {
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
        CallerKind::UserSession { name, since } => request
            .with("aws:PrincipalArn", &caller.arn)
            .with("aws:PrincipalType", "User")
            .with("aws:username", name)
            .with("aws:MultiFactorAuthPresent", "false")
            .with("aws:TokenIssueTime", since.to_string()),
        CallerKind::Federated { since } => request
            .with("aws:PrincipalArn", &caller.arn)
            .with("aws:PrincipalType", "FederatedUser")
            .with("aws:TokenIssueTime", since.to_string()),
        CallerKind::RootUser => request
            .with("aws:PrincipalArn", &caller.arn)
            .with("aws:PrincipalType", "Account"),
        CallerKind::Root { since } => request
            .with("aws:PrincipalArn", &caller.arn)
            .with("aws:PrincipalType", "Account")
            .with("aws:AssumedRoot", "true")
            .with("aws:TokenIssueTime", since.to_string()),
    }
}

/// Members of requests that become condition keys of their service, by JSON pointer.
///
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
const KEYS: [(Api, &str, &str); 6] = [
    (
        Api::Organizations,
        "/ServicePrincipal",
        "organizations:ServicePrincipal",
    ),
    (Api::Sts, "/ExternalId", "sts:ExternalId"),
    (Api::Sts, "/RoleSessionName", "sts:RoleSessionName"),
    (Api::Sts, "/TaskPolicyArn/arn", "sts:TaskPolicyArn"),
    (Api::Iam, "/PolicyArn", "iam:PolicyARN"),
    (
        Api::Account,
        "/AlternateContactType",
        "account:AlternateContactTypes",
    ),
];

fn service_keys(call: &Request, request: evaluate::Request) -> evaluate::Request {
    let member = |pointer: &str| call.input.pointer(pointer).and_then(Value::as_str);
    let request = KEYS.iter().filter(|(api, _, _)| *api == call.api).fold(
        request,
        |request, (_, pointer, key)| match member(pointer) {
            Some(value) => request.with(key, value),
            None => request,
        },
    );
    let email = member("/PrimaryEmail").filter(|_| call.api == Api::Account);
    let request = match email.and_then(|email| email.rsplit_once('@')) {
        Some((_, domain)) => request.with("account:EmailTargetDomain", domain),
        None => request,
    };
    if touches_policies(call) {
        request.with("organizations:PolicyType", "SERVICE_CONTROL_POLICY")
    } else {
        request
    }
}

/// Does the call name a policy or a policy type? SCPs are the only type here.
fn touches_policies(call: &Request) -> bool {
    let members = ["PolicyId", "PolicyType", "Type", "Filter"];
    call.api == Api::Organizations && members.iter().any(|name| call.input.get(name).is_some())
}

/// May the caller call `action` on `resource`, by identity and session policies and SCPs?
///
/// `call` is the request that needs the permission; usually `action` is its own.
/// `sts:GetCallerIdentity` needs no permission at all.
///
/// # Errors
/// The denial, in IAM's words. An explicit deny comes first, wherever it stands.
pub(crate) fn authorize(
    world: &World,
    caller: &Caller,
    action: &str,
    resource: &str,
    call: &Request,
) -> Result<(), Refusal> {
    if action == "sts:GetCallerIdentity" {
        return Ok(());
    }
    let named = match resource {
        "*" => Resource::Any,
        arn => Resource::Arn(arn.to_owned()),
    };
    let request = evaluate::Request::new(action, named);
    let request = context(world, caller, call, request);
    let scps = scp_allows(world, caller, &request);
    let own = caller.permitted.decide(&request);
    let because = |what: &str| format!("because no {what} allows the {action} action");
    let deny = |what: &str| format!("with an explicit deny in {what}");
    let why = match (scps, own) {
        (Decision::Allowed, Verdict::Allowed) => return Ok(()),
        (Decision::ExplicitDeny(_), _) => deny("a service control policy"),
        (_, Verdict::DeniedByIdentity) => deny("an identity-based policy"),
        (_, Verdict::DeniedBySession) => deny("a session policy"),
        (Decision::ImplicitDeny { .. }, _) => because("service control policy"),
        (Decision::Allowed, Verdict::NotAllowedByIdentity) => because("identity-based policy"),
        (Decision::Allowed, Verdict::NotAllowedBySession) => because("session policy"),
    };
    let who = &caller.arn;
    let message =
        format!("User: {who} is not authorized to perform: {action} on resource: {resource} {why}");
    Err(denied(call.api, message))
}
