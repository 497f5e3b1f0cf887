//! `snapshot`

use super::super::args::{Cli, SnapshotArgs};
use super::super::error::CliError;
use super::super::exit::Exit;
use super::super::facts::Source;
use super::super::streams;
use crate::flows::write_snapshot;

pub(in crate::cli) async fn run(cli: &Cli, args: &SnapshotArgs) -> Result<Exit, CliError> {
    let source = Source::open(cli, &args.aws, true).await?;
    let snapshot = source.collect(&args.scope).await;
    source.close().await;
    let snapshot = snapshot?;
    write_snapshot(&args.output, &snapshot)?;
    let gaps = snapshot.gaps();
    streams::note(&format!(
        "wrote {} as of {}",
        args.output.display(),
        snapshot.taken_at
    ));
    for gap in &gaps {
        streams::note(&format!("not read: {gap}"));
    }
    let unparsed = &snapshot.events.unparsed;
    for record in unparsed {
        streams::note(&format!("a record could not be parsed: {record}"));
    }
    Ok(
        if (gaps.is_empty() && unparsed.is_empty()) || args.allow_gaps {
            Exit::Done
        } else {
            Exit::Incomplete
        },
    )
}
