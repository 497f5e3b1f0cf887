//! The `CloudTrail` record of a call.
//!
//! Members keep their names with the first letter in lower case, times in
//! answers are English text, refused calls have `errorCode` (`AccessDenied`,
//! not the exception's name).

use serde_json::{Map, Value, json};

use super::{Outcome, sts};
use crate::model::Timestamp;
use crate::sim::identify::{Caller, CallerKind};
use crate::sim::json::set;
use crate::sim::wire::{Api, Request};
use crate::sim::world::{World, seconds};

/// Where all calls seem to come from: an address reserved for documentation.
pub(crate) const SOURCE_IP: &str = "192.0.2.10";

/// Logs a call in its caller's account; `AssumeRole` in the role's account too. `id` is that of
/// the answer.
pub(crate) fn record(
    world: &mut World,
    caller: &Caller,
    request: &Request,
    outcome: &Outcome,
    id: &str,
) {
    if !world.switches.log_reads && is_read(&request.operation) {
        return;
    }
    let region = match request.api {
        Api::Organizations | Api::Iam | Api::Account => {
            world.partition.organizations_region().to_owned()
        }
        Api::CloudTrail | Api::Sts | Api::Events | Api::Logs | Api::CloudFormation => {
            request.region.clone()
        }
    };
    let mut entry = json!({
        "eventVersion": "1.08",
        "userIdentity": identity(caller),
        "eventTime": seconds(world.now).to_string(),
        "eventSource": format!("{}.amazonaws.com", request.api.prefix()),
        "eventName": request.operation,
        "awsRegion": region,
        "sourceIPAddress": SOURCE_IP,
        "userAgent": request.user_agent,
        "requestParameters": parameters(&request.input),
        "responseElements": null,
        "requestID": id,
        "eventID": world.draw_uuid(),
        "readOnly": is_read(&request.operation),
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": caller.account,
        "eventCategory": "Management",
    });
    match outcome {
        // A role that was assumed answers the key by which its sessions are found.
        Ok(output) if !is_read(&request.operation) || request.operation.starts_with("Assume") => {
            set(&mut entry, "responseElements", response(output));
        }
        Ok(_) => {}
        Err(refusal) => {
            let denied = refusal.code.starts_with("AccessDenied");
            let code = if denied {
                "AccessDenied"
            } else {
                &refusal.code
            };
            set(&mut entry, "errorCode", code);
            set(&mut entry, "errorMessage", refusal.message.as_str());
        }
    }
    if let Some(target) = entered(request, outcome).filter(|target| *target != caller.account) {
        let mut copy = entry.clone();
        set(&mut copy, "recipientAccountId", target);
        set(&mut copy, "eventID", world.draw_uuid());
        world.log_event(target, &region, copy);
    }
    world.log_event(&caller.account, &region, entry);
}

/// The account of the role that was assumed, which logs the call as well.
fn entered<'a>(request: &'a Request, outcome: &Outcome) -> Option<&'a str> {
    let assumed = request.api == Api::Sts && request.operation == "AssumeRole" && outcome.is_ok();
    let arn = request.input.get("RoleArn").filter(|_| assumed)?.as_str()?;
    sts::parse_role(arn).map(|(account, _)| account)
}

pub(crate) fn is_read(operation: &str) -> bool {
    ["List", "Describe", "Get", "Lookup", "Assume", "Simulate"]
        .iter()
        .any(|prefix| operation.starts_with(prefix))
}

fn identity(caller: &Caller) -> Value {
    let mut identity = json!({
        "principalId": caller.user_id,
        "arn": caller.arn,
        "accountId": caller.account,
        "accessKeyId": caller.access_key,
    });
    match &caller.kind {
        CallerKind::User { name } => {
            set(&mut identity, "type", "IAMUser");
            set(&mut identity, "userName", name.as_str());
        }
        CallerKind::Session {
            role,
            role_arn,
            since,
        } => {
            set(&mut identity, "type", "AssumedRole");
            let mut context = opened(*since);
            let issuer = json!({
                "type": "Role",
                "principalId": caller.user_id.split(':').next(),
                "arn": role_arn,
                "accountId": caller.account,
                "userName": role,
            });
            set(&mut context, "sessionIssuer", issuer);
            set(&mut identity, "sessionContext", context);
        }
        CallerKind::UserSession { name, since } => {
            set(&mut identity, "type", "IAMUser");
            set(&mut identity, "userName", name.as_str());
            set(&mut identity, "sessionContext", opened(*since));
        }
        CallerKind::Federated { since } => {
            set(&mut identity, "type", "FederatedUser");
            set(&mut identity, "sessionContext", opened(*since));
        }
        CallerKind::RootUser => set(&mut identity, "type", "Root"),
        CallerKind::Root { since } => {
            set(&mut identity, "type", "Root");
            let mut context = opened(*since);
            set(&mut context, "assumedRoot", "true");
            set(&mut identity, "sessionContext", context);
        }
    }
    identity
}

/// The context of a session that began then.
fn opened(since: Timestamp) -> Value {
    json!({
        "attributes": {
            "creationDate": seconds(since).to_string(),
            "mfaAuthenticated": "false",
        },
    })
}

fn parameters(input: &Value) -> Value {
    match input.as_object() {
        Some(members) if !members.is_empty() => lower(input),
        _ => Value::Null,
    }
}

fn response(output: &Value) -> Value {
    if output.is_null() {
        return Value::Null;
    }
    lower(output)
}

fn lower(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let shown = members
                .iter()
                .filter(|(name, _)| *name != "SecretAccessKey");
            let lowered = shown.map(|(name, member)| {
                let member = match name.as_str() {
                    "Password" | "Otp" => json!("HIDDEN_DUE_TO_SECURITY_REASONS"),
                    "Action" => member.as_str().map(str::to_lowercase).into(),
                    time if time.ends_with("Timestamp") => english(member),
                    _ => lower(member),
                };
                (lower_first(name), member)
            });
            Value::Object(lowered.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(lower).collect(),
        other => other.clone(),
    }
}

fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

/// `Mar 18, 2022 6:16:58 PM`
fn english(value: &Value) -> Value {
    let seconds = value.as_f64().unwrap_or_default();
    let time = jiff::SignedDuration::try_from_secs_f64(seconds)
        .ok()
        .and_then(|duration| Timestamp::from_duration(duration).ok());
    time.map_or(Value::Null, |time| {
        json!(time.strftime("%b %-d, %Y %-I:%M:%S %p").to_string())
    })
}
