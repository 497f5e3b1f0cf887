//! Ctrl-C.

use std::future::Future;

use tokio::sync::watch;

use super::error::CliError;

/// Hears Ctrl-C from when it was made, whether or not anybody waits for it.
#[derive(Debug)]
pub(super) struct Interrupt(watch::Receiver<bool>);

impl Interrupt {
    /// Begins to listen.
    pub(super) fn listen() -> Self {
        let (tell, told) = watch::channel(false);
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                let _ = tell.send(true);
            }
            // Kept until nobody listens any more: its end would look like a signal.
            tell.closed().await;
        });
        Self(told)
    }

    /// Was it heard?
    pub(super) fn was_heard(&self) -> bool {
        *self.0.borrow()
    }

    /// Ends when it is heard.
    pub(super) async fn heard(&self) {
        let mut told = self.0.clone();
        let _ = told.wait_for(|heard| *heard).await;
    }

    /// The end of `work`, or of everything at Ctrl-C.
    pub(super) async fn or<T>(
        &self,
        work: impl Future<Output = Result<T, CliError>>,
    ) -> Result<T, CliError> {
        tokio::select! {
            biased;
            () = self.heard() => Err(CliError::Interrupted),
            result = work => result,
        }
    }
}
