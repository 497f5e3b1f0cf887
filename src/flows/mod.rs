//! The use cases as straight lines.

mod athena;
mod audit;
mod check;
mod detect;
mod doctor;
mod explain;
mod finished;
mod lint;
mod plan_file;
mod private_file;
mod promise;
mod remediate;
mod roster;
mod snapshot_file;
mod verify;

pub use athena::{AskTable, DEPARTED, ask_table, everybody, nameless};
pub use audit::{Audited, judge_all, rule_ids, rules};
pub use check::{CheckError, binding, check, check_line, read_chain, whose_of};
pub use detect::{KnownHome, SearchArchives, detect_in, search_archives};
pub use doctor::{Answer, Examination, examine};
pub use explain::{AccountError, explain_account, find_account};
pub use finished::{FinishedMembers, MEMBER_VERSION, MemberFile};
pub use lint::{LintError, lint_file, lint_files};
pub use plan_file::{PlanFile, PlanFileError, read_plan, write_plan};
pub use private_file::{check_writable, write_private};
pub use promise::{Kept, kept};
pub use remediate::{
    Planned, counts, make_plan, read_hung, read_namesakes, read_owners, read_place, read_returning,
};
pub use roster::{DepartedFile, Earlier, OtherOrganization, Roster, compare_with, diff};
pub use snapshot_file::{SnapshotError, SnapshotFile, read_snapshot, write_snapshot};
pub use verify::{SIMULATOR_DISAGREES, verify};
