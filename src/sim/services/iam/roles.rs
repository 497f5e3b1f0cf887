//! Roles and their trust policies.

use serde_json::{Value, json};

use super::super::{Call, Outcome};
use super::{
    account, account_mut, conflict, encoded, exists, invalid, new_name, page, required, role,
    role_mut, tags, time,
};
use crate::sim::json::set;
use crate::sim::refusal::Refusal;
use crate::sim::services::sts::trust;
use crate::sim::world::Role;

fn shape(call: &Call<'_>, name: &str, role: &Role) -> Value {
    let (partition, account) = (call.world.partition, &call.caller.account);
    let mut answer = json!({
        "Path": "/",
        "RoleName": name,
        "RoleId": role.id,
        "Arn": format!("arn:{partition}:iam::{account}:role/{name}"),
        "CreateDate": time(role.created_at),
        "AssumeRolePolicyDocument": encoded(&role.trust_text(partition)),
        "MaxSessionDuration": role.longest,
    });
    if let Some(description) = &role.description {
        set(&mut answer, "Description", description.as_str());
    }
    answer
}

fn document<'a>(call: &Call<'a>, member: &str) -> Result<&'a str, Refusal> {
    let text = required(call, member)?;
    if trust::parse(text).is_some() {
        return Ok(text);
    }
    let code = "MalformedPolicyDocument";
    Err(Refusal::new(code, "Syntax errors in policy."))
}

pub(super) fn create(call: &mut Call<'_>) -> Outcome {
    let name = new_name(call, "RoleName")?;
    let text = document(call, "AssumeRolePolicyDocument")?;
    let longest = call.number("MaxSessionDuration").unwrap_or(3600);
    if !(3600..=43_200).contains(&longest) {
        return Err(invalid("MaxSessionDuration must be between 3600 and 43200"));
    }
    let mut roles = account(call)?.roles.keys();
    if roles.any(|other| other.eq_ignore_ascii_case(name)) {
        return Err(exists("Role", name));
    }
    let role = Role {
        trust: Some(text.to_owned()),
        description: call.optional("Description").map(str::to_owned),
        longest,
        tags: tags::at_creation(call)?,
        ..Role::new(call.world.draw_unique_id("AROA"), call.now())
    };
    let mut shape = shape(call, name, &role);
    tags::show(&mut shape, &role.tags);
    let answer = json!({"Role": shape});
    account_mut(call)?.roles.insert(name.to_owned(), role);
    Ok(answer)
}

pub(super) fn get(call: &mut Call<'_>) -> Outcome {
    let name = required(call, "RoleName")?;
    let found = role(call, name)?;
    let mut shape = shape(call, name, found);
    tags::show(&mut shape, &found.tags);
    Ok(json!({"Role": shape}))
}

pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    let roles = account(call)?.roles.iter();
    let roles = roles.map(|(name, role)| shape(call, name, role)).collect();
    page(call, "Roles", roles)
}

pub(super) fn update_trust(call: &mut Call<'_>) -> Outcome {
    let name = required(call, "RoleName")?;
    let text = document(call, "PolicyDocument")?.to_owned();
    role_mut(call, name)?.trust = Some(text);
    Ok(Value::Null)
}

pub(super) fn delete(call: &mut Call<'_>) -> Outcome {
    let name = required(call, "RoleName")?;
    let permissions = &role(call, name)?.permissions;
    if !permissions.inline.is_empty() {
        return Err(conflict(
            "Cannot delete entity, must delete policies first.",
        ));
    }
    if !permissions.managed.is_empty() {
        return Err(conflict(
            "Cannot delete entity, must detach all policies first.",
        ));
    }
    account_mut(call)?.roles.remove(name);
    Ok(Value::Null)
}
