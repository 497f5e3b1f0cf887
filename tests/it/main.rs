//! The one integration-test binary: each further one would link the SDK again.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail by panic, helpers included"
)]

mod answers;
mod architecture;
mod commands;
mod cost;
mod demo_serve;
mod denials;
mod failures;
mod formats;
mod fuzz;
mod guard;
mod inspect;
mod oracle;
mod output;
mod prove_bounds;
mod prove_random;
mod random_stacks;
mod readme;
mod remediate;
mod scp_cases;
mod second_source;
mod served;
mod support;
mod verify;
mod witnesses;
