//! Findings, detections and facts to a plan of steps. Pure: nothing here can write.

mod again;
mod canary;
mod control_tower;
mod document;
mod facts;
mod guard;
mod guarding;
mod planner;
mod predict;
mod proof;
mod quarantine;
mod quota;
mod reinvite;
mod resolves;
mod responder;
mod restore;
mod return_place;
mod step;
mod tags;
#[cfg(test)]
mod tests;
mod way_back;

pub use document::{PLAN_VERSION, PathCount, PlanDocument, Promise, plan_digest};
pub use facts::{Facts, attached_guard};
pub use guard::{GUARD_NAME, Guard};
pub use planner::{PlanError, Wishes, plan};
pub use proof::{Proof, Takes};
pub use quarantine::{is_role_name, responder_in};
pub use reinvite::{Candidate, INVITATION_NOTES, open_invitation};
pub use responder::{Responder, ResponderRole};
pub use restore::{allows, check_snapshot, hung, unread};
pub use return_place::{by_hand, place_to_look_up};
pub use step::{
    Approved, Change, Existing, NotDone, OnlyError, Plan, PolicyRef, Proves, Step,
    WrongOrganization,
};
pub use way_back::{Returning, check_baseline};
