//! The way back of departed accounts: invited, accepted, quarantined, moved to where they were.

use std::collections::{BTreeMap, BTreeSet};

use super::again::Rewritten;
use super::planner::PlanError;
use super::quarantine::{is_meant, let_through, quarantine, quarantine_of, quarantined_for};
use super::quota::Invitations;
use super::reinvite::{open_invitation, refusal};
use super::responder::Responder;
use super::restore::{Place, hung};
use super::return_place::{Arrival, move_back};
use super::step::{Change, NotDone, Plan, Step};
use super::tags::plan_tags;
use crate::model::organization::{Account, JoinedMethod};
use crate::model::{AccountId, NodeId, PolicyId, Snapshot, Timestamp};

/// For how long the event history tells of departures; an account that was invited in this time may
/// be one that came back.
const RECENT: jiff::SignedDuration = jiff::SignedDuration::from_hours(90 * 24);

/// Who comes back, and what is known of where they were.
#[derive(Debug, Clone, Default)]
pub struct Returning {
    /// Accept inside the account through the role of this name.
    pub role: Option<String>,
    /// Look into accounts that came back through the role of this name.
    pub access_role: Option<String>,
    /// Name, with its path, of the role that the quarantine lets through.
    pub break_glass: Option<String>,
    /// What looking for that role in each account told.
    pub responders: BTreeMap<AccountId, Responder>,
    /// Take that role although it may be an intruder's.
    pub accept_role_risk: bool,
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
    if let Some(member) = accounts.and_then(|accounts| accounts.get(account)) {
        landed(plan, now, wishes, member);
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
        let accepted = wishes.role.is_some() && let_through(now, wishes, account).is_ok();
        if !invitations.take(account, accepted) {
            return;
        }
        plan.steps.push(invite(account));
    }
    let Some(role) = &wishes.role else {
        return;
    };
    match let_through(now, wishes, account) {
        Ok(responder) => {
            plan.steps.push(accept(
                account,
                role,
                responder.seen.then(|| responder.arn.clone()),
            ));
            land(plan, now, wishes, account, &Arrival::Comes);
        }
        Err(why) => plan.not_done.push(NotDone {
            what: format!("accept the invitation in account {account}"),
            why,
            unmet: true,
        }),
    }
}

/// An account that is in the organization: what is left to do, if it came back at all.
fn landed(plan: &mut Plan, now: &Snapshot, wishes: &Returning, member: &Account) {
    let account = &member.id;
    let what = format!("bring back account {account}");
    let Some(place) = member.parents.known().and_then(|parents| parents.last()) else {
        let why = "where it is in this organization could not be read".to_owned();
        plan.not_done.push(NotDone {
            what,
            why,
            unmet: true,
        });
        return;
    };
    if !came_back(now, wishes, member) {
        let why = format!(
            "it is in this organization, in {}, and nothing shows that it left; if it did, add --return-to {account}=OU",
            now.called(place)
        );
        plan.not_done.push(NotDone {
            what,
            why,
            unmet: true,
        });
        return;
    }
    let arrival = match place {
        NodeId::Root(_) => Arrival::InRoot,
        elsewhere => Arrival::In(elsewhere.clone()),
    };
    let (steps, told) = (plan.steps.len(), plan.not_done.len());
    land(plan, now, wishes, account, &arrival);
    if (plan.steps.len(), plan.not_done.len()) == (steps, told) {
        let why = "it is in this organization, and nothing is left to do".to_owned();
        plan.not_done.push(NotDone {
            what,
            why,
            unmet: false,
        });
    }
}

/// Does anything show that the account left and joined again? One that never left is not
/// quarantined because its id was mistyped.
fn came_back(now: &Snapshot, wishes: &Returning, member: &Account) -> bool {
    let then = wishes.baseline.as_deref();
    let former = then.and_then(|then| then.accounts.known()?.get(&member.id));
    let joined_since = |since: Timestamp| member.joined_at.is_some_and(|joined| joined > since);
    let again = former.is_some_and(|former| former.joined_at != member.joined_at)
        || then.is_some_and(|then| joined_since(then.taken_at));
    let invited =
        member.joined_method == Some(JoinedMethod::Invited) && joined_since(now.taken_at - RECENT);
    again || invited || wishes.to.contains_key(&member.id)
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

fn accept(account: &AccountId, role: &str, responder: Option<String>) -> Step {
    Step {
        id: format!("accept-{account}"),
        title: format!(
            "accept it in account {account} through role `{role}`, once it is proved to be that account and our invitation"
        ),
        change: Change::AcceptInvitation {
            account: account.clone(),
            role: role.to_owned(),
            responder,
        },
        covers: 1,
        undo: "cannot be taken back by this tool, which removes no account".to_owned(),
    }
}

/// Plans the quarantine, if it is not attached; false: it cannot be, and nothing else may be done.
fn shut_off(
    plan: &mut Plan,
    now: &Snapshot,
    wishes: &Returning,
    account: &AccountId,
    arrives: bool,
) -> bool {
    let attached = if arrives {
        Vec::new()
    } else {
        quarantined_for(now, account)
    };
    let name = wishes.break_glass.as_deref().unwrap_or_default();
    let why = match attached.iter().find(|arn| !is_meant(arn, name)) {
        Some(other) => format!(
            "the quarantine that lets `{other}` through is attached, and a second one would let nobody through: \
             name that role with --break-glass-role"
        ),
        None if !attached.is_empty() => return true,
        None => match let_through(now, wishes, account) {
            Ok(responder) => return quarantine(plan, now, account, &responder, arrives),
            Err(why) => why,
        },
    };
    plan.not_done.push(NotDone {
        what: format!("quarantine account {account}"),
        why: format!("{why}; nothing else is done to it"),
        unmet: true,
    });
    false
}

/// What happens once the account is there: quarantine, place, its own SCPs, its tags.
fn land(
    plan: &mut Plan,
    now: &Snapshot,
    wishes: &Returning,
    account: &AccountId,
    arrival: &Arrival,
) {
    let arrives = *arrival == Arrival::Comes;
    if !shut_off(plan, now, wishes, account, arrives) {
        return;
    }
    match move_back(now, wishes, account, arrival) {
        Ok(step) => plan.steps.extend(step),
        Err((why, unmet)) => plan.not_done.push(NotDone {
            what: format!("move account {account} to its former OU"),
            why,
            unmet,
        }),
    }
    own_policies(plan, now, wishes, account, arrives);
    plan_tags(plan, now, wishes.baseline.as_deref(), account, arrives);
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
            unmet: true,
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
