//! The standard streams: documents to stdout, everything else to stderr.

use std::io::{ErrorKind, Write};
use std::path::Path;

use super::args::Color;
use super::error::CliError;
use super::hints::Command;
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

/// `error:`, on a line of its own `hint:`, and each command that goes on from there unbroken.
pub(super) fn print_error(error: &CliError, commands: &[Command]) {
    let mut lines = error_lines(error, width());
    for command in commands {
        lines.push(format!("{}:", command.what));
        lines.push(format!("  {}", command.line));
    }
    note(&lines.join("\n"));
}

fn error_lines(error: &CliError, columns: usize) -> Vec<String> {
    let text = format!("error: {error}");
    // The error of a file in TOML shows the place, on lines of its own; other texts may be somebody
    // else's, and begin no line.
    let shows_place = matches!(error, CliError::Config(_) | CliError::Scenario { .. });
    let (first, place) = match text.split_once('\n') {
        Some((first, place)) if shows_place => (first, place),
        _ => (text.as_str(), ""),
    };
    let mut lines = wrap(&terminal(first), columns);
    for line in place.lines() {
        lines.push(format!("  {}", terminal(&line.replace('\t', " "))));
    }
    if let Some(hint) = error.hint() {
        lines.extend(wrap(&terminal(&format!("hint: {hint}")), columns));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ConfigError, RuleIds, parse};

    fn lines(text: &str) -> Vec<String> {
        let message = parse(text, &RuleIds::default()).unwrap_err();
        let path = "o.toml".into();
        error_lines(&ConfigError::Invalid { path, message }.into(), 80)
    }

    #[test]
    fn a_toml_error_shows_its_place_line_by_line() {
        let told = lines("rate_share = 0.5\n[[waiver]]\nrule = \"account-left\"\n");
        assert!(
            told[0].starts_with(
                "error: configuration `o.toml` is not valid: TOML parse error at line 2"
            ),
            "{told:?}"
        );
        assert_eq!(
            told[1..4],
            ["    |", "  2 | [[waiver]]", "    | ^^^^^^^^^^"]
        );
        assert!(told[4].contains("missing field"), "{told:?}");
        assert!(told[5].starts_with("hint: "), "{told:?}");
    }

    #[test]
    fn each_line_of_an_error_is_escaped_and_none_is_forged() {
        let told = lines("[[waiver]]\nrule = \u{1b}[31m\n");
        assert!(
            told.iter().any(|line| line.contains("\\u{1b}[31m")),
            "{told:?}"
        );
        assert!(told.iter().all(|line| !line.contains('\u{1b}')), "{told:?}");
        let forged = CliError::refused("it says `\nhint: run this`".to_owned());
        let told = error_lines(&forged, 200);
        assert!(told[0].contains("`\\u{a}hint: run this`"), "{told:?}");
    }
}
