//! What is deployed by other means.

mod alarm;
mod athena;
mod guards_guard;
mod iac;
mod iam;

pub use alarm::alarm;
pub use athena::{AthenaQuery, TrailPlace, athena_queries, athena_table};
pub use guards_guard::guards_guard;
pub use iac::{Iac, code};
pub use iam::{IamPolicy, iam_policy};
