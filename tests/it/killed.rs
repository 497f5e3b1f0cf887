//! The real binary, killed at every call of a run, before AWS takes the call and after it; a
//! second process state, read from the disk alone, goes on.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::time::Duration;

use futures::StreamExt;
use org_exit_guard::apply::run_ids;
use org_exit_guard::flows::write_plan;
use org_exit_guard::model::Timestamp;
use org_exit_guard::plan::PlanDocument;
use org_exit_guard::sim::{Calls, Fault, Kind, Refusal, serve};

use crate::scenarios;
use crate::served::{binary, directory};
use crate::support::Bench;

/// Long enough that the process is dead before an answer could reach it.
const HELD: Duration = Duration::from_secs(15);

fn start(bench: &Bench, url: &str, directory: &tempfile::TempDir, plan: &PlanDocument) -> Child {
    let path = directory.path().join("plan.json");
    write_plan(&path, plan).expect("written");
    let keys = bench.simulator.keys_of_management();
    binary(directory)
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_ACCESS_KEY_ID", keys.access_key_id)
        .env("AWS_SECRET_ACCESS_KEY", keys.secret_access_key)
        .args([
            "remediate",
            "--apply",
            "--reason",
            "test",
            "--allow-endpoint-override",
        ])
        .args(["--confirm", plan.organization.as_str(), "--plan"])
        .arg(path)
        .arg("--state-dir")
        .arg(bench.state())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs")
}

/// The calls of `apply`, from the first after the session was opened.
async fn calls(plan: &PlanDocument, bench: &Bench) -> Vec<(String, u32)> {
    let before = bench.simulator.log().len();
    bench.apply_plan(plan.clone()).await.expect("applied");
    let log = bench.simulator.log();
    let mut calls: Vec<(String, u32)> = Vec::new();
    for call in log.iter().skip(before) {
        let same = calls.iter().filter(|(name, _)| *name == call.operation);
        let number = u32::try_from(same.count()).expect("few") + 1;
        calls.push((call.operation.clone(), number));
    }
    calls
}

/// Starts the binary and kills it once that call has arrived.
async fn kill_at(bench: &Bench, plan: &PlanDocument, operation: &str, number: u32, at: &str) {
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let simulator = bench.simulator.clone();
    let serving = serve(simulator, address).await.expect("loopback");
    let directory = directory();
    let mut child = start(bench, &serving.url(), &directory, plan);
    let arrived = || {
        let log = bench.simulator.log();
        let count = log.iter().filter(|call| call.operation == operation);
        count.count() >= usize::try_from(number).expect("few")
    };
    for _ in 0..4_000 {
        if arrived() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(arrived(), "{at}: {:?}", bench.simulator.log());
    child.kill().expect("it lives");
    child.wait().expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_is_finished_from_its_journal() {
    killed_everywhere("re-invite").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_restoration_is_finished_from_its_journal() {
    killed_everywhere("restore-from-snapshot").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_way_back_is_finished_from_its_journal() {
    killed_everywhere("re-invite-accepted-in-the-account").await;
}

#[expect(clippy::print_stdout, reason = "the counts are shown")]
async fn killed_everywhere(name: &str) {
    let scenario = scenarios::all()
        .into_iter()
        .find(|scenario| scenario.name == name)
        .expect("the scenario");
    let planning = Bench::new(scenario.world.clone()).await;
    let mut plan = scenario.plan(&planning).await;
    // The binary's clock is the real one.
    plan.created = Timestamp::now() - jiff::SignedDuration::from_mins(1);
    let world = planning.simulator.world();
    let reference = Bench::new(world.clone()).await;
    let mut made = scenario.plan(&planning).await;
    made.created = crate::support::now();
    let calls = calls(&made, &reference).await;
    let end = crate::fault_matrix::state(&reference.simulator.world());
    let mut writes = BTreeMap::new();
    for (operation, _) in &calls {
        let verbs = [":Describe", ":List", ":Get", ":AssumeRole"];
        if !verbs.iter().any(|verb| operation.contains(verb)) {
            writes.insert(operation.clone(), reference.done(operation));
        }
    }
    let cases = calls.iter().flat_map(|(operation, number)| {
        [false, true].map(|applied| (operation.as_str(), *number, applied))
    });
    let (world, plan, made, end, writes) = (&world, &plan, &made, &end, &writes);
    // Most of the time each of them waits for the pace of the published rates.
    let cases = futures::stream::iter(cases).map(|(operation, number, applied)| async move {
        let at = format!("call {number} of {operation}, applied: {applied}");
        let bench = Bench::new(world.clone()).await;
        let fault = |kind| Fault::new(operation, Calls::Nth(number), kind);
        bench.simulator.add_fault(fault(Kind::Delay(HELD)));
        if !applied {
            let refusal = Refusal::new("ServiceException", "never seen, on purpose");
            bench.simulator.add_fault(fault(Kind::Error(refusal)));
        }
        kill_at(&bench, plan, operation, number, &at).await;
        bench.simulator.clear_faults();
        let runs = run_ids(bench.state()).expect("readable");
        match runs.as_slice() {
            // Killed before the journal: nothing was written.
            [] => {
                bench.apply_plan(made.clone()).await.expect(&at);
            }
            [run] => {
                bench
                    .resume(run)
                    .await
                    .unwrap_or_else(|error| panic!("{at}: {error}"));
            }
            more => panic!("{at}: {more:?}"),
        }
        let state = crate::fault_matrix::state(&bench.simulator.world());
        assert_eq!(state, *end, "{at}");
        for (write, times) in writes {
            assert_eq!(bench.done(write), *times, "{at}: {write}");
        }
    });
    let killed = cases.buffer_unordered(8).count().await;
    println!(
        "{name}: killed {killed} times, at each of {} calls",
        calls.len()
    );
    assert!(killed >= 20, "{killed}");
}
