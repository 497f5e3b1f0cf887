//! The real binary and real signals: the first lets the call under way be finished and written down, the
//! second ends at once; both name the run and the command that goes on.

use std::net::SocketAddr;
use std::process::{Child, Output, Stdio};
use std::time::Duration;

use futures::StreamExt;
use org_exit_guard::apply::{History, run_ids};
use org_exit_guard::flows::write_plan;
use org_exit_guard::model::Timestamp;
use org_exit_guard::plan::PlanDocument;
use org_exit_guard::sim::{Calls, Fault, Kind, Serving, World, serve};

use crate::scenarios;
use crate::served::{binary, directory, words};
use crate::support::Bench;

/// How long a call is held back in which a signal arrives.
const HELD: Duration = Duration::from_secs(2);

/// One run of the binary against a simulator of its own.
struct Started {
    bench: Bench,
    _serving: Serving,
    _directory: tempfile::TempDir,
    child: Child,
}

impl Started {
    async fn new(
        world: &World,
        held: &str,
        number: u32,
        command: &[&str],
        plan: &PlanDocument,
    ) -> Self {
        let bench = Bench::new(world.clone()).await;
        Self::on(bench, held, number, command, plan).await
    }

    async fn on(
        bench: Bench,
        held: &str,
        number: u32,
        command: &[&str],
        plan: &PlanDocument,
    ) -> Self {
        let late = Fault::new(held, Calls::Nth(number), Kind::Delay(HELD));
        bench.simulator.add_fault(late);
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let serving = serve(bench.simulator.clone(), address)
            .await
            .expect("loopback");
        let directory = directory();
        std::fs::write(
            directory.path().join("org-exit-guard.toml"),
            "rate_share = 1.0\n",
        )
        .expect("written");
        write_plan(&directory.path().join("plan.json"), plan).expect("written");
        let keys = bench.simulator.keys_of_management();
        let child = binary(&directory)
            .env("AWS_ENDPOINT_URL", serving.url())
            .env("AWS_ACCESS_KEY_ID", keys.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", keys.secret_access_key)
            .args(command)
            .args(["--apply", "--reason", "a test", "--allow-endpoint-override"])
            .args(["--confirm", plan.organization.as_str(), "--state-dir"])
            .arg(bench.state())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        Self {
            bench,
            _serving: serving,
            _directory: directory,
            child,
        }
    }

    /// Waits until that call has arrived.
    async fn arrived(&self, operation: &str, number: u32) {
        let count = || {
            let log = self.bench.simulator.log();
            let calls = log.iter().filter(|call| call.operation == operation);
            calls.count() >= usize::try_from(number).expect("few")
        };
        for _ in 0..6_000 {
            if count() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("call {number} of {operation} never came");
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args(["-s", name, &id])
            .status();
        assert!(sent.expect("kill runs").success());
    }

    async fn ended(self) -> (Bench, Output) {
        let Self {
            bench,
            child,
            _serving,
            _directory,
        } = self;
        let output = tokio::task::spawn_blocking(move || child.wait_with_output());
        (bench, output.await.expect("it ends").expect("its output"))
    }
}

/// A scenario's world and plan, and every write of its run.
async fn prepared(name: &str) -> (World, PlanDocument, Vec<(String, u32)>) {
    let all = scenarios::all();
    let scenario = all.iter().find(|one| one.name == name).expect("a scenario");
    let planning = Bench::new(scenario.world.clone()).await;
    let mut plan = scenario.plan(&planning).await;
    let world = planning.simulator.world();
    let reference = Bench::new(world.clone()).await;
    reference.apply_plan(plan.clone()).await.expect("applied");
    let writes = crate::fault_matrix::calls(&reference)
        .into_iter()
        .filter(|(operation, _)| {
            let verbs = [":Describe", ":List", ":Get", ":AssumeRole"];
            !verbs.iter().any(|verb| operation.contains(verb))
        });
    let writes = writes.collect();
    // The binary's clock is the real one.
    plan.created = Timestamp::now() - jiff::SignedDuration::from_mins(1);
    (world, plan, writes)
}

const REMEDIATE: [&str; 3] = ["remediate", "--plan", "plan.json"];

fn run_of(bench: &Bench) -> History {
    let run = run_ids(bench.state()).expect("readable").remove(0);
    bench.history(&run)
}

/// At every write of a run, one of the three signals: that write has its outcome, no other is begun,
/// and the run can be gone on with.
#[expect(clippy::print_stdout, reason = "the counts are shown")]
async fn at_every_step(name: &str) {
    let (world, plan, writes) = prepared(name).await;
    let (world, plan) = (&world, &plan);
    let cases = writes.iter().enumerate();
    let cases = futures::stream::iter(cases).map(|(place, (operation, number))| async move {
        let signal = ["INT", "TERM", "HUP"][place % 3];
        let at = format!("{name}: SIG{signal} at call {number} of {operation}");
        let started = Started::new(world, operation, *number, &REMEDIATE, plan).await;
        started.arrived(operation, *number).await;
        started.signal(signal);
        let (bench, output) = started.ended().await;
        let told = words(&String::from_utf8_lossy(&output.stderr));
        let history = run_of(&bench);
        // After the last write the run is complete but for what is read.
        let complete = format!("{:?}", history.state()) == "Complete";
        assert_eq!(output.status.code(), Some(130), "{at}: {told}");
        assert!(told.contains(history.run()), "{at}: {told}");
        if complete {
            assert!(told.contains("org-exit-guard audit"), "{at}: {told}");
        } else {
            assert!(told.contains("org-exit-guard resume"), "{at}: {told}");
        }
        let outcomes = history.outcomes();
        let begun = history
            .rows()
            .iter()
            .filter(|row| format!("{:?}", row.entry).starts_with("Intent"));
        assert_eq!(
            begun.count(),
            outcomes.len(),
            "{at}: each step that was begun has its outcome"
        );
        usize::from(complete)
    });
    let complete: Vec<usize> = cases.buffer_unordered(4).collect().await;
    println!(
        "{name}: {} signals, {} of them at the last write",
        complete.len(),
        complete.iter().sum::<usize>()
    );
    assert!(complete.len() > 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_at_any_write_of_a_canary_ends_the_run_in_order() {
    at_every_step("canary").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_at_any_write_of_a_restoration_ends_the_run_in_order() {
    at_every_step("restore-from-snapshot").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_at_any_write_of_a_way_back_ends_the_run_in_order() {
    at_every_step("re-invite-accepted-in-the-account").await;
}

/// The second signal does not wait for the call.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_aborts_and_says_what_is_not_known() {
    let (world, plan, _) = prepared("guard-missing").await;
    let attach = "organizations:AttachPolicy";
    let started = Started::new(&world, attach, 1, &REMEDIATE, &plan).await;
    started.arrived(attach, 1).await;
    started.signal("INT");
    tokio::time::sleep(Duration::from_millis(300)).await;
    started.signal("TERM");
    let (bench, output) = started.ended().await;
    let told = words(&String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(130), "{told}");
    let history = run_of(&bench);
    assert!(
        told.contains("of step `attach-guard`") && told.contains(history.run()),
        "{told}"
    );
    assert!(told.contains("org-exit-guard resume"), "{told}");
    assert!(!history.outcomes().contains_key("attach-guard"));
}

/// The same while a run is resumed and while it is taken back.
#[tokio::test(flavor = "multi_thread")]
async fn resume_and_undo_end_in_order_as_well() {
    let (world, plan, _) = prepared("guard-missing").await;
    let (create, attach) = ("organizations:CreatePolicy", "organizations:AttachPolicy");
    let started = Started::new(&world, create, 1, &REMEDIATE, &plan).await;
    started.arrived(create, 1).await;
    started.signal("INT");
    let (bench, _) = started.ended().await;
    let run = run_of(&bench).run().to_owned();
    let started = Started::on(bench, attach, 1, &["resume", &run], &plan).await;
    started.arrived(attach, 1).await;
    started.signal("TERM");
    let (bench, output) = started.ended().await;
    assert_eq!(output.status.code(), Some(130));
    assert!(bench.history(&run).outcomes().contains_key("attach-guard"));
    let detach = "organizations:DetachPolicy";
    let started = Started::on(bench, detach, 1, &["undo", &run], &plan).await;
    started.arrived(detach, 1).await;
    started.signal("HUP");
    let (bench, output) = started.ended().await;
    let told = words(&String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(130), "{told}");
    assert!(
        told.contains(&format!("org-exit-guard undo {run}")),
        "{told}"
    );
    assert_eq!(bench.done(detach), 1);
    assert_eq!(bench.done("organizations:DeletePolicy"), 0);
}

/// Before a run is open, nothing was changed, and that is said.
#[tokio::test(flavor = "multi_thread")]
async fn a_signal_before_the_run_says_that_nothing_was_changed() {
    let (world, plan, _) = prepared("guard-missing").await;
    let roots = "organizations:ListRoots";
    let started = Started::new(&world, roots, 1, &REMEDIATE, &plan).await;
    started.arrived(roots, 1).await;
    started.signal("TERM");
    let (bench, output) = started.ended().await;
    let told = words(&String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(130), "{told}");
    assert!(told.contains("nothing was changed"), "{told}");
    assert_eq!(bench.done("organizations:CreatePolicy"), 0);
}
