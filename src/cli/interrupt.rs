//! Ctrl-C.

use std::future::Future;

use super::error::CliError;

/// The end of `work`, or of everything at Ctrl-C.
pub(super) async fn or_interrupted<T>(
    work: impl Future<Output = Result<T, CliError>>,
) -> Result<T, CliError> {
    tokio::select! {
        result = work => result,
        _ = tokio::signal::ctrl_c() => Err(CliError::Interrupted),
    }
}
