//! `detect --source athena:`

use std::collections::BTreeSet;
use std::pin::pin;

use jiff::Timestamp;

use super::super::args::{DetectArgs, MemberArgs};
use super::super::error::CliError;
use super::super::exit::Exit;
use super::super::facts::Source;
use super::super::interrupt::Interrupt;
use super::super::moment::reach_back;
use super::super::source::SourceArg;
use super::super::streams;
use super::super::writing::state_place;
use super::detect::query;
use crate::aws::AthenaRights;
use crate::collect::Scope;
use crate::emit::athena_queries;
use crate::flows::{
    AskTable, DEPARTED, KnownHome, Roster, ask_table, everybody, nameless, read_snapshot,
};
use crate::model::{AccountId, Gap, GapReason, Observed};
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
    if accounts.is_empty() {
        streams::note(
            "warning: the query names no account, so Athena takes it only for a table that was made with a list of \
             them; give --account or --snapshot",
        );
    }
    streams::print(&texts.join("\n"))?;
    Ok(Exit::Done)
}

/// Refuses what does not go together.
pub(super) fn check(args: &DetectArgs) -> Result<(), CliError> {
    let usage = |message: &str, hint| {
        let message = message.to_owned();
        Err(CliError::Usage { message, hint })
    };
    let athena = &args.athena;
    let told = [&athena.workgroup, &athena.output, &athena.region];
    if tables(args).next().is_none() && told.into_iter().any(Option::is_some) {
        return usage(
            "how Athena is asked is given, and no source is a table there",
            "add --source athena:DATABASE.TABLE",
        );
    }
    if !args.asks_athena() {
        return Ok(());
    }
    if args.aws.demo {
        return usage(
            "the simulated AWS of --demo has no Athena",
            "--print-query shows what would be asked",
        );
    }
    if args.fetch.names_home_region() {
        return usage(
            "--home-region is for what is printed",
            "the partition of the credentials tells the Organizations region",
        );
    }
    if args.all_regions && !args.source.iter().any(|source| source.archive().is_some()) {
        return usage(
            "--all-regions is for archives, and no source is one",
            "Organizations events are recorded in one region, in which tables are asked",
        );
    }
    Ok(())
}

/// What a session has to be allowed to, if tables are asked.
pub(super) fn rights(args: &DetectArgs) -> Option<AthenaRights> {
    args.asks_athena().then(|| AthenaRights {
        results: args.athena.output.clone(),
    })
}

/// Asks every table, in the folders of every account that is or was in the organization.
pub(super) async fn ask(
    source: &Source,
    args: &DetectArgs,
    query: &Query,
    (sources, known): (&mut Sources, &KnownHome),
    interrupt: &Interrupt,
) -> Result<(), CliError> {
    let accounts = accounts(source, args, query, (&mut *sources, known));
    let accounts = interrupt.or(accounts).await?;
    if accounts.is_empty() {
        streams::note(
            "warning: Athena is not asked, as no account is known to ask about; give --account or --snapshot",
        );
        return Ok(());
    }
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
        let interrupted = pin!(interrupt.heard());
        let queried = ask_table(&source.session, &from, interrupted).await;
        source.progress.finish();
        if interrupt.was_heard() {
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
    (sources, known): (&mut Sources, &KnownHome),
) -> Result<BTreeSet<AccountId>, CliError> {
    let given = !query.accounts.is_empty();
    // Whose invitations were accepted is known from either.
    if sources.live.is_none() && !(given && args.organization.is_some()) {
        let names: &[&str] = if given { &[] } else { &DEPARTED };
        // The event history reaches less far back than a trail does.
        let since = query.window.since.max(source.now - Scope::LONGEST);
        let since = reach_back(Some(since), source.now)?;
        let (members, all) = (MemberArgs::default(), BTreeSet::new());
        let beside = source.collect_events((names, since), (&members, &args.state), &all);
        sources.beside = Some(beside.await?);
    }
    if given {
        return Ok(query.accounts.clone());
    }
    let mut accounts = BTreeSet::new();
    match source.list_accounts().await {
        Observed::Known(listed) => accounts.extend(listed.into_keys()),
        Observed::Unknown(gap) => sources.gaps.push(gap),
    }
    if let Some(read) = sources.live.as_ref().or(sources.beside.as_ref()) {
        sources.gaps.extend(nameless(read));
        accounts.extend(everybody(read));
        let place = state_place(&args.state).zip(read.organization.known());
        if let Some((place, organization)) = place {
            let earlier = Roster::of(&place, &organization.id).read();
            accounts.extend(earlier.everybody());
            sources
                .gaps
                .extend(earlier.problems.into_iter().map(unusable));
        }
    }
    accounts.extend(known.snapshot.iter().flat_map(everybody));
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
