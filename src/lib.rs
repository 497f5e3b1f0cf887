//! Audits and closes the ways by which an account can leave an AWS Organization.
//!
//! Facts, then judgement, then action: `collect` reads AWS into an immutable
//! [`model::Snapshot`]; verdicts, findings and plans are pure functions of it;
//! only `apply` writes. CONTRIBUTING.md has the map of the rooms.

pub mod alarm;
pub mod apply;
pub mod audit;
pub mod aws;
pub mod cli;
pub mod collect;
pub mod config;
pub mod detect;
pub mod emit;
pub mod evaluate;
pub mod exits;
pub mod flows;
pub mod inspect;
pub mod model;
pub mod plan;
pub mod prove;
pub mod report;
pub mod scp;
pub mod sim;
pub mod trail;
pub mod verdict;
