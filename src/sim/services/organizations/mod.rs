//! AWS Organizations.

mod accounts;
mod creation;
mod delegations;
mod features;
mod handshakes;
mod lifecycle;
mod policies;
mod reads;
mod shapes;
mod tags;
mod units;

use serde_json::Value;

use super::{Call, Handler, Outcome};
use crate::sim::delegation::delegates;
use crate::sim::refusal::Refusal;
use crate::sim::world::Organization;

/// Which callers an operation is for, besides their permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    /// Any account, in an organization or not.
    Anyone,
    /// Any account of an organization.
    Members,
    /// The management account, delegated administrators of any service, and
    /// members that the delegation policy names.
    Readers,
    /// The management account and members that the delegation policy names.
    Delegable,
    /// The management account only.
    Management,
}

/// One operation.
#[derive(Debug)]
struct Row {
    name: &'static str,
    callers: For,
    handler: Handler,
}

const fn row(name: &'static str, callers: For, handler: Handler) -> Row {
    Row {
        name,
        callers,
        handler,
    }
}

const ROWS: &[Row] = &[
    row(
        "DescribeOrganization",
        For::Members,
        reads::describe_organization,
    ),
    row("ListRoots", For::Readers, reads::list_roots),
    row("ListAccounts", For::Readers, reads::list_accounts),
    row(
        "ListAccountsForParent",
        For::Readers,
        reads::list_accounts_for_parent,
    ),
    row(
        "ListOrganizationalUnitsForParent",
        For::Readers,
        reads::list_units_for_parent,
    ),
    row("ListParents", For::Readers, reads::list_parents),
    row("ListChildren", For::Readers, reads::list_children),
    row("DescribeAccount", For::Readers, reads::describe_account),
    row(
        "DescribeOrganizationalUnit",
        For::Readers,
        reads::describe_unit,
    ),
    row("ListPolicies", For::Readers, policies::list_policies),
    row("DescribePolicy", For::Readers, policies::describe_policy),
    row(
        "ListPoliciesForTarget",
        For::Readers,
        policies::list_policies_for_target,
    ),
    row(
        "ListTargetsForPolicy",
        For::Readers,
        policies::list_targets_for_policy,
    ),
    row(
        "DescribeResourcePolicy",
        For::Readers,
        reads::describe_resource_policy,
    ),
    row(
        "ListDelegatedAdministrators",
        For::Readers,
        reads::list_delegated_administrators,
    ),
    row(
        "ListDelegatedServicesForAccount",
        For::Readers,
        reads::list_delegated_services,
    ),
    row(
        "ListAWSServiceAccessForOrganization",
        For::Readers,
        reads::list_trusted_services,
    ),
    row(
        "ListHandshakesForOrganization",
        For::Readers,
        handshakes::list_for_organization,
    ),
    row(
        "ListHandshakesForAccount",
        For::Anyone,
        handshakes::list_for_account,
    ),
    row("DescribeHandshake", For::Anyone, handshakes::describe),
    row("ListTagsForResource", For::Readers, tags::list),
    row("TagResource", For::Delegable, tags::tag),
    row("CreatePolicy", For::Delegable, policies::create),
    row("UpdatePolicy", For::Delegable, policies::update),
    row("DeletePolicy", For::Delegable, policies::delete),
    row("AttachPolicy", For::Delegable, policies::attach),
    row("DetachPolicy", For::Delegable, policies::detach),
    row("EnablePolicyType", For::Delegable, policies::enable_type),
    row("DisablePolicyType", For::Delegable, policies::disable_type),
    row(
        "PutResourcePolicy",
        For::Management,
        accounts::put_resource_policy,
    ),
    row(
        "DeleteResourcePolicy",
        For::Management,
        accounts::delete_resource_policy,
    ),
    row("MoveAccount", For::Management, accounts::move_account),
    row(
        "RemoveAccountFromOrganization",
        For::Management,
        accounts::remove,
    ),
    row("CloseAccount", For::Management, accounts::close),
    row("LeaveOrganization", For::Members, accounts::leave),
    row(
        "InviteAccountToOrganization",
        For::Management,
        handshakes::invite,
    ),
    row("CancelHandshake", For::Anyone, handshakes::cancel),
    row("AcceptHandshake", For::Anyone, handshakes::accept),
    row("UntagResource", For::Delegable, tags::untag),
    row("DeclineHandshake", For::Anyone, handshakes::decline),
    row(
        "DescribeEffectivePolicy",
        For::Members,
        policies::describe_effective,
    ),
    row("CreateOrganization", For::Anyone, lifecycle::create),
    row("DeleteOrganization", For::Management, lifecycle::delete),
    row(
        "EnableAllFeatures",
        For::Management,
        features::enable_all_features,
    ),
    row("CreateAccount", For::Management, creation::create),
    row(
        "DescribeCreateAccountStatus",
        For::Readers,
        creation::describe,
    ),
    row("ListCreateAccountStatus", For::Readers, creation::list),
    row("CreateOrganizationalUnit", For::Management, units::create),
    row("UpdateOrganizationalUnit", For::Management, units::update),
    row("DeleteOrganizationalUnit", For::Management, units::delete),
    row(
        "RegisterDelegatedAdministrator",
        For::Management,
        delegations::register,
    ),
    row(
        "DeregisterDelegatedAdministrator",
        For::Management,
        delegations::deregister,
    ),
    row(
        "EnableAWSServiceAccess",
        For::Management,
        delegations::enable_service,
    ),
    row(
        "DisableAWSServiceAccess",
        For::Management,
        delegations::disable_service,
    ),
];

