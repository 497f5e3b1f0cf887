//! `demo serve`, as a process.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use org_exit_guard::aws::{Keys, Session, SessionOptions};

/// A served world; ended when dropped.
struct Served {
    child: Child,
    url: String,
    printed: String,
}

impl Served {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_org-exit-guard"))
            .args(["demo", "serve"])
            .args(arguments)
            // Whatever the machine has, it must not matter.
            .env("AWS_PROFILE", "no-such-profile")
            .env("AWS_CONFIG_FILE", "/nonexistent/config")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stdout = child.stdout.take().expect("it was piped");
        let mut lines = BufReader::new(stdout).lines();
        let first = lines.next().expect("a first line").expect("text");
        let url = first.strip_prefix("listening on ").expect("the endpoint");
        let url = url.to_owned();
        let mut printed = String::new();
        for line in lines {
            let line = line.expect("text");
            printed.push_str(&line);
            printed.push('\n');
            if line.contains("Ctrl-C") {
                break;
            }
        }
        Self {
            child,
            url,
            printed,
        }
    }

    /// What the shell would have after the printed lines were pasted.
    fn exported(&self, name: &str) -> String {
        let line = self.printed.lines().find_map(|line| {
            let (found, value) = line.strip_prefix("export ")?.split_once('=')?;
            (found == name).then(|| value.to_owned())
        });
        line.expect("it is exported")
    }

    async fn session(&self) -> Session {
        let options = SessionOptions {
            keys: Some(Keys {
                id: self.exported("AWS_ACCESS_KEY_ID"),
                secret: self.exported("AWS_SECRET_ACCESS_KEY"),
                token: None,
            }),
            endpoint_url: Some(self.url.clone()),
            region: Some("us-east-1".to_owned()),
            ..SessionOptions::default()
        };
        Session::open(options).await.expect("the keys are known")
    }

    #[cfg(unix)]
    fn terminate(mut self) -> std::process::ExitStatus {
        let kill = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(kill.expect("kill").success());
        self.child.wait().expect("it ends")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Gone already in the test that ends it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn the_printed_endpoint_and_keys_lead_into_the_demo_organization() {
    let served = Served::start(&["--latency", "1"]);
    assert_eq!(served.exported("AWS_ENDPOINT_URL"), served.url);
    assert!(served.url.starts_with("http://127.0.0.1:"));
    let session = served.session().await;
    assert_eq!(session.caller().account.as_str(), "111111111111");
}

#[cfg(unix)]
#[test]
fn sigterm_ends_it_and_the_world_is_written() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("world.json");
    let served = Served::start(&["--empty", "--dump", file.to_str().expect("text")]);
    assert_eq!(served.terminate().code(), Some(0));
    let mut text = String::new();
    let mut opened = std::fs::File::open(&file).expect("written");
    opened.read_to_string(&mut text).expect("text");
    let world = org_exit_guard::sim::reload(&text).expect("a dump");
    assert!(world.organizations.is_empty());
    assert_eq!(world.accounts.len(), 1);
}

#[cfg(unix)]
#[test]
fn a_generated_organization_has_the_size_asked_for_and_its_dump_is_served_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("world.json");
    let path = file.to_str().expect("text");
    let served = Served::start(&["--accounts", "300", "--dump", path]);
    let key = served.exported("AWS_ACCESS_KEY_ID");
    assert_eq!(served.terminate().code(), Some(0));
    let text = std::fs::read_to_string(&file).expect("written");
    let world = org_exit_guard::sim::reload(&text).expect("a dump");
    let organization = world.organization().expect("an organization");
    assert_eq!(organization.members.len(), 300);
    let again = Served::start(&["--scenario", path]);
    assert_eq!(again.exported("AWS_ACCESS_KEY_ID"), key);
}

#[test]
fn a_scenario_is_served_and_one_with_a_mistake_is_a_usage_error() {
    let served = Served::start(&["--scenario", "docs/scenario.toml"]);
    assert!(served.printed.contains("account 111111111111"));
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("bad.toml");
    std::fs::write(&file, "acount = []").expect("written");
    let run = Command::new(env!("CARGO_BIN_EXE_org-exit-guard"))
        .args(["demo", "serve", "--scenario"])
        .arg(&file)
        .output()
        .expect("the program starts");
    assert_eq!(run.status.code(), Some(2));
    let told = String::from_utf8_lossy(&run.stderr);
    assert!(told.contains("unknown field `acount`"), "{told}");
    assert!(told.contains("docs/scenarios.md"), "{told}");
}

#[test]
fn a_long_tail_needs_a_latency() {
    let serve = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_org-exit-guard"));
        command.args(["demo", "serve"]).args(arguments);
        command.output().expect("the program starts")
    };
    let run = serve(&["--long-tail"]);
    assert_eq!(run.status.code(), Some(2));
    let told = String::from_utf8_lossy(&run.stderr);
    assert!(told.contains("--latency"), "{told}");
    let served = Served::start(&["--latency", "1", "--long-tail"]);
    assert!(served.printed.contains("Ctrl-C"));
}
