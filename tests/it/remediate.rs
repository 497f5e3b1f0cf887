//! Applying a plan on the simulated AWS, in virtual time. What is asserted is the
//! simulator's state, not the tool's own report.

use org_exit_guard::apply::{ApplyError, StepOutcome};
use org_exit_guard::model::operations::OPERATIONS;
use org_exit_guard::plan::Wishes;
use org_exit_guard::scp::{Dialect, parse};
use org_exit_guard::sim::{CallOutcome, Calls, Fault, Kind, Refusal, World, WorldBuilder};

use crate::support::{Bench, now, stopped};

const DEPARTED: &str = "300000000001";

fn world() -> World {
    WorldBuilder::new(now())
        .ou("Workloads/Prod")
        .account("shop", "Workloads/Prod")
        .account("lab", "/")
        .standalone("departed")
        .build()
}

fn reinvite() -> Wishes {
    let account = DEPARTED.parse().expect("an account id");
    Wishes {
        reinvite: [account].into(),
        ..Wishes::default()
    }
}

/// SCPs on the root that deny leaving, by the simulator's own state.
fn guards(bench: &Bench) -> usize {
    let world = bench.simulator.world();
    let organization = world.organization().expect("an organization");
    let attached = organization.attachments.get(&organization.root);
    let denies_leave = |id: &&String| {
        let policy = organization
            .policies
            .get(*id)
            .expect("an attached SCP exists");
        let document = parse(&policy.content, Dialect::Scp).expect("a policy");
        document.statements.iter().any(|statement| {
            let actions = &statement.actions.patterns;
            actions
                .iter()
                .any(|action| action.as_str() == "organizations:LeaveOrganization")
        })
    };
    attached.into_iter().flatten().filter(denies_leave).count()
}

fn invitations(bench: &Bench) -> usize {
    bench.simulator.world().handshakes.len()
}

#[tokio::test(start_paused = true)]
async fn the_guard_hangs_on_the_root_and_a_second_run_writes_nothing() {
    let bench = Bench::new(world()).await;
    let planned = bench.plan(&reinvite()).await;
    assert_eq!(planned.plan.steps.len(), 3);
    let applied = bench.apply(planned).await.expect("applied");
    assert!(
        applied
            .results
            .iter()
            .all(|(_, result)| result.outcome == StepOutcome::Done)
    );
    assert_eq!((guards(&bench), invitations(&bench)), (1, 1));
    let after = org_exit_guard::verdict::judge(&bench.snapshot().await);
    for standing in after.standings.values() {
        for path in org_exit_guard::exits::ExitPath::of_members() {
            assert!(["blocked", "outside-scps"].contains(&standing.word(path.id)));
        }
    }
    let again = bench.plan(&reinvite()).await;
    assert!(again.plan.steps.is_empty(), "{:?}", again.plan.steps);
    assert_eq!(again.plan.reused.len(), 1, "the open invitation is reused");
    assert_eq!(bench.done("organizations:CreatePolicy"), 1);
    assert_eq!(bench.done("organizations:AttachPolicy"), 1);
}

