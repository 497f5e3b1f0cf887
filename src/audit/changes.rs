//! What differs between two snapshots of one organization.
//!
//! A snapshot is a roster: who is in the earlier one and not in the later one has departed,
//! whether or not any log tells of it. What either could not read makes no difference and is said.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::edited::Edited;
use super::former::{Former, former};
use super::retagged::{Retagged, Retagging};
use crate::exits::{ExitPath, PathId};
use crate::model::{AccountId, GapReason, NodeId, Observed, PolicyId, Snapshot};
use crate::verdict::{Judgement, Standing};

/// A snapshot and its verdicts.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    /// The facts.
    pub snapshot: &'a Snapshot,
    /// The verdicts on them.
    pub judgement: &'a Judgement,
}

/// An account under another parent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Moved {
    /// Which.
    pub account: AccountId,
    /// Root first, down to its former parent.
    pub from: Vec<NodeId>,
    /// Root first, down to its parent.
    pub to: Vec<NodeId>,
}

/// An SCP on a node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Attached {
    /// The SCP.
    pub policy: PolicyId,
    /// Where.
    pub node: NodeId,
}

/// A verdict that is another one now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VerdictChange {
    /// Of which path.
    pub path: PathId,
    /// What it was.
    pub before: &'static str,
    /// What it is.
    pub after: &'static str,
    /// Of which accounts.
    pub accounts: Vec<AccountId>,
}

/// Everything that differs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Changes {
    /// Accounts that are no longer in the organization.
    pub vanished: Vec<Former>,
    /// Accounts that were not in it.
    pub appeared: Vec<AccountId>,
    /// Accounts under another parent.
    pub moved: Vec<Moved>,
    /// Accounts with other tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub retagged: Vec<Retagged>,
    /// Of how many accounts only one snapshot was to hold the tags: whether those changed cannot be
    /// told.
    #[serde(skip_serializing_if = "is_zero")]
    pub tags_read_once: usize,
    /// SCPs whose text is another one.
    pub edited: Vec<PolicyId>,
    /// What differs in their texts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<Edited>,
    /// SCPs that hang somewhere no longer; what went with an account is with who vanished.
    pub detached: Vec<Attached>,
    /// SCPs that hang where they did not.
    pub attached: Vec<Attached>,
    /// The state of the SCP type on the root, before and after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scp_type: Option<(String, String)>,
    /// Verdicts.
    pub verdicts: Vec<VerdictChange>,
    /// What could not be compared, in sentences.
    pub not_compared: Vec<String>,
}

impl Changes {
    /// Does nothing differ, as far as it could be compared?
    pub fn is_empty(&self) -> bool {
        let compared = Self {
            not_compared: Vec::new(),
            tags_read_once: 0,
            ..self.clone()
        };
        compared == Self::default()
    }

    /// The verdicts that were `blocked` and are something else now.
    pub fn guards_lost(&self) -> impl Iterator<Item = &VerdictChange> {
        let lost = |change: &&VerdictChange| change.before == "blocked";
        self.verdicts.iter().filter(lost)
    }
}

/// Compares an earlier snapshot with a later one.
pub fn changes(before: Judged<'_>, after: Judged<'_>) -> Changes {
    let mut changes = Changes::default();
    roster(before.snapshot, after.snapshot, &mut changes);
    policies(before.snapshot, after.snapshot, &mut changes);
    attachments(before.snapshot, after.snapshot, &mut changes);
    let state = |snapshot: &Snapshot| {
        let root = snapshot.root.known();
        root.map(|root| root.scp_state.as_str().to_owned())
    };
    match (state(before.snapshot), state(after.snapshot)) {
        (Some(old), Some(new)) if old != new => changes.scp_type = Some((old, new)),
        (Some(_), Some(_)) => {}
        _ => changes
            .not_compared
            .push("the state of the SCP type was not read both times".to_owned()),
    }
    changes.verdicts = verdicts(before.judgement, after.judgement);
    changes
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands out references"
)]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

