//! Every scenario, every call of the run, every kind of fault: going on with the run reaches the
//! state of an undisturbed one. What is asserted is the simulator's state, and the journal and
//! the report must agree with it.

use std::time::Duration;

use org_exit_guard::apply::{ApplyError, History, Left, StepOutcome};
use org_exit_guard::model::NodeId;
use org_exit_guard::plan::{Change, PlanDocument, PolicyRef, Step};
use org_exit_guard::sim::{CallOutcome, Calls, Fault, Kind, Refusal, World};
use serde_json::{Value, json};

use crate::scenarios::{self, Scenario};
use crate::support::{Bench, stopped};

pub(crate) fn kinds() -> Vec<(&'static str, Kind)> {
    let error = |code: &str| Kind::Error(Refusal::new(code, "on purpose"));
    vec![
        (
            "declared error before",
            error("ConstraintViolationException"),
        ),
        ("service error", error("ServiceException")),
        ("throttle", error("TooManyRequestsException")),
        ("contention", error("ConcurrentModificationException")),
        ("access denied", error("AccessDeniedException")),
        ("reset before", Kind::ResetBefore),
        ("applied, answer lost", Kind::ClosedAfter),
        ("applied, answer cut", Kind::CutBody),
        ("past the time-out", Kind::Delay(Duration::from_secs(90))),
        (
            "stale reads",
            Kind::Stale {
                within: Some(Duration::from_secs(10)),
            },
        ),
    ]
}

/// What remediation changes, by name: ids differ from run to run.
pub(crate) fn state(world: &World) -> Value {
    let organization = world.organization().expect("an organization");
    let name = |id: &String| {
        organization
            .policies
            .get(id)
            .map(|policy| policy.name.clone())
    };
    let mut policies: Vec<_> = organization.policies.values().collect();
    policies.sort_by_key(|policy| &policy.name);
    let places: Vec<_> = organization
        .units
        .keys()
        .chain([&organization.root])
        .chain(organization.members.keys())
        .map(|node| {
            let attached = organization.attachments.get(node).into_iter().flatten();
            let mut names: Vec<_> = attached.map(name).collect();
            names.sort();
            (node, names)
        })
        .collect();
    let open = world.handshakes.values().filter(|one| one.state == "OPEN");
    let mut open: Vec<_> = open.map(|one| one.target.clone()).collect();
    open.sort();
    // What has no tags left is as if it never had any.
    let tags = |id: &String| organization.tags.get(id).filter(|tags| !tags.is_empty());
    let members: Vec<_> = organization
        .members
        .iter()
        .map(|(id, member)| (id, &member.parent, tags(id)))
        .collect();
    json!({
        "type": format!("{:?}", organization.scp_state).split('(').next(),
        "policies": policies.iter().map(|policy| (&policy.name, &policy.content)).collect::<Vec<_>>(),
        "places": places,
        "open": open,
        "members": members,
    })
}

fn hangs(plan: &PlanDocument, world: &World, policy: &PolicyRef, target: &NodeId) -> bool {
    let id = match policy {
        PolicyRef::Existing(id) => Some(id.to_string()),
        PolicyRef::Created(step) => plan.steps.iter().find_map(|one| match &one.change {
            Change::CreatePolicy { name, .. } if one.id == *step => {
                world.policy_named(name).map(|policy| policy.id.clone())
            }
            _ => None,
        }),
    };
    let organization = world.organization().expect("an organization");
    let attached = organization.attachments.get(target.as_str());
    id.is_some_and(|id| attached.is_some_and(|attached| attached.contains(&id)))
}

/// Was what the step attached detached again by the run's own plan, or may it have been?
fn released(history: &History, plan: &PlanDocument, step: &Step) -> bool {
    let Change::AttachPolicy { target: node, .. } = &step.change else {
        return false;
    };
    plan.steps.iter().any(|later| {
        matches!(&later.change, Change::DetachPolicy { target, .. } if target == node)
            && history.intended(&later.id)
    })
}

/// Is the effect of the step there?
fn holds(plan: &PlanDocument, step: &Step, world: &World) -> bool {
    let organization = world.organization().expect("an organization");
    match &step.change {
        Change::EnablePolicyType { .. } => {
            organization.scp_state != org_exit_guard::sim::world::PolicyTypeState::NotEnabled
        }
        Change::CreatePolicy { name, .. } => world.policy_named(name).is_some(),
        Change::AttachPolicy { policy, target, .. } => hangs(plan, world, policy, target),
        Change::DetachPolicy { policy, target, .. } => !hangs(plan, world, policy, target),
        Change::AcceptInvitation { account, .. } => {
            organization.members.contains_key(account.as_str())
        }
        Change::MoveAccount { account, to } => {
            organization.parent_of(account.as_str()) == Some(to.as_str())
        }
        Change::TagAccount { account, tags } => {
            let there = organization.tags.get(account.as_str());
            there.is_some_and(|there| tags.keys().all(|key| there.contains_key(key)))
        }
        Change::InviteAccount { account } => {
            let mut open = world
                .handshakes
                .values()
                .filter(|one| one.state == "OPEN" || one.state == "ACCEPTED");
            open.any(|one| one.target == account.as_str())
        }
    }
}

