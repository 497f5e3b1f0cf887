//! The canary: one OU or account that carries the guard first, alone.

use std::collections::BTreeSet;

use super::control_tower;
use super::predict;
use super::step::{Change, PolicyRef, Proves, Step};
use crate::model::{AccountId, NodeId, Snapshot};
use crate::scp::SCPS_PER_TARGET;
use crate::verdict::{Answer, judge};

/// The step that attaches the guard to the canary.
pub(super) const ATTACH: &str = "attach-canary";

/// The steps before and after the guard's attachment to the root; `before` makes the policy.
///
/// # Errors
/// Why the node is no canary, in words.
pub(super) fn steps(
    now: &Snapshot,
    node: &NodeId,
    before: &[Step],
    policy: &PolicyRef,
    text: &str,
) -> Result<(Step, Step), String> {
    let root = now.root.known();
    let Some(root) = root.map(|root| NodeId::Root(root.id.clone())) else {
        return Err("the root is not known".to_owned());
    };
    let accounts = suitable(now, node, &root)?;
    let mut attach = Step {
        id: ATTACH.to_owned(),
        title: format!(
            "attach it to the canary, {}, before anything else",
            now.called(node)
        ),
        change: Change::AttachPolicy {
            policy: policy.clone(),
            target: node.clone(),
            text: text.to_owned(),
            proves: None,
        },
        covers: accounts.len(),
        undo: "detach it from the canary".to_owned(),
    };
    let mut taken = before.to_vec();
    taken.push(attach.clone());
    let Some(proof) = proof(now, &predict::after(now, &taken), &accounts) else {
        return Err(
            "nothing would change for the accounts in it, so it would prove nothing".into(),
        );
    };
    if let Change::AttachPolicy { proves, .. } = &mut attach.change {
        *proves = Some(proof);
    }
    let release = Step {
        id: "release-canary".to_owned(),
        title: format!(
            "detach it from the canary, {}, once the root's attachment is read back",
            now.called(node)
        ),
        change: Change::DetachPolicy {
            policy: policy.clone(),
            target: node.clone(),
            carried_by: root,
        },
        covers: 0,
        undo: "needs none: the root's attachment covers the canary".to_owned(),
    };
    Ok((attach, release))
}

/// The accounts in use at or below the node, which must be one that SCPs bind.
fn suitable(now: &Snapshot, node: &NodeId, root: &NodeId) -> Result<Vec<AccountId>, String> {
    if node == root {
        return Err("it is the root itself".to_owned());
    }
    if let Some(why) = control_tower::attaching(now, node) {
        return Err(why);
    }
    let below: Vec<AccountId> = now
        .members()
        .into_iter()
        .flatten()
        .filter(|account| account.is_acting() && now.known_chain(account).contains(node))
        .map(|account| account.id.clone())
        .collect();
    if below.is_empty() {
        return Err("no member account in use is at or below it".to_owned());
    }
    match now.attachments.by_node.get(node).map(|hangs| hangs.known()) {
        Some(Some(hangs)) if hangs.len() < SCPS_PER_TARGET => Ok(below),
        Some(Some(_)) => Err(format!(
            "{SCPS_PER_TARGET} SCPs hang there, the most that AWS documents"
        )),
        _ => Err("what hangs there could not be read".to_owned()),
    }
}

/// The account in which the guard would block most that is not blocked today.
fn proof(now: &Snapshot, then: &Snapshot, accounts: &[AccountId]) -> Option<Proves> {
    let (now, then) = (judge(now), judge(then));
    let mut best: Option<Proves> = None;
    for account in accounts {
        let blocked = |judgement: &crate::verdict::Judgement| -> BTreeSet<String> {
            let standing = judgement.standings.get(account);
            let paths = crate::exits::ExitPath::of_members();
            paths
                .filter(|path| {
                    let answer = standing.and_then(|standing| standing.verdict(path.id));
                    answer.is_some_and(Answer::is_blocked)
                })
                .map(|path| path.id.as_str().to_owned())
                .collect()
        };
        let (today, promised) = (blocked(&now), blocked(&then));
        if promised.len()
            > today
                .len()
                .max(best.as_ref().map_or(0, |best| best.blocked.len()))
        {
            best = Some(Proves {
                account: account.clone(),
                blocked: promised,
            });
        }
    }
    best
}
