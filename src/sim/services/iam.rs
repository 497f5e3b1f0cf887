//! IAM: central root access of the organization.

use serde_json::json;

use super::{Call, Outcome};
use crate::sim::refusal::Refusal;

const IAM: &str = "iam.amazonaws.com";

pub(crate) fn list_organizations_features(call: &mut Call<'_>) -> Outcome {
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
    Ok(json!({
        "OrganizationId": organization.id,
        "EnabledFeatures": organization.root_features,
    }))
}
