//! What else is shown to be safe: pairs of faults, races, random organizations, a full disk,
//! directories of others, changes between two steps.

use std::process::Stdio;

use org_exit_guard::apply::ApplyError;
use org_exit_guard::flows::make_plan;
use org_exit_guard::model::settings::Settings;
use org_exit_guard::plan::{Change, Wishes};
use org_exit_guard::sim::{
    CallOutcome, Calls, Fault, ForeignChange, GeneratorOptions, Kind, LoggedCall, Mutation, World,
    WorldBuilder, generate,
};
use org_exit_guard::verdict::{Answer, Judgement, judge};

use crate::fault_matrix::{calls, kinds, state};
use crate::scenarios;
use crate::served::{Run, Served};
use crate::support::{Bench, now, stopped};

/// A small generator of numbers that are the same every time.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let limit = u64::try_from(limit).expect("small");
        usize::try_from((self.0 >> 33) % limit).expect("small")
    }
}

/// The second fault of a pair may hit the run, or going on with it.
#[expect(clippy::print_stdout, reason = "the counts are shown")]
async fn pairs(name: &str, samples: usize) {
    let all = scenarios::all();
    let scenario = all.iter().find(|one| one.name == name).expect("a file");
    let planning = Bench::new(scenario.world.clone()).await;
    let plan = scenario.plan(&planning).await;
    let world = planning.simulator.world();
    let undisturbed = Bench::new(world.clone()).await;
    undisturbed.apply_plan(plan.clone()).await.expect("applied");
    let end = state(&undisturbed.simulator.world());
    let calls = calls(&undisturbed);
    let mut draw = Draw(11);
    let mut disturbed = 0;
    for sample in 0..samples {
        let bench = Bench::new(world.clone()).await;
        let mut at = format!("{name} {sample}:");
        for _ in 0..2 {
            let (operation, number) = &calls[draw.below(calls.len())];
            let (called, kind) = kinds().swap_remove(draw.below(kinds().len()));
            let which = match kind {
                Kind::Stale { .. } => Calls::From(*number),
                _ => Calls::Nth(*number),
            };
            at = format!("{at} {called} at {operation} {number}");
            bench
                .simulator
                .add_fault(Fault::new(operation, which, kind));
        }
        let mut run: Option<String> = None;
        for round in 0..8 {
            if round == 6 {
                bench.simulator.clear_faults();
            }
            let ended = match &run {
                None => bench.apply_plan(plan.clone()).await,
                Some(run) => bench.resume(run).await,
            };
            match ended {
                Ok(_) => break,
                Err(ApplyError::Stopped(left)) => run = Some(left.run),
                Err(other @ ApplyError::Interrupted(_)) => panic!("{at}: {other}"),
                Err(ApplyError::Refused { .. }) => {}
            }
            disturbed += 1;
            assert!(round < 7, "{at}");
        }
        assert_eq!(state(&bench.simulator.world()), end, "{at}");
    }
    println!("{name}: {samples} pairs, {disturbed} times disturbed");
    assert!(disturbed > samples / 4, "{disturbed} of {samples}");
}

#[tokio::test(start_paused = true)]
async fn pairs_of_faults_end_in_the_same_state_guard() {
    pairs("guard-missing", 250).await;
}

#[tokio::test(start_paused = true)]
async fn pairs_of_faults_end_in_the_same_state_canary() {
    pairs("canary", 60).await;
}

#[tokio::test(start_paused = true)]
async fn pairs_of_faults_end_in_the_same_state_way_back() {
    pairs("re-invite-accepted-in-the-account", 150).await;
}

fn blocked(judgement: &Judgement) -> std::collections::BTreeSet<(String, &'static str)> {
    let mut all = std::collections::BTreeSet::new();
    for (account, standing) in &judgement.standings {
        for path in org_exit_guard::exits::ExitPath::of_members() {
            if standing.verdict(path.id).is_some_and(Answer::is_blocked) {
                all.insert((account.to_string(), path.id.as_str()));
            }
        }
    }
    all
}

/// A small organization with few guards.
fn random(seed: u64) -> GeneratorOptions {
    GeneratorOptions {
        ous: 6,
        policies: 6,
        stacks: 5,
        guarded_root: false,
        guarded_accounts: 2,
        exempting: 1,
        seed,
        ..GeneratorOptions::default()
    }
}

