//! What of a way back `undo` takes back: what the journal proves to be the run's, answers that were
//! lost included. What is asserted is the simulator's state.

use std::time::Duration;

use org_exit_guard::apply::{ApplyError, RunState, StepOutcome, plan_undo};
use org_exit_guard::flows::make_plan;
use org_exit_guard::model::settings::Settings;
use org_exit_guard::plan::{PlanDocument, Wishes};
use org_exit_guard::sim::{Calls, Change, Fault, Kind, Mutation, Refusal, World};

use crate::fault_matrix::{calls, state};
use crate::kill_matrix::{NEVER, finish, killed};
use crate::support::Bench;
use crate::way_back::{LAB, after, before, on_lab, parent, planned, planned_from, returning};

fn tag(world: &mut World, pairs: &[(&str, &str)]) {
    let id = world.organization().expect("one").id.clone();
    let organization = world.organizations.get_mut(&id).expect("one");
    let tags = pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    organization.tags.insert(LAB.to_owned(), tags.collect());
}

/// Before it left, with its tags.
fn tagged() -> World {
    let mut world = before();
    tag(&mut world, &[("owner", "lab team"), ("cost-center", "12")]);
    world
}

fn by_hand(bench: &Bench, to: &str) {
    bench.simulator.change(|world| {
        world.mutate(&Mutation::Move {
            account: "lab".to_owned(),
            to: to.to_owned(),
        });
    });
}

/// The account stays a member; everything else is as before the run.
#[tokio::test(start_paused = true)]
async fn undo_moves_it_back_unless_somebody_else_moved_it() {
    let prod = |world: &World| world.unit_at("Prod").map(str::to_owned);
    for moved_since in [false, true] {
        let bench = Bench::new(after()).await;
        let plan = planned(&bench, returning()).await;
        let run = bench.apply_plan(plan).await.expect("applied").run;
        assert_eq!(
            parent(&bench.simulator.world()),
            prod(&bench.simulator.world())
        );
        if moved_since {
            by_hand(&bench, "/");
        }
        let undo = plan_undo(bench.place(), &bench.history(&run))
            .await
            .expect("read");
        let order: Vec<&str> = undo
            .reversals
            .iter()
            .filter_map(|(step, _, _)| step.split('-').next())
            .collect();
        if moved_since {
            let told = undo.not_done.iter().map(|one| one.why.as_str());
            assert!(told.into_iter().any(|why| why.contains("is not in OU")));
            assert_eq!(order, ["attach"]);
        } else {
            assert_eq!(order, ["attach", "move"]);
        }
        let held: Vec<&str> = undo
            .held
            .iter()
            .filter_map(|(step, _, _)| step.split('-').next())
            .collect();
        assert_eq!(held, ["quarantine", "create"]);
        // An undo that names no step never lifts the quarantine.
        bench.undo(&run).await.expect("undone");
        let world = bench.simulator.world();
        let root = world.organization().expect("one").root.clone();
        assert_eq!(parent(&world), Some(root));
        let quarantine = format!("org-exit-guard-quarantine-{LAB}");
        assert_eq!(on_lab(&world), ["FullAWSAccess", &quarantine]);
        bench.undo_all(&run).await.expect("undone");
        assert_eq!(on_lab(&bench.simulator.world()), ["FullAWSAccess"]);
        // It is a member still, which nothing here takes back.
        assert_eq!(bench.history(&run).state(), RunState::UndonePart);
    }
}

/// Keys that it lacks come back; what it has stays, and undo removes what the run added.
#[tokio::test(start_paused = true)]
async fn its_tags_come_back_and_no_other_value_is_overwritten() {
    let bench = Bench::new(after()).await;
    let plan = planned_from(&bench, returning(), tagged()).await;
    bench.simulator.change(|world| {
        // Somebody tags it on arrival, between two steps.
        tag(world, &[("owner", "somebody else")]);
    });
    let tags = || {
        let world = bench.simulator.world();
        let organization = world.organization().expect("one");
        let tags = organization.tags.get(LAB).cloned().unwrap_or_default();
        tags.into_iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect::<Vec<_>>()
    };
    let run = bench.apply_plan(plan).await.expect("applied").run;
    assert_eq!(tags(), ["cost-center=12", "owner=somebody else"]);
    bench.undo(&run).await.expect("undone");
    assert_eq!(tags(), ["owner=somebody else"]);
}

