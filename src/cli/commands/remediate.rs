//! `remediate`

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use super::super::args::{Cli, RemediateArgs};
use super::super::error::CliError;
use super::super::exit::Exit;
use super::super::facts::Source;
use super::super::streams;
use crate::apply::{Applied, Place, apply};
use crate::flows::{Planned, judge_all, make_plan, read_namesakes};
use crate::plan::{Approved, Plan, Wishes};
use crate::report::RemediationDocument;

pub(in crate::cli) async fn run(cli: &Cli, args: &RemediateArgs) -> Result<Exit, CliError> {
    let source = Source::open(cli, &args.aws, !args.apply).await?;
    let result = with_source(args, &source).await;
    source.close().await;
    result
}

async fn with_source(args: &RemediateArgs, source: &Source) -> Result<Exit, CliError> {
    let mut snapshot = source.collect(&RemediateArgs::scope()).await?;
    read_namesakes(&source.session, &mut snapshot)
        .await
        .map_err(|failure| CliError::refused(format!("{failure}, so a guard may exist already")))?;
    let wishes = Wishes {
        without_self_closure: args.without_self_closure,
        reinvite: args.reinvite.iter().cloned().collect(),
    };
    let planned = make_plan(snapshot, &source.config.settings, &wishes)
        .map_err(|error| CliError::refused(error.to_string()))?;
    let mut document = RemediationDocument::new(
        &planned.plan,
        &planned.before.document(),
        &planned.after.document(),
    );
    if !args.apply || planned.plan.steps.is_empty() {
        streams::print(&document.render(args.format, streams::width()))?;
        let changes = !planned.plan.steps.is_empty();
        return Ok(if changes && args.detailed_exit_code {
            Exit::Changes
        } else {
            Exit::Done
        });
    }
    let approved = approve(args, source, planned, &document)?;
    let place = Place {
        session: &source.session,
        state: &state_directory(args)?,
        now: source.now(),
        observer: source.progress.as_ref(),
    };
    let applied = apply(place, &approved).await;
    source.progress.finish();
    let applied = applied?;
    let after = source.collect(&RemediateArgs::scope()).await?;
    let after = judge_all(after, &source.config.settings);
    note_outcomes(&mut document, &applied);
    let promised = std::mem::replace(&mut document.after, after.document().paths);
    streams::print(&document.render(args.format, streams::width()))?;
    if promised != document.after {
        streams::note(
            "warning: the verdicts read back are not those that the plan promised: AWS may not show the attachment \
             yet, or somebody changed the organization meanwhile; run org-exit-guard audit",
        );
        return Ok(Exit::Stopped);
    }
    Ok(Exit::Done)
}

fn note_outcomes(document: &mut RemediationDocument, applied: &Applied) {
    for (id, result) in &applied.results {
        if let Some(step) = document.steps.iter_mut().find(|step| step.id == *id) {
            step.outcome = Some(format!("{}: {}", result.outcome.as_str(), result.detail));
        }
    }
    document.applied = Some(crate::report::AppliedView {
        run: applied.run.clone(),
        journal: applied.journal.join("journal.jsonl").display().to_string(),
    });
}

/// Everything that must be right before the first write.
fn approve(
    args: &RemediateArgs,
    source: &Source,
    planned: Planned,
    document: &RemediationDocument,
) -> Result<Approved, CliError> {
    if let Some(endpoint) = &source.session.caller().endpoint
        && !source.is_demo()
        && !args.allow_endpoint_override
    {
        return Err(CliError::refused_with(
            format!("the endpoint is `{endpoint}`, not AWS's own"),
            "give --allow-endpoint-override if that is meant",
        ));
    }
    let Some(reason) = args
        .reason
        .clone()
        .filter(|reason| !reason.trim().is_empty())
    else {
        return Err(CliError::refused_with(
            "--apply wants a reason".to_owned(),
            "add --reason TEXT",
        ));
    };
    let typed = match &args.confirm {
        Some(typed) => typed.clone(),
        None => ask(&planned.plan, document)?,
    };
    Approved::confirm(planned.plan, &typed, reason).map_err(|error| {
        CliError::refused_with(
            error.to_string(),
            "check the profile, then give --confirm with the organization's id",
        )
    })
}

/// Asks on a terminal; elsewhere nobody can answer.
fn ask(plan: &Plan, document: &RemediationDocument) -> Result<String, CliError> {
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return Err(CliError::refused_with(
            "nobody confirmed the organization".to_owned(),
            "add --confirm with the organization's id; org-exit-guard remediate without --apply shows it",
        ));
    }
    streams::note(
        &anstream::adapter::strip_str(
            &document.render(crate::report::Format::Table, streams::width()),
        )
        .to_string(),
    );
    streams::note(&format!(
        "management account {}, {} step(s)",
        plan.management,
        plan.steps.len()
    ));
    let failed = |source| CliError::Output {
        what: "the question".to_owned(),
        source,
    };
    let mut stderr = std::io::stderr().lock();
    write!(stderr, "Type the organization's id to apply: ")
        .and_then(|()| stderr.flush())
        .map_err(failed)?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(failed)?;
    Ok(line.strip_suffix('\n').unwrap_or(&line).to_owned())
}

fn state_directory(args: &RemediateArgs) -> Result<PathBuf, CliError> {
    use etcetera::BaseStrategy;
    let directory = match &args.state_dir {
        Some(directory) => directory.clone(),
        None => etcetera::choose_base_strategy()
            .ok()
            .and_then(|strategy| strategy.state_dir())
            .map(|directory| directory.join("org-exit-guard"))
            .ok_or_else(|| {
                CliError::refused_with(
                    "there is no place for the journal".to_owned(),
                    "add --state-dir DIR",
                )
            })?,
    };
    if std::env::var_os("CI").is_some() && args.state_dir.is_none() {
        streams::note(&format!(
            "warning: the journal is kept in {}, which may not outlive this CI job; give --state-dir",
            directory.display()
        ));
    }
    Ok(directory)
}
