//! What was looked at and what was not.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{AccountId, Timestamp};

/// What a scan covers. Every file that was met is pruned, searched, not a log file, or damaged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Coverage {
    /// The folders or files that were named.
    pub paths: Vec<String>,
    /// The first moment that counts.
    #[schemars(with = "String")]
    pub since: Timestamp,
    /// The last moment that counts.
    #[schemars(with = "String")]
    pub until: Timestamp,
    /// Files delivered up to so many hours after `until` were searched.
    pub margin_hours: u32,
    /// Accounts that were searched, as far as folders and names tell.
    pub accounts: Vec<AccountId>,
    /// Regions that were searched, as far as folders and names tell.
    pub regions: Vec<String>,
    /// Files met; those in folders that were not entered are not among them.
    pub files_seen: u64,
    /// What was not looked into, by rule.
    pub pruned: Vec<Pruned>,
    /// Files that were searched, as far as they could be read.
    pub searched: u64,
    /// Compressed bytes read.
    pub bytes_read: u64,
    /// Bytes of text searched.
    pub bytes_searched: u64,
    /// Files that could not be read, or only in part.
    pub damaged: Vec<Damaged>,
    /// How many of them are larger than the cap.
    pub over_cap: u64,
    /// Files without a list of records.
    pub not_log_files: u64,
    /// Which these are.
    pub not_logs: Vec<String>,
    /// The named paths of which no file was searched: of them there is no answer.
    pub not_searched: Vec<NotSearched>,
    /// Files that were searched, but are odd.
    pub noted: Vec<Noted>,
    /// Records of a wanted name that could not be read: the file, and why.
    pub unparsed: Vec<Damaged>,
    /// Records delivered more than once, counted once.
    pub duplicates: u64,
    /// Files searched whose account, region and day neither folder nor name tells.
    pub unplaced: u64,
    /// Days of the window for which no file was found: `2026-11-01` or `2026-11-01/2026-11-03`.
    pub days_without_files: Vec<String>,
    /// Accounts that were asked for, have a folder or are known to be members, but no file was
    /// searched.
    pub accounts_without_files: Vec<AccountId>,
    /// Regions that should have files, but no file was searched.
    pub regions_without_files: Vec<String>,
}

/// What was not looked into by one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Pruned {
    /// `account`, `region`, `delivered-before`, `delivered-after`, or what the files are, such as
    /// `digest` and `insight`.
    pub rule: String,
    /// Folders that were not entered, with everything below them.
    pub folders: u64,
    /// Files that were not opened.
    pub files: u64,
}

/// A file, or a record in one, that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Damaged {
    /// The file.
    pub path: String,
    /// What is wrong.
    pub reason: String,
    /// Bytes of text that were searched all the same.
    pub bytes_searched: u64,
}

/// A named path of which no file was searched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NotSearched {
    /// The path.
    pub path: String,
    /// What became of its files.
    pub reason: String,
}

/// A file that was searched, but is odd.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Noted {
    /// The file.
    pub path: String,
    /// What is odd.
    pub what: String,
}

impl Coverage {
    /// Was everything read that should have been?
    pub fn is_complete(&self) -> bool {
        self.unread() == 0
    }

    /// How many paths, files and records could not be read.
    pub fn unread(&self) -> usize {
        self.damaged.len() + self.unparsed.len() + self.not_searched.len()
    }

    /// Names those of the accounts of which no file was searched.
    pub fn name_missing<'a>(&mut self, accounts: impl IntoIterator<Item = &'a AccountId>) {
        let missing = accounts
            .into_iter()
            .filter(|account| self.accounts.binary_search(account).is_err());
        self.accounts_without_files.extend(missing.cloned());
        self.accounts_without_files.sort();
        self.accounts_without_files.dedup();
    }
}
