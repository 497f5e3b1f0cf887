//! Trusted access of services, and their delegated administrators.

use std::collections::BTreeMap;

use super::super::{Call, Outcome};
use super::{NOTHING, not_found};
use crate::sim::refusal::Refusal;
use crate::sim::world::DelegatedAdministrator;

/// A service principal, as far as its form tells.
fn service<'a>(call: &Call<'a>) -> Result<&'a str, Refusal> {
    let name = call.text("ServicePrincipal")?;
    if name.ends_with(".amazonaws.com") || name.ends_with(".amazonaws.com.cn") {
        Ok(name)
    } else {
        let text = "You specified an unrecognized service principal.";
        Err(Refusal::invalid("UNRECOGNIZED_SERVICE_PRINCIPAL", text))
    }
}

fn check_all_features(call: &Call<'_>) -> Result<(), Refusal> {
    if call.organization()?.feature_set == "ALL" {
        return Ok(());
    }
    let text = "The organization does not have all features enabled.";
    let reason = "ORGANIZATION_NOT_IN_ALL_FEATURES_MODE";
    Err(Refusal::constraint(reason, text))
}

pub(super) fn enable_service(call: &mut Call<'_>) -> Outcome {
    let service = service(call)?;
    check_all_features(call)?;
    let now = call.now();
    let services = &mut call.organization_mut()?.trusted_services;
    services.entry(service.to_owned()).or_insert(now);
    Ok(NOTHING)
}

/// What the service itself made stays; its delegated administrators have to go first.
pub(super) fn disable_service(call: &mut Call<'_>) -> Outcome {
    let service = service(call)?;
    let organization = call.organization_mut()?;
    let mut administrators = organization.delegated_administrators.values();
    if administrators.any(|by| by.services.contains_key(service)) {
        let text = "The service has a delegated administrator. Deregister it first.";
        let reason = "DELEGATED_ADMINISTRATOR_EXISTS_FOR_THIS_SERVICE";
        return Err(Refusal::constraint(reason, text));
    }
    organization.trusted_services.remove(service);
    Ok(NOTHING)
}

pub(super) fn register(call: &mut Call<'_>) -> Outcome {
    let (account, service) = (call.text("AccountId")?, service(call)?);
    check_all_features(call)?;
    let now = call.now();
    let open = call.world.accounts.get(account);
    let open = open.is_some_and(|account| account.state == "ACTIVE");
    let organization = call.organization_mut()?;
    if !organization.members.contains_key(account) {
        return Err(not_found("Account", account));
    }
    if !open {
        let text = "You can't register a suspended account as a delegated administrator.";
        let reason = "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR";
        return Err(Refusal::constraint(reason, text));
    }
    if organization.management == account {
        let text = "You can't register the management account as a delegated administrator.";
        let reason = "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR";
        return Err(Refusal::constraint(reason, text));
    }
    if !organization.trusted_services.contains_key(service) {
        let text = "Trusted access is not enabled for the service.";
        let reason = "SERVICE_ACCESS_NOT_ENABLED";
        return Err(Refusal::constraint(reason, text));
    }
    let administrators = &mut organization.delegated_administrators;
    let by = administrators
        .entry(account.to_owned())
        .or_insert_with(|| DelegatedAdministrator {
            since: now,
            services: BTreeMap::new(),
        });
    if by.services.contains_key(service) {
        let text = "The account is already a delegated administrator for this service.";
        return Err(Refusal::new("AccountAlreadyRegisteredException", text));
    }
    by.services.insert(service.to_owned(), now);
    Ok(NOTHING)
}

pub(super) fn deregister(call: &mut Call<'_>) -> Outcome {
    let (account, service) = (call.text("AccountId")?, service(call)?);
    let organization = call.organization_mut()?;
    if !organization.members.contains_key(account) {
        return Err(not_found("Account", account));
    }
    let administrators = &mut organization.delegated_administrators;
    let by = administrators.get_mut(account);
    let Some(by) = by.filter(|by| by.services.contains_key(service)) else {
        let text = "The account isn't a delegated administrator for the service.";
        return Err(Refusal::new("AccountNotRegisteredException", text));
    };
    by.services.remove(service);
    if by.services.is_empty() {
        administrators.remove(account);
    }
    Ok(NOTHING)
}
