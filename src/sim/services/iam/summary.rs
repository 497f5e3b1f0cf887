//! What an account has, in numbers.
//!
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html>

use serde_json::{Value, json};

use super::super::{Call, Outcome};
use super::account;

/// What nobody has here.
const NONE: [&str; 4] = [
    "AccountSigningCertificatesPresent",
    "Policies",
    "PolicyVersionsInUse",
    "ServerCertificates",
];

/// The quotas that AWS publishes; the simulator keeps that of access keys.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const QUOTAS: [(&str, usize); 16] = [
    ("AccessKeysPerUserQuota", 2),
    ("AttachedPoliciesPerGroupQuota", 10),
    ("AttachedPoliciesPerRoleQuota", 10),
    ("AttachedPoliciesPerUserQuota", 10),
    ("GlobalEndpointTokenVersion", 2),
    ("GroupPolicySizeQuota", 5120),
    ("GroupsPerUserQuota", 10),
    ("GroupsQuota", 300),
    ("PoliciesQuota", 1500),
    ("PolicySizeQuota", 6144),
    ("PolicyVersionsInUseQuota", 10_000),
    ("ServerCertificatesQuota", 20),
    ("SigningCertificatesPerUserQuota", 2),
    ("UserPolicySizeQuota", 2048),
    ("UsersQuota", 5000),
    ("VersionsPerPolicyQuota", 5),
];

/// Counts of what the simulator knows, and quotas.
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
    ];
    let entries: Vec<Value> = entries
        .into_iter()
        .chain(NONE.map(|key| (key, 0)))
        .chain(QUOTAS)
        .map(|(key, value)| json!({"key": key, "value": value}))
        .collect();
    Ok(json!({"SummaryMap": {"entry": entries}}))
}