/// The operation of that name.
fn operation(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}

pub(super) fn handler(name: &str) -> Option<Handler> {
    operation(name).map(|_| perform as Handler)
}

/// Performs an operation if the caller is of the right kind.
fn perform(call: &mut Call<'_>) -> Outcome {
    let row = operation(&call.request.operation);
    let row = row.ok_or_else(|| super::unknown_operation(call.request))?;
    if row.callers != For::Anyone {
        let account = &call.caller.account;
        let organization = call.organization()?;
        let manages = organization.management == *account;
        let delegated = organization.delegated_administrators.contains_key(account);
        let right = match row.callers {
            For::Anyone | For::Members => true,
            For::Readers => manages || delegated || by_policy(call, organization),
            For::Delegable => manages || by_policy(call, organization),
            For::Management => manages,
        };
        if !right {
            return Err(Refusal::wrong_caller());
        }
    }
    (row.handler)(call)
}

/// Does the delegation policy grant the call?
fn by_policy(call: &Call<'_>, organization: &Organization) -> bool {
    let arn = |member: &str| {
        let id = call.optional(member)?;
        Some(match organization.policies.get(id) {
            Some(policy) => shapes::policy_arn(call.world, organization, policy),
            None => shapes::node_arn(call.world, organization, id),
        })
    };
    let mut resources: Vec<String> = ["PolicyId", "TargetId", "RootId", "ResourceId"]
        .into_iter()
        .filter_map(arn)
        .collect();
    if resources.is_empty() {
        resources.push("*".to_owned());
    }
    delegates(
        call.world,
        organization,
        call.caller,
        call.request,
        &resources,
    )
}

/// The ARN of what an id in a request means to its caller.
pub(crate) fn resource_arn(call: &Call<'_>, id: &str) -> Option<String> {
    if let Some(handshake) = call.world.handshakes.get(id) {
        return Some(shapes::handshake_arn(call.world, handshake));
    }
    let organization = call.world.organization_of(&call.caller.account)?;
    if let Some(policy) = organization.policies.get(id) {
        return Some(shapes::policy_arn(call.world, organization, policy));
    }
    organization
        .has_node(id)
        .then(|| shapes::node_arn(call.world, organization, id))
}

impl Call<'_> {
    fn organization(&self) -> Result<&Organization, Refusal> {
        self.world
            .organization_of(&self.caller.account)
            .ok_or_else(Refusal::not_in_use)
    }

    fn organization_mut(&mut self) -> Result<&mut Organization, Refusal> {
        self.world
            .organization_of_mut(&self.caller.account)
            .ok_or_else(Refusal::not_in_use)
    }
}

/// An answer without a body.
const NOTHING: Value = Value::Null;

fn not_found(kind: &str, id: &str) -> Refusal {
    Refusal::new(
        format!("{kind}NotFoundException"),
        format!("You specified `{id}`, which doesn't exist."),
    )
}
