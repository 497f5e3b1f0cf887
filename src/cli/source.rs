//! `--source`: where records come from.

use std::path::PathBuf;

/// A source of CloudTrail records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SourceArg {
    /// `lookup`: the event history of the caller's account.
    Lookup,
    /// `archive:PATH`: log files on disk.
    Archive(PathBuf),
    /// `athena:DATABASE.TABLE`: a table in Athena.
    Athena(String),
}

impl SourceArg {
    /// The path of an archive.
    pub(super) fn archive(&self) -> Option<PathBuf> {
        match self {
            Self::Archive(path) => Some(path.clone()),
            Self::Lookup | Self::Athena(_) => None,
        }
    }

    /// The name of a table.
    pub(super) fn table(&self) -> Option<&str> {
        match self {
            Self::Athena(table) => Some(table),
            Self::Lookup | Self::Archive(_) => None,
        }
    }
}

pub(super) fn parse_source(text: &str) -> Result<SourceArg, String> {
    match text.split_once(':') {
        None if text == "lookup" => Ok(SourceArg::Lookup),
        Some(("archive", path)) if !path.is_empty() => Ok(SourceArg::Archive(path.into())),
        Some(("athena", table)) => parse_table(table).map(SourceArg::Athena),
        _ => Err(format!(
            "unknown source `{text}` (expected lookup, archive:PATH or athena:DATABASE.TABLE)"
        )),
    }
}

/// `DATABASE.TABLE`, in characters that are the same in Athena, Glue and S3.
pub(super) fn parse_table(text: &str) -> Result<String, String> {
    let plain = |part: &str| {
        let mut chars = part.chars();
        chars.next().is_some_and(|c| c.is_ascii_alphabetic())
            && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    match text.split_once('.') {
        Some((database, table)) if plain(database) && plain(table) => Ok(text.to_owned()),
        _ => Err(format!(
            "`{text}` is not DATABASE.TABLE in letters, digits and underscores, a letter first"
        )),
    }
}
