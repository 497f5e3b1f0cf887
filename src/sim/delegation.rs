//! What the organization's delegation policy lets members do.
//!
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs-policy-delegate.html>

use crate::evaluate::{self, Resource, applies};
use crate::scp::{self, Dialect, Effect, Statement};

use super::authorize::context;
use super::identify::{Caller, CallerKind};
use super::wire::Request;
use super::world::{Organization, World};

/// Does the delegation policy let the caller make this call, on each of `resources`?
pub(crate) fn delegates(
    world: &World,
    organization: &Organization,
    caller: &Caller,
    call: &Request,
    resources: &[String],
) -> bool {
    let policy = organization.resource_policy.as_ref();
    let parsed = policy.and_then(|policy| scp::parse(&policy.content, Dialect::Delegation).ok());
    let Some(document) = parsed else {
        return false;
    };
    resources.iter().all(|resource| {
        let resource = match resource.as_str() {
            "*" => Resource::Any,
            arn => Resource::Arn(arn.to_owned()),
        };
        let request = evaluate::Request::new(call.action(), resource);
        let request = context(world, caller, call, request);
        let decided = |effect: Effect| {
            document.statements.iter().any(|statement| {
                statement.effect == effect
                    && names(statement, world, caller)
                    && applies(statement, document.version, &request)
            })
        };
        decided(Effect::Allow) && !decided(Effect::Deny)
    })
}

/// Is the caller among the statement's principals: everybody, its account, or itself?
fn names(statement: &Statement, world: &World, caller: &Caller) -> bool {
    let root = format!("arn:{}:iam::{}:root", world.partition, caller.account);
    let role = match &caller.kind {
        CallerKind::Session { role_arn, .. } => Some(role_arn.as_str()),
        _ => None,
    };
    statement.principals.as_ref().is_some_and(|principals| {
        let named = principals.patterns.iter().any(|principal| {
            let principal = principal.as_str();
            ["*", &root, &caller.account, &caller.arn].contains(&principal)
                || role == Some(principal)
        });
        named != principals.negated
    })
}