/// Journal and world agree: what stands is there, what failed is not.
fn truthful(history: &History, plan: &PlanDocument, world: &World, at: &str) {
    let outcomes = history.outcomes();
    for step in &plan.steps {
        if released(history, plan, step) {
            continue;
        }
        match outcomes.get(step.id.as_str()).map(|row| row.outcome) {
            Some(StepOutcome::Done | StepOutcome::AlreadyDone) => {
                assert!(
                    holds(plan, step, world),
                    "{at}: {} is said to be done",
                    step.id
                );
            }
            Some(StepOutcome::Failed) => {
                assert!(
                    !holds(plan, step, world),
                    "{at}: {} is said to have failed",
                    step.id
                );
            }
            // What is to be detached hangs nowhere before it is attached.
            None if matches!(step.change, Change::DetachPolicy { .. }) => {}
            None if !history.intended(&step.id) => {
                assert!(
                    !holds(plan, step, world),
                    "{at}: {} is said not to be begun",
                    step.id
                );
            }
            _ => {}
        }
    }
}

/// The calls of a run with how many of their operation went before, the opening one left out.
pub(crate) fn calls(bench: &Bench) -> Vec<(String, u32)> {
    let log = bench.simulator.log();
    let mut calls: Vec<(String, u32)> = Vec::new();
    for call in &log {
        let before = calls
            .iter()
            .filter(|(operation, _)| *operation == call.operation);
        let number = u32::try_from(before.count()).expect("few") + 1;
        calls.push((call.operation.clone(), number));
    }
    calls.retain(|(operation, _)| operation != "sts:GetCallerIdentity");
    calls
}

fn writes(bench: &Bench) -> usize {
    let log = bench.simulator.log();
    let written = log.iter().filter(|call| {
        let verbs = ["Describe", "List", "Get", "Lookup", "AssumeRole"];
        let effect = matches!(call.outcome, CallOutcome::Done | CallOutcome::AnswerLost);
        effect && !verbs.iter().any(|verb| call.name().starts_with(verb))
    });
    written.count()
}

pub(crate) fn fault(operation: &str, number: u32, kind: &Kind) -> Fault {
    let calls = match kind {
        Kind::Stale { .. } => Calls::From(number),
        _ => Calls::Nth(number),
    };
    Fault::new(operation, calls, kind.clone())
}

#[derive(Debug, Default)]
struct Counts {
    cases: usize,
    at_once: usize,
    refused: usize,
    resumed: usize,
}

async fn disturbed(scenario: &Scenario, world: &World, plan: &PlanDocument, counts: &mut Counts) {
    let start = state(world);
    let undisturbed = Bench::new(world.clone()).await;
    undisturbed
        .apply_plan(plan.clone())
        .await
        .expect(&scenario.name);
    let end = state(&undisturbed.simulator.world());
    let most = writes(&undisturbed);
    for (operation, number) in calls(&undisturbed) {
        for (word, kind) in kinds() {
            let at = format!("{}: {word}, call {number} of {operation}", scenario.name);
            counts.cases += 1;
            let bench = Bench::new(world.clone()).await;
            bench.simulator.add_fault(fault(&operation, number, &kind));
            match bench.apply_plan(plan.clone()).await {
                Ok(applied) => {
                    counts.at_once += 1;
                    truthful(
                        &bench.history(&applied.run),
                        plan,
                        &bench.simulator.world(),
                        &at,
                    );
                }
                Err(ApplyError::Refused { .. }) => {
                    counts.refused += 1;
                    assert_eq!(state(&bench.simulator.world()), start, "{at}");
                    bench.simulator.clear_faults();
                    bench.apply_plan(plan.clone()).await.expect(&at);
                }
                Err(error) => {
                    let Left { run, results, .. } = stopped(error);
                    counts.resumed += 1;
                    let world = bench.simulator.world();
                    let history = bench.history(&run);
                    truthful(&history, plan, &world, &at);
                    for (id, _) in &results {
                        let step = plan
                            .steps
                            .iter()
                            .find(|step| step.id == *id)
                            .expect("a step");
                        let there = holds(plan, step, &world) || released(&history, plan, step);
                        assert!(there, "{at}: {id} is reported");
                    }
                    bench.simulator.clear_faults();
                    let resumed = bench
                        .resume(&run)
                        .await
                        .unwrap_or_else(|error| panic!("{at}: {error}"));
                    assert_eq!(resumed.results.len(), plan.steps.len(), "{at}");
                }
            }
            assert_eq!(state(&bench.simulator.world()), end, "{at}");
            assert_eq!(writes(&bench), most, "{at}: nothing is written twice");
        }
    }
}

