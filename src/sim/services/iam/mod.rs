//! IAM: users, roles, keys and inline policies; central root access; the simulator of policies.

mod groups;
mod keys;
mod mfa;
mod permissions;
mod roles;
mod root;
mod simulate;
mod summary;
pub(super) mod tags;
mod users;

use serde_json::{Map, Value, json};

use super::paging::Start;
use super::{Call, Handler, Outcome};
use crate::model::Timestamp;
use crate::sim::identify::{Caller, CallerKind};
use crate::sim::refusal::Refusal;
use crate::sim::wire::Request;
use crate::sim::world::{Account, Group, Role, User, World, seconds};

/// How the root user is named among users: no IAM name has such a sign, but the
/// credential report calls it so.
const ROOT: &str = "<root_account>";

/// A user's name in an answer, where the root user has one that fits the model.
fn shown(name: &str) -> &str {
    if name == ROOT { "root" } else { name }
}

pub(super) fn handler(operation: &str) -> Option<Handler> {
    Some(match operation {
        "CreateUser" => users::create,
        "GetUser" => users::get,
        "ListUsers" => users::list,
        "DeleteUser" => users::delete,
        "CreateLoginProfile" => users::create_login_profile,
        "GetLoginProfile" => users::get_login_profile,
        "UpdateLoginProfile" => users::update_login_profile,
        "DeleteLoginProfile" => users::delete_login_profile,
        "CreateAccessKey" => keys::create,
        "ListAccessKeys" => keys::list,
        "UpdateAccessKey" => keys::update,
        "DeleteAccessKey" => keys::delete,
        "GetAccessKeyLastUsed" => keys::last_used,
        "CreateRole" => roles::create,
        "GetRole" => roles::get,
        "ListRoles" => roles::list,
        "UpdateAssumeRolePolicy" => roles::update_trust,
        "DeleteRole" => roles::delete,
        "PutUserPolicy" | "PutRolePolicy" | "PutGroupPolicy" => permissions::put,
        "GetUserPolicy" | "GetRolePolicy" | "GetGroupPolicy" => permissions::get,
        "ListUserPolicies" | "ListRolePolicies" | "ListGroupPolicies" => permissions::list,
        "DeleteUserPolicy" | "DeleteRolePolicy" | "DeleteGroupPolicy" => permissions::delete,
        "AttachUserPolicy" | "AttachRolePolicy" | "AttachGroupPolicy" => permissions::attach,
        "DetachUserPolicy" | "DetachRolePolicy" | "DetachGroupPolicy" => permissions::detach,
        "ListAttachedUserPolicies" | "ListAttachedRolePolicies" | "ListAttachedGroupPolicies" => {
            permissions::list_attached
        }
        "TagUser" | "TagRole" => tags::tag,
        "UntagUser" | "UntagRole" => tags::untag,
        "ListUserTags" | "ListRoleTags" => tags::list,
        "CreateGroup" => groups::create,
        "GetGroup" => groups::get,
        "ListGroups" => groups::list,
        "DeleteGroup" => groups::delete,
        "AddUserToGroup" => groups::add_user,
        "RemoveUserFromGroup" => groups::remove_user,
        "ListGroupsForUser" => groups::list_for_user,
        "CreateVirtualMFADevice" => mfa::create,
        "EnableMFADevice" => mfa::enable,
        "DeactivateMFADevice" => mfa::deactivate,
        "DeleteVirtualMFADevice" => mfa::delete,
        "ListVirtualMFADevices" => mfa::list_virtual,
        "ListMFADevices" => mfa::list,
        "GetAccountSummary" => summary::get,
        "ListSigningCertificates" => users::list_certificates,
        "SimulateCustomPolicy" => simulate::custom,
        "ListOrganizationsFeatures" => root::list_features,
        "EnableOrganizationsRootCredentialsManagement" => root::enable_credentials,
        "DisableOrganizationsRootCredentialsManagement" => root::disable_credentials,
        "EnableOrganizationsRootSessions" => root::enable_sessions,
        "DisableOrganizationsRootSessions" => root::disable_sessions,
        _ => return None,
    })
}

/// The group, user or role that a call is about, as policies see it.
pub(crate) fn resource(call: &Call<'_>) -> Option<String> {
    let (partition, account) = (call.world.partition, &call.caller.account);
    let user = call.optional("UserName").map(|name| ("user", name));
    let role = call.optional("RoleName").map(|name| ("role", name));
    let group = call.optional("GroupName").map(|name| ("group", name));
    let (kind, name) = group.or(user).or(role)?;
    Some(format!("arn:{partition}:iam::{account}:{kind}/{name}"))
}

/// Notes when, where and for what a long-term key was used last.
pub(crate) fn note_use(world: &mut World, caller: &Caller, request: &Request) {
    let CallerKind::User { name } = &caller.kind else {
        return;
    };
    let now = world.now;
    let account = world.accounts.get_mut(&caller.account);
    let user = account.and_then(|account| account.users.get_mut(name));
    if let Some(key) = user.and_then(|user| user.keys.get_mut(&caller.access_key)) {
        let service = request.api.prefix().to_owned();
        key.last_used = Some((now, request.region.clone(), service));
    }
}

fn missing(kind: &str, name: &str) -> Refusal {
    let text = format!("The {kind} with name {name} cannot be found.");
    Refusal::new("NoSuchEntity", text).status(404)
}

