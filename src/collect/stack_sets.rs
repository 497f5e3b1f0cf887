//! Which `StackSets` act on accounts that come or go.

use super::calls::Calls;
use crate::model::organization::StackSet;
use crate::model::snapshot::{STACK_SETS, stack_sets_not_read};
use crate::model::{Gap, GapReason, Observed, Snapshot};

const LIST: &str = "cloudformation:ListStackSets";

/// Of the caller's region, unless trusted access is known to be off: then none acts by itself.
pub(super) async fn read(calls: Calls<'_>, snapshot: &Snapshot) -> Observed<Vec<StackSet>> {
    let Some(manages) = snapshot.caller_manages() else {
        return stack_sets_not_read();
    };
    if snapshot.stack_sets_trusted() == Some(false) {
        return stack_sets_not_read();
    }
    if !manages && administers(snapshot) == Some(false) {
        let why = "only the management account and delegated administrators of StackSets see them";
        let unseen = gap(GapReason::NotVisible, why);
        unseen.gap().into_iter().for_each(|gap| calls.tell(gap));
        return unseen;
    }
    let names = match calls.reads.list_stack_sets(manages).await {
        Ok(names) => names,
        Err(failure) => return calls.observed(Err(failure)),
    };
    let asked = calls
        .each("StackSets", names, |name| {
            let name = name.clone();
            async move { calls.reads.describe_stack_set(&name, manages).await }
        })
        .await;
    let described: Result<Vec<_>, _> = asked.into_iter().map(|(_, one)| one).collect();
    calls.observed(described)
}

/// Is the caller a delegated administrator of `StackSets`? `None` if that is not known.
fn administers(snapshot: &Snapshot) -> Option<bool> {
    let all = snapshot.delegated_administrators.known()?;
    let own = all
        .iter()
        .find(|one| one.account == snapshot.caller.account);
    own.map_or(Some(false), |own| {
        let services = own.services.known()?;
        Some(services.iter().any(|one| one == STACK_SETS))
    })
}

fn gap<T>(reason: GapReason, message: &str) -> Observed<T> {
    Observed::Unknown(Gap {
        operation: LIST.to_owned(),
        target: None,
        reason,
        message: message.to_owned(),
        request_id: None,
    })
}
