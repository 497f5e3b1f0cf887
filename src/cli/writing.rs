//! What every command that may write to AWS makes sure of first.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::args::{StateArgs, WriteArgs};
use super::error::CliError;
use super::facts::Source;
use super::preflight::can_be_asked;
use super::streams;
use crate::apply::{History, Place};

/// Where and when a command writes.
pub(super) fn place<'a>(source: &'a Source, state: &'a Path, args: &WriteArgs) -> Place<'a> {
    Place {
        session: &source.session,
        state,
        now: source.now(),
        observer: source.progress.as_ref(),
        max_changes: args.max_changes,
        stop: &source.stop,
    }
}

/// Refuses an endpoint that is not AWS's own, unless that is meant.
pub(super) fn check_endpoint(args: &WriteArgs, endpoint: &str) -> Result<(), CliError> {
    if args.allow_endpoint_override {
        return Ok(());
    }
    Err(CliError::refused_with(
        format!("the endpoint is `{endpoint}`, not AWS's own"),
        "give --allow-endpoint-override if that is meant",
    ))
}

/// The same of the one that the environment or a profile names, once the session knows it.
pub(super) fn check_session(args: &WriteArgs, source: &Source) -> Result<(), CliError> {
    match &source.session.caller().endpoint {
        Some(endpoint) if args.apply && !source.is_demo() => check_endpoint(args, endpoint),
        _ => Ok(()),
    }
}

/// Why it is done.
pub(super) fn reason(args: &WriteArgs) -> Result<String, CliError> {
    let reason = args.reason.clone();
    reason
        .filter(|reason| !reason.trim().is_empty())
        .ok_or_else(|| {
            CliError::refused_with("--apply wants a reason".to_owned(), "add --reason TEXT")
        })
}

pub(super) fn nobody_confirmed() -> CliError {
    CliError::refused_with(
        "nobody confirmed the organization".to_owned(),
        "add --confirm with the organization's id; the same command without --apply shows it",
    )
}

/// The typed organization and the reason; `shown` is what a person at a terminal decides on.
pub(super) async fn confirmation(
    args: &WriteArgs,
    source: &Source,
    shown: &str,
) -> Result<(String, String), CliError> {
    check_session(args, source)?;
    let reason = reason(args)?;
    let typed = match &args.confirm {
        Some(typed) => typed.clone(),
        None => ask(shown).await?,
    };
    Ok((typed, reason))
}

/// Refuses another organization's id.
pub(super) fn wrong_organization(error: &crate::plan::WrongOrganization) -> CliError {
    CliError::refused_with(
        error.to_string(),
        "check the profile, then give --confirm with the organization's id",
    )
}

/// Asks on a terminal; elsewhere nobody can answer.
async fn ask(shown: &str) -> Result<String, CliError> {
    if !can_be_asked() {
        return Err(nobody_confirmed());
    }
    streams::note(&anstream::adapter::strip_str(shown).to_string());
    let failed = |source| CliError::Output {
        what: "the question".to_owned(),
        source,
    };
    write!(std::io::stderr(), "Type the organization's id to apply: ")
        .and_then(|()| std::io::stderr().flush())
        .map_err(failed)?;
    // In a thread of its own, which nobody waits for: a signal ends the program at the question.
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line).map(|_| line);
        let _ = tell.send(read);
    });
    let line = told
        .await
        .map_err(|_| CliError::Interrupted)?
        .map_err(failed)?;
    Ok(line.strip_suffix('\n').unwrap_or(&line).to_owned())
}

/// Says that a journal was cut off.
pub(super) fn tell_of_cut(history: &History) {
    if history.is_torn() {
        streams::note(&format!(
            "warning: the last row of the journal was cut off; the {} rows before it are used",
            history.rows().len()
        ));
    }
}

/// Where lock and journals are kept; those of the demo in a directory of their own.
pub(super) fn state_directory(args: &StateArgs, demo: bool) -> Result<PathBuf, CliError> {
    let directory = state_place(args).ok_or_else(|| {
        CliError::refused_with(
            "there is no place for the journal".to_owned(),
            "add --state-dir DIR",
        )
    })?;
    if std::env::var_os("CI").is_some() && args.state_dir.is_none() {
        streams::note(&format!(
            "warning: the journal is kept in {}, which may not outlive this CI job; give --state-dir",
            directory.display()
        ));
    }
    // None of the demo's runs is taken for a real one.
    Ok(if demo {
        directory.join("demo")
    } else {
        directory
    })
}

/// The directory that was named, or the user's own.
pub(super) fn state_place(args: &StateArgs) -> Option<PathBuf> {
    use etcetera::BaseStrategy;
    args.state_dir.clone().or_else(|| {
        let strategy = etcetera::choose_base_strategy().ok()?;
        Some(strategy.state_dir()?.join("org-exit-guard"))
    })
}
