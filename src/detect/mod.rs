//! Records to detections and stories: what happened, to which account, by whom, with what outcome.

mod alarm;
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

pub use alarm::{
    Alarms, Deployed, EventRule, Fires, MetricFilter, NotRead, Raised, read_template, would_fire,
};
pub use detection::{Detection, detect};
pub use home::Home;
pub use outcome::{Outcome, RefusedBy};
pub use rules::{RULES, latest_departures};
pub use story::{Story, stories};