/// Its owner has accepted, so that everything of the run can be taken back: it is quarantined,
/// moved, tagged, and gets its SCP.
async fn arrived() -> (World, PlanDocument) {
    let bench = Bench::new(after()).await;
    bench.simulator.change(|world| {
        world.mutate(&Mutation::Join {
            account: "lab".to_owned(),
        });
    });
    let plan = planned_from(&bench, returning(), tagged()).await;
    (bench.simulator.world(), plan)
}

/// No write is answered, and none shows for a minute: every step is settled by going on later.
fn deaf(bench: &Bench) {
    for write in ["Attach*", "Create*", "Move*", "Tag*"] {
        let operation = format!("organizations:{write}");
        bench
            .simulator
            .add_fault(Fault::new(&operation, Calls::Every, Kind::ClosedAfter));
    }
    let within = Some(Duration::from_mins(1));
    bench.simulator.add_fault(Fault::new(
        "organizations:*",
        Calls::Every,
        Kind::Stale { within },
    ));
}

async fn shown() {
    tokio::time::sleep(Duration::from_secs(90)).await;
}

fn stopped(error: ApplyError) -> (String, String) {
    let left = crate::support::stopped(error);
    (left.run, left.failed[0].0.clone())
}

/// Applies with [`deaf`] faults until the run is complete; no step has an outcome of its own call.
async fn settled_later(bench: &Bench, plan: &PlanDocument) -> String {
    deaf(bench);
    let mut ended = bench.apply_plan(plan.clone()).await;
    let mut rounds = 0;
    let run = loop {
        let (run, _) = match ended {
            Ok(applied) => break applied.run,
            Err(error) => stopped(error),
        };
        rounds += 1;
        assert!(rounds <= plan.steps.len(), "every step is settled");
        shown().await;
        ended = bench.resume(&run).await;
    };
    assert!(rounds > 0, "no answer came");
    let history = bench.history(&run);
    for (step, outcome) in history.outcomes() {
        assert_eq!(outcome.outcome, StepOutcome::AlreadyDone, "{step}");
    }
    bench.simulator.clear_faults();
    run
}

#[tokio::test(start_paused = true)]
async fn undo_takes_back_what_a_later_resume_found_done() {
    let (world, plan) = arrived().await;
    assert_eq!(plan.steps.len(), 5, "{:?}", plan.steps);
    let bench = Bench::new(world.clone()).await;
    let run = settled_later(&bench, &plan).await;
    let reached = bench.simulator.world();
    assert_eq!(parent(&reached).as_deref(), reached.unit_at("Prod"));
    assert_ne!(state(&reached), state(&world));
    bench.undo_all(&run).await.expect("undone");
    assert_eq!(state(&bench.simulator.world()), state(&world));
}

#[tokio::test(start_paused = true)]
async fn undo_takes_back_a_restored_attachment_whose_answer_was_lost() {
    let detach = |world: &mut World| {
        world.mutate(&Mutation::Detach {
            policy: "guard".to_owned(),
            target: "/".to_owned(),
        });
    };
    let bench = Bench::new(before()).await;
    let then = bench.full().await;
    bench.simulator.change(detach);
    let start = state(&bench.simulator.world());
    let wishes = Wishes {
        restore: Some(Box::new(then)),
        ..Wishes::default()
    };
    let plan = make_plan(bench.full().await, &Settings::default(), &wishes);
    let run = settled_later(&bench, &plan.expect("a plan").document).await;
    assert_ne!(state(&bench.simulator.world()), start);
    bench.undo(&run).await.expect("undone");
    assert_eq!(state(&bench.simulator.world()), start);
}

/// It need not be finished first.
#[tokio::test(start_paused = true)]
async fn undo_takes_back_what_was_done_when_no_answer_came() {
    let (world, plan) = arrived().await;
    let bench = Bench::new(world.clone()).await;
    deaf(&bench);
    let mut ended = bench.apply_plan(plan.clone()).await;
    let left = loop {
        let left = crate::support::stopped(ended.expect_err("no answer"));
        shown().await;
        if left.failed.len() > 1 {
            break left;
        }
        ended = bench.resume(&left.run).await;
    };
    // Neither the move nor the SCP nor the tags waits for the others.
    assert_eq!(left.failed.len(), 3, "{left:?}");
    bench.simulator.clear_faults();
    bench.undo_all(&left.run).await.expect("undone");
    assert_eq!(state(&bench.simulator.world()), state(&world));
}

