//! SCP files on disk, one after another.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::inspect::lint;
use crate::report::FileView;

/// Larger files are no policies: a hundred times what AWS stores.
const MOST_BYTES: u64 = 1 << 20;

/// A file that cannot be looked at.
#[derive(Debug, thiserror::Error)]
#[error("cannot read `{}`: {source}", path.display())]
pub struct LintError {
    /// Which.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// The files that an argument names: a directory stands for every `*.json` below it, sorted,
/// hidden ones left out. `-` is the standard input.
///
/// # Errors
/// If it cannot be read.
pub fn lint_files(argument: &Path) -> Result<Vec<PathBuf>, LintError> {
    let mut files = Vec::new();
    if argument.as_os_str() != "-" && is_directory(argument)? {
        walk(argument, &mut files)?;
    } else {
        files.push(argument.to_owned());
    }
    Ok(files)
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> LintError {
    let path = path.to_owned();
    move |source| LintError { path, source }
}

fn is_directory(path: &Path) -> Result<bool, LintError> {
    let metadata = std::fs::metadata(path).map_err(failed(path))?;
    Ok(metadata.is_dir())
}

fn walk(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), LintError> {
    let entries = std::fs::read_dir(directory).map_err(failed(directory))?;
    let mut entries: Vec<_> = entries
        .collect::<Result<_, _>>()
        .map_err(failed(directory))?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        // Links to directories are not followed: they can lead in a circle.
        let kind = entry.file_type().map_err(failed(&path))?;
        if hidden {
            continue;
        }
        if kind.is_dir() {
            walk(&path, files)?;
        } else if path.extension().is_some_and(|ext| ext == "json") {
            files.push(path);
        }
    }
    Ok(())
}

/// Looks at one file.
///
/// # Errors
/// If it cannot be read.
pub fn lint_file(path: &Path, now: Timestamp) -> Result<FileView, LintError> {
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        let input = io::stdin().lock().take(MOST_BYTES).read_to_end(&mut bytes);
        input.map_err(failed(path))?;
    } else {
        let file = std::fs::File::open(path).map_err(failed(path))?;
        let read = file.take(MOST_BYTES).read_to_end(&mut bytes);
        read.map_err(failed(path))?;
    }
    let name = path.display().to_string();
    // What is not UTF-8 shows up as a replacement character, which no JSON reader minds within a
    // string; AWS takes UTF-8 only, so say so instead of judging another text.
    let text = String::from_utf8(bytes).map_err(|error| LintError {
        path: path.to_owned(),
        source: io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()),
    })?;
    let linted = lint(&text, now);
    Ok(FileView::new(name, text, &linted))
}
