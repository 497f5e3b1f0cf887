//! Handshakes: inviting, listing, taking back, accepting, declining.

use jiff::SignedDuration;
use serde_json::json;

use super::super::{Call, Outcome};
use super::accounts::check_may_part;
use super::{features, not_found, shapes, tags};
use crate::sim::authorize;
use crate::sim::refusal::Refusal;
use crate::sim::world::{Handshake, Organization, World};

/// Does the input's `Filter` let the handshake through?
fn wanted(call: &Call<'_>, handshake: &Handshake) -> bool {
    let filter = call.request.input.get("Filter");
    let part = |name: &str| filter.and_then(|filter| filter.get(name)?.as_str());
    part("ActionType").is_none_or(|action| action == handshake.action)
        && part("ParentHandshakeId").is_none_or(|id| handshake.parent.as_deref() == Some(id))
}

/// Was it sent to that account, by id or by e-mail address?
fn is_for(world: &World, handshake: &Handshake, account: &str) -> bool {
    let found = world.accounts.get(account);
    match handshake.target_type.as_str() {
        "ACCOUNT" => handshake.target == account,
        _ => found.is_some_and(|account| account.email == handshake.target),
    }
}

pub(super) fn list_for_organization(call: &mut Call<'_>) -> Outcome {
    let organization = &call.organization()?.id;
    let sent = call.world.handshakes.values();
    let sent = sent.filter(|sent| sent.organization == *organization && wanted(call, sent));
    call.page("Handshakes", sent, |handshake| {
        shapes::handshake(call.world, handshake)
    })
}

pub(super) fn list_for_account(call: &mut Call<'_>) -> Outcome {
    let account = &call.caller.account;
    let received = call.world.handshakes.values();
    let received = received
        .filter(|handshake| is_for(call.world, handshake, account) && wanted(call, handshake));
    call.page("Handshakes", received, |handshake| {
        shapes::handshake(call.world, handshake)
    })
}

fn find<'a>(call: &'a Call<'_>) -> Result<&'a Handshake, Refusal> {
    let id = call.text("HandshakeId")?;
    let found = call.world.handshakes.get(id);
    found.ok_or_else(|| not_found("Handshake", id))
}

fn shown(call: &Call<'_>) -> Outcome {
    Ok(json!({"Handshake": shapes::handshake(call.world, find(call)?)}))
}

pub(super) fn describe(call: &mut Call<'_>) -> Outcome {
    let handshake = find(call)?;
    let account = &call.caller.account;
    let sender = call
        .world
        .organizations
        .get(&handshake.organization)
        .is_some_and(|organization| {
            organization.management == *account
                || organization.delegated_administrators.contains_key(account)
        });
    if !sender && !is_for(call.world, handshake, account) {
        return Err(Refusal::wrong_caller());
    }
    shown(call)
}

fn check_quotas(call: &Call<'_>, organization: &Organization) -> Result<(), Refusal> {
    let sent = || {
        let all = call.world.handshakes.values();
        all.filter(|sent| sent.organization == organization.id && sent.action == "INVITE")
    };
    let open = sent().filter(|handshake| handshake.state == "OPEN").count();
    if organization.members.len() + open >= organization.account_limit {
        let text = "You have exceeded the number of accounts in the organization.";
        return Err(Refusal::handshake("ACCOUNT_NUMBER_LIMIT_EXCEEDED", text));
    }
    // Accepted ones do not count.
    let since = call.now() - SignedDuration::from_hours(24);
    let recent = sent()
        .filter(|handshake| handshake.state != "ACCEPTED" && handshake.requested_at > since)
        .count();
    if recent >= organization.account_limit.max(20) {
        let text = "You have exceeded the number of handshakes in one day.";
        return Err(Refusal::handshake("HANDSHAKE_RATE_LIMIT_EXCEEDED", text));
    }
    Ok(())
}

pub(super) fn invite(call: &mut Call<'_>) -> Outcome {
    let target = call.request.input.get("Target");
    let part = |name: &str| target.and_then(|target| target.get(name)?.as_str());
    let (Some(id), Some(kind)) = (part("Id"), part("Type")) else {
        let text = "You must provide a value for `Target`.";
        return Err(Refusal::invalid("INPUT_REQUIRED", text));
    };
    check_target(id, kind)?;
    let (notes, tags) = (call.optional("Notes"), tags::input(call)?);
    let organization = call.organization()?;
    let known = call.world.accounts.values();
    let invited = known
        .into_iter()
        .find(|account| account.id == id || (kind == "EMAIL" && account.email == id));
    let invited = invited.map(|account| account.id.as_str());
    check_standing(call, organization, invited)?;
    let again = call.world.handshakes.values().any(|handshake| {
        handshake.organization == organization.id
            && handshake.state == "OPEN"
            && (handshake.target == id
                || invited.is_some_and(|account| is_for(call.world, handshake, account)))
    });
    if again {
        let text = "A handshake with the same action and target already exists.";
        return Err(Refusal::new("DuplicateHandshakeException", text));
    }
    check_quotas(call, organization)?;
    let mut handshake = Handshake::invitation(String::new(), organization, id, call.now());
    handshake.id = call.world.draw_id("h-", 10);
    kind.clone_into(&mut handshake.target_type);
    handshake.notes = notes.map(str::to_owned);
    handshake.tags = tags;
    let answer = json!({"Handshake": shapes::handshake(call.world, &handshake)});
    let handshakes = &mut call.world.handshakes;
    handshakes.insert(handshake.id.clone(), handshake);
    Ok(answer)
}

