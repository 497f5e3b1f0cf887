//! Ids that parse once, the organization's facts, and how a missing fact is said.
//!
//! Nothing in this room performs IO, reads a clock or knows an AWS SDK type.

pub mod digest;
#[cfg(test)]
pub(crate) mod fixture;
pub mod ids;
pub mod monitoring;
pub mod node;
pub mod observed;
pub mod observer;
pub mod operations;
pub mod organization;
pub mod ours;
pub mod partition;
pub mod record;
pub mod rule;
pub mod settings;
pub mod snapshot;

pub use digest::sha256_hex;
pub use ids::{AccountId, HandshakeId, InvalidId, OrganizationId, OuId, PolicyId, RootId};
pub use node::NodeId;
pub use observed::{Gap, GapReason, Observed};
pub use observer::{Event, Observer, Silent};
pub use partition::Partition;
pub use snapshot::Snapshot;

/// A point in time, UTC, printed as RFC 3339.
pub type Timestamp = jiff::Timestamp;
