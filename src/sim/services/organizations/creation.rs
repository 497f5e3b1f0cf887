//! `CreateAccount`: asked for now, done later.

use serde_json::{Value, json};

use super::super::{Call, Outcome};
use super::{shapes, tags};
use crate::sim::json::set;
use crate::sim::refusal::Refusal;
use crate::sim::world::{AccountRequest, Due, World};

const STATES: [&str; 3] = ["IN_PROGRESS", "SUCCEEDED", "FAILED"];

fn state(request: &AccountRequest) -> &'static str {
    match (&request.completed_at, &request.failure) {
        (None, _) => "IN_PROGRESS",
        (Some(_), None) => "SUCCEEDED",
        (Some(_), Some(_)) => "FAILED",
    }
}

fn shape(request: &AccountRequest) -> Value {
    let mut answer = json!({
        "Id": request.id,
        "AccountName": request.name,
        "State": state(request),
        "RequestedTimestamp": shapes::time(request.requested_at),
    });
    if let Some(at) = request.completed_at {
        set(&mut answer, "CompletedTimestamp", shapes::time(at));
    }
    if let Some(account) = &request.account {
        set(&mut answer, "AccountId", account.as_str());
    }
    if let Some(reason) = &request.failure {
        set(&mut answer, "FailureReason", reason.as_str());
    }
    answer
}

pub(super) fn create(call: &mut Call<'_>) -> Outcome {
    let (email, name) = (call.text("Email")?, call.text("AccountName")?);
    if !email.contains('@') || email.len() < 6 {
        let text = "The e-mail address is not valid.";
        return Err(Refusal::invalid("INVALID_EMAIL_ADDRESS_TARGET", text));
    }
    if name.is_empty() || name.chars().count() > 50 {
        let text = "The name must have 1 to 50 characters.";
        return Err(Refusal::invalid("MAX_LENGTH_EXCEEDED", text));
    }
    let role = call.optional("RoleName").map(str::to_owned);
    let tags = tags::input(call)?;
    let organization = call.organization()?;
    if organization.members.len() >= organization.account_limit {
        let text = "You have exceeded the allowed number of AWS accounts.";
        return Err(Refusal::constraint("ACCOUNT_NUMBER_LIMIT_EXCEEDED", text));
    }
    let organization = organization.id.clone();
    let request = AccountRequest {
        id: call.world.draw_id("car-", 32),
        organization,
        name: name.to_owned(),
        email: email.to_owned(),
        role: role.unwrap_or_else(World::default_role),
        tags,
        requested_at: call.now(),
        completed_at: None,
        account: None,
        failure: None,
    };
    let answer = json!({"CreateAccountStatus": shape(&request)});
    let delay = i64::from(call.world.switches.creation_delay);
    let at = call.now() + jiff::SignedDuration::from_secs(delay);
    let id = request.id.clone();
    call.world.due.push((at, Due::Created(id.clone())));
    call.world.requests.insert(id, request);
    Ok(answer)
}

pub(super) fn describe(call: &mut Call<'_>) -> Outcome {
    let id = call.text("CreateAccountRequestId")?;
    let organization = &call.organization()?.id;
    let found = call.world.requests.get(id);
    let found = found.filter(|request| request.organization == *organization);
    let request = found.ok_or_else(|| {
        let text = "We can't find a create account request with the CreateAccountRequestId that you specified.";
        Refusal::new("CreateAccountStatusNotFoundException", text)
    })?;
    Ok(json!({"CreateAccountStatus": shape(request)}))
}

pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    let states = call.request.input.get("States").and_then(Value::as_array);
    let states: Vec<&str> = states
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if states.iter().any(|state| !STATES.contains(state)) {
        let text = "States must be IN_PROGRESS, SUCCEEDED or FAILED.";
        return Err(Refusal::invalid("INVALID_ENUM", text));
    }
    let organization = &call.organization()?.id;
    let requests = call.world.requests.values().filter(|request| {
        request.organization == *organization
            && (states.is_empty() || states.contains(&state(request)))
    });
    call.page("CreateAccountStatuses", requests, shape)
}
