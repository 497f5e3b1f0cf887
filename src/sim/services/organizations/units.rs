//! OUs: made, renamed, deleted.

use serde_json::json;

use super::super::{Call, Outcome};
use super::{NOTHING, not_found, shapes, tags};
use crate::sim::refusal::Refusal;
use crate::sim::world::{Organization, Unit};

/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
const MOST_LEVELS: usize = 5;
const MOST_UNITS: usize = 2000;

fn check_name(
    organization: &Organization,
    parent: &str,
    name: &str,
    own: Option<&str>,
) -> Result<(), Refusal> {
    if name.is_empty() || name.chars().count() > 128 {
        let reason = if name.is_empty() {
            "MIN_LENGTH_EXCEEDED"
        } else {
            "MAX_LENGTH_EXCEEDED"
        };
        let text = "The name must have 1 to 128 characters.";
        return Err(Refusal::invalid(reason, text));
    }
    let taken = organization
        .units
        .values()
        .any(|unit| unit.parent == parent && unit.name == name && Some(unit.id.as_str()) != own);
    if taken {
        let text = "An OU with the same name already exists.";
        return Err(Refusal::new("DuplicateOrganizationalUnitException", text));
    }
    Ok(())
}

pub(super) fn create(call: &mut Call<'_>) -> Outcome {
    let (parent, name) = (call.text("ParentId")?, call.text("Name")?);
    let tags = tags::input(call)?;
    let organization = call.organization()?;
    if !organization.is_parent(parent) {
        return Err(not_found("Parent", parent));
    }
    check_name(organization, parent, name, None)?;
    // The line holds the root besides the OUs.
    if organization.line(parent).len() > MOST_LEVELS {
        let text = "You have exceeded the number of levels of OUs.";
        return Err(Refusal::constraint("OU_DEPTH_LIMIT_EXCEEDED", text));
    }
    if organization.units.len() >= MOST_UNITS {
        let text = "You have exceeded the number of OUs.";
        return Err(Refusal::constraint("OU_NUMBER_LIMIT_EXCEEDED", text));
    }
    let prefix = format!("ou-{}-", organization.root.trim_start_matches("r-"));
    let id = call.world.draw_id(&prefix, 8);
    let unit = Unit {
        id: id.clone(),
        name: name.to_owned(),
        parent: parent.to_owned(),
    };
    let organization = call.organization_mut()?;
    organization.units.insert(id.clone(), unit);
    if organization.scps_enabled() {
        organization.attach_full_access(&id);
    }
    if !tags.is_empty() {
        organization.tags.insert(id.clone(), tags);
    }
    shown(call, &id)
}

fn find<'a>(organization: &'a Organization, id: &str) -> Result<&'a Unit, Refusal> {
    let found = organization.units.get(id);
    found.ok_or_else(|| not_found("OrganizationalUnit", id))
}

fn shown(call: &Call<'_>, id: &str) -> Outcome {
    let organization = call.organization()?;
    let unit = shapes::unit(call.world, organization, find(organization, id)?);
    Ok(json!({"OrganizationalUnit": unit}))
}

pub(super) fn update(call: &mut Call<'_>) -> Outcome {
    let id = call.text("OrganizationalUnitId")?;
    let name = call.optional("Name");
    let organization = call.organization_mut()?;
    let parent = find(organization, id)?.parent.clone();
    if let Some(name) = name {
        check_name(organization, &parent, name, Some(id))?;
        if let Some(unit) = organization.units.get_mut(id) {
            name.clone_into(&mut unit.name);
        }
    }
    shown(call, id)
}

pub(super) fn delete(call: &mut Call<'_>) -> Outcome {
    let id = call.text("OrganizationalUnitId")?;
    let organization = call.organization_mut()?;
    find(organization, id)?;
    let used = organization.units.values().any(|unit| unit.parent == id)
        || organization
            .members
            .values()
            .any(|member| member.parent == id);
    if used {
        let text = "The specified OU is not empty. Move all accounts to another root or to other OUs, remove all child OUs, and try the operation again.";
        return Err(Refusal::new("OrganizationalUnitNotEmptyException", text));
    }
    organization.units.remove(id);
    organization.attachments.remove(id);
    organization.tags.remove(id);
    Ok(NOTHING)
}
