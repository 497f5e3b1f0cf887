//! The simulator under the real SDK clients.

mod calls;
mod demo;
mod membership;
mod policies;
mod scps;
mod support;
mod transport;
