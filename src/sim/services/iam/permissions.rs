//! Inline and attached policies of users, roles and groups.

use serde_json::{Value, json};

use super::super::{Call, Outcome};
use super::{encoded, group, group_mut, missing, page, required, role, role_mut, user, user_mut};
use crate::scp::{self, Dialect};
use crate::sim::refusal::Refusal;
use crate::sim::world::Permissions;

/// Whose policies a call is about. The operation's name says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    User,
    Role,
    Group,
}

fn owner<'a>(call: &Call<'a>) -> Result<(Kind, &'static str, &'a str), Refusal> {
    let operation = &call.request.operation;
    let (kind, member) = if operation.contains("Role") {
        (Kind::Role, "RoleName")
    } else if operation.contains("Group") {
        (Kind::Group, "GroupName")
    } else {
        (Kind::User, "UserName")
    };
    Ok((kind, member, required(call, member)?))
}

fn permissions<'a>(call: &'a Call<'_>) -> Result<&'a Permissions, Refusal> {
    let (kind, _, name) = owner(call)?;
    Ok(match kind {
        Kind::User => &user(call, name)?.permissions,
        Kind::Role => &role(call, name)?.permissions,
        Kind::Group => &group(call, name)?.permissions,
    })
}

fn permissions_mut<'a>(call: &'a mut Call<'_>) -> Result<&'a mut Permissions, Refusal> {
    let (kind, _, name) = owner(call)?;
    Ok(match kind {
        Kind::User => &mut user_mut(call, name)?.permissions,
        Kind::Role => &mut role_mut(call, name)?.permissions,
        Kind::Group => &mut group_mut(call, name)?.permissions,
    })
}

pub(super) fn put(call: &mut Call<'_>) -> Outcome {
    let (name, text) = (
        required(call, "PolicyName")?,
        required(call, "PolicyDocument")?,
    );
    if scp::parse(text, Dialect::Scp).is_err() {
        let code = "MalformedPolicyDocument";
        return Err(Refusal::new(code, "Syntax errors in policy."));
    }
    let inline = &mut permissions_mut(call)?.inline;
    inline.insert(name.to_owned(), text.to_owned());
    Ok(Value::Null)
}

pub(super) fn get(call: &mut Call<'_>) -> Outcome {
    let (_, member, owner) = owner(call)?;
    let name = required(call, "PolicyName")?;
    let text = permissions(call)?.inline.get(name);
    let text = text.ok_or_else(|| missing("policy", name))?;
    let mut answer = json!({"PolicyName": name, "PolicyDocument": encoded(text)});
    crate::sim::json::set(&mut answer, member, owner);
    Ok(answer)
}

pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    let names = permissions(call)?.inline.keys();
    let names = names.map(|name| json!(name)).collect();
    page(call, "PolicyNames", names)
}

pub(super) fn delete(call: &mut Call<'_>) -> Outcome {
    let name = required(call, "PolicyName")?;
    let removed = permissions_mut(call)?.inline.remove(name);
    removed.ok_or_else(|| missing("policy", name))?;
    Ok(Value::Null)
}

/// Managed policies have no texts here: any ARN of one can be attached.
pub(super) fn attach(call: &mut Call<'_>) -> Outcome {
    let arn = required(call, "PolicyArn")?;
    if !arn.contains(":policy/") {
        let text = format!("ARN {arn} is not valid.");
        return Err(Refusal::new("InvalidInput", text));
    }
    permissions_mut(call)?.managed.insert(arn.to_owned());
    Ok(Value::Null)
}

pub(super) fn detach(call: &mut Call<'_>) -> Outcome {
    let arn = required(call, "PolicyArn")?;
    if permissions_mut(call)?.managed.remove(arn) {
        Ok(Value::Null)
    } else {
        Err(missing("policy", arn))
    }
}

pub(super) fn list_attached(call: &mut Call<'_>) -> Outcome {
    let managed = permissions(call)?.managed.iter();
    let managed = managed.map(|arn| {
        let name = arn.rsplit('/').next().unwrap_or_default();
        json!({"PolicyName": name, "PolicyArn": arn})
    });
    page(call, "AttachedPolicies", managed.collect())
}
