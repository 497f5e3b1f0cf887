//! In place of the reads of `StackSets`, in a build without them.

use aws_config::SdkConfig;

use super::error::Failure;
use super::reads::Reads;
use super::session::Tuning;
use crate::model::organization::StackSet;

/// Does this build read `StackSets`?
pub const STACK_SETS_BUILT_IN: bool = false;

#[derive(Debug)]
pub(super) struct Ports;

impl Ports {
    pub(super) fn new(_: &SdkConfig, _: &Tuning) -> Self {
        Self
    }
}

fn absent() -> Failure {
    Failure::not_built_in("cloudformation:ListStackSets", "stack-sets")
}

impl Reads {
    /// Fails: they are left out of this build.
    pub async fn list_stack_sets(&self, _: bool) -> Result<Vec<String>, Failure> {
        Err(std::future::ready(absent()).await)
    }

    /// Fails: they are left out of this build.
    pub async fn describe_stack_set(&self, _: &str, _: bool) -> Result<StackSet, Failure> {
        Err(std::future::ready(absent()).await)
    }
}