fn check_target(id: &str, kind: &str) -> Result<(), Refusal> {
    match kind {
        "ACCOUNT" if id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()) => Ok(()),
        "ACCOUNT" => {
            let text = "The account id is not valid.";
            Err(Refusal::invalid("INVALID_PATTERN", text))
        }
        "EMAIL" if id.contains('@') => Ok(()),
        "EMAIL" => {
            let text = "The e-mail address is not valid.";
            Err(Refusal::invalid("INVALID_EMAIL_ADDRESS_TARGET", text))
        }
        _ => {
            let text = "The target must be an ACCOUNT or an EMAIL.";
            Err(Refusal::invalid("INVALID_PARTY_TYPE_TARGET", text))
        }
    }
}

/// Members cannot be invited again; members of other organizations can since
/// direct transfers exist.
fn check_standing(
    call: &Call<'_>,
    organization: &Organization,
    invited: Option<&str>,
) -> Result<(), Refusal> {
    let now_in = invited.and_then(|account| call.world.organization_of(account));
    let refused = now_in
        .is_some_and(|found| found.id == organization.id || !call.world.switches.direct_transfer);
    if refused {
        return Err(already_a_member());
    }
    invited.map_or(Ok(()), |account| check_rest(call.world, account))
}

/// An account's membership can change again only a while after it last did.
///
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_InviteAccountToOrganization.html>
fn check_rest(world: &World, account: &str) -> Result<(), Refusal> {
    let wait = SignedDuration::from_secs(i64::from(world.switches.membership_change_wait));
    let found = world.accounts.get(account);
    let changed = found.and_then(|account| account.membership_changed_at);
    if changed.is_some_and(|at| world.now < at + wait) {
        let text = "You attempted to change the membership of an account too quickly after its previous change.";
        let reason = "ORGANIZATION_MEMBERSHIP_CHANGE_RATE_LIMIT_EXCEEDED";
        return Err(Refusal::handshake(reason, text));
    }
    Ok(())
}

fn already_a_member() -> Refusal {
    let text = "The account is already a member of an organization.";
    Refusal::handshake("ALREADY_IN_AN_ORGANIZATION", text)
}

/// Ends an open handshake; others cannot be ended any more.
fn end(call: &mut Call<'_>, state: &str) -> Result<(), Refusal> {
    let now = call.now();
    let id = call.text("HandshakeId")?;
    let found = call.world.handshakes.get_mut(id);
    let handshake = found.ok_or_else(|| not_found("Handshake", id))?;
    state.clone_into(&mut handshake.state);
    handshake.ended_at = Some(now);
    Ok(())
}

fn check_open(handshake: &Handshake, state: &str) -> Result<(), Refusal> {
    if matches!(handshake.state.as_str(), "OPEN" | "REQUESTED") {
        return Ok(());
    }
    let (code, text) = if handshake.state == state {
        (
            "HandshakeAlreadyInStateException",
            "The specified handshake is already in the requested state.",
        )
    } else {
        (
            "InvalidHandshakeTransitionException",
            "You can't perform the operation on the handshake in its current state.",
        )
    };
    Err(Refusal::new(code, text))
}

pub(super) fn cancel(call: &mut Call<'_>) -> Outcome {
    let handshake = find(call)?;
    if handshake.management != call.caller.account {
        return Err(Refusal::wrong_caller());
    }
    check_open(handshake, "CANCELED")?;
    end(call, "CANCELED")?;
    shown(call)
}

/// The recipient says no.
pub(super) fn decline(call: &mut Call<'_>) -> Outcome {
    let handshake = find(call)?;
    if !is_for(call.world, handshake, &call.caller.account) {
        return Err(Refusal::wrong_caller());
    }
    check_open(handshake, "DECLINED")?;
    end(call, "DECLINED")?;
    shown(call)
}

/// Accepts an invitation, or a step of enabling all features.
pub(super) fn accept(call: &mut Call<'_>) -> Outcome {
    let account = call.caller.account.clone();
    let handshake = find(call)?.clone();
    if !is_for(call.world, &handshake, &account) {
        return Err(Refusal::wrong_caller());
    }
    check_open(&handshake, "ACCEPTED")?;
    if handshake.action == "INVITE" {
        join(call, &handshake, account)?;
    }
    end(call, "ACCEPTED")?;
    features::agreed(call, &handshake);
    shown(call)
}

/// A direct transfer needs an organization that is seven days old. AWS's page does
/// not say which of the two (read here as the new one) nor how it refuses.
///
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_account_migration.html>
fn check_age(call: &Call<'_>, handshake: &Handshake) -> Result<(), Refusal> {
    let inviting = call.world.organizations.get(&handshake.organization);
    let since = call.now() - SignedDuration::from_hours(24 * 7);
    if inviting.is_some_and(|organization| organization.created_at > since) {
        let text = "The organization must be at least seven days old.";
        return Err(Refusal::constraint("WAIT_PERIOD_ACTIVE", text));
    }
    Ok(())
}

/// An account that is a member elsewhere leaves there and joins here in the same moment.
fn join(call: &mut Call<'_>, handshake: &Handshake, account: String) -> Result<(), Refusal> {
    check_rest(call.world, &account)?;
    if let Some(current) = call.world.organization_of(&account) {
        if current.id == handshake.organization || !call.world.switches.direct_transfer {
            return Err(already_a_member());
        }
        check_may_part(call.world, current, &account)?;
        check_age(call, handshake)?;
        if call.world.switches.transfer_needs_leave {
            let leave = "organizations:LeaveOrganization";
            authorize::authorize(call.world, call.caller, leave, "*", call.request)?;
        }
        call.world.depart(&account, "LEFT");
    }
    call.world
        .join_with_event(&handshake.organization, &account, "INVITED");
    if let Some(organization) = call.world.organizations.get_mut(&handshake.organization) {
        let tags = handshake.tags.clone();
        organization.tags.entry(account).or_default().extend(tags);
    }
    Ok(())
}