#[tokio::test(start_paused = true)]
async fn over_random_organizations_nothing_is_weakened_twice_is_once_and_undo_is_the_identity() {
    let mut written = 0;
    for seed in 0..24 {
        let options = GeneratorOptions {
            accounts: 14,
            guarded_ous: u32::try_from(seed % 3).expect("small"),
            drifted: 1,
            departed: 2,
            ..random(seed)
        };
        let bench = Bench::new(generate(&options, now())).await;
        let (start, before) = (state(&bench.simulator.world()), bench.full().await);
        let planned = bench.plan(&Wishes::default()).await;
        if planned.plan.steps.is_empty() {
            continue;
        }
        written += 1;
        let run = bench.apply(planned).await.expect("applied").run;
        let after = bench.full().await;
        let (was, is) = (blocked(&judge(&before)), blocked(&judge(&after)));
        assert!(was.is_subset(&is), "{seed}: {:?}", was.difference(&is));
        assert!(was.len() < is.len(), "{seed}");
        // No text and no attachment of others was touched: every deny of before is there.
        let (then, hung) = (
            org_exit_guard::plan::hung(&before),
            org_exit_guard::plan::hung(&after),
        );
        for (node, policies) in &then {
            assert!(policies.is_subset(&hung[node]), "{seed}: {node}");
        }
        for (id, policy) in &before.policies {
            assert_eq!(policy.content, after.policies[id].content, "{seed}: {id}");
        }
        assert!(
            bench.plan(&Wishes::default()).await.plan.steps.is_empty(),
            "{seed}"
        );
        bench.undo(&run).await.expect("undone");
        assert_eq!(state(&bench.simulator.world()), start, "{seed}");
    }
    assert!(written >= 20, "{written}");
}

/// Deleted, edited and detached SCPs come back as the snapshot has them; nothing else changes.
#[tokio::test(start_paused = true)]
async fn over_random_organizations_a_restoration_weakens_nothing_and_undo_is_the_identity() {
    let mut draw = Draw(5);
    let (mut written, mut created) = (0, 0);
    for seed in 0..24 {
        let options = GeneratorOptions {
            accounts: 12,
            guarded_root: seed % 2 == 0,
            guarded_ous: 2,
            ..random(seed)
        };
        let bench = Bench::new(generate(&options, now())).await;
        let then = bench.full().await;
        let own: Vec<String> = then
            .policies
            .values()
            .filter(|policy| !policy.aws_managed)
            .map(|policy| policy.id.to_string())
            .collect();
        let emptied = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sns:*","Resource":"*"}]}"#;
        let (deleted, edited) = (draw.below(own.len()), draw.below(own.len()));
        bench.simulator.change(|world| {
            world.mutate(&Mutation::Delete {
                policy: own[deleted].clone(),
            });
            world.mutate(&Mutation::Rewrite {
                policy: own[edited].clone(),
                content: emptied.to_owned(),
            });
        });
        let (start, before) = (state(&bench.simulator.world()), bench.full().await);
        let wishes = Wishes {
            restore: Some(Box::new(then.clone())),
            recreate_rewritten: true,
            ..Wishes::default()
        };
        let restoration = || async {
            let facts = bench.full().await;
            make_plan(facts, &Settings::default(), &wishes).expect("a plan")
        };
        let planned = restoration().await;
        if planned.plan.steps.is_empty() {
            continue;
        }
        written += 1;
        let makes_one = |change: &Change| matches!(change, Change::CreatePolicy { .. });
        created += planned
            .plan
            .steps
            .iter()
            .filter(|one| makes_one(&one.change))
            .count();
        let run = bench.apply(planned).await.expect("applied").run;
        let after = bench.full().await;
        let (was, is) = (blocked(&judge(&before)), blocked(&judge(&after)));
        assert!(was.is_subset(&is), "{seed}: {:?}", was.difference(&is));
        let once = blocked(&judge(&then));
        assert!(once.is_subset(&is), "{seed}: {:?}", once.difference(&is));
        let hung = org_exit_guard::plan::hung;
        for (node, policies) in hung(&before) {
            assert!(policies.is_subset(&hung(&after)[&node]), "{seed}: {node}");
        }
        for (id, policy) in &before.policies {
            assert_eq!(policy.content, after.policies[id].content, "{seed}: {id}");
        }
        let again = restoration().await.plan.steps;
        assert!(again.is_empty(), "{seed}: {again:?}");
        bench.undo(&run).await.expect("undone");
        assert_eq!(state(&bench.simulator.world()), start, "{seed}");
    }
    assert!(written >= 15 && created >= 15, "{written}, {created}");
}

fn small() -> World {
    WorldBuilder::new(now())
        .ou("Prod")
        .account("shop", "Prod")
        .build()
}

