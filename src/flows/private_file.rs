//! Files that hold an organization's facts: private, and whole or not at all.

use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

/// Creates a directory that only its owner may enter, and those above it; one that is there stays
/// as it is.
pub(super) fn private_directory(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Could [`write_private`] write there now? Leaves nothing behind.
pub fn check_writable(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    begun(path).map(drop)
}

/// Writes a new file of mode 0600 and puts it at `path` once it is on disk.
pub fn write_private(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = begun(path)?;
    content(&mut file)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A file of mode 0600 beside the one that it will be, which is gone unless it is kept.
fn begun(path: &Path) -> io::Result<NamedTempFile> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // A temporary file of this crate has mode 0600 from the start. Its error names the
    // temporary file, which says nothing to the user; the kind does.
    NamedTempFile::new_in(directory).map_err(|error| io::Error::from(error.kind()))
}
