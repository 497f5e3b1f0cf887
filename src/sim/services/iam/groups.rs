//! Groups of users.
//!
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateGroup.html>

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::{Call, Outcome};
use super::{
    account, account_mut, conflict, exists, group, group_mut, missing, new_name, page, required,
    time, user, users,
};
use crate::sim::world::{Group, Permissions};

fn shape(call: &Call<'_>, name: &str, group: &Group) -> Value {
    let (partition, account) = (call.world.partition, &call.caller.account);
    json!({
        "Path": "/",
        "GroupName": name,
        "GroupId": group.id,
        "Arn": format!("arn:{partition}:iam::{account}:group/{name}"),
        "CreateDate": time(group.created_at),
    })
}

pub(super) fn create(call: &mut Call<'_>) -> Outcome {
    let name = new_name(call, "GroupName")?;
    let mut groups = account(call)?.groups.keys();
    if groups.any(|other| other.eq_ignore_ascii_case(name)) {
        return Err(exists("Group", name));
    }
    let made = Group {
        id: call.world.draw_unique_id("AGPA"),
        members: BTreeSet::new(),
        permissions: Permissions::default(),
        created_at: call.now(),
    };
    let answer = json!({"Group": shape(call, name, &made)});
    account_mut(call)?.groups.insert(name.to_owned(), made);
    Ok(answer)
}

pub(super) fn get(call: &mut Call<'_>) -> Outcome {
    let name = required(call, "GroupName")?;
    let found = group(call, name)?;
    let users = found.members.iter().filter_map(|member| {
        let user = user(call, member).ok()?;
        Some(users::shape(call, member, user))
    });
    let mut answer = page(call, "Users", users.collect())?;
    let shape = shape(call, name, found);
    crate::sim::json::set(&mut answer, "Group", shape);
    Ok(answer)
}

pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    let groups = account(call)?.groups.iter();
    let groups = groups.map(|(name, group)| shape(call, name, group));
    page(call, "Groups", groups.collect())
}

pub(super) fn delete(call: &mut Call<'_>) -> Outcome {
    let name = required(call, "GroupName")?;
    let found = group(call, name)?;
    if !found.members.is_empty() {
        return Err(conflict(
            "Cannot delete entity, must remove users from group first.",
        ));
    }
    let permissions = &found.permissions;
    if !permissions.inline.is_empty() || !permissions.managed.is_empty() {
        return Err(conflict(
            "Cannot delete entity, must delete policies first.",
        ));
    }
    account_mut(call)?.groups.remove(name);
    Ok(Value::Null)
}

/// A user who is in the group already stays in it.
pub(super) fn add_user(call: &mut Call<'_>) -> Outcome {
    let (name, member) = (required(call, "GroupName")?, required(call, "UserName")?);
    user(call, member)?;
    group_mut(call, name)?.members.insert(member.to_owned());
    Ok(Value::Null)
}

pub(super) fn remove_user(call: &mut Call<'_>) -> Outcome {
    let (name, member) = (required(call, "GroupName")?, required(call, "UserName")?);
    if group_mut(call, name)?.members.remove(member) {
        Ok(Value::Null)
    } else {
        Err(missing("user", member))
    }
}

pub(super) fn list_for_user(call: &mut Call<'_>) -> Outcome {
    let member = required(call, "UserName")?;
    user(call, member)?;
    let groups = account(call)?.groups.iter();
    let groups = groups.filter(|(_, group)| group.members.contains(member));
    let groups = groups.map(|(name, group)| shape(call, name, group));
    page(call, "Groups", groups.collect())
}
