//! Findings, detections and facts to a plan of steps. Pure: nothing here can write.

mod document;
mod facts;
mod guard;
mod planner;
mod reinvite;
mod step;
#[cfg(test)]
mod tests;

pub use document::{PLAN_VERSION, PathCount, PlanDocument, plan_digest};
pub use facts::{Facts, attached_guard, equal_policy};
pub use guard::{GUARD_NAME, Guard};
pub use planner::{PlanError, Wishes, plan};
pub use reinvite::{Candidate, INVITATION_NOTES, open_invitation};
pub use step::{Approved, Change, NotDone, OnlyError, Plan, PolicyRef, Step, WrongOrganization};
