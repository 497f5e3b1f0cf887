//! Every scenario, every call of the run: the process is gone once the call has arrived, before
//! AWS takes it and after. What is on disk is all that is left; going on with it reaches the
//! state of an undisturbed run.

use std::time::Duration;

use org_exit_guard::apply::{ApplyError, run_ids};
use org_exit_guard::plan::PlanDocument;
use org_exit_guard::sim::{Calls, Fault, Kind, Refusal, World};

use crate::fault_matrix::{calls, state};
use crate::scenarios;
use crate::support::Bench;

/// Longer than any time-out, so that no answer comes while the process lives.
pub(crate) const NEVER: Duration = Duration::from_secs(20);

/// Applies until that call has arrived, and is dropped there; false: it ended before.
pub(crate) async fn killed(
    bench: &Bench,
    plan: &PlanDocument,
    operation: &str,
    number: u32,
) -> bool {
    let arrived = async {
        loop {
            let log = bench.simulator.log();
            let count = log.iter().filter(|call| call.operation == operation);
            if count.count() >= usize::try_from(number).expect("few") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        biased;
        () = arrived => true,
        _ = Box::pin(bench.apply_plan(plan.clone())) => false,
    }
}

pub(crate) async fn finish(bench: &Bench, plan: &PlanDocument, at: &str) {
    bench.simulator.clear_faults();
    let runs = run_ids(bench.state()).expect("readable");
    let ended = match runs.first() {
        Some(run) => bench.resume(run).await,
        None => bench.apply_plan(plan.clone()).await,
    };
    match ended {
        Ok(_) => {}
        // Its journal had no row yet, so it wrote nothing.
        Err(ApplyError::Refused { why, .. }) if why.contains("first row") => {
            bench.apply_plan(plan.clone()).await.expect(at);
        }
        Err(error) => panic!("{at}: {error}"),
    }
}

async fn scenario(name: &str, world: World, plan: PlanDocument) -> usize {
    let undisturbed = Bench::new(world.clone()).await;
    undisturbed.apply_plan(plan.clone()).await.expect(name);
    let end = state(&undisturbed.simulator.world());
    let mut kills = 0;
    for (operation, number) in calls(&undisturbed) {
        for before in [true, false] {
            let at = format!("{name}: killed at call {number} of {operation}, before {before}");
            let bench = Bench::new(world.clone()).await;
            let this = Calls::Nth(number);
            let late = Fault::new(&operation, this, Kind::Delay(NEVER));
            bench.simulator.add_fault(late);
            if before {
                let refusal = Kind::Error(Refusal::new("ServiceException", "on purpose"));
                bench
                    .simulator
                    .add_fault(Fault::new(&operation, this, refusal));
            }
            assert!(killed(&bench, &plan, &operation, number).await, "{at}");
            finish(&bench, &plan, &at).await;
            assert_eq!(state(&bench.simulator.world()), end, "{at}");
            kills += 1;
        }
    }
    kills
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_killed_at_any_call_of_any_scenario_can_be_finished() {
    let (mut scenarios, mut kills) = (0, 0);
    for one in scenarios::all() {
        let bench = Bench::new(one.world.clone()).await;
        if one.expected.stops.is_some() {
            continue;
        }
        let plan = one.plan(&bench).await;
        if plan.steps.is_empty() {
            continue;
        }
        scenarios += 1;
        kills += scenario(&one.name, bench.simulator.world(), plan).await;
    }
    println!("{kills} kills in {scenarios} scenarios");
    assert!(scenarios >= 14 && kills > 400, "{kills} in {scenarios}");
}
