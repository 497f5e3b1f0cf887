//! The way back of departed accounts: invited, accepted, quarantined, moved to where they were.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::again::Rewritten;
use super::control_tower;
use super::facts::Equals;
use super::guard::GUARD_NAME;
use super::guarding::free_name;
use super::planner::PlanError;
use super::quota::Invitations;
use super::reinvite::{open_invitation, refusal};
use super::restore::{Place, hung};
use super::step::{Change, NotDone, Plan, PolicyRef, Step};
use super::tags::plan_tags;
use crate::audit::stack_sets_firing;
use crate::model::organization::{Account, StackSet};
use crate::model::{AccountId, NodeId, Observed, Partition, PolicyId, Snapshot};
use crate::scp::{Dialect, parse};

/// Who comes back, and what is known of where they were.
#[derive(Debug, Clone, Default)]
pub struct Returning {
    /// Accept inside the account through the role of this name.
    pub role: Option<String>,
    /// Look into accounts that came back through the role of this name.
    pub access_role: Option<String>,
    /// Name, with its path, of the role that the quarantine lets through.
    pub break_glass: Option<String>,
    /// Facts from before they departed.
    pub baseline: Option<Box<Snapshot>>,
    /// OUs that the administrator named.
    pub to: BTreeMap<AccountId, NodeId>,
    /// Move accounts although AWS Control Tower manages the organization.
    pub despite_control_tower: bool,
}

/// Refuses a baseline that holds an account and did not read which SCPs hung on it.
///
/// # Errors
/// [`PlanError::NotRead`].
pub fn check_baseline(then: &Snapshot, accounts: &BTreeSet<AccountId>) -> Result<(), PlanError> {
    let held = then.accounts.known();
    let unread: Vec<String> = accounts
        .iter()
        .filter(|id| held.is_some_and(|held| held.contains_key(*id)))
        .map(|id| NodeId::Account(id.clone()))
        .filter(|node| !then.knows_what_hangs(node))
        .map(|node| then.called(&node))
        .collect();
    if unread.is_empty() {
        return Ok(());
    }
    Err(PlanError::NotRead {
        taken_at: then.taken_at,
        nodes: unread.join(", "),
    })
}

/// Plans the way back of one account, from wherever it stands now.
pub(super) fn plan_return(
    plan: &mut Plan,
    now: &Snapshot,
    wishes: &Returning,
    account: &AccountId,
    invitations: &mut Invitations,
) {
    let accounts = now.accounts.known();
    let member = accounts.and_then(|accounts| accounts.get(account));
    if let Some(member) = member.filter(|member| in_root(now, member)) {
        land(plan, now, wishes, account, false);
        if plan
            .steps
            .iter()
            .all(|step| !step.id.ends_with(account.as_str()))
            && !plan
                .not_done
                .iter()
                .any(|one| one.what.contains(account.as_str()))
        {
            let what = format!("bring back account {}", member.id);
            let why = "it is in this organization, and nothing is left to do".to_owned();
            plan.not_done.push(NotDone { what, why });
        }
        return;
    }
    if let Some(not_done) = refusal(now, account) {
        plan.not_done.push(not_done);
        return;
    }
    let handshakes = now.handshakes.known();
    let handshakes = handshakes.map(Vec::as_slice).unwrap_or_default();
    if let Some(open) = open_invitation(handshakes, account, now) {
        plan.reused.push(open.clone());
    } else {
        let accepted = wishes.role.is_some() && break_glass(wishes).is_ok();
        if !invitations.take(account, accepted) {
            return;
        }
        plan.steps.push(invite(account));
    }
    if let Some(role) = &wishes.role {
        if let Err(why) = break_glass(wishes) {
            plan.not_done.push(NotDone {
                what: format!("accept the invitation in account {account}"),
                why,
            });
            return;
        }
        plan.steps.push(accept(account, role));
        land(plan, now, wishes, account, true);
    }
}

fn in_root(now: &Snapshot, member: &Account) -> bool {
    member
        .parents
        .known()
        .is_some_and(|parents| parents.len() == 1)
        && now.root.known().is_some()
}

fn invite(account: &AccountId) -> Step {
    Step {
        id: format!("invite-{account}"),
        title: format!("invite account {account}; the invitation lapses after 15 days"),
        change: Change::InviteAccount {
            account: account.clone(),
        },
        covers: 1,
        undo: "cancel the invitation while nobody has accepted it".to_owned(),
    }
}

