//! Records to detections: what happened, to which account, by whom, with what outcome.

mod detection;
mod outcome;
mod rules;

pub use detection::{Detection, detect, detect_records};
pub use outcome::{Outcome, RefusedBy};
pub use rules::{RULES, latest_departures};
