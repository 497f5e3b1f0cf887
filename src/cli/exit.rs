//! Exit codes: one meaning each, whatever the format.

use std::process::ExitCode;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, nothing at or above `--fail-on`.
    Done,
    /// The program failed: no trustworthy result.
    Failed,
    /// Usage or configuration error.
    Usage,
    /// Findings at or above `--fail-on`.
    Findings,
    /// Something could not be read, and `--allow-gaps` was not given.
    Incomplete,
    /// The plan has changes (with `--detailed-exit-code` only).
    Changes,
    /// Refused; nothing was changed.
    Refused,
    /// Apply stopped part-way.
    Stopped,
    /// Interrupted.
    Interrupted,
}

impl Exit {
    /// Every code with its meaning, for help and documentation.
    pub const TABLE: [(Self, &'static str); 9] = [
        (
            Self::Done,
            "done, nothing at or above --fail-on; remediate: applied and read back, or nothing to do",
        ),
        (Self::Failed, "the program failed: no trustworthy result"),
        (Self::Usage, "usage or configuration error"),
        (Self::Findings, "findings at or above --fail-on"),
        (
            Self::Incomplete,
            "something could not be read, and --allow-gaps was not given",
        ),
        (
            Self::Changes,
            "the plan has changes (only with --detailed-exit-code)",
        ),
        (
            Self::Refused,
            "refused: an edited, used or stale plan, a broken journal, limits, another organization, not \
             confirmed, or something that was asked for or is needed is not planned; nothing was changed",
        ),
        (
            Self::Stopped,
            "apply, resume or undo stopped part-way, or did not do all that was asked; the message names the run",
        ),
        (Self::Interrupted, "interrupted"),
    ];

    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Findings => 3,
            Self::Incomplete => 4,
            Self::Changes => 5,
            Self::Refused => 6,
            Self::Stopped => 7,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
