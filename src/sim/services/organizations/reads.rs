//! Reads of the organization, its tree, its delegations.

use serde_json::json;

use super::super::{Call, Outcome};
use super::{not_found, shapes};
use crate::sim::refusal::Refusal;

pub(super) fn describe_organization(call: &mut Call<'_>) -> Outcome {
    let organization = call.organization()?;
    Ok(json!({"Organization": shapes::organization(call.world, organization)}))
}

pub(super) fn list_roots(call: &mut Call<'_>) -> Outcome {
    let organization = call.organization()?;
    call.page("Roots", std::iter::once(organization), |organization| {
        shapes::root(call.world, organization)
    })
}

pub(super) fn list_accounts(call: &mut Call<'_>) -> Outcome {
    let organization = call.organization()?;
    call.page("Accounts", organization.members.keys(), |id| {
        shapes::account(call.world, organization, id)
    })
}

fn parent<'a>(call: &Call<'a>) -> Result<&'a str, Refusal> {
    let parent = call.text("ParentId")?;
    if call.organization()?.is_parent(parent) {
        Ok(parent)
    } else {
        Err(not_found("Parent", parent))
    }
}

pub(super) fn list_accounts_for_parent(call: &mut Call<'_>) -> Outcome {
    let parent = parent(call)?;
    let organization = call.organization()?;
    let members = organization.members.iter();
    let under = members.filter(|(_, member)| member.parent == parent);
    call.page("Accounts", under, |(id, _)| {
        shapes::account(call.world, organization, id)
    })
}

pub(super) fn list_units_for_parent(call: &mut Call<'_>) -> Outcome {
    let parent = parent(call)?;
    let organization = call.organization()?;
    let units = organization.units.values();
    let under = units.filter(|unit| unit.parent == parent);
    call.page("OrganizationalUnits", under, |unit| {
        shapes::unit(call.world, organization, unit)
    })
}

pub(super) fn list_parents(call: &mut Call<'_>) -> Outcome {
    let child = call.text("ChildId")?;
    let organization = call.organization()?;
    let parent = organization
        .parent_of(child)
        .ok_or_else(|| not_found("Child", child))?;
    call.page(
        "Parents",
        std::iter::once(parent),
        |id| json!({"Id": id, "Type": shapes::node_type(organization, id)}),
    )
}

pub(super) fn list_children(call: &mut Call<'_>) -> Outcome {
    let parent = parent(call)?;
    let kind = call.text("ChildType")?;
    if !["ACCOUNT", "ORGANIZATIONAL_UNIT"].contains(&kind) {
        let text = "ChildType must be ACCOUNT or ORGANIZATIONAL_UNIT.";
        return Err(Refusal::invalid("INVALID_ENUM", text));
    }
    let organization = call.organization()?;
    let children = organization.nodes().filter(|id| {
        organization.parent_of(id) == Some(parent) && shapes::node_type(organization, id) == kind
    });
    call.page("Children", children, |id| json!({"Id": id, "Type": kind}))
}

pub(super) fn describe_account(call: &mut Call<'_>) -> Outcome {
    let id = call.text("AccountId")?;
    let organization = call.organization()?;
    if !organization.members.contains_key(id) {
        return Err(not_found("Account", id));
    }
    Ok(json!({"Account": shapes::account(call.world, organization, id)}))
}

pub(super) fn describe_unit(call: &mut Call<'_>) -> Outcome {
    let id = call.text("OrganizationalUnitId")?;
    let organization = call.organization()?;
    let unit = organization
        .units
        .get(id)
        .ok_or_else(|| not_found("OrganizationalUnit", id))?;
    Ok(json!({"OrganizationalUnit": shapes::unit(call.world, organization, unit)}))
}

pub(super) fn describe_resource_policy(call: &mut Call<'_>) -> Outcome {
    let organization = call.organization()?;
    let policy = organization.resource_policy.as_ref().ok_or_else(|| {
        Refusal::new(
            "ResourcePolicyNotFoundException",
            "The resource policy doesn't exist.",
        )
    })?;
    Ok(json!({"ResourcePolicy": resource_policy(call, &policy.id, &policy.content)?}))
}

pub(super) fn resource_policy(call: &Call<'_>, id: &str, content: &str) -> Outcome {
    let organization = call.organization()?;
    let resource = format!("resourcepolicy/{}/{id}", organization.id);
    let arn = call.world.arn(&organization.management, &resource);
    Ok(json!({"ResourcePolicySummary": {"Id": id, "Arn": arn}, "Content": content}))
}

pub(super) fn list_delegated_administrators(call: &mut Call<'_>) -> Outcome {
    let service = call.optional("ServicePrincipal");
    let organization = call.organization()?;
    let listed = organization
        .delegated_administrators
        .iter()
        .filter(|(_, by)| service.is_none_or(|service| by.services.contains_key(service)));
    call.page("DelegatedAdministrators", listed, |(id, by)| {
        let mut account = shapes::account(call.world, organization, id);
        if let Some(members) = account.as_object_mut() {
            members.remove("Paths");
            members.insert("DelegationEnabledDate".to_owned(), shapes::time(by.since));
        }
        account
    })
}

pub(super) fn list_delegated_services(call: &mut Call<'_>) -> Outcome {
    let account = call.text("AccountId")?;
    let organization = call.organization()?;
    if !organization.members.contains_key(account) {
        return Err(not_found("Account", account));
    }
    let by = organization
        .delegated_administrators
        .get(account)
        .ok_or_else(|| {
            Refusal::new(
                "AccountNotRegisteredException",
                "The account isn't a delegated administrator.",
            )
        })?;
    call.page("DelegatedServices", by.services.iter(), |(name, since)| {
        json!({"ServicePrincipal": name, "DelegationEnabledDate": shapes::time(*since)})
    })
}

pub(super) fn list_trusted_services(call: &mut Call<'_>) -> Outcome {
    let services = call.organization()?.trusted_services.iter();
    call.page(
        "EnabledServicePrincipals",
        services,
        |(name, since)| json!({"ServicePrincipal": name, "DateEnabled": shapes::time(*since)}),
    )
}
