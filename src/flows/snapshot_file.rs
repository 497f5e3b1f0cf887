//! Snapshots on disk: versioned, checked, private.

use std::io::Read;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::private_file::write_private;
use crate::model::snapshot::SNAPSHOT_VERSION;
use crate::model::{Snapshot, sha256_hex};

/// The largest file that is read: 50,000 accounts with full attachments take about a tenth.
const SIZE_LIMIT: u64 = 1 << 30;

/// The file: the facts, and a digest that tells whether they were changed since.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SnapshotFile {
    /// `sha256:` and the hash of the compact JSON of `snapshot`.
    pub digest: String,
    /// The facts.
    pub snapshot: Snapshot,
}

/// Just the version, whatever else has changed.
#[derive(Deserialize)]
#[serde(expecting = "the object that `org-exit-guard snapshot` writes")]
struct Head {
    snapshot: HeadVersion,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with `format_version`")]
struct HeadVersion {
    format_version: u32,
}

/// A snapshot that cannot be used or written.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It cannot be read.
    #[error("cannot read snapshot `{}`: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It cannot be written.
    #[error("cannot write snapshot `{}`: {source}", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is too large to be one.
    #[error("snapshot `{}` is larger than {} MiB", path.display(), SIZE_LIMIT >> 20)]
    TooLarge {
        /// Which file.
        path: PathBuf,
    },
    /// It ends early.
    #[error("snapshot `{}` is cut short: it ends at line {line}, column {column}", path.display())]
    Truncated {
        /// Which file.
        path: PathBuf,
        /// Last line.
        line: usize,
        /// Last column.
        column: usize,
    },
    /// It is no snapshot.
    #[error("`{}` is not a snapshot: {message}", path.display())]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// What is wrong and where.
        message: String,
    },
    /// A later version of this tool wrote it.
    #[error("snapshot `{}` has format version {found}, this version reads up to {SNAPSHOT_VERSION}", path.display())]
    Later {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// Its facts do not match its digest.
    #[error("snapshot `{}` was changed after it was written: its digest does not match", path.display())]
    Changed {
        /// Which file.
        path: PathBuf,
    },
}

impl SnapshotError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Read { .. } => {
                "give the path of a file that `org-exit-guard snapshot -o FILE` wrote"
            }
            Self::Write { .. } => "give a path in a directory that you may write to",
            Self::TooLarge { .. }
            | Self::Invalid { .. }
            | Self::Truncated { .. }
            | Self::Changed { .. } => "take a new one with `org-exit-guard snapshot -o FILE`",
            Self::Later { .. } => "update org-exit-guard",
        }
    }
}

fn digest(snapshot: &Snapshot) -> Result<String, serde_json::Error> {
    Ok(format!(
        "sha256:{}",
        sha256_hex(&serde_json::to_vec(snapshot)?)
    ))
}

/// Writes a snapshot with mode 0600, whole or not at all.
pub fn write_snapshot(path: &Path, snapshot: &Snapshot) -> Result<(), SnapshotError> {
    let failed = |source: std::io::Error| SnapshotError::Write {
        path: path.to_owned(),
        source,
    };
    let file = SnapshotFile {
        digest: digest(snapshot).map_err(|error| failed(error.into()))?,
        snapshot: snapshot.clone(),
    };
    write_private(path, |output| {
        serde_json::to_writer_pretty(&mut *output, &file)?;
        output.write_all(b"\n")
    })
    .map_err(failed)
}

/// Reads a snapshot of this version or an earlier one.
pub fn read_snapshot(path: &Path) -> Result<Snapshot, SnapshotError> {
    let failed = |source| SnapshotError::Read {
        path: path.to_owned(),
        source,
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.len() > SIZE_LIMIT {
        return Err(SnapshotError::TooLarge {
            path: path.to_owned(),
        });
    }
    let mut bytes = Vec::new();
    file.take(SIZE_LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    let invalid = |error: &serde_json::Error, place: &str| {
        if error.is_eof() {
            let (line, column) = (error.line(), error.column());
            return SnapshotError::Truncated {
                path: path.to_owned(),
                line,
                column,
            };
        }
        let message = if place.is_empty() || place == "." {
            error.to_string()
        } else {
            format!("at `{place}`: {error}")
        };
        SnapshotError::Invalid {
            path: path.to_owned(),
            message,
        }
    };
    let head: Head = serde_json::from_slice(&bytes).map_err(|error| invalid(&error, ""))?;
    let found = head.snapshot.format_version;
    if found > SNAPSHOT_VERSION {
        return Err(SnapshotError::Later {
            path: path.to_owned(),
            found,
        });
    }
    let mut reader = serde_json::Deserializer::from_slice(&bytes);
    let file: SnapshotFile = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| invalid(error.inner(), &error.path().to_string()))?;
    let actual = digest(&file.snapshot).map_err(|error| invalid(&error, ""))?;
    if actual != file.digest {
        return Err(SnapshotError::Changed {
            path: path.to_owned(),
        });
    }
    Ok(file.snapshot)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture;

    fn written() -> (tempfile::TempDir, PathBuf, String) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("facts.json");
        write_snapshot(&path, &fixture::organization()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        (directory, path, text)
    }

    #[test]
    fn what_is_written_is_read_and_private() {
        let (_directory, path, text) = written();
        assert_eq!(read_snapshot(&path).unwrap(), fixture::organization());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        write_snapshot(&path, &fixture::organization()).unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            text,
            "equal facts, equal bytes"
        );
    }

    #[test]
    fn every_truncation_is_an_error_that_says_so() {
        let (_directory, path, text) = written();
        for end in [0, 1, text.len() / 3, text.len() / 2, text.len() - 3] {
            std::fs::write(&path, text.get(..end).unwrap()).unwrap();
            let error = read_snapshot(&path).unwrap_err();
            assert!(
                matches!(error, SnapshotError::Truncated { .. }),
                "{end}: {error}"
            );
        }
    }

    #[test]
    fn edits_later_versions_and_strangers_are_refused() {
        let (_directory, path, text) = written();
        let refused = |text: String| {
            std::fs::write(&path, text).unwrap();
            read_snapshot(&path).unwrap_err()
        };
        let edited = text.replace("account 222222222222", "another name");
        assert!(matches!(refused(edited), SnapshotError::Changed { .. }));
        let later = text.replace("\"format_version\": 1", "\"format_version\": 99");
        assert!(matches!(
            refused(later),
            SnapshotError::Later { found: 99, .. }
        ));
        let error = refused(text.replace("\"root_sessions\": true", "\"root_sessions\": 7"));
        assert!(
            error
                .to_string()
                .contains("snapshot.root_features.known.root_sessions"),
            "{error}"
        );
        let stranger = refused("7".to_owned()).to_string();
        assert!(
            stranger.contains("is not a snapshot") && stranger.contains("snapshot` writes"),
            "{stranger}"
        );
        assert!(!stranger.contains("struct"), "{stranger}");
    }
}