fn roster(before: &Snapshot, after: &Snapshot, changes: &mut Changes) {
    let (Some(old), Some(new)) = (before.accounts.known(), after.accounts.known()) else {
        let text = "the accounts were not listed both times, so who vanished is not known";
        changes.not_compared.push(text.to_owned());
        return;
    };
    let mut tags = Retagging::default();
    for (id, account) in old {
        match new.get(id) {
            None => changes.vanished.extend(former(before, id)),
            Some(now) => {
                if let (Some(from), Some(to)) = (account.parents.known(), now.parents.known())
                    && from != to
                {
                    changes.moved.push(Moved {
                        account: id.clone(),
                        from: from.clone(),
                        to: to.clone(),
                    });
                }
                tags.look_at(account, now);
            }
        }
    }
    changes.not_compared.extend(tags.not_compared());
    changes.retagged = tags.retagged;
    changes.tags_read_once = tags.read_once;
    let appeared = new.keys().filter(|id| !old.contains_key(*id));
    changes.appeared = appeared.cloned().collect();
}

fn policies(before: &Snapshot, after: &Snapshot, changes: &mut Changes) {
    for (id, policy) in &before.policies {
        let Some(now) = after.policies.get(id) else {
            continue;
        };
        match (policy.content.known(), now.content.known()) {
            (Some(old), Some(new)) if old != new => {
                changes.edited.push(id.clone());
                changes.edits.push(Edited::of(id, &now.name, old, new));
            }
            (Some(_), Some(_)) => {}
            // Nothing depended on it, that time.
            _ if unasked(&policy.content) || unasked(&now.content) => {}
            _ => changes
                .not_compared
                .push(format!("the text of {id} was not read both times")),
        }
    }
}

fn unasked<T>(fact: &Observed<T>) -> bool {
    fact.gap()
        .is_some_and(|gap| gap.reason == GapReason::NotRead)
}

/// Attachments of which both snapshots tell whether they are there.
fn attachments(before: &Snapshot, after: &Snapshot, changes: &mut Changes) {
    let (old, new) = (Hung::of(before), Hung::of(after));
    let lost = old.pairs.difference(&new.pairs);
    let went = |node: &NodeId| {
        let mut vanished = changes.vanished.iter();
        vanished.any(|former| matches!(node, NodeId::Account(id) if *id == former.id))
    };
    let lost = lost.filter(|pair| new.tells(pair) && !went(&pair.node));
    changes.detached = lost.cloned().collect();
    let gained = new.pairs.difference(&old.pairs);
    changes.attached = gained.filter(|pair| old.tells(pair)).cloned().collect();
}

/// What hangs where, by either way of asking.
struct Hung<'a> {
    snapshot: &'a Snapshot,
    pairs: BTreeSet<Attached>,
}

impl<'a> Hung<'a> {
    fn of(snapshot: &'a Snapshot) -> Self {
        let pairs = snapshot.attachments.pairs().map(|(node, policy)| Attached {
            policy: policy.clone(),
            node: node.clone(),
        });
        Self {
            snapshot,
            pairs: pairs.collect(),
        }
    }

    /// Would the pair be here if it existed?
    fn tells(&self, pair: &Attached) -> bool {
        let attachments = &self.snapshot.attachments;
        let known_node = attachments.by_node.get(&pair.node);
        let known_policy = attachments.by_policy.get(&pair.policy);
        // An SCP that a complete list does not have hangs nowhere.
        let deleted = self.snapshot.policies_listed.known().is_some()
            && !self.snapshot.policies.contains_key(&pair.policy);
        deleted
            || known_node.is_some_and(|hanging| hanging.known().is_some())
            || known_policy.is_some_and(|nodes| nodes.known().is_some())
    }
}

