//! `lint`

use jiff::Timestamp;

use super::super::args::LintArgs;
use super::super::error::CliError;
use super::super::exit::Exit;
use super::super::streams;
use crate::flows::{LintError, lint_file, lint_files};
use crate::report::LintDocument;

pub(in crate::cli) fn run(args: &LintArgs) -> Result<Exit, CliError> {
    let now = Timestamp::now();
    let mut views = Vec::new();
    let mut failed = false;
    let mut tell = |error: &LintError| {
        failed = true;
        streams::note(&format!("error: {error}"));
    };
    for argument in &args.files {
        let files = match lint_files(argument) {
            Ok(files) => files,
            Err(error) => {
                tell(&error);
                continue;
            }
        };
        if files.is_empty() {
            return Err(CliError::Usage {
                message: format!("there is no *.json file below `{}`", argument.display()),
                hint: "name the directory that holds the policies, or the files",
            });
        }
        for file in files {
            match lint_file(&file, now) {
                Ok(view) => views.push(view),
                Err(error) => tell(&error),
            }
        }
    }
    if views.is_empty() && failed {
        return Ok(Exit::Failed);
    }
    let document = LintDocument::new(env!("CARGO_PKG_VERSION"), views);
    streams::print(&document.render(args.format, streams::width()))?;
    Ok(match document.worst() {
        _ if failed => Exit::Failed,
        Some(worst) if args.fail_on.reached_by(worst) => Exit::Findings,
        _ => Exit::Done,
    })
}
