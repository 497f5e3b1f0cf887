//! The simulated AWS: a pure handler, request in, reply out.
//!
//! Plugged into the SDK as its HTTP client ([`Simulator::http_client`]) for
//! tests in virtual time, or served on loopback ([`serve`]) for the demo and
//! for any AWS client. Several organizations and accounts live in one
//! [`World`]; each call is authenticated by its key, judged, performed and
//! logged in the caller's `CloudTrail` event history.
//!
//! What AWS does and the simulator does not: signatures are not verified,
//! requests are checked only where an operation looks, of managed IAM policies
//! only `AdministratorAccess` grants anything, and the shape of `AccountDepartedOrganization` details is a guess, since no
//! public sample of that record exists.

mod authorize;
mod body;
mod buckets;
pub mod connector;
mod console;
mod delegation;
pub mod faults;
mod identify;
mod json;
pub mod latency;
pub mod log;
pub mod mutation;
mod permissions;
pub mod refusal;
pub mod scenario;
pub mod server;
pub mod service;
mod services;
mod state;
mod wire;
pub mod wire_log;
pub mod world;

#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use bytes::Bytes;
pub use faults::{Calls, Change, Fault, Kind};
pub use latency::Latency;
pub use log::{CallOutcome, LoggedCall};
pub use mutation::{ForeignChange, Mutation};
pub use refusal::Refusal;
pub use scenario::{GeneratorOptions, WorldBuilder, demo, dump, empty, generate, reload};
pub use server::{Serving, serve};
pub use service::{Outcome, Reply, Service};
pub use wire_log::WIRE_LOG;
pub use world::World;

use state::State;

/// Long-term credentials of a user in the simulated AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// `AKIA…`.
    pub access_key_id: String,
    /// The secret; the simulator does not verify signatures.
    pub secret_access_key: String,
}

/// The user to whom [`Simulator::keys_of`] hands keys.
pub const ADMIN_USER: &str = "OrgAdmin";

/// A simulated AWS that many clients can share.
#[derive(Debug)]
pub struct Simulator {
    state: Mutex<State>,
    /// The world's time when the simulator was made, and the clock's.
    began: (SystemTime, tokio::time::Instant),
    /// For the judges of a test run, if they asked for it.
    wire_log: OnceLock<wire_log::WireLog>,
}

impl Simulator {
    /// A simulator that goes on from a world; its clock starts at the world's time.
    pub fn new(world: World) -> Arc<Self> {
        // A time before the epoch does not matter to anybody here.
        let start = SystemTime::try_from(world.now).unwrap_or(SystemTime::UNIX_EPOCH);
        let began = (start, tokio::time::Instant::now());
        let state = State::new(world);
        let simulator = Arc::new(Self {
            state: Mutex::new(state),
            began,
            wire_log: OnceLock::new(),
        });
        #[cfg(test)]
        tests::support::record(&simulator);
        simulator
    }

    /// A panic in another test thread must not take this one along.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keys of an administrator in the scenario's management account.
    pub fn keys_of_management(&self) -> Keys {
        let management = self.state().world.management.clone();
        self.keys_of(&management)
    }

    /// Keys of the account's user [`ADMIN_USER`], who is made if need be.
    ///
    /// For an account that does not exist: keys that AWS does not know, so that
    /// the first call with them is refused.
    pub fn keys_of(&self, account: &str) -> Keys {
        let found = self.state().world.ensure_user(account, ADMIN_USER);
        let (access_key_id, secret_access_key) =
            found.unwrap_or_else(|| ("AKIANOSUCHACCOUNT000".to_owned(), "none".to_owned()));
        Keys {
            access_key_id,
            secret_access_key,
        }
    }

    /// From now on adds every request and its answer to a file, one JSON object a line;
    /// [`WIRE_LOG`] says what for. Only the first call of it counts.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn record_to(&self, path: &Path) -> io::Result<()> {
        let log = wire_log::WireLog::open(path)?;
        // Set already: that file goes on.
        let _ = self.wire_log.set(log);
        Ok(())
    }

    /// Adds a fault.
    pub fn add_fault(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    /// Takes all faults away; call counts go on.
    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// Turns the token buckets with AWS's published rates on or off (off at first).
    pub fn set_throttling(&self, on: bool) {
        self.state().throttling = on;
    }

    /// How long answers take (not at all at first).
    pub fn set_latency(&self, latency: Latency) {
        self.state().latency = latency;
    }

    /// Every request so far, in order of arrival.
    pub fn log(&self) -> Vec<LoggedCall> {
        self.state().log.clone()
    }

    /// A copy of the world as it is now.
    pub fn world(&self) -> World {
        self.state().world.clone()
    }

    /// Changes the world behind AWS's back, as other people's calls would.
    pub fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        change(&mut self.state().world)
    }

    /// The account's root user closes it on the console's Account page: the one way
    /// out for which there is no API.
    ///
    /// # Errors
    /// The denial of a service control policy; an account that cannot be closed.
    pub fn close_as_root(&self, account: &str) -> Result<(), Refusal> {
        console::close_as_root(&mut self.state().world, account)
    }

    /// Lets virtual time pass at once, in addition to tokio's clock.
    pub fn skip(&self, time: Duration) {
        self.state().skipped += time;
    }

    /// An HTTP client for the SDK that reaches this simulator in process.
    pub fn http_client(self: &Arc<Self>) -> SharedHttpClient {
        SharedHttpClient::new(connector::InProcess::new(self.clone()))
    }

    /// Its clock, for the SDK beside [`Simulator::http_client`].
    pub fn time_source(self: &Arc<Self>) -> SharedTimeSource {
        SharedTimeSource::new(connector::Clock(self.clone()))
    }
}

impl Service for Simulator {
    fn handle(&self, now: SystemTime, request: &http::Request<Bytes>) -> Reply {
        let reply = match wire::parse(request) {
            Ok(request) => self.state().handle(now, &request),
            Err(answer) => Outcome::Answer(*answer).into(),
        };
        if let Some(log) = self.wire_log.get() {
            log.write(request, &reply);
        }
        reply
    }

    fn now(&self) -> SystemTime {
        let (start, instant) = self.began;
        start + instant.elapsed() + self.state().skipped
    }
}
