//! Trust policies: who may assume a role.

use serde_json::Value;

use crate::evaluate::{Request, Resource, applies};
use crate::model::Partition;
use crate::scp::{self, Dialect, Document, Effect, Statement};
use crate::sim::identify::{Caller, CallerKind};
use crate::sim::json::set;

/// A trust policy as a document whose statements are on every resource: trust
/// policies have no `Resource`, since the role is the resource.
pub(crate) fn parse(text: &str) -> Option<Document> {
    let mut policy: Value = serde_json::from_str(text).ok()?;
    match policy.get_mut("Statement")? {
        Value::Array(statements) => {
            for statement in statements {
                set(statement, "Resource", "*");
            }
        }
        one => set(one, "Resource", "*"),
    }
    scp::parse(&policy.to_string(), Dialect::Delegation).ok()
}

/// Does the policy let the caller do `action`? `request` carries the context.
pub(super) fn trusts(
    document: &Document,
    partition: Partition,
    caller: &Caller,
    request: &Request,
) -> bool {
    let mut on_any = request.clone();
    on_any.resource = Resource::Any;
    let decided = |effect: Effect| {
        document.statements.iter().any(|statement| {
            statement.effect == effect
                && names(statement, partition, caller)
                && applies(statement, document.version, &on_any)
        })
    };
    decided(Effect::Allow) && !decided(Effect::Deny)
}

fn names(statement: &Statement, partition: Partition, caller: &Caller) -> bool {
    let root = format!("arn:{partition}:iam::{}:root", caller.account);
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
