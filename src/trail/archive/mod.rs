//! CloudTrail log files on disk, as an organization trail leaves them in a bucket.
//!
//! Rare needles in large hay: folders that cannot hold a match are not entered (`prune`), what
//! is left is inflated whole into a buffer that is used again (`inflate`), and a search for the
//! values that a match must hold ([`Prefilter`]) decides whether the text is read at all. What is
//! odd, damaged or large takes the slow way (`members`), which yields every readable byte and
//! says what is wrong. Nothing is dropped in silence: see [`Coverage`].

mod coverage;
mod file;
mod frame;
mod inflate;
mod members;
mod place;
mod prefilter;
mod prune;
mod query;
mod record;
mod scan;
mod sync;
mod text;
mod unsearched;
mod walk;

pub use coverage::{Coverage, Damaged, NotSearched, Noted, Pruned};
pub use prefilter::Prefilter;
pub use query::{Query, Window};
pub use scan::{Caps, Found, NotScanned, Scanned, Search, scan};
pub use sync::{Bucket, sync_commands};
