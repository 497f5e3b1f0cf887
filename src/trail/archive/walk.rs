//! The folders below a root: what may hold a match is handed out, the rest counted.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, DirEntry};
use std::path::{Component, Path, PathBuf};

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::coverage::Damaged;
use super::place::{Day, FileName, Folder};
use super::prune::{Pruning, Rule};
use crate::model::AccountId;

/// Most paths handed out at once: few hand-overs of a long walk, and of a short one enough for
/// every worker, since the first chunks are smaller.
const CHUNK: usize = 128;
const FIRST_CHUNK: usize = 4;

/// What was met.
#[derive(Debug, Default)]
pub(super) struct Met {
    pub(super) files: u64,
    /// Folders and files by root and rule.
    pub(super) pruned: BTreeMap<(usize, Rule), (u64, u64)>,
    /// What could not be listed or is not followed.
    pub(super) unread: Vec<Damaged>,
    pub(super) unplaced: u64,
    pub(super) accounts: BTreeSet<AccountId>,
    pub(super) regions: BTreeSet<String>,
    pub(super) days: BTreeSet<Date>,
    /// Folders of accounts and regions, with files or not.
    pub(super) account_folders: BTreeSet<AccountId>,
    pub(super) region_folders: BTreeSet<String>,
}

/// Walks roots and hands out paths.
pub(super) struct Walker<'a, H> {
    pruning: &'a Pruning<'a>,
    roots: Vec<PathBuf>,
    /// Which root is walked.
    root: usize,
    chunk: Vec<PathBuf>,
    limit: usize,
    /// Takes a chunk of a root; `false`: stop.
    hand: H,
    pub(super) met: Met,
}

impl<'a, H: FnMut(usize, Vec<PathBuf>) -> bool> Walker<'a, H> {
    pub(super) fn new(pruning: &'a Pruning<'a>, roots: &[PathBuf], hand: H) -> Self {
        Self {
            pruning,
            roots: roots
                .iter()
                .filter_map(|root| root.canonicalize().ok())
                .collect(),
            root: 0,
            chunk: Vec::new(),
            limit: FIRST_CHUNK,
            hand,
            met: Met::default(),
        }
    }

    /// Walks one root, known by its index; `false`: the taker wants no more.
    pub(super) fn walk(&mut self, index: usize, root: &Path) -> bool {
        self.root = index;
        let whole = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        // The root may lie anywhere within the layout, so that the names above it count.
        let parts = whole.components().filter_map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        });
        let mut names: Vec<&str> = parts.collect();
        if root.is_file() {
            let name = names.pop().unwrap_or_default().to_owned();
            let folder = enter_all(&names);
            return self.file(root.to_owned(), &name, &folder) && self.flush();
        }
        let mut open = vec![(root.to_owned(), enter_all(&names))];
        while let Some((path, folder)) = open.pop() {
            let entries = match fs::read_dir(&path) {
                Ok(entries) => entries,
                Err(error) => {
                    self.unread(&path, error.to_string());
                    continue;
                }
            };
            for entry in entries {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(error) => {
                        self.unread(&path, error.to_string());
                        break;
                    }
                };
                if !self.entry(&entry, &folder, &mut open) {
                    return false;
                }
            }
        }
        self.flush()
    }

    fn entry(
        &mut self,
        entry: &DirEntry,
        folder: &Folder,
        open: &mut Vec<(PathBuf, Folder)>,
    ) -> bool {
        let kind = match entry.file_type() {
            Ok(kind) => kind,
            Err(error) => {
                self.unread(&entry.path(), error.to_string());
                return true;
            }
        };
        let name = entry.file_name();
        // A name that is not UTF-8 is none of AWS's, so it tells nothing.
        let name = name.to_str().unwrap_or("?");
        if kind.is_dir() {
            self.folder(entry.path(), folder.enter(name), open);
        } else if kind.is_file() {
            return self.file(entry.path(), name, folder);
        } else if kind.is_symlink() {
            self.link(&entry.path());
        } else {
            self.unread(&entry.path(), "neither a file nor a folder".to_owned());
        }
        true
    }

    fn folder(&mut self, path: PathBuf, folder: Folder, open: &mut Vec<(PathBuf, Folder)>) {
        if let Some(rule) = self.pruning.folder(&folder) {
            self.pruned(rule).0 += 1;
            return;
        }
        match &folder {
            Folder::Trail(Some(account)) => {
                self.met.account_folders.insert(account.clone());
            }
            Folder::Region(_, region, Day::Any) => {
                self.met.region_folders.insert(region.clone());
            }
            _ => {}
        }
        open.push((path, folder));
    }

    fn file(&mut self, path: PathBuf, name: &str, folder: &Folder) -> bool {
        self.met.files += 1;
        let name = FileName::read(name);
        if let Some(rule) = self.pruning.file(&name) {
            self.pruned(rule).1 += 1;
            return true;
        }
        self.place(&name, folder);
        self.chunk.push(path);
        self.chunk.len() < self.limit || self.flush()
    }

    fn pruned(&mut self, rule: Rule) -> &mut (u64, u64) {
        self.met.pruned.entry((self.root, rule)).or_default()
    }

    /// Notes account, region and day of a file that will be searched.
    fn place(&mut self, name: &FileName, folder: &Folder) {
        let (account, region, day) = match (name, folder) {
            (FileName::Log(named), _) => (
                Some(&named.account),
                &named.region,
                TimeZone::UTC.to_datetime(named.delivered).date(),
            ),
            (_, Folder::Region(account, region, Day::Date(day))) => {
                (account.as_ref(), region, *day)
            }
            _ => {
                self.met.unplaced += 1;
                return;
            }
        };
        if let Some(account) = account.filter(|account| !self.met.accounts.contains(*account)) {
            self.met.accounts.insert(account.clone());
        }
        if !self.met.regions.contains(region) {
            self.met.regions.insert(region.clone());
        }
        self.met.days.insert(day);
    }

    /// A link within the roots leads to what is met anyway; others are not followed.
    fn link(&mut self, path: &Path) {
        let within = path
            .canonicalize()
            .is_ok_and(|target| self.roots.iter().any(|root| target.starts_with(root)));
        if !within {
            self.unread(
                path,
                "a link that leads out of the archive is not followed".to_owned(),
            );
        }
    }

    fn unread(&mut self, path: &Path, reason: String) {
        self.met.unread.push(Damaged {
            path: path.display().to_string(),
            reason,
            bytes_searched: 0,
        });
    }

    fn flush(&mut self) -> bool {
        if self.chunk.is_empty() {
            return true;
        }
        self.limit = (self.limit + self.limit / 4).min(CHUNK);
        (self.hand)(self.root, std::mem::take(&mut self.chunk))
    }
}

fn enter_all(names: &[&str]) -> Folder {
    let start = Folder::Loose(None);
    names.iter().fold(start, |folder, name| folder.enter(name))
}

/// Is a file named as CloudTrail names log files?
pub(super) fn named_log(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str);
    name.is_some_and(|name| matches!(FileName::read(name), FileName::Log(_)))
}

/// Does a file's name say that it is compressed?
pub(super) fn named_gz(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("gz"))
}
