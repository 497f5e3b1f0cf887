//! Account Management: the root e-mail address, names, alternate contacts.
//!
//! <https://docs.aws.amazon.com/accounts/latest/reference/>

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Call, Handler, Outcome};
use crate::sim::refusal::Refusal;
use crate::sim::world::{Account, NewEmail, seconds};

/// The service to which the organization gives trusted access for this.
const SERVICE: &str = "account.amazonaws.com";
const CONTACT: [&str; 4] = ["Name", "Title", "EmailAddress", "PhoneNumber"];

pub(super) fn handler(operation: &str) -> Option<Handler> {
    Some(match operation {
        "GetPrimaryEmail" => get_primary_email,
        "StartPrimaryEmailUpdate" => start_primary_email_update,
        "AcceptPrimaryEmailUpdate" => accept_primary_email_update,
        "GetAccountInformation" => get_account_information,
        "PutAccountName" => put_account_name,
        "GetAlternateContact" => get_alternate_contact,
        "PutAlternateContact" => put_alternate_contact,
        "DeleteAlternateContact" => delete_alternate_contact,
        _ => return None,
    })
}

fn denied(text: &str) -> Refusal {
    Refusal::new("AccessDeniedException", text).status(403)
}

fn invalid(text: &str) -> Refusal {
    Refusal::new("ValidationException", text)
}

fn missing(text: &str) -> Refusal {
    Refusal::new("ResourceNotFoundException", text).status(404)
}

/// The account that the call is about: the caller's own, or the named member of
/// the organization that the caller manages or administers for this service.
fn target(call: &Call<'_>) -> Result<String, Refusal> {
    let own = &call.caller.account;
    let Some(id) = call.optional("AccountId") else {
        return Ok(own.clone());
    };
    if id.len() != 12 || !id.bytes().all(|b| b.is_ascii_digit()) {
        return Err(invalid("AccountId must be twelve digits."));
    }
    let refuse = || denied("User is not authorized to perform this operation on the account.");
    let organization = call.world.organization_of(own).ok_or_else(refuse)?;
    let delegated = organization.delegated_administrators.get(own);
    let administers = delegated.is_some_and(|by| by.services.contains_key(SERVICE));
    let manages = organization.management == *own || administers;
    let trusted = organization.trusted_services.contains_key(SERVICE);
    if !manages || !trusted || organization.feature_set != "ALL" {
        return Err(refuse());
    }
    if organization.management == id {
        // The management account speaks for itself without naming itself.
        return Err(invalid(
            "The management account can only be managed without AccountId.",
        ));
    }
    if organization.members.contains_key(id) {
        Ok(id.to_owned())
    } else {
        Err(refuse())
    }
}

/// As [`target`], where naming a member is required.
fn member(call: &Call<'_>) -> Result<String, Refusal> {
    if call.optional("AccountId").is_none() {
        return Err(invalid("AccountId is required."));
    }
    target(call)
}

fn find_mut<'a>(call: &'a mut Call<'_>, id: &str) -> Result<&'a mut Account, Refusal> {
    let found = call.world.accounts.get_mut(id);
    found.ok_or_else(|| missing("The account does not exist."))
}

fn required<'a>(call: &Call<'a>, name: &str) -> Result<&'a str, Refusal> {
    let given = call.optional(name).filter(|text| !text.is_empty());
    given.ok_or_else(|| invalid(&format!("{name} is required.")))
}

fn get_primary_email(call: &mut Call<'_>) -> Outcome {
    let id = member(call)?;
    let account = find_mut(call, &id)?;
    Ok(json!({"PrimaryEmail": account.email}))
}

fn start_primary_email_update(call: &mut Call<'_>) -> Outcome {
    let (id, address) = (member(call)?, required(call, "PrimaryEmail")?);
    if !address.contains('@') {
        return Err(invalid("PrimaryEmail is not an e-mail address."));
    }
    let taken = call.world.accounts.values().any(|a| a.email == address);
    if taken {
        let text = "The e-mail address is in use.";
        return Err(Refusal::new("ConflictException", text).status(409));
    }
    let otp = call.world.draw_digits(6);
    let address = address.to_owned();
    find_mut(call, &id)?.new_email = Some(NewEmail { address, otp });
    Ok(json!({"Status": "PENDING"}))
}

fn accept_primary_email_update(call: &mut Call<'_>) -> Outcome {
    let (id, address) = (member(call)?, required(call, "PrimaryEmail")?);
    let otp = required(call, "Otp")?;
    let account = find_mut(call, &id)?;
    let pending = account.new_email.as_ref();
    let pending = pending.filter(|new| new.address == address);
    let pending = pending.ok_or_else(|| missing("There is no such update."))?;
    if pending.otp != otp {
        return Err(invalid("The one-time password is not valid."));
    }
    address.clone_into(&mut account.email);
    account.new_email = None;
    Ok(json!({"Status": "ACCEPTED"}))
}

fn get_account_information(call: &mut Call<'_>) -> Outcome {
    let id = target(call)?;
    let account = find_mut(call, &id)?;
    Ok(json!({
        "AccountId": account.id,
        "AccountName": account.name,
        "AccountCreatedDate": seconds(account.created_at).to_string(),
        "AccountState": account.state,
    }))
}

fn put_account_name(call: &mut Call<'_>) -> Outcome {
    let (id, name) = (target(call)?, required(call, "AccountName")?);
    if name.chars().count() > 50 {
        return Err(invalid("AccountName must have 1 to 50 characters."));
    }
    name.clone_into(&mut find_mut(call, &id)?.name);
    Ok(Value::Null)
}

fn contact_type<'a>(call: &Call<'a>) -> Result<&'a str, Refusal> {
    let kind = required(call, "AlternateContactType")?;
    if ["BILLING", "OPERATIONS", "SECURITY"].contains(&kind) {
        Ok(kind)
    } else {
        Err(invalid("AlternateContactType is not valid."))
    }
}

fn no_contact() -> Refusal {
    missing("No contact of the inputted alternate contact type found.")
}

fn get_alternate_contact(call: &mut Call<'_>) -> Outcome {
    let (id, kind) = (target(call)?, contact_type(call)?);
    let account = find_mut(call, &id)?;
    let contact = account.contacts.get(kind).ok_or_else(no_contact)?;
    let mut answer = json!(contact);
    crate::sim::json::set(&mut answer, "AlternateContactType", kind);
    Ok(json!({"AlternateContact": answer}))
}

fn put_alternate_contact(call: &mut Call<'_>) -> Outcome {
    let (id, kind) = (target(call)?, contact_type(call)?);
    let mut contact = BTreeMap::new();
    for name in CONTACT {
        contact.insert(name.to_owned(), required(call, name)?.to_owned());
    }
    let contacts = &mut find_mut(call, &id)?.contacts;
    contacts.insert(kind.to_owned(), contact);
    Ok(Value::Null)
}

fn delete_alternate_contact(call: &mut Call<'_>) -> Outcome {
    let (id, kind) = (target(call)?, contact_type(call)?);
    let contacts = &mut find_mut(call, &id)?.contacts;
    contacts.remove(kind).ok_or_else(no_contact)?;
    Ok(Value::Null)
}
