//! `detect`

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use super::super::args::{Cli, DetectArgs};
use super::super::error::CliError;
use super::super::exit::Exit;
use super::super::facts::{How, Source, whole_second};
use super::super::interrupt::Interrupt;
use super::super::moment::reach_back;
use super::super::progress::Progress;
use super::super::source::SourceArg;
use super::super::streams;
use super::athena;
use crate::exits::event_names;
use crate::flows::{KnownHome, SearchArchives, detect_in, read_snapshot, search_archives};
use crate::model::{OrganizationId, Snapshot};
use crate::report::{DetectionsDocument, Sources};
use crate::trail::archive::{Bucket, Caps, NotScanned, Query, Scanned, Window, sync_commands};

pub(in crate::cli) async fn run(cli: &Cli, args: &DetectArgs) -> Result<Exit, CliError> {
    if args.fetch.print_query {
        return athena::print_queries(args);
    }
    athena::check(args)?;
    if args.fetch.print_sync && !args.source.iter().any(|source| source.archive().is_some()) {
        return Err(CliError::Usage {
            message: "--print-sync prints how archives are fetched, and no source is one"
                .to_owned(),
            hint: "add --source archive:PATH, where the files shall lie",
        });
    }
    let interrupt = Interrupt::listen();
    let looks_up = args.source.contains(&SourceArg::Lookup) && !args.fetch.print_sync;
    if !looks_up && args.members.member_role.is_some() {
        return Err(CliError::Usage {
            message: "--member-role looks up event histories, and no source does".to_owned(),
            hint: "add --source lookup",
        });
    }
    let source = if looks_up || args.asks_athena() {
        let how = How {
            read_only: true,
            member_role: args.members.member_role.clone(),
            athena: athena::rights(args),
            ..How::default()
        };
        Some(interrupt.or(Source::open_as(cli, &args.aws, how)).await?)
    } else {
        None
    };
    let done = Box::pin(with_source(
        cli,
        args,
        (looks_up, source.as_ref()),
        &interrupt,
    ))
    .await;
    if let Some(source) = source {
        source.close().await;
    }
    done
}

async fn with_source(
    cli: &Cli,
    args: &DetectArgs,
    (looks_up, source): (bool, Option<&Source>),
    interrupt: &Interrupt,
) -> Result<Exit, CliError> {
    let now = source.map_or_else(whole_second, |source| source.now);
    let query = query(args, now)?;
    let roots: Vec<PathBuf> = args.source.iter().filter_map(SourceArg::archive).collect();
    if args.fetch.print_sync {
        let commands = sync(args, &query, &roots);
        streams::print(&format!("{}\n", commands.join("\n")))?;
        return Ok(Exit::Done);
    }
    let settings = match source {
        Some(source) => source.config.settings.clone(),
        None => crate::config::load(cli.config.as_deref(), &crate::flows::rule_ids())?.settings,
    };
    let known = KnownHome {
        organization: args.organization.clone(),
        snapshot: args.snapshot.as_deref().map(read_snapshot).transpose()?,
    };
    let mut sources = Sources {
        archived: interrupt.or(archived(cli, args, &query, roots)).await?,
        ..Sources::default()
    };
    if let Some(source) = source.filter(|_| looks_up) {
        let inside = (&args.members, &args.state);
        let since = reach_back(Some(query.window.since), now)?;
        let names = event_names();
        let events = source.collect_events((&names, since), inside, &query.accounts);
        sources.live = Some(interrupt.or(events).await?);
    }
    if let Some(source) = source.filter(|_| args.asks_athena()) {
        athena::ask(source, args, &query, (&mut sources, &known), interrupt).await?;
    }
    same_organization(&known, &sources)?;
    let document = detect_in(sources, &query, &known, &settings, now);
    streams::print(&document.render(args.format, streams::width()))?;
    Ok(exit(&document, args))
}

