//! Users and their console passwords.

use serde_json::{Value, json};

use super::super::{Call, Outcome};
use super::{
    ROOT, account, account_mut, conflict, exists, missing, new_name, page, required, shown, tags,
    time, user, user_mut, user_name,
};
use crate::sim::world::User;

pub(super) fn shape(call: &Call<'_>, name: &str, user: &User) -> Value {
    let (partition, account) = (call.world.partition, &call.caller.account);
    if name == ROOT {
        return json!({
            "Path": "/",
            "UserName": shown(name),
            "UserId": account,
            "Arn": format!("arn:{partition}:iam::{account}:root"),
            "CreateDate": time(user.created_at),
        });
    }
    json!({
        "Path": "/",
        "UserName": name,
        "UserId": user.id,
        "Arn": format!("arn:{partition}:iam::{account}:user/{name}"),
        "CreateDate": time(user.created_at),
    })
}

pub(super) fn create(call: &mut Call<'_>) -> Outcome {
    let name = new_name(call, "UserName")?;
    let mut users = account(call)?.users.keys();
    // Names differ by more than case.
    if users.any(|other| other.eq_ignore_ascii_case(name)) {
        return Err(exists("User", name));
    }
    let user = User {
        tags: tags::at_creation(call)?,
        ..User::new(call.world.draw_unique_id("AIDA"), call.now())
    };
    let mut shape = shape(call, name, &user);
    tags::show(&mut shape, &user.tags);
    let answer = json!({"User": shape});
    account_mut(call)?.users.insert(name.to_owned(), user);
    Ok(answer)
}

pub(super) fn get(call: &mut Call<'_>) -> Outcome {
    let name = user_name(call)?;
    let found = user(call, &name)?;
    let mut shape = shape(call, &name, found);
    tags::show(&mut shape, &found.tags);
    Ok(json!({"User": shape}))
}

pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    let users = account(call)?.users.iter();
    let users = users.map(|(name, user)| shape(call, name, user)).collect();
    page(call, "Users", users)
}

pub(super) fn delete(call: &mut Call<'_>) -> Outcome {
    let name = required(call, "UserName")?;
    let user = user(call, name)?;
    let permissions = &user.permissions;
    if !user.keys.is_empty() {
        return Err(conflict(
            "Cannot delete entity, must delete access keys first.",
        ));
    }
    if user.password_since.is_some() {
        return Err(conflict(
            "Cannot delete entity, must delete login profile first.",
        ));
    }
    if !permissions.inline.is_empty() || !permissions.managed.is_empty() {
        return Err(conflict(
            "Cannot delete entity, must delete policies first.",
        ));
    }
    let found = account(call)?;
    if found
        .groups
        .values()
        .any(|group| group.members.contains(name))
    {
        return Err(conflict(
            "Cannot delete entity, must remove users from group first.",
        ));
    }
    let mut devices = found.mfa_devices.values();
    let owns = |owner: &(String, _)| owner.0 == name;
    if devices.any(|device| device.enabled.as_ref().is_some_and(owns)) {
        return Err(conflict(
            "Cannot delete entity, must delete MFA device first.",
        ));
    }
    account_mut(call)?.users.remove(name);
    Ok(Value::Null)
}

pub(super) fn create_login_profile(call: &mut Call<'_>) -> Outcome {
    let name = user_name(call)?;
    if user(call, &name)?.password_since.is_some() {
        return Err(exists("Login Profile for user", &name));
    }
    let now = call.now();
    user_mut(call, &name)?.password_since = Some(now);
    get_login_profile(call)
}

pub(super) fn get_login_profile(call: &mut Call<'_>) -> Outcome {
    let name = user_name(call)?;
    let since = user(call, &name)?.password_since;
    let since = since.ok_or_else(|| missing("login profile of user", &name))?;
    Ok(json!({
        "LoginProfile": {
            "UserName": shown(&name),
            "CreateDate": time(since),
            "PasswordResetRequired": false,
        },
    }))
}

/// A new password: nothing here shows it.
pub(super) fn update_login_profile(call: &mut Call<'_>) -> Outcome {
    required(call, "UserName")?;
    get_login_profile(call)?;
    Ok(Value::Null)
}

pub(super) fn delete_login_profile(call: &mut Call<'_>) -> Outcome {
    let name = user_name(call)?;
    let since = user_mut(call, &name)?.password_since.take();
    since.ok_or_else(|| missing("login profile of user", &name))?;
    Ok(Value::Null)
}

/// Nobody has one here.
pub(super) fn list_certificates(call: &mut Call<'_>) -> Outcome {
    let name = user_name(call)?;
    user(call, &name)?;
    page(call, "Certificates", Vec::new())
}
