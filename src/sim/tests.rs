//! The simulator under the real SDK clients, and under plain requests.

mod calls;
mod delivery;
mod demo;
mod faults;
mod groups;
mod iam;
mod lifecycle;
mod membership;
mod others;
mod policies;
mod scps;
pub(super) mod support;
mod transport;
