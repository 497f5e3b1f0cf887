//! The quarantine of an account: an SCP on the account itself that lets its responder through and
//! nobody else.

use serde_json::{Value, json};

use super::facts::Equals;
use super::guard::GUARD_NAME;
use super::guarding::free_name;
use super::predict;
use super::responder::{Trusted, responder};
use super::step::{Change, NotDone, Plan, PolicyRef, Step};
use super::way_back::Returning;
use crate::model::organization::Account;
use crate::model::{AccountId, NodeId, PolicyId, Snapshot};
use crate::scp::{Dialect, parse};
use crate::verdict::spares;

/// The role that the quarantine of an account lets through, looked at.
///
/// # Errors
/// No role was named, or nothing may be begun with it; why, in words.
pub(super) fn let_through(
    now: &Snapshot,
    wishes: &Returning,
    account: &AccountId,
) -> Result<Trusted, String> {
    match wishes.break_glass.as_deref() {
        None => Err(
            "name the role that the quarantine lets through: add --break-glass-role NAME"
                .to_owned(),
        ),
        // A pattern would let others through as well.
        Some(role) if !is_role_name(role) => Err(format!(
            "`{role}` is not the name of one role: no wildcards"
        )),
        Some(role) => responder(now, wishes, account, role),
    }
}

/// ARNs of the roles that quarantines let through which are attached to the account today. Nobody else
/// can look at those roles any more.
pub(super) fn quarantined_for(now: &Snapshot, account: &AccountId) -> Vec<String> {
    let node = NodeId::Account(account.clone());
    let attached = now
        .policies
        .values()
        .filter(|policy| hangs(now, &policy.id, &node));
    let arns = attached.filter_map(|policy| {
        let text = policy.content.known()?;
        let arn = responder_in(text)?;
        let wanted = parse(&quarantine_text(&arn), Dialect::Scp).ok()?;
        let found = parse(text, Dialect::Scp).ok()?;
        found.says_the_same_as(&wanted).then_some(arn)
    });
    arns.collect()
}

/// Is that role meant by this name, which may lack the path?
pub(super) fn is_meant(arn: &str, name: &str) -> bool {
    let path = arn.split_once(":role/").map_or(arn, |(_, path)| path);
    path == name || path.rsplit('/').next() == Some(name)
}

/// Is it the name of one role, its path before it?
pub fn is_role_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-/".contains(c);
    !name.is_empty() && name.chars().all(plain)
}

/// The quarantine of an account: nobody but the responder may do anything. Sessions of central root
/// access pass: they are bound to AWS's task policies, and one of them takes the intruder's root
/// credentials away.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-assumedroot>
fn quarantine_text(responder: &str) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "Quarantine",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {
                "ArnNotLike": {"aws:PrincipalArn": responder},
                "Null": {"aws:AssumedRoot": "true"},
            },
        }],
    })
    .to_string()
}

/// Plans it; false: it is not proved to let the responder through, and nothing is planned.
pub(super) fn quarantine(
    plan: &mut Plan,
    now: &Snapshot,
    account: &AccountId,
    responder: &Trusted,
    arrives: bool,
) -> bool {
    let text = quarantine_text(&responder.arn);
    let node = NodeId::Account(account.clone());
    let document = parse(&text, Dialect::Scp).ok();
    let passes = document
        .as_ref()
        .is_some_and(|document| spares(now, &arrived(now, account), document, &responder.arn));
    if !passes {
        plan.not_done.push(NotDone {
            what: format!("quarantine account {account}"),
            why: format!("it is not proved to let `{}` through", responder.arn),
            unmet: true,
        });
        return false;
    }
    let equals = document.map(|document| Equals::of(now, &document, &plan.used));
    let equals = equals.unwrap_or_default();
    let mut all = equals.foreign.iter().chain(&equals.taken);
    if !arrives && all.any(|policy| hangs(now, &policy.id, &node)) {
        return true;
    }
    plan.note(equals.mention());
    let equal = equals.taken;
    let create_id = format!("create-quarantine-{account}");
    let policy = if let Some(policy) = equal {
        PolicyRef::Existing(policy.id.clone())
    } else {
        let name = free_name(now, &format!("{GUARD_NAME}-quarantine-{account}"));
        let create = Step {
            id: create_id.clone(),
            title: format!(
                "create SCP `{name}`: everything is denied to everybody but role `{}` ({}) and sessions of central root access",
                responder.arn, responder.told
            ),
            change: Change::CreatePolicy {
                name,
                text: text.clone(),
            },
            covers: 0,
            undo: "delete it once it is detached".to_owned(),
        };
        // Before the account arrives, so that it can be attached at once.
        let arrival = format!("accept-{account}");
        let at = plan.steps.iter().position(|step| step.id == arrival);
        plan.steps.insert(at.unwrap_or(plan.steps.len()), create);
        PolicyRef::Created(create_id)
    };
    plan.steps.push(Step {
        id: format!("quarantine-{account}"),
        title: format!("attach the quarantine to account {account}, before anything else is done to it"),
        change: Change::AttachPolicy {
            policy,
            target: node,
            text,
            proves: None,
        },
        covers: 1,
        undo: format!(
            "lift it once the intruder's credentials are disabled, with undo --only quarantine-{account}"
        ),
    });
    true
}

/// ARN of the role that a quarantine of this text lets through.
pub fn responder_in(text: &str) -> Option<String> {
    let document: Value = serde_json::from_str(text).ok()?;
    let condition = document.get("Statement")?.get(0)?.get("Condition")?;
    let arn = condition.get("ArnNotLike")?.get("aws:PrincipalArn")?;
    arn.as_str().map(str::to_owned)
}

/// The account as it is where every account arrives.
fn arrived(now: &Snapshot, account: &AccountId) -> Account {
    let members = now.accounts.known();
    let member = members.and_then(|members| members.get(account)).cloned();
    member.unwrap_or_else(|| predict::arrival(now, account))
}

fn hangs(snapshot: &Snapshot, policy: &PolicyId, node: &NodeId) -> bool {
    let attachments = &snapshot.attachments;
    let by_policy = attachments
        .by_policy
        .get(policy)
        .and_then(|nodes| nodes.known());
    let by_node = attachments.by_node.get(node).and_then(|ids| ids.known());
    by_policy.is_some_and(|nodes| nodes.contains(node))
        || by_node.is_some_and(|ids| ids.contains(policy))
}

/// What the quarantine's attachment takes of the account's slots; one that is yet to be created
/// has no id.
pub(super) fn quarantine_of(plan: &Plan, account: &AccountId) -> Option<PolicyId> {
    let id = format!("quarantine-{account}");
    let step = plan.steps.iter().find(|step| step.id == id)?;
    match &step.change {
        Change::AttachPolicy {
            policy: PolicyRef::Existing(id),
            ..
        } => Some(id.clone()),
        _ => "p-quarantine".parse().ok(),
    }
}