fn accept(account: &AccountId, role: &str) -> Step {
    Step {
        id: format!("accept-{account}"),
        title: format!(
            "accept it in account {account} through role `{role}`, once it is proved to be that account and our invitation"
        ),
        change: Change::AcceptInvitation {
            account: account.clone(),
            role: role.to_owned(),
        },
        covers: 1,
        undo: "cannot be taken back by this tool, which removes no account".to_owned(),
    }
}

/// What happens once the account is in the root: quarantine, place, its own SCPs.
fn land(plan: &mut Plan, now: &Snapshot, wishes: &Returning, account: &AccountId, arrives: bool) {
    match break_glass(wishes) {
        Ok(role) => quarantine(plan, now, account, role, arrives),
        Err(why) => plan.not_done.push(NotDone {
            what: format!("quarantine account {account}"),
            why,
        }),
    }
    let managed = control_tower::moving(now).filter(|_| !wishes.despite_control_tower);
    let place = former_place(now, wishes, account);
    match place.and_then(|found| managed.map_or(Ok(found), |why| Err(why.to_owned()))) {
        Ok((to, how)) => plan.steps.push(Step {
            id: format!("move-{account}"),
            title: format!(
                "move account {account} to {}, {how}; {}",
                now.called(&to),
                fires(now, &to)
            ),
            change: Change::MoveAccount {
                account: account.clone(),
                from: None,
                to,
            },
            covers: 1,
            undo: "move it back to the root, if it is still there".to_owned(),
        }),
        Err(why) => plan.not_done.push(NotDone {
            what: format!("move account {account} to its former OU"),
            why,
        }),
    }
    own_policies(plan, now, wishes, account, arrives);
    plan_tags(plan, now, wishes.baseline.as_deref(), account, arrives);
}

/// Which `StackSets` a move from the root fires, in words.
fn fires(now: &Snapshot, to: &NodeId) -> String {
    let root = now.root.known().map(|root| NodeId::Root(root.id.clone()));
    let from: Vec<NodeId> = root.into_iter().collect();
    let mut there = from.clone();
    if let NodeId::Ou(id) = to
        && let Some(unit) = now.units.get(id)
    {
        there.clone_from(&unit.parents);
    }
    there.push(to.clone());
    match stack_sets_firing(now, &from, &there) {
        Observed::Unknown(_) => {
            "which StackSets create or delete stacks in it then is not known: it could not be \
             read"
                .to_owned()
        }
        Observed::Known(firing) => {
            let names = |sets: &[&StackSet]| {
                let names: Vec<String> = sets.iter().map(|one| format!("`{}`", one.name)).collect();
                names.join(", ")
            };
            let mut told = Vec::new();
            for (what, sets) in [
                ("create their stacks in it", &firing.deploy),
                ("delete their stacks in it", &firing.delete),
                ("let go of their stacks in it", &firing.retain),
            ] {
                if !sets.is_empty() {
                    told.push(format!("StackSets that {what} then: {}", names(sets)));
                }
            }
            if told.is_empty() {
                told.push(
                    "no StackSet of the region that was looked at acts on it then".to_owned(),
                );
            }
            told.join("; ")
        }
    }
}

/// Is it the name of one role, its path before it?
pub fn is_role_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-/".contains(c);
    !name.is_empty() && name.chars().all(plain)
}

/// The one role that the quarantine lets through; a pattern would let others through as well.
fn break_glass(wishes: &Returning) -> Result<&str, String> {
    match wishes.break_glass.as_deref() {
        None => Err(
            "name the role that the quarantine lets through: add --break-glass-role NAME"
                .to_owned(),
        ),
        Some(role) if is_role_name(role) => Ok(role),
        Some(role) => Err(format!(
            "`{role}` is not the name of one role: no wildcards"
        )),
    }
}

/// The quarantine of an account: nobody but the break-glass role may do anything.
fn quarantine_text(partition: Partition, account: &AccountId, role: &str) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "Quarantine",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"ArnNotLike": {
                "aws:PrincipalArn": format!("arn:{partition}:iam::{account}:role/{role}"),
            }},
        }],
    })
    .to_string()
}

