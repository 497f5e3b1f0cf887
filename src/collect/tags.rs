//! Tags of accounts: AWS deletes them when an account departs, so the roster has to have them.

use std::collections::BTreeMap;

use super::calls::Calls;
use crate::aws::FailureClass;
use crate::model::{AccountId, Observed, PolicyId, Snapshot};

type Tags = BTreeMap<AccountId, Observed<BTreeMap<String, String>>>;

/// Those of every account, if `wanted`: one call for each.
pub(super) async fn read(calls: Calls<'_>, snapshot: &Snapshot, wanted: bool) -> Tags {
    let accounts = snapshot.accounts.known().filter(|_| wanted);
    let mut ids = accounts.into_iter().flat_map(BTreeMap::keys).cloned();
    let Some(first) = ids.next() else {
        return Tags::new();
    };
    calls.phase("tags");
    let mut tags = Tags::new();
    let ask = |id: AccountId| async move { calls.reads.list_account_tags(&id).await };
    let answer = ask(first.clone()).await;
    // What is denied for one is denied for all: it is asked once.
    if let Err(failure) = &answer
        && failure.class == FailureClass::AccessDenied
    {
        let mut failure = failure.clone();
        failure.target = None;
        let gap = calls.observed(Err(failure));
        let all = std::iter::once(first).chain(ids);
        return all.map(|id| (id, gap.clone())).collect();
    }
    tags.insert(first, calls.observed(answer));
    let rest = calls
        .each("tags", ids.collect(), |id| ask(id.clone()))
        .await;
    tags.extend(rest.into_iter().map(|(id, one)| (id, calls.observed(one))));
    tags
}

/// Tells of every SCP that is not AWS's whether a run of this tool created it, and with which text:
/// one call for each.
pub(super) async fn of_policies(calls: Calls<'_>, snapshot: &mut Snapshot) {
    let own = snapshot.policies.values().filter(|one| !one.aws_managed);
    let ids: Vec<PolicyId> = own.map(|one| one.id.clone()).collect();
    let ask = |id: PolicyId| async move { calls.reads.list_tags(&id).await };
    let read = calls.each("policy tags", ids, |id| ask(id.clone())).await;
    for (id, tags) in read {
        if let Some(policy) = snapshot.policies.get_mut(&id) {
            policy.tags = calls.observed(tags);
        }
    }
}

/// Keeps what was read.
pub(super) fn keep(snapshot: &mut Snapshot, tags: Tags) {
    if let Observed::Known(accounts) = &mut snapshot.accounts {
        for (id, tags) in tags {
            if let Some(account) = accounts.get_mut(&id) {
                account.tags = tags;
            }
        }
    }
}
