//! `runs`

use std::path::Path;

use super::super::args::RunsArgs;
use super::super::error::CliError;
use super::super::exit::Exit;
use super::super::{streams, writing};
use crate::apply::{History, run_ids};
use crate::report::{RunView, RunsDocument};

pub(in crate::cli) fn run(args: &RunsArgs) -> Result<Exit, CliError> {
    let state = writing::state_directory(&args.state, args.demo)?;
    let ids = run_ids(&state).map_err(|source| CliError::Output {
        what: format!("the list of runs in `{}`", state.display()),
        source,
    })?;
    let runs = ids.into_iter().map(|id| view(&state, id)).collect();
    let document = RunsDocument::new(runs);
    streams::print(&document.render(args.format, streams::width()))?;
    Ok(Exit::Done)
}

fn view(state: &Path, run: String) -> RunView {
    let mut view = RunView {
        run,
        time: None,
        caller: None,
        reason: None,
        organization: None,
        steps: Vec::new(),
        state: "unusable".to_owned(),
        problem: None,
    };
    match History::read(state, &view.run) {
        Ok(history) => {
            view.state = history.state().words();
            view.time = history.rows().first().map(|row| row.time.to_string());
            if let Some(header) = history.header() {
                view.caller = Some(header.caller.clone());
                view.reason = Some(header.reason.clone());
                view.organization = Some(header.plan.organization.clone());
                let outcomes = history.outcomes();
                let stands = |step: &crate::plan::Step| match outcomes.get(step.id.as_str()) {
                    Some(row) => format!("{} {}", step.id, row.outcome.as_str()),
                    None if history.intended(&step.id) => format!("{} unknown", step.id),
                    None => format!("{} not begun", step.id),
                };
                view.steps = header.plan.steps.iter().map(stands).collect();
            }
            if history.is_torn() {
                let rows = history.rows().len();
                view.problem = Some(format!(
                    "the last row was cut off; {rows} rows before it are used"
                ));
            }
        }
        Err(error) => view.problem = Some(error.to_string()),
    }
    view
}
