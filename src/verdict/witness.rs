//! Requests that get through, each confirmed by `evaluate`.

use std::collections::BTreeMap;

use super::answer::{Exemption, Witness};
use super::case::Case;
use super::stack::{NodeStack, Stacks};
use super::texts::Texts;
use crate::evaluate::{self, Request, Resource, evaluate};
use crate::exits::{ActionSpec, Actor, ExitPath, ResourceShape};
use crate::model::organization::Account;
use crate::model::{AccountId, Snapshot};
use crate::prove::Example;
use crate::scp::Document;

fn allows(case: &Case<'_>, request: &Request) -> bool {
    let stack: Vec<Vec<&Document>> = case
        .levels
        .iter()
        .map(|level| level.policies.iter().map(|one| one.1).collect())
        .collect();
    evaluate(&stack, request) == evaluate::Decision::Allowed
}

/// Does `evaluate` let every action of the path through for the example?
pub(super) fn passes(case: &Case<'_>, path: &ExitPath, example: &Example) -> bool {
    path.actions.iter().all(|action| {
        let resource = match action.resource {
            ResourceShape::None => Resource::Any,
            ResourceShape::Handshake | ResourceShape::Account => {
                Resource::Arn(example.resource.clone())
            }
        };
        let request = Request::new(action.name, resource);
        let request = facts(request, case.snapshot, case.account)
            .with("aws:PrincipalArn", example.principal.clone());
        allows(case, &in_context(request, &example.context))
    })
}

/// A question of [`passers`].
#[derive(Debug, Clone, Copy)]
pub struct Passage<'a> {
    /// The account whose roles they are.
    pub account: &'a Account,
    /// The way out.
    pub path: &'static ExitPath,
    /// Whom its guard lets through.
    pub exemption: &'a Exemption,
    /// ARNs of roles.
    pub roles: &'a [String],
}

/// Which of the roles get through in the place of the exemption's own principal, one answer for
/// each question; `None`: the request of the exemption cannot be made again.
pub fn passers(snapshot: &Snapshot, asked: &[Passage<'_>]) -> Vec<Option<Vec<String>>> {
    let texts = Texts::of(snapshot);
    let stacks = Stacks::of(snapshot, &texts);
    let answer = |one: &Passage<'_>| {
        // What else a principal carries, a list of names does not tell.
        let carried = |(key, values): (&String, &Option<Vec<String>>)| {
            let named = ["aws:principaltag/", "aws:userid", "aws:username"];
            values.is_some() && named.iter().any(|prefix| key.starts_with(prefix))
        };
        if one.exemption.context.iter().any(carried) {
            return None;
        }
        let chain = one.account.chain()?;
        let levels: Vec<NodeStack> = chain.iter().map(|node| stacks.node(node)).collect();
        let case = Case::new(snapshot, &texts, &levels, one.account);
        let through = |principal: &String| lets_through(&case, one, principal);
        through(&one.exemption.principal).then(|| {
            one.roles
                .iter()
                .filter(|role| through(role))
                .cloned()
                .collect()
        })
    };
    asked.iter().map(answer).collect()
}

/// Does `evaluate` let a principal through with the exemption's context?
fn lets_through(case: &Case<'_>, passage: &Passage<'_>, principal: &str) -> bool {
    let Passage {
        path, exemption, ..
    } = passage;
    path.actions.iter().all(|action| {
        let witness = witness(case.snapshot, path, action, &case.account.id);
        let request = Request::new(action.name, resource(&witness));
        let request = facts(request, case.snapshot, case.account);
        let request = in_context(request, &exemption.context);
        allows(case, &request.with("aws:PrincipalArn", principal))
    })
}

/// Does `evaluate` let the witness of an open action through?
pub(super) fn confirmed(case: &Case<'_>, path: &ExitPath, action: &ActionSpec) -> bool {
    let witness = witness(case.snapshot, path, action, &case.account.id);
    let request = Request::new(action.name, resource(&witness));
    allows(case, &request.with("aws:PrincipalArn", witness.principal))
}

fn resource(witness: &Witness) -> Resource {
    match witness.resource.as_str() {
        "*" => Resource::Any,
        arn => Resource::Arn(arn.to_owned()),
    }
}

/// Keys as they are given; `None`: absent.
fn in_context(request: Request, context: &BTreeMap<String, Option<Vec<String>>>) -> Request {
    let with = |request: Request, (key, values): (&String, &Option<Vec<String>>)| match values {
        Some(values) => request.with_all(key, values.clone()),
        None => request.without(key),
    };
    context.iter().fold(request, with)
}

/// One request for each action of an open path, in the name of `account`.
pub fn witnesses<'a>(
    snapshot: &'a Snapshot,
    path: &'a ExitPath,
    account: &'a AccountId,
) -> impl Iterator<Item = Witness> + 'a {
    path.actions
        .iter()
        .map(move |action| witness(snapshot, path, action, account))
}

/// A request that gets through an open path.
fn witness(
    snapshot: &Snapshot,
    path: &ExitPath,
    action: &ActionSpec,
    account: &AccountId,
) -> Witness {
    let partition = snapshot.caller.partition;
    let principal = match path.actor {
        Actor::MemberRoot => format!("arn:{partition}:iam::{account}:root"),
        Actor::Member | Actor::Management => format!("arn:{partition}:iam::{account}:role/Admin"),
    };
    let resource = match action.resource {
        ResourceShape::None => "*".to_owned(),
        ResourceShape::Handshake => format!(
            "arn:{partition}:organizations::999999999999:handshake/o-foreignorg0/invite/h-examplehandshake"
        ),
        ResourceShape::Account => format!("arn:{partition}:account::{account}:account"),
    };
    Witness {
        principal,
        action: action.name,
        resource,
    }
}

/// What AWS puts into every request of an account's principals.
fn facts(request: Request, snapshot: &Snapshot, account: &Account) -> Request {
    let region = snapshot.caller.partition.organizations_region();
    let request = request
        .with("aws:PrincipalAccount", account.id.as_str())
        .with("aws:RequestedRegion", region)
        .with("aws:PrincipalIsAWSService", "false")
        .with("aws:SecureTransport", "true")
        .with("aws:CurrentTime", snapshot.taken_at.to_string());
    match snapshot.organization.known() {
        Some(organization) => request.with("aws:PrincipalOrgID", organization.id.as_str()),
        None => request,
    }
}
