//! `audit`

use super::super::args::{AuditArgs, Cli};
use super::super::error::CliError;
use super::super::exit::Exit;
use super::super::facts::Source;
use super::super::streams;
use crate::audit::Outcome;
use crate::flows::{Audited, judge_all, read_snapshot, verify};
use crate::report::render;

pub(in crate::cli) async fn run(cli: &Cli, args: &AuditArgs) -> Result<Exit, CliError> {
    let audited = audited(cli, args).await?;
    let document = audited.document();
    for (format, path) in &args.report {
        streams::write(path, &render(&document, *format, streams::width()))?;
    }
    streams::print(&render(&document, args.format, streams::width()))?;
    Ok(exit(&audited, args))
}

async fn audited(cli: &Cli, args: &AuditArgs) -> Result<Audited, CliError> {
    if let Some(path) = &args.snapshot {
        let config = crate::config::load(cli.config.as_deref(), &crate::flows::rule_ids())?;
        return Ok(judge_all(read_snapshot(path)?, &config.settings));
    }
    let source = Source::open(cli, &args.aws, true).await?;
    let audited = live(&source, args).await;
    source.close().await;
    audited
}

async fn live(source: &Source, args: &AuditArgs) -> Result<Audited, CliError> {
    let settings = &source.config.settings;
    let mut audited = judge_all(source.collect(&args.scope).await?, settings);
    if args.verify_with_aws {
        verify(&source.session, &mut audited, settings).await;
    }
    Ok(audited)
}

/// 4 before 3: an incomplete answer never looks complete.
fn exit(audited: &Audited, args: &AuditArgs) -> Exit {
    let unread = !audited.snapshot.gaps().is_empty()
        || !audited.snapshot.events.unparsed.is_empty()
        || audited
            .findings
            .iter()
            .any(|one| one.outcome == Outcome::CouldNotTell && !one.gaps.is_empty());
    if unread && !args.allow_gaps {
        return Exit::Incomplete;
    }
    let finding = audited.findings.iter().any(|one| {
        // What rests on a gap is the gap's business.
        one.waived.is_none() && one.gaps.is_empty() && args.fail_on.reached_by(one.severity)
    });
    let detection = audited
        .detections
        .iter()
        .any(|one| one.waived.is_none() && args.fail_on.reached_by(one.severity));
    if finding || detection {
        Exit::Findings
    } else {
        Exit::Done
    }
}
