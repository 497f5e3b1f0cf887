//! The real binary against a simulator on loopback.

use std::net::SocketAddr;
use std::process::{Command, Output};
use std::sync::{Arc, OnceLock};

use org_exit_guard::sim::{Serving, Simulator, WIRE_LOG, World, serve};
use serde_json::Value;
use tokio::runtime::Runtime;

/// One runtime for every server of the test process.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().expect("a runtime"))
}

/// The binary, with nothing of this machine's AWS configuration and an empty directory.
pub(crate) fn binary(directory: &tempfile::TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_org-exit-guard"));
    command
        .env_clear()
        .current_dir(directory.path())
        .env("HOME", directory.path())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", directory.path().join("aws-config"))
        .env(
            "AWS_SHARED_CREDENTIALS_FILE",
            directory.path().join("aws-credentials"),
        );
    // The judges of the wire want to hear of the simulators in the binary too.
    if let Some(directory) = std::env::var_os(WIRE_LOG) {
        command.env(WIRE_LOG, directory);
    }
    command
}

/// Runs it in `place`, 80 columns wide.
pub(crate) fn run(place: &tempfile::TempDir, args: &[&str]) -> Run {
    run_at(place, args, "80")
}

pub(crate) fn run_at(place: &tempfile::TempDir, args: &[&str], columns: &str) -> Run {
    let mut command = binary(place);
    command.args(args).env("COLUMNS", columns);
    Run::of(&command.output().expect("it runs"))
}

pub(crate) fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

/// A served simulator.
pub(crate) struct Served {
    pub(crate) simulator: Arc<Simulator>,
    serving: Serving,
    directory: tempfile::TempDir,
}

impl Served {
    pub(crate) fn new(world: World) -> Self {
        let simulator = Simulator::new(world);
        crate::support::record(&simulator);
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let serving = runtime()
            .block_on(serve(simulator.clone(), address))
            .expect("loopback");
        let directory = directory();
        let whole = "rate_share = 1.0\n";
        std::fs::write(directory.path().join("org-exit-guard.toml"), whole).expect("written");
        Self {
            simulator,
            serving,
            directory,
        }
    }

    /// Runs the binary as the administrator of `account`.
    pub(crate) fn run_as(&self, account: &str, args: &[&str]) -> Run {
        let output = self.command_as(account).args(args).output();
        Run::of(&output.expect("it runs"))
    }

    fn command_as(&self, account: &str) -> Command {
        let keys = self.simulator.keys_of(account);
        let mut command = binary(&self.directory);
        command
            .env("AWS_ENDPOINT_URL", self.serving.url())
            .env("AWS_ACCESS_KEY_ID", keys.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", keys.secret_access_key);
        command
    }

    /// The binary as the management account's administrator, not started yet.
    pub(crate) fn command(&self) -> Command {
        let management = self.simulator.world().management;
        self.command_as(&management)
    }

    /// Where it runs.
    pub(crate) fn place(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// The arguments with which a command writes to the served organization.
    pub(crate) fn writing(&self, command: &[&str]) -> Vec<String> {
        let world = self.simulator.world();
        let organization = &world.organization().expect("an organization").id;
        let always = [
            "--apply",
            "--reason",
            "test",
            "--allow-endpoint-override",
            "--state-dir",
            "state",
            "--confirm",
            organization,
        ];
        let all = command.iter().chain(&always);
        all.map(|one| (*one).to_owned()).collect()
    }

    /// Runs a command that writes.
    pub(crate) fn apply(&self, command: &[&str]) -> Run {
        let output = self.command().args(self.writing(command)).output();
        Run::of(&output.expect("it runs"))
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        let management = self.simulator.world().management;
        self.run_as(&management, args)
    }
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        let run = Self {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        };
        assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
        run
    }

    /// What it told on stderr, line breaks and indentation taken out.
    pub(crate) fn said(&self) -> String {
        words(&self.stderr)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Line breaks and indentation taken out.
pub(crate) fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
