//! `snapshot`

use super::super::args::{Cli, DiffArgs, ScopeArgs, SnapshotArgs, SnapshotWhat};
use super::super::error::CliError;
use super::super::exit::Exit;
use super::super::facts::{Source, check_since};
use super::super::preflight::check_output;
use super::super::streams;
use crate::flows::{diff, read_snapshot, write_snapshot};
use crate::plan::unread;

pub(in crate::cli) async fn run(cli: &Cli, args: &SnapshotArgs) -> Result<Exit, CliError> {
    if let Some(SnapshotWhat::Diff(args)) = &args.what {
        return differences(args);
    }
    let Some(output) = &args.output else {
        return Err(CliError::Usage {
            message: "no file to write to".to_owned(),
            hint: "add -o FILE",
        });
    };
    check_since(&args.aws, &args.scope)?;
    check_output("snapshot", output)?;
    let source = Source::open_into(cli, &args.aws, &args.members).await?;
    let scope = ScopeArgs {
        tags: !args.no_tags,
        full: !args.verdicts_only,
        ..args.scope
    };
    let snapshot = source
        .collect_into(&scope, (&args.members, &args.state))
        .await;
    source.close().await;
    let snapshot = snapshot?;
    write_snapshot(output, &snapshot)?;
    let gaps = snapshot.gaps();
    streams::note(&format!(
        "wrote {} as of {}",
        output.display(),
        snapshot.taken_at
    ));
    for gap in &gaps {
        streams::note(&format!("not read: {gap}"));
    }
    if let Some(nodes) = unread(&snapshot) {
        streams::note(&format!(
            "not read: which SCPs hang on {nodes}; remediate --from-snapshot and --baseline refuse it there"
        ));
    }
    for record in snapshot.unparsed() {
        streams::note(&format!("a record could not be parsed: {record}"));
    }
    Ok(
        if (gaps.is_empty() && snapshot.unparsed().next().is_none()) || args.allow_gaps {
            Exit::Done
        } else {
            Exit::Incomplete
        },
    )
}

fn differences(args: &DiffArgs) -> Result<Exit, CliError> {
    let document = diff(&read_snapshot(&args.before)?, &read_snapshot(&args.after)?)?;
    streams::print(&document.render(args.format, streams::width()))?;
    let changes = &document.changes;
    let worse = !changes.vanished.is_empty() || changes.guards_lost().next().is_some();
    Ok(if worse {
        Exit::Findings
    } else if !changes.not_compared.is_empty() {
        Exit::Incomplete
    } else {
        Exit::Done
    })
}