fn verdicts(before: &Judgement, after: &Judgement) -> Vec<VerdictChange> {
    let mut groups: BTreeMap<(PathId, &'static str, &'static str), Vec<AccountId>> =
        BTreeMap::new();
    for (id, old) in &before.standings {
        let Some(new) = after.standings.get(id) else {
            continue;
        };
        if !matches!(
            (old, new),
            (Standing::Member { .. }, Standing::Member { .. })
        ) {
            continue;
        }
        for path in ExitPath::of_members() {
            let words = (old.word(path.id), new.word(path.id));
            if words.0 != words.1 {
                let group = groups.entry((path.id, words.0, words.1)).or_default();
                group.push(id.clone());
            }
        }
    }
    let of = |((path, before, after), accounts)| VerdictChange {
        path,
        before,
        after,
        accounts,
    };
    groups.into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture::{self, DENY_ALL_EXITS, account_id, attach, gap};

    fn compared(before: &Snapshot, after: &Snapshot) -> Changes {
        let (old, new) = (crate::verdict::judge(before), crate::verdict::judge(after));
        let judged = |snapshot, judgement| Judged {
            snapshot,
            judgement,
        };
        changes(judged(before, &old), judged(after, &new))
    }

    fn guarded() -> Snapshot {
        let mut snapshot = fixture::organization();
        attach(&mut snapshot, "p-exits000", DENY_ALL_EXITS, &["r-ab12"]);
        snapshot
    }

    fn without_member(mut snapshot: Snapshot) -> Snapshot {
        if let Observed::Known(accounts) = &mut snapshot.accounts {
            accounts.remove(&account_id("222222222222"));
        }
        snapshot
    }

    #[test]
    fn nothing_differs_from_itself() {
        assert!(compared(&guarded(), &guarded()).is_empty());
    }

    #[test]
    fn who_vanished_keeps_what_the_way_back_needs() {
        let found = compared(&guarded(), &without_member(guarded()));
        assert_eq!(found.vanished.len(), 1);
        let former = &found.vanished[0];
        assert_eq!(former.id.as_str(), "222222222222");
        let path = former.path.as_ref().unwrap();
        assert_eq!(path.last().unwrap().as_str(), "ou-ab12-11111111");
        assert!(!former.name.is_empty() && !former.email.is_empty());
        assert_eq!(former.tags, None, "nobody read them");
        let mut tagged = guarded();
        let tags = BTreeMap::from([("owner".to_owned(), "payments".to_owned())]);
        if let Observed::Known(accounts) = &mut tagged.accounts {
            let account = accounts.get_mut(&account_id("222222222222")).unwrap();
            account.tags = Observed::Known(tags.clone());
        }
        let found = compared(&tagged, &without_member(guarded()));
        assert_eq!(found.vanished[0].tags.as_ref(), Some(&tags));
        let mut own = guarded();
        attach(&mut own, "p-own00000", DENY_ALL_EXITS, &["222222222222"]);
        let found = compared(&own, &without_member(guarded()));
        let scps = found.vanished[0].scps.as_ref().unwrap();
        assert!(scps.contains(&fixture::policy_id("p-own00000")), "{scps:?}");
        // They went with the account: nobody detached them.
        let mut later = without_member(guarded());
        attach(&mut later, "p-own00000", DENY_ALL_EXITS, &[]);
        assert!(compared(&own, &later).detached.is_empty());
        let mut stays = guarded();
        attach(&mut stays, "p-own00000", DENY_ALL_EXITS, &[]);
        let detached = compared(&own, &stays).detached;
        assert_eq!(detached[0].node.as_str(), "222222222222");
        let back = compared(&without_member(guarded()), &guarded());
        assert_eq!(back.appeared, [account_id("222222222222")]);
        assert!(back.vanished.is_empty());
    }

    #[test]
    fn a_list_that_was_not_read_makes_nobody_vanish() {
        let mut unread = guarded();
        unread.accounts = Observed::Unknown(gap("organizations:ListAccounts"));
        let found = compared(&guarded(), &unread);
        assert!(found.vanished.is_empty());
        assert!(!found.not_compared.is_empty());
    }

    #[test]
    fn a_guard_that_went_is_told_with_what_took_it_away() {
        let found = compared(&guarded(), &fixture::organization());
        let lost: Vec<&str> = found.guards_lost().map(|one| one.path.as_str()).collect();
        assert_eq!(lost, ["leave", "direct-transfer", "self-closure"]);
        assert_eq!(found.detached.len(), 1);
        assert_eq!(found.detached[0].node.as_str(), "r-ab12");
        let mut edited = guarded();
        let policy = edited
            .policies
            .get_mut(&fixture::policy_id("p-exits000"))
            .unwrap();
        policy.content = Observed::Known(fixture::DENY_LEAVE.to_owned());
        let found = compared(&guarded(), &edited);
        assert_eq!(found.edited, [fixture::policy_id("p-exits000")]);
        assert_eq!(found.edits[0].new, ["Deny `NoLeave`"]);
        assert!(found.detached.is_empty());
        let lost: Vec<&str> = found.guards_lost().map(|one| one.path.as_str()).collect();
        // AWS pages differ on whether a deny of Leave stops a transfer.
        assert_eq!(lost, ["direct-transfer", "self-closure"]);
    }

    #[test]
    fn an_attachment_that_was_not_read_again_is_not_called_gone() {
        let mut unread = guarded();
        unread.attachments.by_node.clear();
        unread.attachments.by_policy.clear();
        unread.policies_listed = Observed::Unknown(gap("organizations:ListPolicies"));
        assert!(compared(&guarded(), &unread).detached.is_empty());
    }
}
