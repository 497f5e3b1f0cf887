//! Which accounts are listed in the organization.

use std::collections::BTreeMap;

use super::calls::Calls;
use crate::aws::Session;
use crate::model::organization::Account;
use crate::model::{AccountId, Observed, Observer};

/// Lists the accounts, suspended and closed ones too.
pub async fn list_accounts(
    session: &Session,
    observer: &dyn Observer,
) -> Observed<BTreeMap<AccountId, Account>> {
    let reads = session.reads();
    let calls = Calls {
        reads: &reads,
        observer,
    };
    let mut found = BTreeMap::new();
    let take = |page: Vec<Account>| found.extend(page.into_iter().map(|one| (one.id.clone(), one)));
    let listed = reads.list_accounts(take).await;
    calls.observed(listed.map(|()| found))
}
