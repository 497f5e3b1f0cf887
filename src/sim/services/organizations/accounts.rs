//! Accounts on the move: between OUs, out, closed; and the delegation policy.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::super::{Call, Outcome};
use super::{NOTHING, not_found, reads};
use crate::sim::refusal::Refusal;
use crate::sim::world::{Due, Organization, ResourcePolicy, World};

/// Created accounts cannot leave before this age.
///
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_remove.html>
const WAIT: SignedDuration = SignedDuration::from_hours(24 * 4);

pub(super) fn move_account(call: &mut Call<'_>) -> Outcome {
    let account = call.text("AccountId")?;
    let (from, to) = (
        call.text("SourceParentId")?,
        call.text("DestinationParentId")?,
    );
    let organization = call.organization_mut()?;
    if !organization.members.contains_key(account) {
        return Err(not_found("Account", account));
    }
    if organization.parent_of(account) != Some(from) {
        return Err(not_found("SourceParent", from));
    }
    if !organization.is_parent(to) {
        return Err(not_found("DestinationParent", to));
    }
    if from == to {
        let text = "That account is already present in the specified destination.";
        return Err(Refusal::new("DuplicateAccountException", text));
    }
    if let Some(member) = organization.members.get_mut(account) {
        to.clone_into(&mut member.parent);
    }
    Ok(NOTHING)
}

fn management_cannot_leave() -> Refusal {
    Refusal::new(
        "MasterCannotLeaveOrganizationException",
        "You can't remove a management account from an organization.",
    )
}

/// What holds for every way out: leaving, removal, direct transfer.
pub(super) fn check_may_part(
    world: &World,
    organization: &Organization,
    account: &str,
) -> Result<(), Refusal> {
    if organization.management == account {
        return Err(management_cannot_leave());
    }
    if organization.delegated_administrators.contains_key(account) {
        let text = "You can't remove a delegated administrator from the organization.";
        let reason = "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG";
        return Err(Refusal::constraint(reason, text));
    }
    let created = organization
        .members
        .get(account)
        .is_some_and(|member| member.joined_method == "CREATED");
    let young = world
        .accounts
        .get(account)
        .is_some_and(|account| world.now < account.created_at + WAIT);
    if created && young {
        let text = "You must wait at least four days after the account was created.";
        return Err(Refusal::constraint("WAIT_PERIOD_ACTIVE", text));
    }
    Ok(())
}

/// What becoming standalone needs, and a direct transfer does not.
fn check_stands_alone(world: &World, account: &str) -> Result<(), Refusal> {
    let found = world.accounts.get(account);
    if found.is_some_and(|account| !account.payment_method) {
        let text = "The account does not have a valid payment method.";
        let reason = "MEMBER_ACCOUNT_PAYMENT_INSTRUMENT_REQUIRED";
        return Err(Refusal::constraint(reason, text));
    }
    Ok(())
}

pub(super) fn leave(call: &mut Call<'_>) -> Outcome {
    let account = &call.caller.account;
    check_may_part(call.world, call.organization()?, account)?;
    check_stands_alone(call.world, account)?;
    call.world.depart(account, "LEFT");
    Ok(NOTHING)
}

pub(super) fn remove(call: &mut Call<'_>) -> Outcome {
    let account = call.text("AccountId")?;
    let organization = call.organization()?;
    if !organization.members.contains_key(account) {
        return Err(not_found("Account", account));
    }
    check_may_part(call.world, organization, account)?;
    check_stands_alone(call.world, account)?;
    call.world.depart(account, "REMOVED");
    Ok(NOTHING)
}

/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
const MOST_CLOSING: usize = 3;

