//! The use cases as straight lines.

mod audit;
mod detect;
mod doctor;
mod private_file;
mod remediate;
mod snapshot_file;

pub use audit::{Audited, judge_all, rule_ids, rules};
pub use detect::{DetectFrom, detect_archives};
pub use doctor::{Answer, Examination, examine};
pub use private_file::write_private;
pub use remediate::{Planned, make_plan, read_namesakes};
pub use snapshot_file::{SnapshotError, SnapshotFile, read_snapshot, write_snapshot};
