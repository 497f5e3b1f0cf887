//! `detect --source athena:`

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use super::super::args::DetectArgs;
use super::super::error::CliError;
use super::super::exit::Exit;
use super::super::facts::Source;
use super::super::interrupt::or_interrupted;
use super::super::moment::reach_back;
use super::super::source::SourceArg;
use super::super::streams;
use super::super::writing::state_place;
use super::detect::query;
use crate::collect::Scope;
use crate::emit::athena_queries;
use crate::flows::{AskTable, KnownHome, Roster, ask_table, everybody, read_snapshot};
use crate::model::{AccountId, Gap, GapReason};
use crate::report::Sources;
use crate::trail::archive::Query;

fn tables(args: &DetectArgs) -> impl Iterator<Item = &str> {
    args.source.iter().filter_map(SourceArg::table)
}

/// Prints the queries; AWS is not asked.
pub(super) fn print_queries(args: &DetectArgs) -> Result<Exit, CliError> {
    let query = query(args, Timestamp::now())?;
    let mut accounts = query.accounts.clone();
    if accounts.is_empty()
        && let Some(path) = &args.snapshot
    {
        accounts.extend(everybody(&read_snapshot(path)?));
    }
    let region = args.fetch.home_region();
    let queries = tables(args).flat_map(|table| athena_queries(table, &query, region, &accounts));
    let texts: Vec<String> = queries.map(|query| query.sql).collect();
    if texts.is_empty() {
        return Err(CliError::Usage {
            message: "--print-query prints queries for Athena, and no source is a table there"
                .to_owned(),
            hint: "add --source athena:DATABASE.TABLE; `emit athena-table` prints the table",
        });
    }
    streams::print(&texts.join("\n"))?;
    Ok(Exit::Done)
}

/// Refuses what does not go together.
pub(super) fn check(args: &DetectArgs) -> Result<(), CliError> {
    let athena = &args.athena;
    let told = [&athena.workgroup, &athena.output, &athena.region];
    if tables(args).next().is_none() && told.into_iter().any(Option::is_some) {
        return Err(CliError::Usage {
            message: "how Athena is asked is given, and no source is a table there".to_owned(),
            hint: "add --source athena:DATABASE.TABLE",
        });
    }
    if args.asks_athena() && args.aws.demo {
        return Err(CliError::Usage {
            message: "the simulated AWS of --demo has no Athena".to_owned(),
            hint: "--print-query shows what would be asked",
        });
    }
    Ok(())
}

/// Asks every table, in the folders of every account that is or was in the organization.
pub(super) async fn ask(
    source: &Source,
    args: &DetectArgs,
    query: &Query,
    (known, sources): (&mut KnownHome, &mut Sources),
) -> Result<(), CliError> {
    let accounts =
        or_interrupted(accounts(source, args, query, (&mut *known, &mut *sources))).await?;
    if accounts.is_empty() {
        streams::note(
            "warning: Athena is not asked, as no account is known to ask about; give --account or --snapshot",
        );
        return Ok(());
    }
    let heard = AtomicBool::new(false);
    let mut interrupted = pin!(async {
        let _ = tokio::signal::ctrl_c().await;
        heard.store(true, Ordering::Relaxed);
    });
    for table in tables(args) {
        let from = AskTable {
            table,
            query,
            region: &source.session.caller().region,
            accounts: &accounts,
            athena_region: args.athena.region.as_deref(),
            workgroup: args.athena.workgroup.as_deref(),
            output: args.athena.output.as_deref(),
        };
        let queried = ask_table(&source.session, &from, interrupted.as_mut()).await;
        source.progress.finish();
        if heard.load(Ordering::Relaxed) {
            for gap in &queried.gaps {
                streams::note(&gap.to_string());
            }
            return Err(CliError::Interrupted);
        }
        sources.queried.push(queried);
    }
    Ok(())
}

/// Those that were named, or all that are listed, were there in earlier runs or have departed.
async fn accounts(
    source: &Source,
    args: &DetectArgs,
    query: &Query,
    (known, sources): (&mut KnownHome, &mut Sources),
) -> Result<BTreeSet<AccountId>, CliError> {
    if !query.accounts.is_empty() {
        return Ok(query.accounts.clone());
    }
    // The event history, which tells who departed, reaches less far back than a trail does.
    let since = query.window.since.max(source.now - Scope::LONGEST);
    let roster = source
        .collect_roster(reach_back(Some(since), source.now)?)
        .await?;
    sources.gaps.extend(roster.gaps());
    let mut accounts: BTreeSet<AccountId> = everybody(&roster).collect();
    accounts.extend(known.snapshot.iter().flat_map(everybody));
    let place = state_place(&args.state).zip(roster.organization.known());
    if let Some((place, organization)) = place {
        let earlier = Roster::of(&place, &organization.id).read();
        accounts.extend(earlier.everybody());
        sources
            .gaps
            .extend(earlier.problems.into_iter().map(unusable));
    }
    known.roster = Some(roster);
    Ok(accounts)
}

fn unusable(problem: String) -> Gap {
    Gap {
        operation: "accounts of earlier runs".to_owned(),
        target: None,
        reason: GapReason::Malformed,
        message: problem,
        request_id: None,
    }
}
