//! Facts beside the tree: who could lift a guard, and who was invited.

use std::collections::BTreeMap;

use futures::join;

use super::calls::Calls;
use crate::model::Observed;
use crate::model::organization::{DelegatedAdministrator, Handshake, RootFeatures};

/// See the fields of the same names in [`crate::model::Snapshot`].
#[derive(Debug)]
pub(super) struct Sides {
    pub(super) delegation_policy: Observed<Option<String>>,
    pub(super) delegated_administrators: Observed<Vec<DelegatedAdministrator>>,
    pub(super) trusted_services: Observed<Vec<String>>,
    pub(super) root_features: Observed<RootFeatures>,
    pub(super) handshakes: Observed<Vec<Handshake>>,
}

/// Reads them all at once.
pub(super) async fn read(calls: Calls<'_>) -> Sides {
    let reads = calls.reads;
    let (policy, administrators, services, features, handshakes) = join!(
        reads.describe_resource_policy(),
        administrators(calls),
        reads.list_aws_service_access(),
        reads.organizations_features(),
        reads.list_handshakes_for_organization(),
    );
    Sides {
        delegation_policy: calls.observed(policy),
        delegated_administrators: administrators,
        trusted_services: calls.observed(services),
        root_features: calls.observed(features),
        handshakes: calls.observed(handshakes.map(|mut list| {
            list.sort_by(|a, b| a.id.cmp(&b.id));
            list
        })),
    }
}

/// Delegated administrators, sorted, with their services.
async fn administrators(calls: Calls<'_>) -> Observed<Vec<DelegatedAdministrator>> {
    let listed = calls.reads.list_delegated_administrators().await;
    let Ok(listed) = listed else {
        return calls.observed(listed);
    };
    let mut by_account: BTreeMap<_, _> = listed
        .into_iter()
        .map(|row| (row.account.clone(), row))
        .collect();
    let accounts = by_account.keys().cloned().collect();
    let services = calls
        .each("delegated services", accounts, |account| {
            let account = account.clone();
            async move {
                calls
                    .reads
                    .list_delegated_services_for_account(&account)
                    .await
            }
        })
        .await;
    for (account, services) in services {
        if let Some(row) = by_account.get_mut(&account) {
            row.services = calls.observed(services);
        }
    }
    Observed::Known(by_account.into_values().collect())
}
