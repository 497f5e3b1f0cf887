//! `audit`

use super::super::args::{AuditArgs, Cli};
use super::super::error::CliError;
use super::super::exit::Exit;
use super::super::facts::{Source, check_since};
use super::super::preflight::check_output;
use super::super::streams;
use super::super::writing::state_place;
use crate::audit::{BASELINE_INCOMPLETE, Outcome};
use crate::flows::{Audited, Earlier, Roster, compare_with, judge_all, read_snapshot, verify};
use crate::model::Snapshot;
use crate::report::render;

pub(in crate::cli) async fn run(cli: &Cli, args: &AuditArgs) -> Result<Exit, CliError> {
    for (_, path) in &args.report {
        check_output("report", path)?;
    }
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
        let mut audited = judge_all(read_snapshot(path)?, &config.settings);
        if let Some(baseline) = &args.baseline {
            let earlier = Earlier {
                baseline: Some(read_snapshot(baseline)?),
                ..Earlier::default()
            };
            compare_with(&mut audited, earlier, &config.settings)?;
        }
        return Ok(audited);
    }
    check_since(&args.aws, &args.scope)?;
    let baseline = args.baseline.as_deref().map(read_snapshot).transpose()?;
    let source = Source::open_into(cli, &args.aws, &args.members).await?;
    let audited = live(&source, args, baseline).await;
    source.close().await;
    audited
}

async fn live(
    source: &Source,
    args: &AuditArgs,
    baseline: Option<Snapshot>,
) -> Result<Audited, CliError> {
    let settings = &source.config.settings;
    let mut audited = judge_all(
        source
            .collect_into(&args.scope, (&args.members, &args.state))
            .await?,
        settings,
    );
    if args.verify_with_aws {
        verify(&source.session, &mut audited, settings).await;
    }
    let roster = roster(source, args, &audited.snapshot);
    let mut earlier = roster.as_ref().map(Roster::read).unwrap_or_default();
    if baseline.is_some() {
        earlier.baseline = baseline;
    }
    let usable = earlier.problems.is_empty();
    compare_with(&mut audited, earlier, settings)?;
    if let Some(roster) = roster
        && usable
        && audited.snapshot.accounts.known().is_some()
        && let Err(error) = roster.keep(&audited)
    {
        streams::note(&format!("warning: {error}; the next run has no baseline"));
    }
    Ok(audited)
}

/// Where the last snapshot of the organization is; the demo's is always the same.
fn roster(source: &Source, args: &AuditArgs, snapshot: &Snapshot) -> Option<Roster> {
    let organization = snapshot.organization.known()?;
    if args.no_baseline || source.is_demo() {
        return None;
    }
    let state = state_place(&args.state)?;
    Some(Roster::of(&state, &organization.id))
}

/// 4 before 3: an incomplete answer never looks complete.
fn exit(audited: &Audited, args: &AuditArgs) -> Exit {
    let unread = !audited.snapshot.gaps().is_empty()
        || audited.snapshot.unparsed().next().is_some()
        || audited
            .findings
            .iter()
            .any(|one| one.outcome == Outcome::CouldNotTell && !one.gaps.is_empty())
        || audited
            .findings
            .iter()
            .any(|one| one.rule.id == BASELINE_INCOMPLETE.id);
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
