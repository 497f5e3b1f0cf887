//! Ctrl-C, SIGTERM and SIGHUP while a command may write.

use std::future::Future;

use super::error::CliError;
use super::streams;
use crate::apply::Stop;

/// The end of `work`. The first signal lets the call under way and its outcome be finished, the
/// second ends at once; before a run is open, the first does.
pub(super) async fn heeding<T>(
    stop: &Stop,
    work: impl Future<Output = Result<T, CliError>>,
) -> Result<T, CliError> {
    let mut signals = Signals::listen().map_err(CliError::Runtime)?;
    let mut work = Box::pin(work);
    loop {
        tokio::select! {
            biased;
            result = &mut work => return result,
            () = signals.next() => {}
        }
        match stop.running() {
            None => return Err(CliError::Interrupted),
            Some(running) if running.ended => return Err(CliError::InterruptedAfter(running)),
            Some(running) if stop.is_asked() => return Err(CliError::Aborted(running)),
            Some(running) => {
                stop.ask();
                streams::note(&format!(
                    "interrupted: run `{}` ends after the call under way; interrupt again to abort at once",
                    running.run
                ));
            }
        }
    }
}

/// The signals by which a person, a scheduler or a closing terminal ends a program.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
