//! `resume`

use super::super::args::{Cli, ResumeArgs};
use super::super::command_line::go_on;
use super::super::error::CliError;
use super::super::exit::Exit;
use super::super::facts::Source;
use super::super::preflight::check_run;
use super::super::{streams, writing};
use super::remediate::{Taken, report};
use crate::apply::{History, Resuming, Stop, check_resume, resume};
use crate::plan::Approved;
use crate::report::{Format, RemediationDocument};

pub(in crate::cli) async fn run(
    cli: &Cli,
    args: &ResumeArgs,
    stop: &Stop,
) -> Result<Exit, CliError> {
    let state = writing::state_directory(&args.run.write.state, args.run.aws.demo)?;
    let history = History::read(&state, &args.run.run)?;
    check_run((&args.run.aws, &args.run.write), &history)?;
    let source = Source::open_to_write(cli, &args.run.aws, &args.run.write, (stop, None)).await?;
    let result = with_source((cli, args), &source, &state, &history).await;
    source.close().await;
    result
}

async fn with_source(
    (cli, args): (&Cli, &ResumeArgs),
    source: &Source,
    state: &std::path::Path,
    history: &History,
) -> Result<Exit, CliError> {
    let how = Resuming {
        only: args.only.clone(),
        stale_ok: args.stale_ok,
    };
    let place = writing::place(source, state, &args.run.write);
    check_resume(place, history, &how).await?;
    let Some(header) = history.header() else {
        return Ok(Exit::Done);
    };
    writing::tell_of_cut(history);
    let mut document = RemediationDocument::new(&header.plan);
    history.run().clone_into(&mut document.goes_on);
    document.next = go_on(cli, args, &header.plan.organization);
    for step in &mut document.steps {
        let so_far = history.outcomes();
        step.outcome = Some(match so_far.get(step.id.as_str()) {
            Some(row) => format!("so far {}: {}", row.outcome.as_str(), row.detail),
            None if history.intended(&step.id) => {
                "so far unknown: begun, and no outcome written; it is settled by reading".to_owned()
            }
            None => "so far not begun".to_owned(),
        });
    }
    if !args.run.write.apply {
        streams::print(&document.render(args.run.write.format, streams::width()))?;
        return Ok(Exit::Done);
    }
    let shown = document.render(Format::Table, streams::width());
    let (typed, reason) = writing::confirmation(&args.run.write, source, &shown).await?;
    let approved = Approved::confirm(header.plan.clone(), &typed, reason)
        .map_err(|error| writing::wrong_organization(&error))?;
    let applied = resume(place, history, &approved, &how).await;
    document.goes_on.clear();
    report(
        place,
        &Taken::of(cli, (&args.run.aws, &args.run.write)),
        source,
        args.run.write.format,
        &mut document,
        &header.plan,
        applied,
    )
    .await
}
