//! Tags of users and roles, and of sessions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::{Call, Outcome};
use super::{invalid, limit, page, required, role, role_mut, user, user_mut};
use crate::sim::refusal::Refusal;

const MOST_TAGS: usize = 50;

/// The `Tags` member of the input.
///
/// # Errors
/// A tag without key or value.
pub(in crate::sim::services) fn given(call: &Call<'_>) -> Result<BTreeMap<String, String>, ()> {
    let list = call.request.input.get("Tags").and_then(Value::as_array);
    let tags = list.into_iter().flatten().map(|tag| {
        let part = |name: &str| tag.get(name).and_then(Value::as_str);
        let key = part("Key").filter(|key| !key.is_empty()).ok_or(())?;
        Ok((key.to_owned(), part("Value").unwrap_or_default().to_owned()))
    });
    tags.collect()
}

/// The new user's or role's.
pub(super) fn at_creation(call: &Call<'_>) -> Result<BTreeMap<String, String>, Refusal> {
    given(call).map_err(|()| invalid("A tag needs a key and a value"))
}

/// Adds the tags to a shape; lists of users and roles come without them.
///
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html>
pub(super) fn show(shape: &mut Value, tags: &BTreeMap<String, String>) {
    if !tags.is_empty() {
        crate::sim::json::set(shape, "Tags", shown(tags));
    }
}

fn shown(tags: &BTreeMap<String, String>) -> Vec<Value> {
    let tags = tags.iter();
    let tags = tags.map(|(key, value)| json!({"Key": key, "Value": value}));
    tags.collect()
}

fn of_role(call: &Call<'_>) -> bool {
    call.request.operation.contains("Role")
}

fn tags_mut<'a>(call: &'a mut Call<'_>) -> Result<&'a mut BTreeMap<String, String>, Refusal> {
    if of_role(call) {
        let name = required(call, "RoleName")?;
        Ok(&mut role_mut(call, name)?.tags)
    } else {
        let name = required(call, "UserName")?;
        Ok(&mut user_mut(call, name)?.tags)
    }
}

pub(super) fn tag(call: &mut Call<'_>) -> Outcome {
    let new = at_creation(call)?;
    let tags = tags_mut(call)?;
    tags.extend(new);
    if tags.len() > MOST_TAGS {
        return Err(limit("Cannot exceed quota for TagsPerResource: 50"));
    }
    Ok(Value::Null)
}

pub(super) fn untag(call: &mut Call<'_>) -> Outcome {
    let keys = call.request.input.get("TagKeys").and_then(Value::as_array);
    let keys: Vec<Value> = keys.cloned().unwrap_or_default();
    tags_mut(call)?.retain(|key, _| !keys.iter().any(|gone| gone == key.as_str()));
    Ok(Value::Null)
}

pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    let tags = if of_role(call) {
        &role(call, required(call, "RoleName")?)?.tags
    } else {
        &user(call, required(call, "UserName")?)?.tags
    };
    page(call, "Tags", shown(tags))
}
