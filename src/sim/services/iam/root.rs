//! Central root access of the organization.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-enable-root-access.html>

use serde_json::{Value, json};

use super::super::{Call, Outcome};
use crate::sim::refusal::Refusal;
use crate::sim::world::Organization;

const IAM: &str = "iam.amazonaws.com";

/// The id of the organization whose features the caller may manage.
fn organization(call: &Call<'_>) -> Result<String, Refusal> {
    let account = &call.caller.account;
    let refuse = |code: &str, text: &str| Refusal::new(code, text).status(409);
    let organization = call.world.organization_of(account).ok_or_else(|| {
        let text = "The account is not a member of an organization.";
        refuse("OrganizationNotFoundException", text)
    })?;
    let delegated = organization.delegated_administrators.get(account);
    let administers = delegated.is_some_and(|by| by.services.contains_key(IAM));
    if organization.management != *account && !administers {
        let text = "The account is neither the management account nor a delegated administrator.";
        let code = "AccountNotManagementOrDelegatedAdministratorException";
        return Err(refuse(code, text));
    }
    if organization.feature_set != "ALL" {
        let text = "The organization does not have all features enabled.";
        return Err(refuse("OrganizationNotInAllFeaturesModeException", text));
    }
    if !organization.trusted_services.contains_key(IAM) {
        let text = "Trusted access is not enabled for iam.amazonaws.com.";
        return Err(refuse("ServiceAccessNotEnabledException", text));
    }
    Ok(organization.id.clone())
}

fn features(call: &Call<'_>, id: &str) -> Value {
    let organization = call.world.organizations.get(id);
    let enabled = organization.map(|found| &found.root_features);
    json!({"OrganizationId": id, "EnabledFeatures": enabled})
}

pub(super) fn list_features(call: &mut Call<'_>) -> Outcome {
    let id = organization(call)?;
    Ok(features(call, &id))
}

/// Enabling is for the management account alone; listing and disabling are not.
///
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_EnableOrganizationsRootSessions.html>
fn change(call: &mut Call<'_>, feature: &str, on: bool) -> Outcome {
    let id = organization(call)?;
    let manages = |found: &Organization| found.management == call.caller.account;
    if on && !call.world.organizations.get(&id).is_some_and(manages) {
        let text = "The caller is not the management account of the organization.";
        return Err(Refusal::new("CallerIsNotManagementAccountException", text).status(409));
    }
    if let Some(organization) = call.world.organizations.get_mut(&id) {
        if on {
            organization.root_features.insert(feature.to_owned());
        } else {
            organization.root_features.remove(feature);
        }
    }
    Ok(features(call, &id))
}

pub(super) fn enable_credentials(call: &mut Call<'_>) -> Outcome {
    change(call, "RootCredentialsManagement", true)
}

pub(super) fn disable_credentials(call: &mut Call<'_>) -> Outcome {
    change(call, "RootCredentialsManagement", false)
}

pub(super) fn enable_sessions(call: &mut Call<'_>) -> Outcome {
    change(call, "RootSessions", true)
}

pub(super) fn disable_sessions(call: &mut Call<'_>) -> Outcome {
    change(call, "RootSessions", false)
}
