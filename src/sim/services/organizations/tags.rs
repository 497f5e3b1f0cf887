//! Tags of accounts, OUs, roots and policies.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::{Call, Outcome};
use super::{NOTHING, not_found};
use crate::sim::refusal::Refusal;
use crate::sim::world::Organization;

const MOST_TAGS: usize = 50;

/// The `Tags` member of the input.
pub(super) fn input(call: &Call<'_>) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    let given = call.request.input.get("Tags").and_then(Value::as_array);
    for tag in given.into_iter().flatten() {
        let part = |name: &str| tag.get(name).and_then(Value::as_str);
        let (Some(key), Some(value)) = (part("Key"), part("Value")) else {
            let text = "A tag needs a key and a value.";
            return Err(Refusal::invalid("INPUT_REQUIRED", text));
        };
        if key.starts_with("aws:") {
            let text = "Tag keys must not begin with aws:.";
            return Err(Refusal::invalid("INVALID_SYSTEM_TAGS_PARAMETER", text));
        }
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            let text = "Tag keys must be unique.";
            return Err(Refusal::invalid("DUPLICATE_TAG_KEY", text));
        }
    }
    if tags.len() > MOST_TAGS {
        let text = "You have exceeded the number of tags.";
        return Err(Refusal::constraint("MAX_TAG_LIMIT_EXCEEDED", text));
    }
    Ok(tags)
}

fn check_resource(organization: &Organization, id: &str) -> Result<(), Refusal> {
    let resource_policy = organization.resource_policy.as_ref();
    let known = organization.has_node(id)
        || organization.policies.contains_key(id)
        || resource_policy.is_some_and(|policy| policy.id == id);
    if known {
        Ok(())
    } else {
        Err(not_found("Target", id))
    }
}

pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    let id = call.text("ResourceId")?;
    let organization = call.organization()?;
    check_resource(organization, id)?;
    let tags = organization.tags.get(id).into_iter().flatten();
    call.page(
        "Tags",
        tags,
        |(key, value)| json!({"Key": key, "Value": value}),
    )
}

pub(super) fn tag(call: &mut Call<'_>) -> Outcome {
    let id = call.text("ResourceId")?;
    let tags = input(call)?;
    let organization = call.organization_mut()?;
    check_resource(organization, id)?;
    let mut all = organization.tags.get(id).cloned().unwrap_or_default();
    all.extend(tags);
    if all.len() > MOST_TAGS {
        let text = "You have exceeded the number of tags.";
        return Err(Refusal::constraint("MAX_TAG_LIMIT_EXCEEDED", text));
    }
    organization.tags.insert(id.to_owned(), all);
    Ok(NOTHING)
}

pub(super) fn untag(call: &mut Call<'_>) -> Outcome {
    let id = call.text("ResourceId")?;
    let keys = call.request.input.get("TagKeys").and_then(Value::as_array);
    let keys: Vec<&str> = keys
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if keys.is_empty() {
        let text = "You must provide a value for `TagKeys`.";
        return Err(Refusal::invalid("INPUT_REQUIRED", text));
    }
    let organization = call.organization_mut()?;
    check_resource(organization, id)?;
    if let Some(tags) = organization.tags.get_mut(id) {
        tags.retain(|key, _| !keys.contains(&key.as_str()));
    }
    Ok(NOTHING)
}
