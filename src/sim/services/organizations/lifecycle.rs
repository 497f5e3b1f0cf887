//! Organizations founded and dissolved.

use serde_json::json;

use super::super::{Call, Outcome};
use super::{NOTHING, shapes};
use crate::sim::refusal::Refusal;
use crate::sim::world::{Organization, PolicyTypeState};

/// How many accounts an organization may have unless AWS raises it.
///
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
const DEFAULT_ACCOUNTS: usize = 10;

/// A new organization has all features unless told otherwise, and no policy type enabled.
pub(super) fn create(call: &mut Call<'_>) -> Outcome {
    let features = call.optional("FeatureSet").unwrap_or("ALL");
    if !["ALL", "CONSOLIDATED_BILLING"].contains(&features) {
        let text = "FeatureSet must be ALL or CONSOLIDATED_BILLING.";
        return Err(Refusal::invalid("INVALID_ENUM", text));
    }
    let account = call.caller.account.clone();
    if call.world.organization_of(&account).is_some() {
        let text = "The AWS account is already a member of an organization.";
        return Err(Refusal::new("AlreadyInOrganizationException", text));
    }
    let (id, root) = (call.world.draw_id("o-", 10), call.world.draw_id("r-", 4));
    let mut organization = Organization::new(&id, &root, &account, call.now());
    features.clone_into(&mut organization.feature_set);
    organization.account_limit = DEFAULT_ACCOUNTS;
    organization.scp_state = PolicyTypeState::NotEnabled;
    organization.attachments.clear();
    call.world.organizations.insert(id.clone(), organization);
    call.world.join_with_event(&id, &account, "INVITED");
    let organization = call.organization()?;
    let mut answer = shapes::organization(call.world, organization);
    if features == "ALL" {
        // AWS shows the type here although it is not enabled on the root.
        let types = json!([{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]);
        crate::sim::json::set(&mut answer, "AvailablePolicyTypes", types);
    }
    Ok(json!({"Organization": answer}))
}

pub(super) fn delete(call: &mut Call<'_>) -> Outcome {
    let organization = call.organization()?;
    let custom = organization
        .policies
        .values()
        .any(|policy| !policy.aws_managed);
    if organization.members.len() > 1 || !organization.units.is_empty() || custom {
        let text = "The organization isn't empty. To delete an organization, you must first remove all accounts except the management account, delete all OUs, and delete all policies.";
        return Err(Refusal::new("OrganizationNotEmptyException", text));
    }
    let (id, account) = (organization.id.clone(), call.caller.account.clone());
    call.world.depart(&account, "LEFT");
    call.world.organizations.remove(&id);
    let now = call.now();
    let sent = call.world.handshakes.values_mut();
    for handshake in sent.filter(|h| h.organization == id && h.state == "OPEN") {
        "CANCELED".clone_into(&mut handshake.state);
        handshake.ended_at = Some(now);
    }
    Ok(NOTHING)
}
