//! What departures ended of accounts that no roster knows: for people, each thing once.

use std::collections::BTreeMap;

use super::page::Page;
use crate::audit::Aftermath;
use crate::model::AccountId;

/// Accounts in one line; JSON has them all.
const SHOWN: usize = 6;

/// What they ended; nothing if a roster knows all that departed.
pub(super) fn section(page: &mut Page, aftermath: &BTreeMap<AccountId, Aftermath>) {
    if aftermath.is_empty() {
        return;
    }
    let accounts: Vec<&AccountId> = aftermath.keys().collect();
    let mut told: Vec<(String, Vec<&AccountId>)> = Vec::new();
    for (account, one) in aftermath {
        for sentence in one.sentences() {
            match told.iter_mut().find(|(known, _)| *known == sentence) {
                Some((_, of)) => of.push(account),
                None => told.push((sentence, vec![account])),
            }
        }
    }
    page.gap();
    page.heading("What the departures ended, as far as facts of now tell");
    page.paragraph(
        0,
        &format!("no baseline holds account {}", listed(&accounts)),
    );
    for (sentence, of) in told {
        if of.len() == accounts.len() {
            page.item(0, &sentence);
        } else {
            page.item(0, &format!("{}: {sentence}", listed(&of)));
        }
    }
}

fn listed(accounts: &[&AccountId]) -> String {
    let ids = accounts.iter().take(SHOWN).map(|id| id.as_str());
    let ids = ids.collect::<Vec<_>>().join(", ");
    match accounts.len().saturating_sub(SHOWN) {
        0 => ids,
        more => format!("{ids} and {more} more (--format json lists all)"),
    }
}
