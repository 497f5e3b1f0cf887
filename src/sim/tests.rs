//! The simulator under the real SDK clients.

mod calls;
mod membership;
mod policies;
mod support;
mod transport;
