//! STS: who am I, and becoming a role.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Call, Outcome};
use crate::sim::authorize::denied;
use crate::sim::refusal::Refusal;
use crate::sim::wire::Api;
use crate::sim::world::{Session, seconds};

pub(crate) fn get_caller_identity(call: &Call<'_>) -> Value {
    json!({
        "Arn": call.caller.arn,
        "UserId": call.caller.user_id,
        "Account": call.caller.account,
    })
}

/// The account and the name in a role's ARN, path left out.
pub(crate) fn parse_role(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.splitn(6, ':');
    let account = parts.nth(4)?;
    let name = parts.next()?.strip_prefix("role/")?;
    Some((account, name.rsplit('/').next().unwrap_or(name)))
}

/// Session policies are accepted and not enforced.
pub(crate) fn assume_role(call: &mut Call<'_>) -> Outcome {
    let invalid = |text: String| Refusal::new("ValidationError", text);
    let required = |name: &str| {
        let missing = || invalid(format!("`{name}` must not be null"));
        call.optional(name).ok_or_else(missing)
    };
    let (arn, name) = (required("RoleArn")?, required("RoleSessionName")?);
    let duration: i64 = match call.optional("DurationSeconds") {
        None => 3600,
        Some(text) => text.parse().unwrap_or(0),
    };
    if !(900..=43_200).contains(&duration) {
        let text = "DurationSeconds must be between 900 and 43200";
        return Err(invalid(text.to_owned()));
    }
    let (account, role) = parse_role(arn).ok_or_else(|| invalid(format!("{arn} is invalid")))?;
    let caller = call.caller;
    let found = call.world.accounts.get(account);
    let role_id = found
        .filter(|account| account.state != "CLOSED")
        .and_then(|account| account.roles.get(role))
        .filter(|role| role.trusted_accounts.contains(&caller.account))
        .map(|role| role.id.clone())
        .ok_or_else(|| {
            let text = format!(
                "User: {} is not authorized to perform: sts:AssumeRole on resource: {arn}",
                caller.arn
            );
            denied(Api::Sts, text)
        })?;
    let session = Session {
        account: account.to_owned(),
        role: role.to_owned(),
        name: name.to_owned(),
        token: call.world.draw_secret().repeat(3),
        since: call.now(),
        expires: call.now() + SignedDuration::from_secs(duration),
    };
    let (key, secret) = (call.world.draw_unique_id("ASIA"), call.world.draw_secret());
    let answer = json!({
        "AssumedRoleUser": {
            "AssumedRoleId": format!("{role_id}:{name}"),
            "Arn": format!("arn:{}:sts::{account}:assumed-role/{role}/{name}", call.world.partition),
        },
        "Credentials": {
            "AccessKeyId": key,
            "SecretAccessKey": secret,
            "SessionToken": session.token,
            "Expiration": seconds(session.expires).to_string(),
        },
    });
    call.world.sessions.insert(key, session);
    Ok(answer)
}
