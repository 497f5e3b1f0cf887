//! The catalog of ways out of an organization: one entry each, read by rules,
//! detector, guard, planner, simulator and documentation.

mod catalog;
mod events;

pub use catalog::{
    ActionSpec, Actor, ExitPath, GuardStatement, PATHS, PathId, ResourceShape, path,
};
pub use events::{EVENTS, EventKind, EventSpec, event, event_names, member_event_names};
