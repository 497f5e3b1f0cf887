//! One run at a time for each organization, among runs that share a state directory.
//!
//! Others, with another directory or another tool, are not locked out.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use crate::model::OrganizationId;

/// Held as long as it lives; the operating system lets go when the process ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// Why the lock was not taken.
#[derive(Debug)]
pub(super) enum LockError {
    /// Another run holds it; what it wrote about itself.
    Held(String),
    Io(std::io::Error),
}

impl Lock {
    /// Takes the lock of an organization, and notes who holds it.
    pub(super) fn take(
        state: &Path,
        organization: &OrganizationId,
        holder: &str,
    ) -> Result<Self, LockError> {
        super::journal::private_directory(state).map_err(LockError::Io)?;
        let directory = state.join("locks");
        super::journal::private_directory(&directory).map_err(LockError::Io)?;
        let path = directory.join(format!("{organization}.lock"));
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(LockError::Io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // Who holds it is a courtesy; that it is held is what counts.
                let _ = file.read_to_string(&mut text);
                return Err(LockError::Held(text.trim().to_owned()));
            }
            Err(TryLockError::Error(source)) => return Err(LockError::Io(source)),
        }
        let note = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(holder.as_bytes())
        };
        note(&mut file).map_err(LockError::Io)?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_run_is_told_who_holds_the_lock() {
        let state = tempfile::tempdir().unwrap();
        let organization = "o-exampleorg1".parse().unwrap();
        let first = Lock::take(state.path(), &organization, "run one").unwrap();
        match Lock::take(state.path(), &organization, "run two") {
            Err(LockError::Held(holder)) => assert_eq!(holder, "run one"),
            other => panic!("{other:?}"),
        }
        drop(first);
        assert!(Lock::take(state.path(), &organization, "run two").is_ok());
    }
}
