//! The one integration-test binary: each further one would link the SDK again.

#![expect(
    clippy::expect_used,
    reason = "a test may fail by panic, helpers included"
)]

mod demo_serve;
mod remediate;
mod scp_cases;
mod support;
