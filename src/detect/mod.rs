//! Records to detections and stories: what happened, to which account, by whom, with what outcome.

mod detection;
mod home;
mod judged;
mod next;
mod outcome;
mod rules;
mod story;
#[cfg(test)]
mod tests;
mod waive;

pub use detection::{Detection, detect};
pub use home::Home;
pub use outcome::{Outcome, RefusedBy};
pub use rules::{RULES, latest_departures};
pub use story::{Story, stories};
