//! Sending a write, and reading until it shows.

use std::future::Future;
use std::time::Duration;

use super::stop::Stop;
use crate::aws::{Failure, FailureClass, WriteFailure};

/// Waits between reads of a postcondition, and between tries of a contended write.
pub(super) const PAUSES: [Duration; 6] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(15),
];

/// Why a step did not reach its postcondition.
#[derive(Debug)]
pub(super) enum StepFailure {
    /// AWS refused, or the state forbids it; nothing was changed by this step.
    Refused(String),
    /// It may or may not have happened, and reading did not tell.
    Unknown(String),
}

impl From<Failure> for StepFailure {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure.to_string())
    }
}

/// How a write ended that may have been tried several times.
#[derive(Debug)]
pub(super) enum Written<T> {
    /// AWS said so.
    Done(T),
    /// The answer was lost.
    Lost(Failure),
    /// Something is there already.
    There(Failure),
    /// AWS said no.
    No(Failure),
}

impl<T> Written<T> {
    /// The failure that hides whether it took effect; `refusal` makes the step's failure of AWS's no.
    pub(super) fn lost(
        self,
        refusal: impl FnOnce(&Failure) -> StepFailure,
    ) -> Result<Option<Failure>, StepFailure> {
        match self {
            Self::Done(_) | Self::There(_) => Ok(None),
            Self::Lost(failure) => Ok(Some(failure)),
            Self::No(failure) => Err(refusal(&failure)),
        }
    }
}

/// AWS's no, in its words.
pub(super) fn in_words(failure: &Failure) -> StepFailure {
    StepFailure::Refused(failure.to_string())
}

/// Writes, again only while AWS is busy with another change and nobody asked to stop.
pub(super) async fn write<T, F>(stop: &Stop, send: impl Fn() -> F) -> Written<T>
where
    F: Future<Output = Result<T, WriteFailure>>,
{
    let mut pauses = PAUSES.iter();
    loop {
        let failure = match send().await {
            Ok(answer) => return Written::Done(answer),
            Err(WriteFailure::OutcomeUnknown(failure)) => return Written::Lost(failure),
            Err(WriteFailure::Refused(failure)) => failure,
        };
        match (failure.class, pauses.next()) {
            (FailureClass::InProgress, Some(pause)) if !stop.is_asked() => {
                stop.pause(*pause).await;
            }
            (FailureClass::Conflict | FailureClass::AlreadyDone, _) => {
                return Written::There(failure);
            }
            _ => return Written::No(failure),
        }
    }
}

/// Reads until there is something: at once, after each pause, and so once more after the last. A
/// read may show the state from before the last write.
pub(super) async fn found<T, E, F>(stop: &Stop, read: impl Fn() -> F) -> Result<Option<T>, E>
where
    F: Future<Output = Result<Option<T>, E>>,
{
    for pause in PAUSES {
        if let Some(found) = read().await? {
            return Ok(Some(found));
        }
        if stop.is_asked() {
            return Ok(None);
        }
        stop.pause(pause).await;
    }
    read().await
}

/// Reads until what was written shows. `lost` is why AWS's answer is not known, `missing` what is
/// said where the reads do not show it.
pub(super) async fn read_back<F>(
    stop: &Stop,
    lost: Option<&Failure>,
    missing: &str,
    read: impl Fn() -> F,
) -> Result<(), StepFailure>
where
    F: Future<Output = Result<bool, Failure>>,
{
    read_back_for(stop, PAUSES, lost, missing, read).await
}

/// As [`read_back`], with other pauses.
pub(super) async fn read_back_for<F>(
    stop: &Stop,
    pauses: impl IntoIterator<Item = Duration>,
    lost: Option<&Failure>,
    missing: &str,
    read: impl Fn() -> F,
) -> Result<(), StepFailure>
where
    F: Future<Output = Result<bool, Failure>>,
{
    let mut pauses = pauses.into_iter();
    loop {
        let unread = match read().await {
            Ok(true) => return Ok(()),
            Ok(false) => None,
            Err(failure) => Some(failure),
        };
        // Waiting does not cure a refusal to read.
        let refused = unread.as_ref().is_some_and(|failure| {
            matches!(
                failure.class,
                FailureClass::AccessDenied | FailureClass::Credentials
            )
        });
        match pauses.next() {
            Some(pause) if !refused && !stop.is_asked() => stop.pause(pause).await,
            _ => {
                let asked = stop.is_asked() && !refused;
                return Err(unshown(lost, unread.as_ref(), missing, asked));
            }
        }
    }
}

/// In words: what AWS answered, and what reading told.
fn unshown(
    lost: Option<&Failure>,
    unread: Option<&Failure>,
    missing: &str,
    asked: bool,
) -> StepFailure {
    let sent = lost.map_or_else(|| "AWS accepted it".to_owned(), Failure::to_string);
    let read = match unread {
        Some(failure) => format!("it could not be read back: {failure}"),
        None => missing.to_owned(),
    };
    let waited = if asked {
        "; interrupted before it was shown"
    } else {
        ""
    };
    StepFailure::Unknown(format!("{sent}; {read}{waited}"))
}
