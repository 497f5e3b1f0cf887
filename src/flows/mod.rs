//! The use cases as straight lines.

mod audit;
mod doctor;
mod remediate;
#[cfg(test)]
mod schemas;
mod snapshot_file;

pub use audit::{Audited, judge_all, rule_ids, rules};
pub use doctor::{Answer, Examination, examine};
pub use remediate::{Planned, make_plan, read_namesakes};
pub use snapshot_file::{SnapshotError, SnapshotFile, read_snapshot, write_snapshot};
