//! `explain`

use super::super::args::{Cli, ExplainArgs};
use super::super::error::CliError;
use super::super::exit::Exit;
use super::super::facts::of_account;
use super::super::streams;
use crate::exits::{ExitPath, PathId};
use crate::flows::{explain_account, find_account};

pub(in crate::cli) async fn run(cli: &Cli, args: &ExplainArgs) -> Result<Exit, CliError> {
    let path = args.path.as_deref().map(path).transpose()?;
    let snapshot = args.snapshot.as_deref();
    let (snapshot, id) = of_account(cli, &args.aws, snapshot, &args.account).await?;
    let account = find_account(&snapshot, id.as_str())?;
    let document = explain_account(&snapshot, account, path);
    streams::print(&document.render(args.format, streams::width()))?;
    Ok(if document.has_gaps() && !args.allow_gaps {
        Exit::Incomplete
    } else {
        Exit::Done
    })
}

fn path(text: &str) -> Result<PathId, CliError> {
    let mut paths = ExitPath::of_members().map(|path| path.id);
    let found = paths.find(|id| id.as_str() == text);
    let known: Vec<&str> = ExitPath::of_members()
        .map(|path| path.id.as_str())
        .collect();
    found.ok_or_else(|| CliError::Usage {
        message: format!(
            "there is no way out `{text}` that SCPs decide (expected {})",
            known.join(", ")
        ),
        hint: "org-exit-guard paths",
    })
}
