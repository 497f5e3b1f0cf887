//! Every way in which a command can end in an error, with its exit code and hint.

use std::io::ErrorKind;

use crate::apply::{ApplyError, HistoryError, Left, Running};
use crate::aws::SessionError;
use crate::collect::CollectError;
use crate::config::ConfigError;
use crate::flows::{AccountError, CheckError, OtherOrganization, PlanFileError, SnapshotError};
use crate::trail::archive::NotScanned;

use super::exit::Exit;

/// An error that ends a command.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    /// The async runtime could not start.
    #[error("cannot start: {0}")]
    Runtime(std::io::Error),
    /// Arguments that do not go together.
    #[error("{message}")]
    Usage { message: String, hint: &'static str },
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No session with AWS.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// Nothing could be judged.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// A snapshot file.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A baseline of another organization.
    #[error(transparent)]
    Baseline(#[from] OtherOrganization),
    /// An account that cannot be looked at.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// A question that cannot be asked.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// A file that cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Input {
        path: String,
        source: std::io::Error,
    },
    /// An archive of log files could not be searched at all.
    #[error(transparent)]
    Archive(#[from] NotScanned),
    /// An output could not be written.
    #[error("cannot write {what}: {source}")]
    Output {
        what: String,
        source: std::io::Error,
    },
    /// The demo's server could not start.
    #[error("cannot serve the simulated organization on loopback: {0}")]
    Demo(std::io::Error),
    /// A scenario that cannot be served.
    #[error("cannot serve scenario `{path}`: {why}")]
    Scenario { path: String, why: String },
    /// Refused before anything was changed.
    #[error("refused: {why}; nothing was changed")]
    Refused { why: String, hint: &'static str },
    /// A plan file.
    #[error(transparent)]
    Plan(#[from] PlanFileError),
    /// The journal of a run.
    #[error("refused: {0}; nothing was changed")]
    History(#[from] HistoryError),
    /// Applying a plan.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// A signal, before anything was written.
    #[error("interrupted; nothing was changed")]
    Interrupted,
    /// A signal, once the run had ended.
    #[error("interrupted after run `{}` had ended: the verdicts were not read back", .0.run)]
    InterruptedAfter(Running),
    /// A second signal: the call under way was not waited for.
    #[error("aborted: {}", aborted(.0))]
    Aborted(Running),
}

fn aborted(running: &Running) -> String {
    match &running.step {
        Some(step) => format!(
            "of step `{step}` of run `{}` it is not known whether it took effect",
            running.run
        ),
        None => format!("no step of run `{}` was under way", running.run),
    }
}

/// What a run that did not end left, and how to go on.
fn what_next(left: &Left) -> String {
    let list = |steps: Vec<&str>| {
        if steps.is_empty() {
            "none".to_owned()
        } else {
            steps.join(", ")
        }
    };
    let done = list(left.results.iter().map(|(step, _)| step.as_str()).collect());
    let open = list(left.open.iter().map(|(step, _)| step.as_str()).collect());
    let journal = left.journal.display();
    if left.undo {
        return format!(
            "taken back before it: {done}; still to be taken back: {open}; the journal lies in {journal}"
        );
    }
    format!("steps that stand: {done}; not begun: {open}; the journal lies in {journal}")
}

impl CliError {
    pub(super) fn refused(why: String) -> Self {
        Self::refused_with(why, "org-exit-guard doctor shows what the caller may read")
    }

    pub(super) fn refused_with(why: String, hint: &'static str) -> Self {
        Self::Refused { why, hint }
    }

    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. }
            | Self::Baseline(_)
            | Self::Config(_)
            | Self::Scenario { .. }
            | Self::Plan(PlanFileError::Read { .. })
            | Self::Account(AccountError::Unknown(_) | AccountError::Ambiguous { .. })
            | Self::Check(_) => Exit::Usage,
            Self::Runtime(_)
            | Self::Session(_)
            | Self::Collect(_)
            | Self::Snapshot(_)
            | Self::Account(AccountError::NotListed(_))
            | Self::Input { .. }
            | Self::Archive(_)
            | Self::Output { .. }
            | Self::Plan(PlanFileError::Write { .. })
            | Self::Demo(_) => Exit::Failed,
            Self::Refused { .. }
            | Self::Plan(_)
            | Self::History(_)
            | Self::Apply(ApplyError::Refused { .. }) => Exit::Refused,
            Self::Apply(ApplyError::Stopped(_)) => Exit::Stopped,
            Self::Interrupted
            | Self::InterruptedAfter(_)
            | Self::Aborted(_)
            | Self::Apply(ApplyError::Interrupted(_)) => Exit::Interrupted,
        }
    }

    pub(super) fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } | Self::Refused { hint, .. } => Some((*hint).to_owned()),
            Self::Config(_) => Some("docs/configuration.md describes every key".to_owned()),
            Self::Apply(ApplyError::Refused { hint, .. }) => Some(hint.clone()),
            Self::Apply(ApplyError::Stopped(left) | ApplyError::Interrupted(left)) => {
                Some(what_next(left))
            }
            Self::Plan(PlanFileError::Read { .. } | PlanFileError::Write { .. }) => {
                Some("give the path of a file that --plan-out wrote or may write".to_owned())
            }
            Self::Plan(_) => {
                Some("make a new plan: org-exit-guard remediate, with --plan-out FILE".to_owned())
            }
            Self::History(_) => Some("org-exit-guard runs shows every run".to_owned()),
            Self::Scenario { .. } => Some("docs/scenarios.md describes every key".to_owned()),
            Self::Session(error) => Some(error.hint()),
            Self::Collect(error) => Some(error.hint().to_owned()),
            Self::Snapshot(error) => Some(error.hint().to_owned()),
            Self::Baseline(_) => Some("give a snapshot of the same organization".to_owned()),
            Self::Account(error) => Some(error.hint().to_owned()),
            Self::Check(_) => Some("org-exit-guard check --help has examples".to_owned()),
            Self::Archive(NotScanned::Root { .. } | NotScanned::Nothing { .. }) => Some(
                "give the folder that holds AWSLogs, or any folder or file below it".to_owned(),
            ),
            Self::Output { source, .. }
                if matches!(
                    source.kind(),
                    ErrorKind::NotFound
                        | ErrorKind::NotADirectory
                        | ErrorKind::PermissionDenied
                        | ErrorKind::ReadOnlyFilesystem
                ) =>
            {
                Some("give a path in a directory that exists and that you may write to".to_owned())
            }
            Self::Output { .. }
            | Self::Input { .. }
            | Self::Archive(_)
            | Self::Runtime(_)
            | Self::Demo(_)
            | Self::Interrupted => None,
            Self::InterruptedAfter(_) => Some("org-exit-guard audit shows the verdicts".to_owned()),
            Self::Aborted(_) => Some("going on with the run settles it by reading".to_owned()),
        }
    }
}
