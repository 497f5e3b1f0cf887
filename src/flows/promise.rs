//! What a plan promises of each account, and whether it was kept.

use std::collections::{BTreeMap, BTreeSet};

use super::Audited;
use crate::exits::ExitPath;
use crate::model::AccountId;
use crate::plan::Promise;
use crate::verdict::{Answer, Judgement};

/// How the verdicts that were read back differ from what was promised.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Accounts with a path that is not proved blocked, though it was promised.
    pub broken: Vec<(AccountId, String)>,
    /// Accounts that are no members in use any more: they left, or were closed.
    pub gone: Vec<AccountId>,
    /// Accounts that were no members in use when the plan was made; nothing was promised of them.
    pub new: Vec<AccountId>,
}

/// What is promised by verdicts that are predicted.
pub(super) fn promise(after: &Audited) -> Promise {
    let judgement = &after.judgement;
    let mut not_blocked: BTreeMap<String, BTreeSet<AccountId>> = BTreeMap::new();
    for (account, path) in open(judgement) {
        not_blocked.entry(path).or_default().insert(account.clone());
    }
    Promise {
        members: members(after),
        not_blocked,
    }
}

/// Holds verdicts that were read back to what was promised, account by account.
pub fn kept(promise: &Promise, after: &Audited) -> Kept {
    let now = members(after);
    let expected = |account: &AccountId, path: &str| {
        let open = promise.not_blocked.get(path);
        !promise.members.contains(account) || open.is_some_and(|open| open.contains(account))
    };
    Kept {
        broken: open(&after.judgement)
            .filter(|(account, _)| now.contains(*account))
            .filter(|(account, path)| !expected(account, path))
            .map(|(account, path)| (account.clone(), path))
            .collect(),
        gone: promise.members.difference(&now).cloned().collect(),
        new: now.difference(&promise.members).cloned().collect(),
    }
}

/// Members in use.
fn members(audited: &Audited) -> BTreeSet<AccountId> {
    let members = audited.snapshot.members().into_iter().flatten();
    members
        .filter(|account| account.is_acting())
        .map(|account| account.id.clone())
        .collect()
}

/// Every account with every path of its that is not proved blocked.
fn open(judgement: &Judgement) -> impl Iterator<Item = (&AccountId, String)> {
    judgement.standings.iter().flat_map(|(account, standing)| {
        ExitPath::of_members()
            .filter(|path| {
                let answer = standing.verdict(path.id);
                answer.is_some_and(|answer| !Answer::is_blocked(answer))
            })
            .map(move |path| (account, path.id.as_str().to_owned()))
    })
}
