//! From consolidated billing to all features.
//!
//! Invited members are asked one by one, created ones are not; once all have
//! agreed, the management account is asked to finish.
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_org_support-all-features.html>

use serde_json::json;

use super::super::{Call, Outcome};
use super::shapes;
use crate::sim::refusal::Refusal;
use crate::sim::world::Handshake;

const ENABLE: &str = "ENABLE_ALL_FEATURES";
const APPROVE: &str = "APPROVE_ALL_FEATURES";

/// A new handshake of the caller's organization.
fn handshake(call: &mut Call<'_>, action: &str, target: &str) -> Result<Handshake, Refusal> {
    let id = call.world.draw_id("h-", 10);
    let mut new = Handshake::invitation(id, call.organization()?, target, call.now());
    action.clone_into(&mut new.action);
    Ok(new)
}

pub(super) fn enable_all_features(call: &mut Call<'_>) -> Outcome {
    let organization = call.organization()?;
    if organization.feature_set == "ALL" {
        let text = "The organization already has all features enabled.";
        let reason = "ORGANIZATION_ALREADY_HAS_ALL_FEATURES";
        return Err(Refusal::handshake(reason, text));
    }
    let id = organization.id.clone();
    let invited: Vec<String> = organization
        .members
        .iter()
        .filter(|(account, member)| {
            member.joined_method == "INVITED" && **account != organization.management
        })
        .map(|(account, _)| account.clone())
        .collect();
    let mut handshakes = call.world.handshakes.values();
    if handshakes.any(|h| h.organization == id && h.action == ENABLE && is_open(h)) {
        let text = "Enabling all features is already in progress.";
        let reason = "ORGANIZATION_IS_ALREADY_PENDING_ALL_FEATURES_MIGRATION";
        return Err(Refusal::handshake(reason, text));
    }
    let mut whole = handshake(call, ENABLE, &id)?;
    "ORGANIZATION".clone_into(&mut whole.target_type);
    "REQUESTED".clone_into(&mut whole.state);
    for account in &invited {
        let mut part = handshake(call, ENABLE, account)?;
        part.parent = Some(whole.id.clone());
        call.world.handshakes.insert(part.id.clone(), part);
    }
    let parent = whole.id.clone();
    let answer = json!({"Handshake": shapes::handshake(call.world, &whole)});
    call.world.handshakes.insert(parent.clone(), whole);
    ask_to_finish(call, &parent);
    Ok(answer)
}

fn is_open(handshake: &Handshake) -> bool {
    matches!(handshake.state.as_str(), "OPEN" | "REQUESTED")
}

/// Asks the management account to finish, once every member has agreed.
fn ask_to_finish(call: &mut Call<'_>, parent: &str) {
    let parts = call.world.handshakes.values();
    let mut parts = parts.filter(|h| h.parent.as_deref() == Some(parent));
    if parts.any(|part| part.action == APPROVE || part.state != "ACCEPTED") {
        return;
    }
    let Some(whole) = call.world.handshakes.get(parent).cloned() else {
        return;
    };
    let last = Handshake {
        id: call.world.draw_id("h-", 10),
        action: APPROVE.to_owned(),
        parent: Some(parent.to_owned()),
        target_type: "ACCOUNT".to_owned(),
        target: whole.management.clone(),
        state: "OPEN".to_owned(),
        ..whole
    };
    call.world.handshakes.insert(last.id.clone(), last);
}

/// What follows from a member's or the management account's agreement.
pub(super) fn agreed(call: &mut Call<'_>, handshake: &Handshake) {
    let Some(parent) = &handshake.parent else {
        return;
    };
    if handshake.action != APPROVE {
        ask_to_finish(call, parent);
        return;
    }
    let now = call.now();
    if let Some(whole) = call.world.handshakes.get_mut(parent) {
        "ACCEPTED".clone_into(&mut whole.state);
        whole.ended_at = Some(now);
    }
    let organization = call.world.organizations.get_mut(&handshake.organization);
    if let Some(organization) = organization {
        "ALL".clone_into(&mut organization.feature_set);
    }
}
