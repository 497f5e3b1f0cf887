//! `detect`

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use super::super::args::{Cli, DetectArgs};
use super::super::error::CliError;
use super::super::exit::Exit;
use super::super::progress::Progress;
use super::super::source::SourceArg;
use super::super::streams;
use crate::flows::{DetectFrom, detect_archives};
use crate::report::DetectionsDocument;
use crate::trail::archive::{Bucket, Caps, NotScanned, Query, Window, sync_commands};

pub(in crate::cli) async fn run(cli: &Cli, args: &DetectArgs) -> Result<Exit, CliError> {
    let config = crate::config::load(cli.config.as_deref(), &crate::flows::rule_ids())?;
    let now = Timestamp::now();
    let query = query(args, now)?;
    let roots: Vec<PathBuf> = args
        .source
        .iter()
        .map(|SourceArg::Archive(path)| path.clone())
        .collect();
    if args.print_sync {
        let commands = sync(args, &query, &roots);
        streams::print(&format!("{}\n", commands.join("\n")))?;
        return Ok(Exit::Done);
    }
    let from = DetectFrom {
        roots: roots.clone(),
        query: query.clone(),
        all_regions: args.all_regions,
        caps: Caps::default(),
        settings: config.settings,
        now,
    };
    let document = match search(cli, from).await {
        Ok(document) => document,
        Err(error) => {
            let absent = matches!(&error, NotScanned::Root { source, .. } if source.kind() == std::io::ErrorKind::NotFound);
            if absent || matches!(&error, NotScanned::Nothing { .. }) {
                let commands = sync(args, &query, &roots).join("\n");
                streams::note(&format!("log files can be fetched from S3:\n{commands}"));
            }
            return Err(error.into());
        }
    };
    streams::print(&document.render(args.format, streams::width()))?;
    Ok(exit(&document, args))
}

fn query(args: &DetectArgs, now: Timestamp) -> Result<Query, CliError> {
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
        name: &args.bucket,
        prefix: &args.prefix,
        organization: organization.map_or("o-ORGID", |id| id.as_str()),
        region: if args.all_regions {
            "*"
        } else {
            &args.home_region
        },
    };
    roots
        .iter()
        .flat_map(|root| sync_commands(query, &bucket, root))
        .collect()
}

/// Searches off the async threads, so that Ctrl-C is heard; then the search is told to stop.
async fn search(cli: &Cli, from: DetectFrom) -> Result<DetectionsDocument, NotScanned> {
    let progress = Arc::new(Progress::new(!cli.output.no_progress));
    let stop = StopAtEnd(Arc::new(AtomicBool::new(false)));
    let (heard, told) = (stop.0.clone(), progress.clone());
    let task = tokio::task::spawn_blocking(move || detect_archives(&from, &heard, told.as_ref()));
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
    let counts = document
        .detections
        .iter()
        .any(|one| one.event.waived.is_none() && args.fail_on.reached_by(one.event.severity));
    if counts { Exit::Findings } else { Exit::Done }
}