/// Every call of one scenario's run under every kind of fault.
#[expect(clippy::print_stdout, reason = "the counts are shown")]
async fn matrix(name: &str) {
    let all = scenarios::all();
    let scenario = all.iter().find(|one| one.name == name).expect("a file");
    let bench = Bench::new(scenario.world.clone()).await;
    let plan = scenario.plan(&bench).await;
    let mut counts = Counts::default();
    disturbed(scenario, &bench.simulator.world(), &plan, &mut counts).await;
    println!("{name}: {counts:?}");
    assert!(counts.cases >= 80 && counts.refused + counts.resumed > 0);
}

/// Resuming reaches the state of an undisturbed run from every fault: a test a scenario.
macro_rules! matrices {
    ($($test:ident = $file:literal),+ $(,)?) => {
        const MATRICES: &[&str] = &[$($file),+];
        $(
            #[tokio::test(start_paused = true)]
            async fn $test() {
                matrix($file).await;
            }
        )+
    };
}

matrices! {
    resume_after_faults_aws_default_scp = "aws-default-scp",
    resume_after_faults_canary = "canary",
    resume_after_faults_control_tower = "control-tower",
    resume_after_faults_guard_closure_missing = "guard-closure-missing",
    resume_after_faults_guard_leave_only = "guard-leave-only",
    resume_after_faults_guard_missing = "guard-missing",
    resume_after_faults_ou_guards_only = "ou-guards-only",
    resume_after_faults_re_invite = "re-invite",
    resume_after_faults_re_invite_accepted_in_the_account = "re-invite-accepted-in-the-account",
    resume_after_faults_re_invite_accepted_by_the_owner = "re-invite-accepted-by-the-owner",
    resume_after_faults_restore_deleted_and_rewritten = "restore-deleted-and-rewritten",
    resume_after_faults_restore_from_snapshot = "restore-from-snapshot",
    resume_after_faults_root_full = "root-full",
    resume_after_faults_transition_ou = "transition-ou",
    resume_after_faults_type_disabled = "type-disabled",
}

#[tokio::test(start_paused = true)]
async fn no_scenario_that_writes_is_left_out_of_the_matrix() {
    let mut writing = Vec::new();
    for scenario in scenarios::all() {
        let bench = Bench::new(scenario.world.clone()).await;
        let stops = scenario.expected.stops.is_some();
        if !stops && !scenario.plan(&bench).await.steps.is_empty() {
            writing.push(scenario.name);
        }
    }
    let mut covered = MATRICES.to_vec();
    covered.sort_unstable();
    writing.sort();
    assert_eq!(writing, covered);
}

/// The same for taking back: it ends in the state from before the run.
#[tokio::test(start_paused = true)]
async fn undo_reaches_the_state_before_the_run_from_every_fault() {
    let mut counts = Counts::default();
    for scenario in scenarios::all() {
        let reversible = [
            "guard-missing",
            "re-invite",
            "re-invite-accepted-by-the-owner",
            "restore-deleted-and-rewritten",
        ];
        if !reversible.contains(&scenario.name.as_str()) {
            continue;
        }
        let planning = Bench::new(scenario.world.clone()).await;
        let plan = scenario.plan(&planning).await;
        let world = planning.simulator.world();
        let start = state(&world);
        let prepared = || async {
            let bench = Bench::new(world.clone()).await;
            let run = bench.apply_plan(plan.clone()).await.expect("applied").run;
            (bench, run)
        };
        let (undisturbed, run) = prepared().await;
        let opened = calls(&undisturbed).len();
        undisturbed.undo_all(&run).await.expect("undone");
        assert_eq!(state(&undisturbed.simulator.world()), start);
        for (operation, number) in calls(&undisturbed).into_iter().skip(opened) {
            for (word, kind) in kinds() {
                let at = format!(
                    "{}: undo, {word}, call {number} of {operation}",
                    scenario.name
                );
                counts.cases += 1;
                let (bench, run) = prepared().await;
                bench.simulator.add_fault(fault(&operation, number, &kind));
                match bench.undo_all(&run).await {
                    Ok(_) => counts.at_once += 1,
                    Err(stopped) => {
                        match stopped {
                            ApplyError::Refused { .. } => counts.refused += 1,
                            ApplyError::Stopped(_) => counts.resumed += 1,
                            other @ ApplyError::Interrupted(_) => panic!("{at}: {other}"),
                        }
                        bench.simulator.clear_faults();
                        bench
                            .undo_all(&run)
                            .await
                            .unwrap_or_else(|error| panic!("{at}: {error}"));
                    }
                }
                assert_eq!(state(&bench.simulator.world()), start, "{at}");
            }
        }
    }
    println!("undo: {counts:?}");
    assert!(counts.cases > 200 && counts.resumed > 0, "{counts:?}");
}
