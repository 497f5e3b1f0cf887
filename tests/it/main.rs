//! The one integration-test binary: each further one would link the SDK again.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may fail by panic, helpers included"
)]

mod scp_cases;
