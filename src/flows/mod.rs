//! The use cases as straight lines.

mod audit;
mod snapshot_file;

pub use audit::{Audited, judge_all, rule_ids, rules};
pub use snapshot_file::{SnapshotError, SnapshotFile, read_snapshot, write_snapshot};