fn quarantine(plan: &mut Plan, now: &Snapshot, account: &AccountId, role: &str, arrives: bool) {
    let text = quarantine_text(plan.partition, account, role);
    let node = NodeId::Account(account.clone());
    let document = parse(&text, Dialect::Scp).ok();
    let equals = document.map(|document| Equals::of(now, &document, &plan.used));
    let equals = equals.unwrap_or_default();
    let mut all = equals.foreign.iter().chain(&equals.taken);
    if !arrives && all.any(|policy| hangs(now, &policy.id, &node)) {
        return;
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
                "create SCP `{name}`: everything is denied to everybody but role `{role}`"
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

/// Where the account was: named, or in the baseline, or by the last move that the events show.
fn former_place(
    now: &Snapshot,
    wishes: &Returning,
    account: &AccountId,
) -> Result<(NodeId, String), String> {
    let ask = format!("name it: add --return-to {account}=OU");
    let candidate = if let Some(to) = wishes.to.get(account) {
        Some((to.clone(), "which --return-to names".to_owned()))
    } else {
        let baseline = wishes.baseline.as_deref().and_then(|then| {
            let found = then.accounts.known()?.get(account)?;
            let parent = found.parents.known()?.last()?.clone();
            Some((parent, format!("where it was on {}", then.taken_at)))
        });
        baseline.or_else(|| {
            let parent = last_move(now, account)?;
            Some((
                parent,
                "to which it was last moved, by the event history".to_owned(),
            ))
        })
    };
    match candidate {
        Some((to @ NodeId::Ou(_), how)) => {
            let NodeId::Ou(id) = &to else {
                return Err(ask);
            };
            if now.units.contains_key(id) {
                Ok((to, how))
            } else {
                Err(format!(
                    "OU {id}, {how}, is not in the organization or has no account; {ask}"
                ))
            }
        }
        Some((NodeId::Root(_), how)) => Err(format!("it stays in the root, {how}")),
        Some((other, _)) => Err(format!("{other} is no OU; {ask}")),
        None => Err(format!(
            "where it was is not known; {ask}, or --baseline FILE"
        )),
    }
}

/// SCPs that hung on the account itself; what allows something is safe beside `FullAWSAccess`,
/// which AWS attaches to every account that joins.
///
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
fn own_policies(
    plan: &mut Plan,
    now: &Snapshot,
    wishes: &Returning,
    account: &AccountId,
    arrives: bool,
) {
    let node = NodeId::Account(account.clone());
    let Some(then) = wishes.baseline.as_deref() else {
        return;
    };
    let policies = hung(then).remove(&node).unwrap_or_default();
    let listed = then.accounts.known();
    let was = listed.is_some_and(|accounts| accounts.contains_key(account));
    if !was || !then.knows_what_hangs(&node) {
        plan.not_done.push(NotDone {
            what: format!("attach again the SCPs that hung on account {account} itself"),
            why: if was {
                format!("the baseline of {} did not read them", then.taken_at)
            } else {
                format!(
                    "the baseline of {} does not hold the account",
                    then.taken_at
                )
            },
        });
    }
    if policies.iter().all(PolicyId::is_full_aws_access) {
        return;
    }
    let mut there = if arrives {
        [PolicyId::full_aws_access()].into()
    } else {
        hung(now).remove(&node).unwrap_or_default()
    };
    if let Some(quarantine) = quarantine_of(plan, account) {
        there.insert(quarantine);
    }
    let place = Place {
        now,
        then,
        node: &node,
        rewritten: Rewritten::HangsAgain,
        used: &plan.used.clone(),
    };
    place.hang_again(plan, &policies, &mut there);
}

/// What the quarantine's attachment takes of the account's slots; one that is yet to be created
/// has no id.
fn quarantine_of(plan: &Plan, account: &AccountId) -> Option<PolicyId> {
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

/// Where the account was last moved, by the event history.
fn last_move(now: &Snapshot, account: &AccountId) -> Option<NodeId> {
    let moves = now.events.records.iter().filter(|record| {
        let of = |key: &str| record.request.get(key)?.as_str();
        record.name == "MoveAccount"
            && record.error_code.is_none()
            && of("accountId") == Some(account.as_str())
    });
    let last = moves.max_by_key(|record| record.time)?;
    let parent = last.request.get("destinationParentId")?;
    parent.as_str()?.parse().ok()
}
