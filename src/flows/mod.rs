//! The use cases as straight lines.

mod audit;
mod doctor;
mod plan_file;
mod private_file;
mod remediate;
mod snapshot_file;

pub use audit::{Audited, judge_all, rule_ids, rules};
pub use doctor::{Answer, Examination, examine};
pub use plan_file::{PlanFile, PlanFileError, read_plan, write_plan};
pub use private_file::write_private;
pub use remediate::{Planned, counts, make_plan, read_namesakes};
pub use snapshot_file::{SnapshotError, SnapshotFile, read_snapshot, write_snapshot};
