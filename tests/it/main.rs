//! The one integration-test binary: each further one would link the SDK again.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail by panic, helpers included"
)]

#[cfg(feature = "alarms")]
mod alarms;
mod answers;
mod architecture;
mod archive;
mod archive_cases;
mod archive_unread;
mod athena;
mod commands;
mod cost;
mod demo_serve;
mod denials;
mod detect;
mod edge_styles;
mod edges;
mod ended;
mod failures;
mod fault_matrix;
mod formats;
mod former;
mod fuzz;
mod guard;
mod inspect;
mod kill_matrix;
mod killed;
mod members;
mod members_killed;
mod oracle;
mod output;
mod plan_file;
mod planning;
mod printed;
mod prove_bounds;
mod prove_random;
mod random_stacks;
mod readme;
mod remediate;
mod returning;
mod roster;
mod runs;
mod safety;
mod scenarios;
mod scp_cases;
mod second_source;
mod secrets;
mod served;
mod signals;
mod staged;
mod support;
mod taken_back;
mod unread;
mod verify;
mod way_back;
mod way_back_undone;
#[cfg(not(feature = "alarms"))]
mod without_alarms;
mod witnesses;
