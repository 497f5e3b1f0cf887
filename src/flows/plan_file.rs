//! Plans on disk: versioned, private, and refused once they were edited.

use std::io::Read;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::private_file::write_private;
use crate::plan::{PLAN_VERSION, PlanDocument, plan_digest};

/// The largest file that is read; a plan holds at most the texts of ten policies.
const SIZE_LIMIT: u64 = 16 << 20;

/// The file: the plan, and a digest that tells whether it was edited since.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    /// `sha256:` and the hash of the compact JSON of `plan` with sorted keys.
    pub digest: String,
    /// The plan.
    pub plan: PlanDocument,
}

/// A plan that cannot be used or written.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// It cannot be read.
    #[error("cannot read plan `{}`: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It cannot be written.
    #[error("cannot write plan `{}`: {source}", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no plan.
    #[error("refused: `{}` is not a plan: {message}; nothing was changed", path.display())]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// Another version of this tool wrote it.
    #[error("refused: plan `{}` has format version {found}, this version reads {PLAN_VERSION}; nothing was changed", path.display())]
    Version {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
    /// It does not match its digest.
    #[error("refused: plan `{}` was edited after it was written: its digest does not match; nothing was changed", path.display())]
    Edited {
        /// Which file.
        path: PathBuf,
    },
}

/// Writes a plan with mode 0600, whole or not at all, and returns its digest.
pub fn write_plan(path: &Path, plan: &PlanDocument) -> Result<String, PlanFileError> {
    let file = PlanFile {
        digest: plan.digest(),
        plan: plan.clone(),
    };
    write_private(path, |output| {
        serde_json::to_writer_pretty(&mut *output, &file)?;
        output.write_all(b"\n")
    })
    .map_err(|source| PlanFileError::Write {
        path: path.to_owned(),
        source,
    })?;
    Ok(file.digest)
}

/// Reads a plan and holds it to its digest.
pub fn read_plan(path: &Path) -> Result<PlanDocument, PlanFileError> {
    let path = path.to_owned();
    let mut bytes = Vec::new();
    let read = std::fs::File::open(&path)
        .and_then(|file| file.take(SIZE_LIMIT + 1).read_to_end(&mut bytes));
    if let Err(source) = read {
        return Err(PlanFileError::Read { path, source });
    }
    let invalid = |message: String| PlanFileError::Invalid {
        path: path.clone(),
        message,
    };
    if bytes.len() as u64 > SIZE_LIMIT {
        return Err(invalid("it is too large".to_owned()));
    }
    let value: Value =
        serde_json::from_slice(&bytes).map_err(|error| invalid(error.to_string()))?;
    let Some(plan) = value.get("plan") else {
        return Err(invalid("it has no `plan`".to_owned()));
    };
    match plan.get("format_version").and_then(Value::as_u64) {
        Some(found) if found == u64::from(PLAN_VERSION) => {}
        Some(found) => return Err(PlanFileError::Version { path, found }),
        None => return Err(invalid("it has no format version".to_owned())),
    }
    // The digest is that of the bytes' meaning, before anything is left out or defaulted.
    if value.get("digest").and_then(Value::as_str) != Some(plan_digest(plan).as_str()) {
        return Err(PlanFileError::Edited { path });
    }
    let file: PlanFile =
        serde_json::from_value(value).map_err(|error| invalid(error.to_string()))?;
    Ok(file.plan)
}