fn exists(kind: &str, name: &str) -> Refusal {
    let text = format!("{kind} with name {name} already exists.");
    Refusal::new("EntityAlreadyExists", text).status(409)
}

fn conflict(text: &str) -> Refusal {
    Refusal::new("DeleteConflict", text).status(409)
}

fn limit(text: &str) -> Refusal {
    Refusal::new("LimitExceeded", text).status(409)
}

fn invalid(text: &str) -> Refusal {
    Refusal::new("ValidationError", text)
}

fn required<'a>(call: &Call<'a>, name: &str) -> Result<&'a str, Refusal> {
    let given = call.optional(name).filter(|text| !text.is_empty());
    given.ok_or_else(|| invalid(&format!("{name} must not be empty")))
}

/// A new user's or role's name.
fn new_name<'a>(call: &Call<'a>, member: &str) -> Result<&'a str, Refusal> {
    let name = required(call, member)?;
    let sound = |c: char| c.is_ascii_alphanumeric() || "+=,.@-_".contains(c);
    if name.chars().all(sound) && name.len() <= 64 {
        Ok(name)
    } else {
        Err(invalid(&format!(
            "The specified value for {member} is invalid."
        )))
    }
}

fn account<'a>(call: &'a Call<'_>) -> Result<&'a Account, Refusal> {
    let id = &call.caller.account;
    let found = call.world.accounts.get(id);
    found.ok_or_else(|| missing("account", id))
}

fn account_mut<'a>(call: &'a mut Call<'_>) -> Result<&'a mut Account, Refusal> {
    let id = &call.caller.account;
    let found = call.world.accounts.get_mut(id);
    found.ok_or_else(|| missing("account", id))
}

/// The named user, or the caller if none is named and it is one.
fn user_name(call: &Call<'_>) -> Result<String, Refusal> {
    match (call.optional("UserName"), &call.caller.kind) {
        (Some(name), _) => Ok(name.to_owned()),
        (None, CallerKind::User { name }) => Ok(name.clone()),
        (None, CallerKind::Root { .. }) => Ok(ROOT.to_owned()),
        (None, _) => Err(invalid(
            "Must specify userName when calling with non-User credentials",
        )),
    }
}

fn user<'a>(call: &'a Call<'_>, name: &str) -> Result<&'a User, Refusal> {
    let account = account(call)?;
    let found = match name {
        ROOT => account.root.as_deref(),
        _ => account.users.get(name),
    };
    found.ok_or_else(|| missing("user", name))
}

fn user_mut<'a>(call: &'a mut Call<'_>, name: &str) -> Result<&'a mut User, Refusal> {
    let account = account_mut(call)?;
    let found = match name {
        ROOT => account.root.as_deref_mut(),
        _ => account.users.get_mut(name),
    };
    found.ok_or_else(|| missing("user", name))
}

fn role<'a>(call: &'a Call<'_>, name: &str) -> Result<&'a Role, Refusal> {
    let found = account(call)?.roles.get(name);
    found.ok_or_else(|| missing("role", name))
}

fn role_mut<'a>(call: &'a mut Call<'_>, name: &str) -> Result<&'a mut Role, Refusal> {
    let found = account_mut(call)?.roles.get_mut(name);
    found.ok_or_else(|| missing("role", name))
}

fn group<'a>(call: &'a Call<'_>, name: &str) -> Result<&'a Group, Refusal> {
    let found = account(call)?.groups.get(name);
    found.ok_or_else(|| missing("group", name))
}

fn group_mut<'a>(call: &'a mut Call<'_>, name: &str) -> Result<&'a mut Group, Refusal> {
    let found = account_mut(call)?.groups.get_mut(name);
    found.ok_or_else(|| missing("group", name))
}

/// IAM writes times as ISO 8601.
fn time(time: Timestamp) -> Value {
    json!(seconds(time).to_string())
}

/// Policy documents come back percent-encoded, as RFC 3986 has it.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
            out.push(digit(byte >> 4).to_ascii_uppercase());
            out.push(digit(byte & 15).to_ascii_uppercase());
        }
    }
    out
}

/// One page of a list: `MaxItems` and `Marker`.
fn page(call: &Call<'_>, member: &str, items: Vec<Value>) -> Outcome {
    let size = match call.number("MaxItems") {
        None => 100,
        Some(size @ 1..=1000) => usize::try_from(size).unwrap_or(100),
        Some(_) => return Err(invalid("MaxItems must be between 1 and 1000")),
    };
    let offset = match call.optional("Marker") {
        None => 0,
        Some(marker) => marker.parse().map_err(|_| invalid("Invalid Marker"))?,
    };
    let start = Start { offset, again: 0 };
    let (page, next) = call.slice(items.into_iter(), start, size);
    let mut answer = Map::new();
    answer.insert(member.to_owned(), Value::Array(page));
    answer.insert("IsTruncated".to_owned(), json!(next.is_some()));
    if let Some(next) = next {
        answer.insert("Marker".to_owned(), json!(next.offset.to_string()));
    }
    Ok(Value::Object(answer))
}

#[cfg(test)]
mod tests {
    #[test]
    fn documents_are_encoded_byte_by_byte() {
        assert_eq!(
            super::encoded(r#"{"a": "é"}"#),
            "%7B%22a%22%3A%20%22%C3%A9%22%7D"
        );
    }
}
