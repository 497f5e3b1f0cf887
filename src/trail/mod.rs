//! CloudTrail records: read once, leniently, with secrets cut out at the door.
//!
//! Everything in a record is untrusted text.

pub mod archive;
mod membership;
mod parse;
mod redact;
mod table;

pub use membership::{Departure, Joining, Method, departure, joining};
pub use parse::{Unparsed, parse};
pub use table::{COLUMNS, Column, Queried, TableCoverage, check_header, from_row};
