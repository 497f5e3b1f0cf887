//! Tags of an account that came back: a departure deletes them.
//!
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_remove.html>

use std::collections::BTreeMap;

use super::step::{Change, NotDone, Plan, Step};
use crate::model::{AccountId, Observed, Snapshot};

/// Keys that only AWS sets.
const RESERVED: &str = "aws:";

/// Plans the keys that the account had and has not; what it has is never overwritten. `arrives`:
/// it joins within the plan, and has none then.
pub(super) fn plan_tags(
    plan: &mut Plan,
    now: &Snapshot,
    then: Option<&Snapshot>,
    account: &AccountId,
    arrives: bool,
) {
    let mut told = |why: String| {
        plan.not_done.push(NotDone {
            unmet: false,
            what: format!("tags of account {account}"),
            why,
        });
    };
    let accounts = then.and_then(|then| then.accounts.known());
    let Some(former) = accounts.and_then(|accounts| accounts.get(account)) else {
        told(
            "a departure deletes them, and no snapshot from before holds the account: add them by hand, or \
             --baseline FILE"
                .to_owned(),
        );
        return;
    };
    let former = match &former.tags {
        Observed::Known(tags) => tags,
        Observed::Unknown(_) => {
            told(
                "a departure deletes them, and the snapshot from before does not hold them: add them by hand"
                    .to_owned(),
            );
            return;
        }
    };
    let today = if arrives {
        BTreeMap::new()
    } else {
        let accounts = now.accounts.known();
        let found = accounts.and_then(|accounts| accounts.get(account));
        found
            .and_then(|found| found.tags.known().cloned())
            .unwrap_or_default()
    };
    let differs = |key: &String, value: &String| today.get(key).is_some_and(|one| one != value);
    let kept: Vec<&str> = former
        .iter()
        .filter(|(key, value)| differs(key, value))
        .map(|(key, _)| key.as_str())
        .collect();
    if !kept.is_empty() {
        told(format!(
            "another value is there today, and stays: {}",
            kept.join(", ")
        ));
    }
    let reserved: Vec<&str> = former
        .keys()
        .filter(|key| key.starts_with(RESERVED))
        .map(String::as_str)
        .collect();
    if !reserved.is_empty() {
        told(format!("only AWS sets them: {}", reserved.join(", ")));
    }
    let lacking: BTreeMap<String, String> = former
        .iter()
        .filter(|(key, _)| !today.contains_key(*key) && !key.starts_with(RESERVED))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if lacking.is_empty() {
        return;
    }
    let keys: Vec<&str> = lacking.keys().map(String::as_str).collect();
    plan.steps.push(Step {
        id: format!("tag-{account}"),
        title: format!(
            "tag account {account} as before it departed: {}",
            keys.join(", ")
        ),
        change: Change::TagAccount {
            account: account.clone(),
            tags: lacking,
        },
        covers: 1,
        undo: "remove those of the keys that the run added and nobody changed".to_owned(),
    });
}
