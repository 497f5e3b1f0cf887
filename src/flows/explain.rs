//! One account: which one is meant, and what binds it.

use crate::exits::{ExitPath, PathId};
use crate::inspect::explain;
use crate::model::organization::Account;
use crate::model::{AccountId, Gap, Observed, Snapshot};
use crate::report::ExplainDocument;

/// No account can be looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// There is none of that id or name.
    #[error("there is no account `{0}` in the organization")]
    Unknown(String),
    /// Several have that name.
    #[error("{} accounts are called `{name}`: {}", ids.len(), ids.iter().map(AccountId::as_str).collect::<Vec<_>>().join(", "))]
    Ambiguous {
        /// The name.
        name: String,
        /// Their ids.
        ids: Vec<AccountId>,
    },
    /// The accounts could not be listed.
    #[error("the accounts could not be listed: {0}")]
    NotListed(Gap),
}

impl AccountError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unknown(_) => {
                "give an account's id or its name; org-exit-guard audit --format json lists them"
            }
            Self::Ambiguous { .. } => "give the account's id",
            Self::NotListed(_) => "org-exit-guard doctor shows what the caller may read",
        }
    }
}

/// The account of that id, or the only one of that name.
///
/// # Errors
/// When there is none, or more than one of that name.
pub fn find_account<'a>(snapshot: &'a Snapshot, text: &str) -> Result<&'a Account, AccountError> {
    let accounts = match &snapshot.accounts {
        Observed::Known(accounts) => accounts,
        Observed::Unknown(gap) => return Err(AccountError::NotListed(gap.clone())),
    };
    let by_id = text.parse::<AccountId>().ok();
    if let Some(account) = by_id.and_then(|id| accounts.get(&id)) {
        return Ok(account);
    }
    let named: Vec<&Account> = accounts.values().filter(|one| one.name == text).collect();
    match named.as_slice() {
        [] => Err(AccountError::Unknown(text.to_owned())),
        [one] => Ok(one),
        many => Err(AccountError::Ambiguous {
            name: text.to_owned(),
            ids: many.iter().map(|one| one.id.clone()).collect(),
        }),
    }
}

/// An account, statement by statement; for one way out, or all.
pub fn explain_account(
    snapshot: &Snapshot,
    account: &Account,
    path: Option<PathId>,
) -> ExplainDocument {
    let wanted = |one: &&ExitPath| path.is_none_or(|path| one.id == path);
    let paths: Vec<&'static ExitPath> = ExitPath::of_members().filter(wanted).collect();
    let explained = explain(snapshot, account, &paths);
    ExplainDocument::new(snapshot, account, &explained)
}
