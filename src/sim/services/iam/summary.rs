//! What an account has, in numbers.
//!
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html>

use serde_json::{Value, json};

use super::super::{Call, Outcome};
use super::account;

/// Counts of what the simulator knows, and the quotas that it keeps.
pub(super) fn get(call: &mut Call<'_>) -> Outcome {
    let account = account(call)?;
    let assigned = account.mfa_devices.values();
    let assigned = assigned.filter(|device| device.enabled.is_some()).count();
    let root = account.root.as_deref();
    let root_keys = root.is_some_and(|root| !root.keys.is_empty());
    let root_password = root.is_none_or(|root| root.password_since.is_some());
    let entries = [
        ("Users", account.users.len()),
        ("Groups", account.groups.len()),
        ("Roles", account.roles.len()),
        ("MFADevices", account.mfa_devices.len()),
        ("MFADevicesInUse", assigned),
        ("AccountMFAEnabled", 0),
        ("AccountAccessKeysPresent", usize::from(root_keys)),
        ("AccountPasswordPresent", usize::from(root_password)),
        ("AccessKeysPerUserQuota", 2),
    ];
    let entries: Vec<Value> = entries
        .into_iter()
        .map(|(key, value)| json!({"key": key, "value": value}))
        .collect();
    Ok(json!({"SummaryMap": {"entry": entries}}))
}
