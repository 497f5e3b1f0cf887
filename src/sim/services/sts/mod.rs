//! STS: who am I, becoming a role, becoming a member's root user.

mod assume;
mod root;
mod token;
pub(crate) mod trust;

use serde_json::{Value, json};

use super::{Call, Handler, Outcome};
use crate::model::Timestamp;
use crate::sim::refusal::Refusal;
use crate::sim::world::{Session, seconds};

pub(crate) use assume::parse_role;

pub(super) fn handler(operation: &str) -> Option<Handler> {
    Some(match operation {
        "GetCallerIdentity" => get_caller_identity,
        "GetAccessKeyInfo" => get_access_key_info,
        "AssumeRole" => assume::assume_role,
        "AssumeRoot" => root::assume_root,
        "GetSessionToken" => token::session,
        "GetFederationToken" => token::federation,
        _ => return None,
    })
}

fn invalid(text: impl Into<String>) -> Refusal {
    Refusal::new("ValidationError", text)
}

fn required<'a>(call: &Call<'a>, name: &str) -> Result<&'a str, Refusal> {
    let given = call.optional(name).filter(|text| !text.is_empty());
    given.ok_or_else(|| invalid(format!("`{name}` must not be null")))
}

#[expect(clippy::unnecessary_wraps, reason = "every handler may refuse")]
fn get_caller_identity(call: &mut Call<'_>) -> Outcome {
    Ok(json!({
        "Arn": call.caller.arn,
        "UserId": call.caller.user_id,
        "Account": call.caller.account,
    }))
}

fn get_access_key_info(call: &mut Call<'_>) -> Outcome {
    let id = required(call, "AccessKeyId")?;
    let session = call.world.sessions.get(id);
    let session = session.map(|session| session.account.clone());
    let owns = |account: &&crate::sim::world::Account| {
        account
            .users
            .values()
            .any(|user| user.keys.contains_key(id))
    };
    let owner = || call.world.accounts.values().find(owns);
    let account = session.or_else(|| owner().map(|account| account.id.clone()));
    let unknown = || invalid(format!("Invalid access key id {id}"));
    Ok(json!({"Account": account.ok_or_else(unknown)?}))
}

/// Keeps a session and shows its credentials.
fn issue(call: &mut Call<'_>, session: Session) -> Value {
    let (key, secret) = (call.world.draw_unique_id("ASIA"), call.world.draw_secret());
    let credentials = json!({
        "AccessKeyId": key,
        "SecretAccessKey": secret,
        "SessionToken": session.token,
        "Expiration": seconds(session.expires).to_string(),
    });
    call.world.sessions.insert(key, session);
    credentials
}

fn until(call: &Call<'_>, duration: i64) -> Timestamp {
    call.now() + jiff::SignedDuration::from_secs(duration)
}
