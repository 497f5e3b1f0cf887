//! `--source`: where records come from.

use std::path::PathBuf;

/// A source of CloudTrail records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SourceArg {
    /// `lookup`: the event history of the caller's account.
    Lookup,
    /// `archive:PATH`: log files on disk.
    Archive(PathBuf),
}

impl SourceArg {
    /// The path of an archive.
    pub(super) fn archive(&self) -> Option<PathBuf> {
        match self {
            Self::Archive(path) => Some(path.clone()),
            Self::Lookup => None,
        }
    }
}

pub(super) fn parse_source(text: &str) -> Result<SourceArg, String> {
    match text.split_once(':') {
        None if text == "lookup" => Ok(SourceArg::Lookup),
        Some(("archive", path)) if !path.is_empty() => Ok(SourceArg::Archive(path.into())),
        _ => Err(format!(
            "unknown source `{text}` (expected lookup or archive:PATH)"
        )),
    }
}
