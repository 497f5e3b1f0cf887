//! The only room that knows an AWS SDK type (beside the connector of `sim`).
//!
//! A [`Session`] knows who calls; [`Reads`] can only read, [`Writes`] can only
//! enable, create, attach and invite, and [`UndoWrites`] takes back. All pace themselves, see
//! `lanes`.

mod assumed;
#[cfg_attr(not(feature = "athena"), path = "athena_absent.rs")]
mod athena;
mod cloudtrail;
mod connector;
mod convert;
mod error;
#[cfg(feature = "alarms")]
mod events;
mod iam;
mod inside;
mod lanes;
#[cfg(feature = "alarms")]
mod logs;
mod member;
mod organizations;
mod pages;
mod question;
mod reads;
mod receipts;
mod redact;
mod role;
mod session;
mod session_error;
mod session_policy;
#[cfg_attr(not(feature = "stack-sets"), path = "stack_sets_absent.rs")]
mod stack_sets;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod trails;
mod transcript;
mod undo_writes;
mod waits;
#[cfg(not(feature = "alarms"))]
mod without_alarms;
mod writes;

pub use athena::Athena;
pub use error::{Failure, FailureClass, WriteFailure};
pub use iam::{SimulatedKey, Simulation};
pub use member::{Member, MemberError};
pub use question::{Cells, Question, Rows};
pub use reads::Reads;
pub use receipts::Receipt;
pub use role::Role;
pub use session::{Keys, Session, SessionOptions};
pub use session_error::SessionError;
pub use session_policy::AthenaRights;
pub use stack_sets::STACK_SETS_BUILT_IN;
pub use transcript::Transcript;
pub use undo_writes::UndoWrites;
pub use writes::{CreatedPolicy, Writes};
