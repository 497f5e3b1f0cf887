//! Undo takes back what the run wrote, and no more; what it leaves it says.

use std::path::PathBuf;

use org_exit_guard::apply::{
    ApplyError, Place, Resuming, RunState, apply, plan_undo, resume, run_ids,
};
use org_exit_guard::plan::{GUARD_NAME, Wishes};
use org_exit_guard::sim::{Calls, Change, Fault, Kind, Mutation, Refusal, World, WorldBuilder};

use crate::fault_matrix::state;
use crate::kill_matrix::{NEVER, killed};
use crate::support::{Bench, approved, now, stopped};

fn world() -> World {
    WorldBuilder::new(now())
        .ou("Workloads")
        .account("one", "Workloads")
        .build()
}

fn denied() -> Kind {
    Kind::Error(Refusal::new("AccessDeniedException", "on purpose"))
}

fn guard_hangs(world: &World) -> bool {
    let organization = world.organization().expect("one");
    let attached = organization.attachments.get(&organization.root);
    let mut attached = attached.into_iter().flatten();
    attached.any(|id| organization.policies[id].name == GUARD_NAME)
}

/// Our attachment failed, and an administrator made it by hand.
#[tokio::test(start_paused = true)]
async fn what_an_administrator_attached_by_hand_stays() {
    let bench = Bench::new(world()).await;
    let attach = "organizations:AttachPolicy";
    bench
        .simulator
        .add_fault(Fault::new(attach, Calls::Every, denied()));
    let planned = bench.plan(&Wishes::default()).await;
    let run = stopped(bench.apply(planned).await.expect_err("denied")).run;
    bench.simulator.clear_faults();
    bench.simulator.change(|world| {
        world.mutate(&Mutation::Attach {
            policy: GUARD_NAME.to_owned(),
            target: "/".to_owned(),
        });
    });
    let plan = plan_undo(bench.place(), &bench.history(&run)).await;
    let plan = plan.expect("read");
    assert!(plan.reversals.is_empty(), "{:?}", plan.reversals);
    let told = format!("{:?}{:?}", plan.not_done, plan.left);
    assert!(
        told.contains("does not prove that this run attached"),
        "{told}"
    );
    bench.undo(&run).await.expect("nothing to take back");
    assert!(guard_hangs(&bench.simulator.world()));
    // Its policy is left, so the run is not undone.
    assert_eq!(bench.history(&run).state(), RunState::UndonePart);
}

/// Run 1 created and attached; somebody detached; run 2 attached again: that is run 2's.
#[tokio::test(start_paused = true)]
async fn what_a_later_run_attached_is_that_runs() {
    let bench = Bench::new(world()).await;
    let planned = bench.plan(&Wishes::default()).await;
    let first = bench.apply(planned).await.expect("applied").run;
    bench.simulator.change(|world| {
        world.mutate(&Mutation::Detach {
            policy: GUARD_NAME.to_owned(),
            target: "/".to_owned(),
        });
    });
    let planned = bench.plan(&Wishes::default()).await;
    let second = bench.apply(planned).await.expect("applied").run;
    assert_ne!(first, second);
    bench.undo(&first).await.expect("nothing of it is there");
    assert!(guard_hangs(&bench.simulator.world()));
    bench.undo(&second).await.expect("undone");
    assert!(!guard_hangs(&bench.simulator.world()));
}