#[tokio::test(start_paused = true)]
async fn planning_writes_nothing() {
    let bench = Bench::new(world()).await;
    let before = serde_json::to_value(bench.simulator.world().organization()).expect("JSON");
    bench.plan(&reinvite()).await;
    let after = serde_json::to_value(bench.simulator.world().organization()).expect("JSON");
    assert_eq!(before, after);
    let writes = OPERATIONS.iter().filter(|row| !row.reads());
    for row in writes {
        assert_eq!(bench.done(row.name), 0, "{}", row.name);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_settled_by_reading_and_nothing_is_done_twice() {
    let writes = [
        "organizations:CreatePolicy",
        "organizations:AttachPolicy",
        "organizations:InviteAccountToOrganization",
    ];
    for operation in writes {
        for kind in [Kind::ClosedAfter, Kind::ResetAfter, Kind::CutBody] {
            let bench = Bench::new(world()).await;
            bench
                .simulator
                .add_fault(Fault::new(operation, Calls::First(1), kind.clone()));
            let planned = bench.plan(&reinvite()).await;
            bench
                .apply(planned)
                .await
                .unwrap_or_else(|error| panic!("{operation} {kind:?}: {error}"));
            assert_eq!(
                (guards(&bench), invitations(&bench)),
                (1, 1),
                "{operation} {kind:?}"
            );
            assert_eq!(bench.done(operation), 1, "{operation} {kind:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_stops_the_run_and_the_journal_tells_the_truth() {
    let refusal = || Refusal::new("AccessDeniedException", "You don't have permissions");
    for (operation, step, stands) in [
        ("organizations:CreatePolicy", "create-guard", 0),
        ("organizations:AttachPolicy", "attach-guard", 1),
    ] {
        let bench = Bench::new(world()).await;
        bench
            .simulator
            .add_fault(Fault::new(operation, Calls::Every, Kind::Error(refusal())));
        let planned = bench.plan(&Wishes::default()).await;
        let left = stopped(bench.apply(planned).await.expect_err(operation));
        let (at, results, journal) = (left.failed[0].0.clone(), left.results, left.journal);
        assert_eq!(
            (at.as_str(), results.len(), guards(&bench)),
            (step, stands, 0)
        );
        let journal = std::fs::read_to_string(journal.join("journal.jsonl")).expect("a journal");
        let last: serde_json::Value =
            serde_json::from_str(journal.lines().last().expect("rows")).expect("JSON");
        assert_eq!(
            (last["step"].as_str(), last["outcome"].as_str()),
            (Some(step), Some("failed"))
        );
        // What stands is found by the next run, not repeated.
        bench.simulator.clear_faults();
        let planned = bench.plan(&Wishes::default()).await;
        bench
            .apply(planned)
            .await
            .expect("the second run completes");
        assert_eq!(
            (guards(&bench), bench.done("organizations:CreatePolicy")),
            (1, 1)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn contention_and_throttling_pass() {
    for code in [
        "ConcurrentModificationException",
        "TooManyRequestsException",
    ] {
        let bench = Bench::new(world()).await;
        for operation in ["organizations:CreatePolicy", "organizations:AttachPolicy"] {
            let fault = Kind::Error(Refusal::new(code, "later"));
            bench
                .simulator
                .add_fault(Fault::new(operation, Calls::First(2), fault));
        }
        let planned = bench.plan(&Wishes::default()).await;
        bench
            .apply(planned)
            .await
            .unwrap_or_else(|error| panic!("{code}: {error}"));
        assert_eq!(guards(&bench), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_between_plan_and_apply_is_refused_in_words_if_a_step_rests_on_it() {
    let change = |bench: &Bench, place: fn(&World) -> String| {
        bench.simulator.change(|world| {
            let target = place(world);
            let other = world.policy_named("other").expect("the SCP").id.clone();
            let id = world.organization().expect("an organization").id.clone();
            let organization = world.organizations.get_mut(&id).expect("an organization");
            organization.attach(&other, &target);
        });
    };
    let other = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;
    let world = || {
        WorldBuilder::new(now())
            .ou("Workloads")
            .account("shop", "Workloads")
            .scp("other", other, &[])
            .build()
    };
    let bench = Bench::new(world()).await;
    let planned = bench.plan(&Wishes::default()).await;
    change(&bench, |world| {
        world.organization().expect("an organization").root.clone()
    });
    let Err(ApplyError::Refused { why, .. }) = bench.apply(planned).await else {
        panic!("stale")
    };
    assert!(why.contains("was attached to the root"), "{why}");
    assert_eq!(bench.done("organizations:CreatePolicy"), 0);
    // A change that no step rests on does not matter.
    let bench = Bench::new(world()).await;
    let planned = bench.plan(&Wishes::default()).await;
    change(&bench, |world| {
        world.unit_at("Workloads").expect("the OU").to_owned()
    });
    bench.apply(planned).await.expect("applied");
    assert_eq!(guards(&bench), 1);
}

#[tokio::test(start_paused = true)]
async fn no_call_outside_the_contract_is_ever_made() {
    let bench = Bench::new(world()).await;
    let planned = bench.plan(&reinvite()).await;
    bench.apply(planned).await.expect("applied");
    for call in bench.simulator.log() {
        assert!(
            OPERATIONS.iter().any(|row| row.name == call.operation),
            "{}",
            call.operation
        );
        assert!(matches!(
            call.outcome,
            CallOutcome::Done | CallOutcome::Refused(_)
        ));
    }
}
