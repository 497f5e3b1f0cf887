//! `AssumeRoot`: a member's root user for one task.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html>

use serde_json::{Value, json};

use super::super::{Call, Outcome};
use super::{invalid, issue, required, until};
use crate::sim::authorize::denied;
use crate::sim::refusal::Refusal;
use crate::sim::wire::Api;
use crate::sim::world::{Principal, Session, User};

/// The task policies, and the actions of each that exist here or that attackers try.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user-privileged-task.html>
const TASKS: [(&str, &[&str]); 5] = [
    (
        "IAMAuditRootUserCredentials",
        &[
            "iam:ListAccessKeys",
            "iam:ListSigningCertificates",
            "iam:GetLoginProfile",
            "iam:ListMFADevices",
            "iam:GetAccountSummary",
            "iam:GetUser",
            "iam:GetAccessKeyLastUsed",
        ],
    ),
    ("IAMCreateRootUserPassword", &["iam:CreateLoginProfile"]),
    (
        "IAMDeleteRootUserCredentials",
        &[
            "iam:DeleteAccessKey",
            "iam:DeleteLoginProfile",
            "iam:DeactivateMFADevice",
            "iam:GetLoginProfile",
            "iam:ListAccessKeys",
            "iam:GetUser",
        ],
    ),
    ("S3UnlockBucketPolicy", &["s3:DeleteBucketPolicy"]),
    ("SQSUnlockQueuePolicy", &["sqs:SetQueueAttributes"]),
];
/// Longest session, in seconds.
const LONGEST: i64 = 900;

/// Is the target a member that the caller may enter as root?
fn check_target(call: &Call<'_>, target: &str) -> Result<(), Refusal> {
    let account = &call.caller.account;
    let refuse = || {
        let text = format!(
            "User: {} is not authorized to perform: sts:AssumeRoot on resource: arn:{}:iam::{target}:root",
            call.caller.arn, call.world.partition
        );
        denied(Api::Sts, text)
    };
    let organization = call.world.organization_of(account).ok_or_else(refuse)?;
    let delegated = organization.delegated_administrators.get(account);
    let administers = delegated.is_some_and(|by| by.services.contains_key("iam.amazonaws.com"));
    let manages = organization.management == *account || administers;
    let member = organization.members.contains_key(target) && organization.management != target;
    if manages && member && !organization.root_features.is_empty() {
        Ok(())
    } else {
        Err(refuse())
    }
}

pub(super) fn assume_root(call: &mut Call<'_>) -> Outcome {
    let target = required(call, "TargetPrincipal")?.to_owned();
    let task = call.request.input.get("TaskPolicyArn");
    let task = task
        .and_then(|task| task.get("arn"))
        .and_then(Value::as_str);
    let task = task.ok_or_else(|| invalid("`TaskPolicyArn` must not be null"))?;
    let name = task.rsplit('/').next().unwrap_or_default();
    let known = TASKS.iter().find(|(known, _)| *known == name);
    let (_, actions) = known.ok_or_else(|| invalid("The task policy is not valid"))?;
    let duration = call.number("DurationSeconds").unwrap_or(LONGEST);
    if !(0..=LONGEST).contains(&duration) {
        return Err(invalid("DurationSeconds must be 900 or less"));
    }
    check_target(call, &target)?;
    let now = call.now();
    if let Some(account) = call.world.accounts.get_mut(&target) {
        let (id, since) = (account.id.clone(), account.created_at.min(now));
        let root = || Box::new(User::new(id, since));
        account.root.get_or_insert_with(root);
    }
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}],
    });
    let session = Session {
        account: target,
        principal: Principal::Root,
        name: "root".to_owned(),
        token: call.world.draw_secret().repeat(3),
        policies: vec![policy.to_string()],
        tags: std::collections::BTreeMap::new(),
        since: call.now(),
        expires: until(call, duration),
    };
    Ok(json!({"Credentials": issue(call, session)}))
}