/// Into `PENDING_CLOSURE`; closed a while later.
pub(super) fn close(call: &mut Call<'_>) -> Outcome {
    let id = call.text("AccountId")?;
    let organization = call.organization()?;
    if !organization.members.contains_key(id) {
        return Err(not_found("Account", id));
    }
    if organization.management == id {
        let text = "You can't close the management account.";
        return Err(Refusal::constraint("CANNOT_CLOSE_MANAGEMENT_ACCOUNT", text));
    }
    if organization.feature_set != "ALL" {
        let text = "The organization does not have all features enabled.";
        let reason = "ORGANIZATION_NOT_IN_ALL_FEATURES_MODE";
        return Err(Refusal::constraint(reason, text));
    }
    check_closures(call, organization)?;
    let at = call.now() + SignedDuration::from_secs(i64::from(call.world.switches.closure_delay));
    let account = call.world.accounts.get_mut(id);
    let account = account.ok_or_else(|| not_found("Account", id))?;
    match account.state.as_str() {
        "CLOSED" => {
            let text = "You attempted to close an account that is already closed.";
            Err(Refusal::new("AccountAlreadyClosedException", text))
        }
        "PENDING_CLOSURE" => {
            let text = "The request failed because it conflicts with the current state of the specified resource.";
            Err(Refusal::new("ConflictException", text))
        }
        _ => {
            "PENDING_CLOSURE".clone_into(&mut account.state);
            call.world.due.push((at, Due::Closed(id.to_owned())));
            Ok(NOTHING)
        }
    }
}

/// Three at once; in 30 days the higher of 250 and a fifth of the accounts, at most 1,000.
fn check_closures(call: &Call<'_>, organization: &Organization) -> Result<(), Refusal> {
    let ours = |id: &String| organization.members.contains_key(id);
    let closing = |(_, due): &&(_, Due)| matches!(due, Due::Closed(id) if ours(id));
    if call.world.due.iter().filter(closing).count() >= MOST_CLOSING {
        let text = "You have too many account closures in progress.";
        let reason = "CLOSE_ACCOUNT_REQUESTS_LIMIT_EXCEEDED";
        return Err(Refusal::constraint(reason, text));
    }
    let since = call.now() - SignedDuration::from_hours(24 * 30);
    let closed = organization.members.keys().filter(|id| {
        let account = call.world.accounts.get(*id);
        account.is_some_and(|account| account.closed_at.is_some_and(|at| at > since))
    });
    let most = (organization.members.len() / 5).clamp(250, 1000);
    if closed.count() >= most {
        let text = "You have exceeded the number of accounts that can be closed in 30 days.";
        return Err(Refusal::constraint("CLOSE_ACCOUNT_QUOTA_EXCEEDED", text));
    }
    Ok(())
}

pub(super) fn put_resource_policy(call: &mut Call<'_>) -> Outcome {
    let content = call.text("Content")?;
    if content.chars().count() > 40_000 {
        let text = "The policy must have 40000 characters or fewer.";
        return Err(Refusal::invalid("MAX_LENGTH_EXCEEDED", text));
    }
    let parsed: Option<Value> = serde_json::from_str(content).ok();
    if parsed.is_none_or(|policy| policy.get("Statement").is_none()) {
        let text = "The policy is not valid JSON with statements.";
        return Err(Refusal::invalid("INVALID_RESOURCE_POLICY_JSON", text));
    }
    let existing = call.organization()?.resource_policy.as_ref();
    let existing = existing.map(|policy| policy.id.clone());
    let id = existing.unwrap_or_else(|| call.world.draw_id("rp-", 8));
    let answer = reads::resource_policy(call, &id, content)?;
    let content = content.to_owned();
    call.organization_mut()?.resource_policy = Some(ResourcePolicy { id, content });
    Ok(json!({"ResourcePolicy": answer}))
}

pub(super) fn delete_resource_policy(call: &mut Call<'_>) -> Outcome {
    let organization = call.organization_mut()?;
    if organization.resource_policy.take().is_none() {
        let text = "The resource policy doesn't exist.";
        return Err(Refusal::new("ResourcePolicyNotFoundException", text));
    }
    Ok(NOTHING)
}