/// The process is gone before or after AWS takes a write; what is on disk is all that is left.
#[tokio::test(start_paused = true)]
async fn undo_of_a_run_that_was_killed_at_any_write_and_finished_is_the_identity() {
    let (world, plan) = arrived().await;
    let undisturbed = Bench::new(world.clone()).await;
    undisturbed.apply_plan(plan.clone()).await.expect("applied");
    let writes = ["AttachPolicy", "CreatePolicy", "MoveAccount", "TagResource"];
    let mut kills = 0;
    for (operation, number) in calls(&undisturbed) {
        if !writes.iter().any(|write| operation.ends_with(write)) {
            continue;
        }
        for before in [true, false] {
            let at = format!("killed at call {number} of {operation}, before {before}");
            let bench = Bench::new(world.clone()).await;
            let this = Calls::Nth(number);
            let mut faults = vec![Kind::Delay(NEVER)];
            if before {
                let refusal = Refusal::new("ServiceException", "on purpose");
                faults.push(Kind::Error(refusal));
            }
            for kind in faults {
                bench
                    .simulator
                    .add_fault(Fault::new(&operation, this, kind));
            }
            assert!(killed(&bench, &plan, &operation, number).await, "{at}");
            finish(&bench, &plan, &at).await;
            let runs = org_exit_guard::apply::run_ids(bench.state()).expect("readable");
            bench.undo_all(&runs[0]).await.expect(&at);
            assert_eq!(state(&bench.simulator.world()), state(&world), "{at}");
            kills += 1;
        }
    }
    assert_eq!(kills, 10, "five writes, before and after");
}

/// AWS was never asked, or refused the run's call, once after an answer was lost: who did it
/// instead keeps it.
#[tokio::test(start_paused = true)]
async fn what_somebody_else_did_is_left_and_undo_says_so() {
    let refused = || Kind::Error(Refusal::new("AccessDeniedException", "on purpose"));
    for calls in [vec![], vec![refused()], vec![Kind::ResetBefore, refused()]] {
        let (world, plan) = arrived().await;
        let bench = Bench::new(world).await;
        for (number, kind) in (1..).zip(&calls) {
            let fault = Fault::new(
                "organizations:MoveAccount",
                Calls::Nth(number),
                kind.clone(),
            );
            bench.simulator.add_fault(fault);
        }
        let mut last: Option<String> = None;
        for _ in &calls {
            let ended = match &last {
                None => bench.apply_plan(plan.clone()).await,
                Some(run) => bench.resume(run).await,
            };
            let (run, step) = stopped(ended.expect_err("not moved"));
            assert!(step.starts_with("move-"), "{step}");
            last = Some(run);
        }
        by_hand(&bench, "Prod");
        let ended = match &last {
            None => bench.apply_plan(plan).await,
            Some(run) => bench.resume(run).await,
        };
        let run = ended.expect("it goes on").run;
        let undo = plan_undo(bench.place(), &bench.history(&run)).await;
        let told = undo.expect("read").not_done;
        let why = format!("the journal does not prove that this run moved account {LAB}");
        assert!(told.iter().any(|one| one.why.contains(&why)), "{told:?}");
        bench.undo(&run).await.expect("undone");
        let world = bench.simulator.world();
        assert_eq!(parent(&world).as_deref(), world.unit_at("Prod"));
    }
}

/// Somebody sets one of the keys after our look and before our call.
#[tokio::test(start_paused = true)]
async fn a_tag_that_is_set_between_the_look_and_the_call_is_not_overwritten() {
    let (world, plan) = arrived().await;
    let bench = Bench::new(world).await;
    let list = "organizations:ListTagsForResource";
    let theirs = Change::new(|world| tag(world, &[("owner", "somebody else")]));
    bench
        .simulator
        .add_fault(Fault::new(list, Calls::Nth(1), Kind::Change(theirs)));
    // The look was answered just before.
    let hidden = Kind::Replace {
        pointer: "/Tags".to_owned(),
        value: serde_json::json!([]),
    };
    bench
        .simulator
        .add_fault(Fault::new(list, Calls::Nth(1), hidden));
    let applied = bench.apply_plan(plan).await.expect("applied");
    let world = bench.simulator.world();
    let lab = world.account_named("lab").expect("one").id.clone();
    let tags = &world.organization().expect("one").tags[&lab];
    assert_eq!(tags["owner"], "somebody else");
    assert_eq!(tags["cost-center"], "12");
    let step = applied
        .results
        .iter()
        .find(|(id, _)| id.starts_with("tag-"));
    let detail = &step.expect("taken").1.detail;
    assert!(
        detail.contains("another value is there and stays: owner"),
        "{detail}"
    );
}
