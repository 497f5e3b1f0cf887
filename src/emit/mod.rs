//! What is deployed by other means.

mod alarm;
mod athena;
mod iam;

pub use alarm::{Language, alarm};
pub use athena::{TrailPlace, athena_query, athena_table};
pub use iam::{IamPolicy, iam_policy};
