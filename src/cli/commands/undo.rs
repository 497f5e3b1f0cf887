//! `undo`

use std::path::Path;

use super::super::args::{Cli, UndoArgs};
use super::super::command_line::{look_back, take_back};
use super::super::error::CliError;
use super::super::exit::Exit;
use super::super::facts::Source;
use super::super::preflight::check_undo;
use super::super::{streams, writing};
use crate::apply::{ApplyError, History, Left, Reversal, Stop, UndoPlan, plan_undo, undo};
use crate::plan::NotDone;
use crate::report::{Format, NotDoneView, ReversalView, UndoDocument};

pub(in crate::cli) async fn run(cli: &Cli, args: &UndoArgs, stop: &Stop) -> Result<Exit, CliError> {
    let state = writing::state_directory(&args.run.write.state, args.run.aws.demo)?;
    let history = History::read(&state, &args.run.run)?;
    check_undo(args, &history)?;
    let source = Source::open_to_write(cli, &args.run.aws, &args.run.write, (stop, None)).await?;
    let result = with_source((cli, args), &source, &state, &history).await;
    source.close().await;
    result
}

async fn with_source(
    (cli, args): (&Cli, &UndoArgs),
    source: &Source,
    state: &Path,
    history: &History,
) -> Result<Exit, CliError> {
    let place = writing::place(source, state, &args.run.write);
    let mut plan = plan_undo(place, history).await?;
    if !args.only.is_empty() {
        plan.keep_only(&args.only).map_err(|error| {
            CliError::refused_with(error.to_string(), "undo without --only shows every step")
        })?;
    }
    writing::tell_of_cut(history);
    let mut document = document(&plan);
    if let (Some(header), Some(row)) = (history.header(), history.rows().first()) {
        document.of = vec![
            format!("applied at {} by {}", row.time, header.caller),
            format!("reason: {}", header.reason),
        ];
    }
    let session = (&args.run.aws, &args.run.write);
    for one in &mut document.held {
        one.next = look_back(cli, session, (history.run(), Some(&one.step)));
    }
    if !plan.reversals.is_empty() {
        document.next = take_back(cli, args, &plan.organization);
    }
    if !args.run.write.apply {
        streams::print(&document.render(args.run.write.format, streams::width()))?;
        return Ok(Exit::Done);
    }
    let shown = document.render(Format::Table, streams::width());
    let (typed, reason) = writing::confirmation(&args.run.write, source, &shown).await?;
    let approved = plan
        .confirm(&typed, reason)
        .map_err(|error| writing::wrong_organization(&error))?;
    let undone = undo(place, &approved).await;
    source.progress.finish();
    let undone = match undone {
        Ok(undone) => undone,
        Err(error) => {
            if let ApplyError::Stopped(left) | ApplyError::Interrupted(left) = &error {
                note_left(&mut document, left, &error);
                streams::print(&document.render(args.run.write.format, streams::width()))?;
            }
            return Err(error.into());
        }
    };
    for (one, (_, result)) in document.reversals.iter_mut().zip(&undone.results) {
        one.outcome = Some(format!("{}: {}", result.outcome.as_str(), result.detail));
    }
    document.applied = true;
    document.next.clear();
    streams::print(&document.render(args.run.write.format, streams::width()))?;
    Ok(Exit::Done)
}

/// What an undo that stopped took back, step by step.
fn note_left(document: &mut UndoDocument, left: &Left, error: &ApplyError) {
    let done = left.results.iter().map(|(step, result)| {
        let outcome = format!("{}: {}", result.outcome.as_str(), result.detail);
        (step, outcome)
    });
    let failed = left
        .failed
        .iter()
        .map(|(step, why)| (step, format!("failed: {why}")));
    for (step, outcome) in done.chain(failed) {
        if let Some(one) = document.reversals.iter_mut().find(|one| one.step == *step) {
            one.outcome = Some(outcome);
        }
    }
    document.stopped = error.to_string();
    document.next.clear();
}

fn document(plan: &UndoPlan) -> UndoDocument {
    let views = |list: &[(String, Reversal, String)]| {
        let views = list.iter().map(|(step, _, words)| ReversalView {
            step: step.clone(),
            title: words.clone(),
            outcome: None,
            next: String::new(),
        });
        views.collect::<Vec<_>>()
    };
    let notes = |list: &[NotDone]| {
        let notes = list.iter().map(|one| NotDoneView {
            what: one.what.clone(),
            why: one.why.clone(),
        });
        notes.collect::<Vec<_>>()
    };
    UndoDocument::new(
        plan.run.clone(),
        plan.organization.clone(),
        views(&plan.reversals),
        views(&plan.held),
        (notes(&plan.left), notes(&plan.not_done)),
    )
}
