//! Temporary credentials of a user: they outlive the key that asked for them.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_request.html>

use serde_json::json;

use super::super::{Call, Outcome};
use super::assume::{packed, session_policies};
use super::{invalid, issue, required, until};
use crate::sim::authorize::denied;
use crate::sim::identify::CallerKind;
use crate::sim::refusal::Refusal;
use crate::sim::wire::Api;
use crate::sim::world::{Principal, Session};

/// Twelve hours.
const USUAL: i64 = 43_200;
/// Thirty-six hours.
const LONGEST: i64 = 129_600;

/// The user who calls, with a long-term key.
fn user<'a>(call: &Call<'a>) -> Result<&'a str, Refusal> {
    if let CallerKind::User { name } = &call.caller.kind {
        return Ok(name);
    }
    let operation = &call.request.operation;
    let text = format!("Cannot call {operation} with session credentials");
    Err(denied(Api::Sts, text))
}

fn duration(call: &Call<'_>) -> Result<i64, Refusal> {
    let duration = call.number("DurationSeconds").unwrap_or(USUAL);
    if (900..=LONGEST).contains(&duration) {
        Ok(duration)
    } else {
        Err(invalid("DurationSeconds must be between 900 and 129600"))
    }
}

fn open(call: &mut Call<'_>, principal: Principal, name: &str, policies: Vec<String>) -> Outcome {
    let session = Session {
        account: call.caller.account.clone(),
        principal,
        name: name.to_owned(),
        token: call.world.draw_secret().repeat(3),
        policies,
        tags: std::collections::BTreeMap::new(),
        since: call.now(),
        expires: until(call, duration(call)?),
    };
    Ok(issue(call, session))
}

pub(super) fn session(call: &mut Call<'_>) -> Outcome {
    let name = user(call)?;
    let credentials = open(call, Principal::User(name.to_owned()), name, Vec::new())?;
    Ok(json!({"Credentials": credentials}))
}

/// Without a session policy the session may do nothing.
pub(super) fn federation(call: &mut Call<'_>) -> Outcome {
    let (user, name) = (user(call)?.to_owned(), required(call, "Name")?);
    if !(2..=32).contains(&name.len()) {
        return Err(invalid("Name must have 2 to 32 characters"));
    }
    let mut policies = session_policies(call)?;
    let packed = packed(&policies);
    if policies.is_empty() {
        policies.push(r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned());
    }
    let credentials = open(call, Principal::Federated(user), name, policies)?;
    let (partition, account) = (call.world.partition, &call.caller.account);
    Ok(json!({
        "Credentials": credentials,
        "PackedPolicySize": packed.unwrap_or(0),
        "FederatedUser": {
            "FederatedUserId": format!("{account}:{name}"),
            "Arn": format!("arn:{partition}:sts::{account}:federated-user/{name}"),
        },
    }))
}
