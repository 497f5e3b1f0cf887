//! `check`

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use jiff::Timestamp;

use super::super::args::{CheckArgs, Cli, Expected};
use super::super::error::CliError;
use super::super::exit::Exit;
use super::super::facts::of_account;
use super::super::streams;
use crate::flows::{check, check_line, find_account, read_chain, whose_of};
use crate::inspect::{Pins, Stack, Whose};
use crate::report::CheckDocument;

pub(in crate::cli) async fn run(cli: &Cli, args: &CheckArgs) -> Result<Exit, CliError> {
    if let Some(path) = &args.batch {
        return batch(path).await;
    }
    let action = args.action.as_deref().unwrap_or_default();
    let (stack, whose, notes) = stack(cli, args).await?;
    let document = check(&stack, &whose, action, pins(args), notes)?;
    streams::print(&document.render(args.format, streams::width()))?;
    Ok(exit(&document, args.expect))
}

async fn stack(cli: &Cli, args: &CheckArgs) -> Result<(Stack, Whose, Vec<String>), CliError> {
    if let Some(account) = &args.account {
        let snapshot = args.snapshot.as_deref();
        let (snapshot, id) = of_account(cli, &args.aws, snapshot, account).await?;
        let account = find_account(&snapshot, id.as_str())?;
        return Ok(account_stack(&snapshot, account));
    }
    let path = args.chain.as_deref().unwrap_or(Path::new("-"));
    let mut text = String::new();
    let read = open(path)?.read_to_string(&mut text);
    read.map_err(|source| unreadable(path, source))?;
    let stack = read_chain(&text)?;
    let principal = args.principal.as_deref();
    let (whose, notes) = whose_of(principal, args.organization.clone(), Timestamp::now())?;
    Ok((stack, whose, notes))
}

fn account_stack(
    snapshot: &crate::model::Snapshot,
    account: &crate::model::organization::Account,
) -> (Stack, Whose, Vec<String>) {
    let (stack, notes) = crate::flows::binding(snapshot, account);
    (stack, Whose::account(snapshot, account), notes)
}

fn pins(args: &CheckArgs) -> Pins {
    let mut pins = Pins {
        principal: args.principal.clone(),
        resource: args.resource.clone(),
        ..Pins::default()
    };
    for (key, value) in &args.context {
        let values = pins.context.entry(key.to_ascii_lowercase()).or_default();
        values.get_or_insert_default().push(value.clone());
    }
    for key in &args.without {
        pins.context.insert(key.to_ascii_lowercase(), None);
    }
    pins
}

fn exit(document: &CheckDocument, expected: Option<Expected>) -> Exit {
    let word = match expected {
        None => {
            return if document.verdict == "undetermined" {
                Exit::Incomplete
            } else {
                Exit::Done
            };
        }
        Some(Expected::Blocked) => "blocked",
        Some(Expected::Conditional) => "conditional",
        Some(Expected::Open) => "open",
    };
    match document.verdict {
        "undetermined" => Exit::Incomplete,
        verdict if verdict == word => Exit::Done,
        _ => Exit::Findings,
    }
}

fn unreadable(path: &Path, source: std::io::Error) -> CliError {
    CliError::Input {
        path: path.display().to_string(),
        source,
    }
}

fn open(path: &Path) -> Result<Box<dyn BufRead + Send>, CliError> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(BufReader::new(std::io::stdin())));
    }
    let file = File::open(path).map_err(|source| unreadable(path, source))?;
    Ok(Box::new(BufReader::new(file)))
}

/// One answer for each line that is not blank, in order, each printed once it is known.
async fn batch(path: &Path) -> Result<Exit, CliError> {
    let mut input = open(path)?;
    let now = Timestamp::now();
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = input.read_until(b'\n', &mut line);
        if read.map_err(|source| unreadable(path, source))? == 0 {
            return Ok(Exit::Done);
        }
        // Bytes that are not UTF-8 are no JSON, and the answer says so.
        let text = String::from_utf8_lossy(&line);
        if !text.trim().is_empty() {
            streams::print(&check_line(text.trim(), now).line())?;
        }
        // So that Ctrl-C is heard.
        tokio::task::yield_now().await;
    }
}
