//! Which accounts are in the organization, and which departed from it lately.

use std::collections::BTreeMap;

use futures::try_join;

use super::calls::Calls;
use super::{CollectError, Scope, collect_events};
use crate::aws::{Failure, Reads, Session};
use crate::model::organization::Account;
use crate::model::{AccountId, Observer, Snapshot, Timestamp};

/// The event that tells of a departure.
const DEPARTED: [&str; 1] = ["AccountDepartedOrganization"];

/// Reads what tells whose invitations were accepted, the accounts, and who departed in the window of
/// `scope`; the rest of the snapshot is not read.
///
/// # Errors
/// Only when the caller is in no organization; everything else is a gap.
pub async fn collect_roster(
    session: &Session,
    scope: &Scope<'_>,
    now: Timestamp,
    observer: &dyn Observer,
) -> Result<Snapshot, CollectError> {
    let reads = session.reads();
    let departures = Scope {
        event_names: &DEPARTED,
        ..*scope
    };
    let (mut snapshot, accounts) =
        try_join!(collect_events(session, &departures, now, observer), async {
            Ok(accounts(&reads).await)
        },)?;
    let calls = Calls {
        reads: &reads,
        observer,
    };
    snapshot.accounts = calls.observed(accounts);
    Ok(snapshot)
}

async fn accounts(reads: &Reads) -> Result<BTreeMap<AccountId, Account>, Failure> {
    let mut found = BTreeMap::new();
    let take = |page: Vec<Account>| found.extend(page.into_iter().map(|one| (one.id.clone(), one)));
    reads.list_accounts(take).await?;
    Ok(found)
}
