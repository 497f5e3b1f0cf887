//! Findings, detections and facts to a plan of steps. Pure: nothing here can write.

mod guard;

pub use guard::{GUARD_NAME, Guard};
