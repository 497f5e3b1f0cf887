//! CloudTrail records: read once, leniently, with secrets cut out at the door.
//!
//! Everything in a record is untrusted text.

pub mod archive;
mod membership;
mod parse;
mod redact;

pub use membership::{Departure, Joining, Method, departure, joining};
pub use parse::{Unparsed, parse};
