//! What a run intends, before it does it, and what came of it: one JSON row a line,
//! each with its own hash and that of the one before, on disk before the next call is made.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::history::History;
use super::rows::{Entry, Header, Row};
use crate::model::{Timestamp, sha256_hex};

/// The journal's file within the directory of its run.
pub(super) const FILE: &str = "journal.jsonl";
/// Where the bytes of a row go that was cut off.
const TORN: &str = "journal.torn";

/// An open journal.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    directory: PathBuf,
    sequence: u64,
    previous: String,
}

/// Creates a directory that only its owner may enter, and those above it.
pub(super) fn private_directory(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
        builder.mode(0o700);
        builder.create(path)?;
        let mode = std::fs::metadata(path)?.permissions().mode();
        if mode & 0o022 != 0 {
            let message = format!("`{}` can be written by others", path.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
        }
        Ok(())
    }
    #[cfg(not(unix))]
    builder.create(path)
}

/// The directory of a run.
pub(super) fn directory_of(state: &Path, run: &str) -> PathBuf {
    state.join("runs").join(run)
}

impl Journal {
    /// Starts the journal of a run in a new directory below `state`.
    pub(super) fn open(state: &Path, now: Timestamp, header: Header) -> io::Result<Self> {
        let directory = directory_of(state, &header.run);
        private_directory(&directory)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let file = options.open(directory.join(FILE))?;
        File::open(&directory)?.sync_all()?;
        let mut journal = Self {
            file,
            directory,
            sequence: 0,
            previous: String::new(),
        };
        journal.write(now, Entry::RunOpen(Box::new(header)))?;
        Ok(journal)
    }

    /// Goes on behind the last whole row; what was cut off is kept beside it.
    pub(super) fn reopen(history: &History) -> io::Result<Self> {
        let directory = history.directory().to_owned();
        private_directory(&directory)?;
        let path = directory.join(FILE);
        if !history.torn().is_empty() {
            std::fs::write(directory.join(TORN), history.torn())?;
        }
        let mut file = OpenOptions::new().write(true).open(path)?;
        file.set_len(history.whole())?;
        io::Seek::seek(&mut file, io::SeekFrom::End(0))?;
        file.sync_all()?;
        Ok(Self {
            file,
            directory,
            sequence: history.next_sequence(),
            previous: history.last_hash().to_owned(),
        })
    }

    /// Where the run is kept.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Writes a row and waits until it is on disk.
    ///
    /// # Errors
    /// The disk's, and a journal that somebody deleted, moved or put another file in the place of:
    /// its rows would be lost with this process.
    pub(super) fn write(&mut self, now: Timestamp, entry: Entry) -> io::Result<()> {
        self.check_place()?;
        let row = Row {
            sequence: self.sequence,
            previous: self.previous.clone(),
            time: now,
            entry,
        };
        let (line, hash) = seal(&row)?;
        self.file.write_all(line.as_bytes())?;
        self.file.sync_all()?;
        self.sequence += 1;
        self.previous = hash;
        Ok(())
    }
}

impl Journal {
    /// Is the open file still the one of its name?
    fn check_place(&self) -> io::Result<()> {
        let path = self.directory.join(FILE);
        let found = std::fs::symlink_metadata(&path);
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let ours = self.file.metadata()?;
            if found.is_ok_and(|found| (found.dev(), found.ino()) == (ours.dev(), ours.ino())) {
                return Ok(());
            }
        }
        #[cfg(not(unix))]
        if found.is_ok() {
            return Ok(());
        }
        let message = format!("`{}` was deleted or replaced", path.display());
        Err(io::Error::new(io::ErrorKind::NotFound, message))
    }
}

/// The row's line, with its hash as the last field, and that hash.
fn seal(row: &Row) -> io::Result<(String, String)> {
    let mut line = serde_json::to_string(row)?;
    let hash = sha256_hex(line.as_bytes());
    line.pop();
    Ok((format!("{line},\"hash\":\"{hash}\"}}\n"), hash))
}

/// The row that a line holds, and its hash; `None` if the hash is not that of the row.
pub(super) fn unseal(line: &str) -> Option<(String, String)> {
    let (row, rest) = line.rsplit_once(",\"hash\":\"")?;
    let hash = rest.strip_suffix("\"}")?;
    let whole = format!("{row}}}");
    (sha256_hex(whole.as_bytes()) == hash).then(|| (whole, hash.to_owned()))
}