/// Killed at the creation, before AWS took it and after: nothing is left that carries the run's tag.
#[tokio::test(start_paused = true)]
async fn what_a_killed_run_created_is_found_by_its_tag() {
    for renamed in [false, true] {
        let start = Bench::new(world()).await;
        let plan = start.plan(&Wishes::default()).await.document;
        let bench = Bench::new(start.simulator.world()).await;
        let create = "organizations:CreatePolicy";
        bench
            .simulator
            .add_fault(Fault::new(create, Calls::Nth(1), Kind::Delay(NEVER)));
        assert!(killed(&bench, &plan, create, 1).await);
        bench.simulator.clear_faults();
        assert!(bench.simulator.world().policy_named(GUARD_NAME).is_some());
        let run = run_ids(bench.state()).expect("readable").remove(0);
        if renamed {
            bench.simulator.change(|world| {
                let id = world.organization().expect("one").id.clone();
                let organization = world.organizations.get_mut(&id).expect("one");
                let mut policies = organization.policies.values_mut();
                let ours = policies.find(|policy| policy.name == GUARD_NAME);
                "other".clone_into(&mut ours.expect("it").name);
            });
        }
        assert_eq!(bench.undo(&run).await.expect("undone"), 1);
        assert_eq!(
            state(&bench.simulator.world()),
            state(&start.simulator.world())
        );
        assert_eq!(bench.history(&run).state(), RunState::Undone);
    }
}

/// A run that enabled the policy type is never called undone: that stays.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_taken_back_keeps_a_run_from_being_undone() {
    let world = WorldBuilder::new(now())
        .account("one", "/")
        .scps_disabled()
        .build();
    let bench = Bench::new(world).await;
    let wishes = Wishes {
        enable_policy_type: true,
        ..Wishes::default()
    };
    let planned = bench.plan(&wishes).await;
    let run = bench.apply(planned).await.expect("applied").run;
    let plan = plan_undo(bench.place(), &bench.history(&run))
        .await
        .expect("read");
    assert_eq!(plan.left.len(), 1, "{:?}", plan.left);
    bench.undo(&run).await.expect("the rest");
    assert_eq!(bench.history(&run).state(), RunState::UndonePart);
}

#[tokio::test(start_paused = true)]
async fn the_same_plan_after_a_stop_goes_on_with_the_run_that_wrote() {
    let bench = Bench::new(world()).await;
    let attach = "organizations:AttachPolicy";
    bench
        .simulator
        .add_fault(Fault::new(attach, Calls::Every, denied()));
    let plan = bench.plan(&Wishes::default()).await.document;
    let run = stopped(bench.apply_plan(plan.clone()).await.expect_err("denied")).run;
    bench.simulator.clear_faults();
    let again = bench.apply_plan(plan).await.expect("it goes on");
    assert_eq!(again.run, run);
    assert_eq!(run_ids(bench.state()).expect("readable").len(), 1);
    assert_eq!(bench.undo(&run).await.expect("undone"), 2);
    assert_eq!(bench.history(&run).state(), RunState::Undone);
}

