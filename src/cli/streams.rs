//! The standard streams: documents to stdout, everything else to stderr.

use std::io::{ErrorKind, Write};
use std::path::Path;

use super::args::Color;
use super::error::CliError;
use crate::flows::write_private;
use crate::report::text::{terminal, wrap};

/// Columns when neither a terminal nor `COLUMNS` tells.
const DEFAULT_WIDTH: usize = 100;

pub(super) fn choose_color(color: Color) {
    let choice = match color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    };
    choice.write_global();
}

/// The width of stdout's terminal, else `COLUMNS`, else 100.
pub(super) fn width() -> usize {
    if let Some((terminal_size::Width(columns), _)) =
        terminal_size::terminal_size_of(std::io::stdout())
    {
        return usize::from(columns);
    }
    let columns = std::env::var("COLUMNS")
        .ok()
        .and_then(|text| text.parse().ok());
    columns.unwrap_or(DEFAULT_WIDTH)
}

/// Prints a document; a reader that went away is no error.
pub(super) fn print(document: &str) -> Result<(), CliError> {
    let mut stdout = anstream::stdout().lock();
    match stdout
        .write_all(document.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(source) if source.kind() != ErrorKind::BrokenPipe => Err(CliError::Output {
            what: "to the standard output".to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}

/// Writes a document to a file, whole or not at all, without color.
pub(super) fn write(path: &Path, document: &str) -> Result<(), CliError> {
    let plain = anstream::adapter::strip_str(document).to_string();
    write_private(path, |output| output.write_all(plain.as_bytes())).map_err(|source| {
        CliError::Output {
            what: format!("report `{}`", path.display()),
            source,
        }
    })
}

/// A line for the user, beside the document.
pub(super) fn note(text: &str) {
    let mut stderr = anstream::stderr().lock();
    for line in text.lines() {
        // Nothing can be done if not even this can be written.
        let _ = writeln!(stderr, "{}", terminal(line));
    }
}

/// `error:` and, on a line of its own, `hint:`.
pub(super) fn print_error(error: &CliError) {
    let mut lines = wrap(&terminal(&format!("error: {error}")), width());
    if let Some(hint) = error.hint() {
        lines.extend(wrap(&terminal(&format!("hint: {hint}")), width()));
    }
    note(&lines.join("\n"));
}
