//! What is deployed by other means.

mod iam;

pub use iam::{IamPolicy, iam_policy};
