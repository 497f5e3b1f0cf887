//! Every way in which a command can end in an error, with its exit code and hint.

use crate::aws::SessionError;
use crate::collect::CollectError;
use crate::config::ConfigError;
use crate::flows::SnapshotError;

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
    /// An output could not be written.
    #[error("cannot write {what}: {source}")]
    Output {
        what: String,
        source: std::io::Error,
    },
    /// The demo's server could not start.
    #[error("cannot serve the simulated organization on loopback: {0}")]
    Demo(std::io::Error),
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl CliError {
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. } | Self::Config(_) => Exit::Usage,
            Self::Runtime(_)
            | Self::Session(_)
            | Self::Collect(_)
            | Self::Snapshot(_)
            | Self::Output { .. }
            | Self::Demo(_) => Exit::Failed,
            Self::Interrupted => Exit::Interrupted,
        }
    }

    pub(super) fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } => Some((*hint).to_owned()),
            Self::Config(_) => Some("docs/configuration.md describes every key".to_owned()),
            Self::Session(error) => Some(error.hint()),
            Self::Collect(error) => Some(error.hint().to_owned()),
            Self::Snapshot(error) => Some(error.hint().to_owned()),
            Self::Runtime(_) | Self::Output { .. } | Self::Demo(_) | Self::Interrupted => None,
        }
    }
}
