//! `--source`: where records come from.

use std::path::PathBuf;

/// A source of CloudTrail records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SourceArg {
    /// `archive:PATH`: log files on disk.
    Archive(PathBuf),
}

pub(super) fn parse_source(text: &str) -> Result<SourceArg, String> {
    match text.split_once(':') {
        Some(("archive", path)) if !path.is_empty() => Ok(SourceArg::Archive(path.into())),
        _ => Err(format!("unknown source `{text}` (expected archive:PATH)")),
    }
}
