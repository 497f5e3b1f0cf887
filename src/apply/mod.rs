//! The only room that writes to AWS: takes an approved plan, keeps a journal,
//! reads back what it did, goes on with it, takes it back.

mod ahead;
mod checks;
mod error;
mod execute;
mod history;
mod journal;
mod lock;
mod perform;
mod proof;
mod release;
mod returned;
mod rows;
mod run;
mod sending;
mod settle;
mod standing;
mod steps;
mod stop;
mod tags;
mod undo;
mod undo_judge;
mod undo_plan;
mod way_back;

pub use checks::{check, check_resume};
pub use error::{ApplyError, Left, StepResult};
pub use execute::{Applied, Place, Resuming, apply, resume};
pub use history::{History, HistoryError, RunState, run_ids};
pub use returned::{Check, Said, check_returned};
pub use rows::{
    By, Call, Entry, Header, Intent, JOURNAL_VERSION, Made, Outcome, Row, Sending, StepOutcome,
};
pub use stop::{Running, Stop};
pub use undo::{Undone, undo};
pub use undo_plan::{ApprovedUndo, Reversal, UndoPlan, plan_undo};