/// Refuses facts of one organization about records of another.
fn same_organization(known: &KnownHome, sources: &Sources) -> Result<(), CliError> {
    let of = |facts: &Snapshot| Some(facts.organization.known()?.id.clone());
    let named = known.organization.clone().map(|id| ("--organization", id));
    let saved = known.snapshot.as_ref().and_then(of);
    let read = sources
        .live
        .as_ref()
        .or(sources.beside.as_ref())
        .and_then(of);
    let ids = [
        named,
        saved.map(|id| ("--snapshot", id)),
        read.map(|id| ("the caller", id)),
    ];
    let ids: Vec<(&str, OrganizationId)> = ids.into_iter().flatten().collect();
    for pair in ids.windows(2) {
        if let [(one, ours), (other, theirs)] = pair
            && ours != theirs
        {
            return Err(CliError::Usage {
                message: format!("{one} is of organization `{ours}`, {other} of `{theirs}`"),
                hint: "all that is given has to be of one organization",
            });
        }
    }
    Ok(())
}

/// Searches the archives that were named; says how to fetch those that are not there.
async fn archived(
    cli: &Cli,
    args: &DetectArgs,
    query: &Query,
    roots: Vec<PathBuf>,
) -> Result<Option<Scanned>, CliError> {
    if roots.is_empty() {
        return Ok(None);
    }
    let from = SearchArchives {
        roots: roots.clone(),
        query: query.clone(),
        all_regions: args.all_regions,
        caps: Caps::default(),
    };
    let found = search(cli, from).await;
    if let Err(error) = &found {
        let absent = matches!(error, NotScanned::Root { source, .. } if source.kind() == std::io::ErrorKind::NotFound);
        if absent || matches!(error, NotScanned::Nothing { .. }) {
            let commands = sync(args, query, &roots).join("\n");
            streams::note(&format!("log files can be fetched from S3:\n{commands}"));
        }
    }
    Ok(Some(found?))
}

pub(super) fn query(args: &DetectArgs, now: Timestamp) -> Result<Query, CliError> {
    let since = args.since.first(now);
    let until = args.until.map_or(Some(now), |until| until.last(now));
    match (since, until) {
        (Some(since), Some(until)) if since <= until => Ok(Query::exits(
            Window {
                since,
                until,
                margin_hours: args.margin,
            },
            args.account.iter().cloned().collect(),
        )),
        _ => Err(CliError::Usage {
            message: "the window is empty: --since lies after --until".to_owned(),
            hint: "--until is now unless it is given",
        }),
    }
}

/// The commands that fetch each of the archives.
fn sync(args: &DetectArgs, query: &Query, roots: &[PathBuf]) -> Vec<String> {
    let organization = args.organization.as_ref();
    let bucket = Bucket {
        name: &args.fetch.bucket,
        prefix: &args.fetch.prefix,
        organization: organization.map_or("o-ORGID", |id| id.as_str()),
        region: if args.all_regions {
            "*"
        } else {
            args.fetch.home_region()
        },
    };
    roots
        .iter()
        .flat_map(|root| sync_commands(query, &bucket, root))
        .collect()
}

/// Searches off the async threads, so that Ctrl-C is heard; then the search is told to stop.
async fn search(cli: &Cli, from: SearchArchives) -> Result<Scanned, NotScanned> {
    let progress = Arc::new(Progress::new(!cli.output.no_progress));
    let stop = StopAtEnd(Arc::new(AtomicBool::new(false)));
    let (heard, told) = (stop.0.clone(), progress.clone());
    let task = tokio::task::spawn_blocking(move || search_archives(&from, &heard, told.as_ref()));
    let found = task.await;
    progress.finish();
    found.unwrap_or(Err(NotScanned::Worker))
}

/// Tells the search to stop when nobody waits for it any more.
struct StopAtEnd(Arc<AtomicBool>);

impl Drop for StopAtEnd {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// 4 before 3: an incomplete answer never looks complete.
fn exit(document: &DetectionsDocument, args: &DetectArgs) -> Exit {
    if !document.coverage.is_complete() && !args.allow_gaps {
        return Exit::Incomplete;
    }
    let event = document
        .detections
        .iter()
        .any(|one| one.event.waived.is_none() && args.fail_on.reached_by(one.event.severity));
    let finding = document
        .findings
        .iter()
        .any(|one| one.waived.is_none() && args.fail_on.reached_by(one.severity));
    if event || finding {
        Exit::Findings
    } else {
        Exit::Done
    }
}
