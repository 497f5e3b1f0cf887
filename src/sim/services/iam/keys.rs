//! Access keys.

use serde_json::{Value, json};

use super::super::{Call, Outcome};
use super::{
    account, invalid, limit, missing, page, required, shown, time, user, user_mut, user_name,
};
use crate::sim::refusal::Refusal;
use crate::sim::world::AccessKey;

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const MOST_KEYS: usize = 2;

fn status(key: &AccessKey) -> &'static str {
    if key.active { "Active" } else { "Inactive" }
}

pub(super) fn create(call: &mut Call<'_>) -> Outcome {
    let name = user_name(call)?;
    if user(call, &name)?.keys.len() >= MOST_KEYS {
        return Err(limit("Cannot exceed quota for AccessKeysPerUser: 2"));
    }
    let (id, secret) = (call.world.draw_unique_id("AKIA"), call.world.draw_secret());
    let key = AccessKey::new(secret, call.now());
    let answer = json!({
        "AccessKey": {
            "UserName": shown(&name),
            "AccessKeyId": id,
            "Status": status(&key),
            "SecretAccessKey": key.secret,
            "CreateDate": time(key.created_at),
        },
    });
    user_mut(call, &name)?.keys.insert(id, key);
    Ok(answer)
}

pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    let name = user_name(call)?;
    let keys = user(call, &name)?.keys.iter();
    let keys = keys.map(|(id, key)| {
        json!({
            "UserName": shown(&name),
            "AccessKeyId": id,
            "Status": status(key),
            "CreateDate": time(key.created_at),
        })
    });
    page(call, "AccessKeyMetadata", keys.collect())
}

fn unknown(id: &str) -> Refusal {
    let text = format!("The Access Key with id {id} cannot be found.");
    Refusal::new("NoSuchEntity", text).status(404)
}

pub(super) fn update(call: &mut Call<'_>) -> Outcome {
    let (name, id) = (user_name(call)?, required(call, "AccessKeyId")?);
    let active = match required(call, "Status")? {
        "Active" => true,
        "Inactive" => false,
        _ => return Err(invalid("Status must be Active or Inactive")),
    };
    let key = user_mut(call, &name)?.keys.get_mut(id);
    key.ok_or_else(|| unknown(id))?.active = active;
    Ok(Value::Null)
}

pub(super) fn delete(call: &mut Call<'_>) -> Outcome {
    let (name, id) = (user_name(call)?, required(call, "AccessKeyId")?);
    let key = user_mut(call, &name)?.keys.remove(id);
    key.ok_or_else(|| unknown(id))?;
    Ok(Value::Null)
}

/// A key that was never used has neither date nor place: `N/A`.
pub(super) fn last_used(call: &mut Call<'_>) -> Outcome {
    let id = required(call, "AccessKeyId")?;
    let mut users = account(call)?.users.iter();
    let (name, key) = users
        .find_map(|(name, user)| Some((name, user.keys.get(id)?)))
        .ok_or_else(|| missing("access key", id))?;
    let used = match &key.last_used {
        Some((at, region, service)) => json!({
            "LastUsedDate": time(*at),
            "ServiceName": service,
            "Region": region,
        }),
        None => json!({"ServiceName": "N/A", "Region": "N/A"}),
    };
    Ok(json!({"UserName": name, "AccessKeyLastUsed": used}))
}
