//! The only room that writes to AWS: takes an approved plan, keeps a journal,
//! reads back what it did.

mod execute;
mod journal;
mod lock;
mod settle;
mod steps;

pub use execute::{Applied, ApplyError, Place, StepOutcome, StepResult, apply};
