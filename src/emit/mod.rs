//! What is deployed by other means.

mod alarm;
mod iam;

pub use alarm::{Language, alarm};
pub use iam::{IamPolicy, iam_policy};