#[tokio::test(start_paused = true)]
async fn a_state_directory_that_is_deleted_in_the_middle_stops_the_run() {
    let bench = Bench::new(world()).await;
    let runs: PathBuf = bench.state().join("runs");
    let gone = Change::new(move |_| {
        let _ = std::fs::remove_dir_all(&runs);
    });
    let create = "organizations:CreatePolicy";
    bench
        .simulator
        .add_fault(Fault::new(create, Calls::Nth(1), Kind::Change(gone)));
    let planned = bench.plan(&Wishes::default()).await;
    let left = stopped(
        bench
            .apply(planned)
            .await
            .expect_err("nothing can be written down"),
    );
    let why = &left.failed[0].1;
    assert!(why.contains("was deleted or replaced"), "{why}");
    assert_eq!(bench.done("organizations:AttachPolicy"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_run_of_last_month_is_resumed_only_when_that_is_meant() {
    let bench = Bench::new(world()).await;
    let attach = "organizations:AttachPolicy";
    bench
        .simulator
        .add_fault(Fault::new(attach, Calls::Every, denied()));
    let plan = bench.plan(&Wishes::default()).await.document;
    let run = stopped(bench.apply_plan(plan.clone()).await.expect_err("denied")).run;
    bench.simulator.clear_faults();
    let history = bench.history(&run);
    let later = Place {
        now: now() + jiff::SignedDuration::from_hours(31 * 24),
        ..bench.place()
    };
    let refused = resume(
        later,
        &history,
        &approved(plan.clone()),
        &Resuming::default(),
    )
    .await;
    match refused.expect_err("too old") {
        ApplyError::Refused { why, hint } => {
            assert!(why.contains("more than 30 days ago"), "{why}");
            assert!(hint.contains("--stale-ok"), "{hint}");
        }
        other => panic!("{other}"),
    }
    let meant = Resuming {
        stale_ok: true,
        ..Resuming::default()
    };
    resume(later, &history, &approved(plan), &meant)
        .await
        .expect("it goes on");
    assert!(guard_hangs(&bench.simulator.world()));
}

/// Asked to stop: the step under way is finished and written down, nothing new is begun.
#[tokio::test(start_paused = true)]
async fn a_run_that_is_asked_to_stop_ends_after_the_step_under_way() {
    let bench = Bench::new(world()).await;
    let stop = bench.stop.clone();
    let ask = Change::new(move |_| stop.ask());
    let create = "organizations:CreatePolicy";
    bench
        .simulator
        .add_fault(Fault::new(create, Calls::Nth(1), Kind::Change(ask)));
    let plan = bench.plan(&Wishes::default()).await.document;
    let error = apply(bench.place(), &approved(plan))
        .await
        .expect_err("interrupted");
    let ApplyError::Interrupted(left) = error else {
        panic!("{error}")
    };
    assert_eq!(left.results.len(), 1, "{left:?}");
    assert_eq!(left.open[0].0, "attach-guard", "{left:?}");
    assert_eq!(bench.done("organizations:AttachPolicy"), 0);
    assert_eq!(bench.history(&left.run).state(), RunState::Unfinished);
    // Another process goes on.
    let next = Bench {
        stop: org_exit_guard::apply::Stop::default(),
        ..bench
    };
    next.resume(&left.run).await.expect("it goes on");
    assert!(guard_hangs(&next.simulator.world()));
}

/// Taken back once, and attached by hand since: a second undo leaves it.
#[tokio::test(start_paused = true)]
async fn a_second_undo_leaves_what_was_attached_by_hand_since() {
    let bench = Bench::new(world()).await;
    let planned = bench.plan(&Wishes::default()).await;
    let run = bench.apply(planned).await.expect("applied").run;
    let mut part = plan_undo(bench.place(), &bench.history(&run))
        .await
        .expect("read");
    part.keep_only(&["attach-guard".to_owned()])
        .expect("a step");
    let organization = part.organization.to_string();
    let part = part
        .confirm(&organization, "test".to_owned())
        .expect("its id");
    org_exit_guard::apply::undo(bench.place(), &part)
        .await
        .expect("undone");
    assert!(!guard_hangs(&bench.simulator.world()));
    bench.simulator.change(|world| {
        world.mutate(&Mutation::Attach {
            policy: GUARD_NAME.to_owned(),
            target: "/".to_owned(),
        });
    });
    bench.undo(&run).await.expect("nothing of it is there");
    assert!(guard_hangs(&bench.simulator.world()));
}

/// Killed while AWS enabled the policy type: that stays, and the run is not called undone.
#[tokio::test(start_paused = true)]
async fn a_policy_type_that_a_killed_run_enabled_is_told() {
    let world = WorldBuilder::new(now())
        .account("one", "/")
        .scps_disabled()
        .build();
    let start = Bench::new(world).await;
    let wishes = Wishes {
        enable_policy_type: true,
        ..Wishes::default()
    };
    let plan = start.plan(&wishes).await.document;
    let bench = Bench::new(start.simulator.world()).await;
    let enable = "organizations:EnablePolicyType";
    bench
        .simulator
        .add_fault(Fault::new(enable, Calls::Nth(1), Kind::Delay(NEVER)));
    assert!(killed(&bench, &plan, enable, 1).await);
    bench.simulator.clear_faults();
    bench.simulator.skip(std::time::Duration::from_mins(30));
    let run = run_ids(bench.state()).expect("readable").remove(0);
    bench.undo(&run).await.expect("nothing else was done");
    assert_eq!(bench.history(&run).state(), RunState::UndonePart);
}
