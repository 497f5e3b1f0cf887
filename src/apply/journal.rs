//! What a run intends, before it does it, and what came of it: one JSON row a line,
//! each with the hash of the one before, on disk before the next call is made.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Value, json};

use crate::model::{Timestamp, sha256_hex};

/// The version of the journal's format.
const JOURNAL_VERSION: u32 = 1;

/// An open journal.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    directory: PathBuf,
    sequence: u64,
    previous: String,
}

#[derive(Serialize)]
struct Row<'a> {
    sequence: u64,
    previous: &'a str,
    time: String,
    kind: &'a str,
    #[serde(flatten)]
    body: &'a Value,
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

impl Journal {
    /// Starts the journal of a run in a new directory below `state`.
    pub(super) fn open(
        state: &Path,
        run: &str,
        now: Timestamp,
        header: &Value,
    ) -> io::Result<Self> {
        let directory = state.join("runs").join(run);
        private_directory(&directory)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let file = options.open(directory.join("journal.jsonl"))?;
        File::open(&directory)?.sync_all()?;
        let mut journal = Self {
            file,
            directory,
            sequence: 0,
            previous: String::new(),
        };
        let body = json!({ "format_version": JOURNAL_VERSION, "run": run, "header": header });
        journal.write("run-open", now, &body)?;
        Ok(journal)
    }

    /// Where the run is kept.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Writes a row and waits until it is on disk.
    pub(super) fn write(&mut self, kind: &str, now: Timestamp, body: &Value) -> io::Result<()> {
        let row = Row {
            sequence: self.sequence,
            previous: &self.previous,
            time: now.to_string(),
            kind,
            body,
        };
        let mut line = serde_json::to_vec(&row)?;
        let hash = sha256_hex(&line);
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.file.sync_all()?;
        self.sequence += 1;
        self.previous = hash;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_carries_the_hash_of_the_one_before() {
        let state = tempfile::tempdir().unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let mut journal =
            Journal::open(state.path(), "run", now, &json!({ "reason": "test" })).unwrap();
        journal
            .write("intent", now, &json!({ "step": "a" }))
            .unwrap();
        journal
            .write("outcome", now, &json!({ "step": "a" }))
            .unwrap();
        let text = std::fs::read_to_string(journal.directory().join("journal.jsonl")).unwrap();
        let mut previous = String::new();
        for line in text.lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            assert_eq!(row["previous"], previous.as_str());
            previous = sha256_hex(line.as_bytes());
        }
        assert_eq!(text.lines().count(), 3);
    }

    #[test]
    #[cfg(unix)]
    fn it_is_private_and_never_overwrites_a_run() {
        use std::os::unix::fs::PermissionsExt;
        let state = tempfile::tempdir().unwrap();
        let open = || Journal::open(state.path(), "run", Timestamp::UNIX_EPOCH, &Value::Null);
        let journal = open().unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(journal.directory()), 0o700);
        assert_eq!(mode(&journal.directory().join("journal.jsonl")), 0o600);
        assert!(open().is_err());
        std::fs::set_permissions(state.path().join("runs"), PermissionsExt::from_mode(0o777))
            .unwrap();
        assert!(private_directory(&state.path().join("runs")).is_err());
    }
}