#[tokio::test(start_paused = true)]
async fn a_change_between_two_steps_stops_the_run_truthfully() {
    let bench = Bench::new(small()).await;
    let planned = bench.plan(&Wishes::default()).await;
    bench.simulator.change(|world| {
        world.changes.push(ForeignChange {
            before: "organizations:AttachPolicy".to_owned(),
            call: 1,
            change: Mutation::DisableScps,
        });
    });
    let error = bench.apply(planned).await.expect_err("stopped");
    let left = stopped(error);
    let (run, (step, why)) = (left.run, left.failed[0].clone());
    assert_eq!(step, "attach-guard");
    assert!(why.contains("PolicyTypeNotEnabledException"), "{why}");
    let refused = bench.resume(&run).await.expect_err("refused").to_string();
    assert!(
        refused.contains("the SCP policy type was ENABLED"),
        "{refused}"
    );
    bench.undo(&run).await.expect("undone");
    assert!(
        bench
            .simulator
            .world()
            .policy_named("org-exit-guard")
            .is_none()
    );
}

fn writes(served: &Served) -> usize {
    let log = served.simulator.log();
    let done = |call: &&LoggedCall| matches!(call.outcome, CallOutcome::Done);
    let names = ["CreatePolicy", "AttachPolicy"];
    log.iter()
        .filter(done)
        .filter(|call| names.contains(&call.name()))
        .count()
}

#[test]
fn of_two_runs_that_race_one_writes_and_the_other_is_told() {
    // Side by side: most of the time each of them waits for the pace of the published rates.
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(race);
        }
    });
}

fn race() {
    let served = Served::new(small());
    let spawn = || {
        let mut command = served.command();
        command
            .args(served.writing(&["remediate"]))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().expect("it runs")
    };
    let (first, second) = (spawn(), spawn());
    let ended = [first, second].map(|child| Run::of(&child.wait_with_output().expect("it ends")));
    let codes = [ended[0].code, ended[1].code];
    // The later one finds the lock held, the facts changed, or nothing left to do.
    assert!(codes.contains(&Some(0)), "{ended:?}");
    for run in &ended {
        assert!([Some(0), Some(6)].contains(&run.code), "{run:?}");
    }
    assert_eq!(writes(&served), 2, "{ended:?}");
    let world = served.simulator.world();
    let organization = world.organization().expect("an organization");
    assert_eq!(
        organization.policies.len(),
        2,
        "FullAWSAccess and the guard"
    );
}

#[test]
fn a_directory_that_others_can_write_to_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let served = Served::new(small());
    let state = served.place().join("state");
    std::fs::create_dir(&state).expect("made");
    for mode in [0o777, 0o770] {
        std::fs::set_permissions(&state, std::fs::Permissions::from_mode(mode)).expect("set");
        let run = served.apply(&["remediate"]);
        assert_eq!(run.code, Some(6), "{run:?}");
        assert!(run.said().contains("can be written by others"), "{run:?}");
        assert_eq!(writes(&served), 0);
    }
}

/// The journal cannot grow beyond so many bytes: nothing is written that it does not know of.
#[test]
fn on_a_full_disk_nothing_is_written_that_the_journal_does_not_hold() {
    let codes = std::thread::scope(|scope| {
        let sizes = [0, 1, 4, 6, 7, 8, 9, 10, 12];
        let runs = sizes.map(|blocks| scope.spawn(move || on_a_disk_of(blocks)));
        runs.map(|run| run.join().expect("no check failed"))
    });
    let seen = [6, 7].map(|code| codes.contains(&Some(code)));
    assert_eq!(seen, [true, true], "{codes:?}");
}

/// Runs it where no file can have more than so many blocks of 512 bytes; the exit code.
fn on_a_disk_of(blocks: u32) -> Option<i32> {
    let served = Served::new(small());
    let program = served.command();
    let mut command = std::process::Command::new("sh");
    command
        .arg("-c")
        .arg(format!(
            "trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""
        ))
        .arg(program.get_program())
        .args(served.writing(&["remediate"]))
        .current_dir(served.place())
        .env_clear();
    for (key, value) in program.get_envs() {
        command.env(key, value.expect("set"));
    }
    let run = Run::of(&command.output().expect("it runs"));
    match run.code {
        Some(6) => assert_eq!(writes(&served), 0, "{run:?}"),
        Some(7) => {
            assert!(
                run.said().contains("the journal cannot be written"),
                "{run:?}"
            );
            let runs = served.run(&["runs", "--state-dir", "state", "--format", "json"]);
            let runs = runs.json();
            let id = runs["runs"][0]["run"].as_str().expect("a run");
            let resumed = served.apply(&["resume", id]);
            assert_eq!(resumed.code, Some(0), "{blocks}");
            assert_eq!(writes(&served), 2, "{blocks}");
        }
        other => assert_eq!(other, Some(0), "{run:?}"),
    }
    run.code
}
