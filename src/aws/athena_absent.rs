//! In place of Athena, in a build without it.

use std::future::Future;

use super::error::Failure;
use super::question::{Question, Rows};
use super::session::Session;

/// Athena, which this build cannot ask.
#[derive(Debug)]
pub struct Athena;

impl Session {
    /// Athena, which this build cannot ask.
    pub fn athena(&self, _: Option<&str>) -> Athena {
        Athena
    }
}

impl Athena {
    /// Fails: it is left out of this build.
    pub async fn ask(&self, _: &Question, _: impl Future<Output = ()>) -> Result<Rows, Failure> {
        let absent = Failure::not_built_in("athena:StartQueryExecution", "athena");
        Err(std::future::ready(absent).await)
    }
}
