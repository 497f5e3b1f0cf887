//! What is deployed by other means.

mod guards_guard;
mod iac;
mod iam;

pub use guards_guard::guards_guard;
pub use iac::{Existing, Iac, code};
pub use iam::{IamPolicy, iam_policy};
