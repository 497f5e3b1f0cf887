//! The journal, going on with a run, and taking one back. What is asserted is the
//! simulator's state.

use std::path::PathBuf;

use org_exit_guard::apply::{ApplyError, History, HistoryError, RunState, plan_undo};
use org_exit_guard::plan::Wishes;
use org_exit_guard::sim::{Calls, Fault, Kind, Mutation, Refusal, World, WorldBuilder};

use crate::support::{Bench, now, stopped};

fn world() -> World {
    WorldBuilder::new(now())
        .ou("Workloads")
        .account("shop", "Workloads")
        .standalone("departed")
        .build()
}

fn wishes() -> Wishes {
    Wishes {
        reinvite: ["300000000001".parse().expect("an account id")].into(),
        ..Wishes::default()
    }
}

/// Attachments, policies and open invitations: what remediation changes.
fn state(bench: &Bench) -> serde_json::Value {
    let world = bench.simulator.world();
    let organization = world.organization().expect("an organization");
    let open = world.handshakes.values().filter(|one| one.state == "OPEN");
    serde_json::json!({
        "policies": organization.policies.values().map(|policy| (&policy.name, &policy.content)).collect::<Vec<_>>(),
        "root": organization.attachments.get(&organization.root),
        "open": open.map(|one| &one.target).collect::<Vec<_>>(),
    })
}

async fn applied() -> (Bench, String) {
    let bench = Bench::new(world()).await;
    let planned = bench.plan(&wishes()).await;
    let run = bench.apply(planned).await.expect("applied").run;
    (bench, run)
}

fn journal(bench: &Bench, run: &str) -> PathBuf {
    bench.state().join("runs").join(run).join("journal.jsonl")
}

#[tokio::test(start_paused = true)]
async fn undo_of_apply_is_the_identity_and_happens_once() {
    let bench = Bench::new(world()).await;
    let before = state(&bench);
    let planned = bench.plan(&wishes()).await;
    let run = bench.apply(planned).await.expect("applied").run;
    assert_eq!(bench.history(&run).state(), RunState::Complete);
    assert_ne!(state(&bench), before);
    assert_eq!(bench.undo(&run).await.expect("undone"), 3);
    assert_eq!(state(&bench), before);
    assert_eq!(bench.history(&run).state(), RunState::Undone);
    assert!(matches!(
        bench.undo(&run).await,
        Err(ApplyError::Refused { .. })
    ));
    assert!(matches!(
        bench.resume(&run).await,
        Err(ApplyError::Refused { .. })
    ));
}

/// What somebody else changed since is left alone, and the reason is told before confirmation.
#[tokio::test(start_paused = true)]
async fn undo_leaves_what_others_changed() {
    let named = |policy: &str| policy.to_owned();
    let guard = || named("org-exit-guard");
    let denies = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"organizations:*","Resource":"*"}]}"#;
    let cases: [(&str, Vec<Mutation>, usize); 5] = [
        (
            "was changed since",
            vec![Mutation::Rewrite {
                policy: guard(),
                content: denies.to_owned(),
            }],
            1,
        ),
        ("is gone", vec![Mutation::Delete { policy: guard() }], 1),
        (
            "which this run does not take back",
            vec![Mutation::Attach {
                policy: guard(),
                target: named("Workloads"),
            }],
            2,
        ),
        (
            "is not attached to root",
            vec![Mutation::Detach {
                policy: guard(),
                target: named("/"),
            }],
            2,
        ),
        ("is not open any more", vec![], 2),
    ];
    for (why, changes, left) in cases {
        let (bench, run) = Box::pin(applied()).await;
        bench.simulator.change(|world| {
            for change in &changes {
                world.mutate(change);
            }
            if changes.is_empty() {
                for one in world.handshakes.values_mut() {
                    "ACCEPTED".clone_into(&mut one.state);
                }
            }
        });
        let plan = plan_undo(bench.place(), &bench.history(&run))
            .await
            .expect("read");
        let noted = plan.not_done.iter().chain(&plan.left);
        let told: Vec<&str> = noted.map(|one| one.why.as_str()).collect();
        assert!(
            told.iter().any(|told| told.contains(why)),
            "{why}: {told:?}"
        );
        assert_eq!(plan.reversals.len(), left, "{why}: {:?}", plan.reversals);
        assert_eq!(bench.undo(&run).await.expect("undone"), left, "{why}");
    }
    // Without our tag it is not ours, whatever its name and text.
    let (bench, run) = Box::pin(applied()).await;
    bench.simulator.change(|world| {
        let id = world.organization().expect("one").id.clone();
        world.organizations.get_mut(&id).expect("one").tags.clear();
    });
    let plan = plan_undo(bench.place(), &bench.history(&run))
        .await
        .expect("read");
    assert_eq!(plan.reversals.len(), 1, "{:?}", plan.reversals);
}

#[tokio::test(start_paused = true)]
async fn a_change_between_showing_and_undoing_is_refused() {
    let (bench, run) = Box::pin(applied()).await;
    let plan = plan_undo(bench.place(), &bench.history(&run))
        .await
        .expect("read");
    let organization = plan.organization.to_string();
    assert!(plan.clone().confirm("o-other00000", String::new()).is_err());
    let approved = plan
        .confirm(&organization, "test".to_owned())
        .expect("its id");
    bench.simulator.change(|world| {
        world.mutate(&Mutation::Attach {
            policy: "org-exit-guard".to_owned(),
            target: "Workloads".to_owned(),
        });
    });
    let refused = org_exit_guard::apply::undo(bench.place(), &approved).await;
    assert!(
        matches!(refused, Err(ApplyError::Refused { .. })),
        "{refused:?}"
    );
    assert_eq!(bench.done("organizations:DetachPolicy"), 0);
}

#[tokio::test(start_paused = true)]
async fn resume_refuses_when_the_guard_was_detached_since_and_keeps_what_stands() {
    let bench = Bench::new(world()).await;
    let denied = Kind::Error(Refusal::new("AccessDeniedException", "no"));
    let invite = "organizations:InviteAccountToOrganization";
    bench
        .simulator
        .add_fault(Fault::new(invite, Calls::Every, denied));
    let planned = bench.plan(&wishes()).await;
    let run = stopped(bench.apply(planned).await.expect_err("it is denied")).run;
    let stopped = RunState::Stopped("invite-300000000001".to_owned());
    assert_eq!(bench.history(&run).state(), stopped);
    bench.simulator.clear_faults();
    let detach = |target: &str| Mutation::Detach {
        policy: "org-exit-guard".to_owned(),
        target: target.to_owned(),
    };
    bench.simulator.change(|world| world.mutate(&detach("/")));
    let Err(ApplyError::Refused { why, .. }) = bench.resume(&run).await else {
        panic!("the guard is gone")
    };
    assert!(
        why.contains("which the run attached, was detached"),
        "{why}"
    );
    assert_eq!(bench.done(invite), 0);
    bench.simulator.change(|world| {
        world.mutate(&Mutation::Attach {
            policy: "org-exit-guard".to_owned(),
            target: "/".to_owned(),
        });
    });
    bench.resume(&run).await.expect("resumed");
    assert_eq!(
        (bench.done(invite), bench.done("organizations:CreatePolicy")),
        (1, 1)
    );
    assert_eq!(bench.history(&run).state(), RunState::Complete);
}

/// Cut at every byte: the rows before the cut are used. Going on and taking back from any cut
/// end in the same state, and nothing is written twice.
#[tokio::test(start_paused = true)]
async fn a_journal_cut_at_any_byte_is_used_up_to_the_cut() {
    let (bench, run) = Box::pin(applied()).await;
    let file = journal(&bench, &run);
    let whole = std::fs::read(&file).expect("a journal");
    let ends: Vec<usize> = (0..whole.len())
        .filter(|at| whole[*at] == b'\n')
        .map(|at| at + 1)
        .collect();
    for cut in 0..whole.len() {
        std::fs::write(&file, &whole[..cut]).expect("written");
        let history = bench.history(&run);
        let rows = ends.iter().filter(|end| **end <= cut).count();
        assert_eq!(history.rows().len(), rows, "cut at {cut}");
        let between = cut > 0 && !ends.contains(&cut);
        assert_eq!(history.is_torn(), between, "cut at {cut}");
        assert_eq!(history.header().is_some(), rows > 0, "cut at {cut}");
        assert_eq!(history.state(), RunState::Unfinished, "cut at {cut}");
    }
    let done = state(&bench);
    let mut resumed = 0;
    for end in &ends[..ends.len() - 1] {
        for cut in [*end, end + 40] {
            std::fs::write(&file, &whole[..cut]).expect("written");
            match bench.resume(&run).await {
                Ok(_) => {
                    resumed += 1;
                    assert_eq!(bench.history(&run).state(), RunState::Complete);
                }
                // Before the intent to attach, that our policy hangs is a foreign change.
                Err(ApplyError::Refused { why, .. }) => {
                    assert!(
                        why.contains("was attached to the root"),
                        "cut at {cut}: {why}"
                    );
                }
                Err(other) => panic!("cut at {cut}: {other}"),
            }
            assert_eq!(state(&bench), done, "cut at {cut}");
        }
    }
    assert!(resumed >= 8, "{resumed}");
    for write in [
        "CreatePolicy",
        "AttachPolicy",
        "InviteAccountToOrganization",
    ] {
        assert_eq!(bench.done(&format!("organizations:{write}")), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_altered_removed_or_moved_row_is_named() {
    let (bench, run) = Box::pin(applied()).await;
    let file = journal(&bench, &run);
    let whole = std::fs::read_to_string(&file).expect("a journal");
    let lines: Vec<&str> = whole.lines().collect();
    let refused = |lines: &[&str], row: usize| {
        std::fs::write(&file, format!("{}\n", lines.join("\n"))).expect("written");
        match History::read(bench.state(), &run) {
            Err(HistoryError::Row { row: named, .. }) => assert_eq!(named, row),
            other => panic!("row {row}: {other:?}"),
        }
    };
    for row in 0..lines.len() {
        // The last row is no exception: it carries its own hash.
        for at in (0..lines[row].len()).step_by(7) {
            let mut bytes = lines[row].as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
            let altered = String::from_utf8(bytes).expect("ASCII");
            let mut changed = lines.clone();
            changed[row] = &altered;
            refused(&changed, row + 1);
        }
        if row + 1 < lines.len() {
            let mut removed = lines.clone();
            removed.remove(row);
            refused(&removed, row + 1);
            let mut swapped = lines.clone();
            swapped.swap(row, row + 1);
            refused(&swapped, row + 1);
        }
    }
    let v1 = r#"{"sequence":0,"previous":"","time":"2026-11-24T10:00:00Z","kind":"run-open","format_version":1}"#;
    std::fs::write(&file, format!("{v1}\n")).expect("written");
    let error = History::read(bench.state(), &run).expect_err("of an earlier version");
    assert!(
        matches!(error, HistoryError::Version { found: 1, .. }),
        "{error}"
    );
    for stranger in ["", "..", "../x", "nosuchrun"] {
        let error = History::read(bench.state(), stranger).expect_err("no run");
        assert!(matches!(error, HistoryError::NoSuchRun(_)), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_lost_its_end_is_taken_back_too() {
    let (bench, run) = Box::pin(applied()).await;
    let file = journal(&bench, &run);
    let whole = std::fs::read_to_string(&file).expect("a journal");
    // Without the outcome of the attachment: that its call went out when it was not there proves it.
    let kept: Vec<&str> = whole.lines().take(5).collect();
    std::fs::write(&file, format!("{}\n{{\"sequ", kept.join("\n"))).expect("written");
    let history = bench.history(&run);
    assert!(history.is_torn() && history.intended("attach-guard"));
    assert_eq!(bench.undo(&run).await.expect("undone"), 2);
    let world = bench.simulator.world();
    assert!(world.policy_named("org-exit-guard").is_none());
    // The invitation is not proved ours, and stays.
    assert_eq!(
        world
            .handshakes
            .values()
            .filter(|one| one.state == "OPEN")
            .count(),
        1
    );
    let torn = std::fs::read_to_string(file.with_file_name("journal.torn")).expect("kept");
    assert_eq!(torn, "{\"sequ");
}

#[tokio::test(start_paused = true)]
async fn every_write_stands_in_the_journal_with_the_id_that_cloudtrail_has() {
    let bench = Bench::new(world()).await;
    let plan = bench.plan(&wishes()).await;
    let busy = Kind::Error(Refusal::new("TooManyRequestsException", "on purpose"));
    let attach = "organizations:AttachPolicy";
    bench
        .simulator
        .add_fault(Fault::new(attach, Calls::Nth(1), busy));
    let run = bench.apply(plan).await.expect("applied").run;
    bench.undo(&run).await.expect("undone");
    let text = std::fs::read_to_string(journal(&bench, &run)).expect("a journal");
    let rows = text.lines().map(|line| {
        let row: serde_json::Value = serde_json::from_str(line).expect("a row");
        row["calls"].as_array().cloned().unwrap_or_default()
    });
    let calls: Vec<serde_json::Value> = rows.flatten().collect();
    let id = |call: &serde_json::Value| call["request_id"].as_str().expect("an id").to_owned();
    let journaled: Vec<(String, String)> = calls
        .iter()
        .filter(|call| call["status"] == 200)
        .map(|call| {
            (
                call["action"].as_str().expect("an action").to_owned(),
                id(call),
            )
        })
        .collect();
    let world = bench.simulator.world();
    let account = world.accounts.get(&world.management).expect("it exists");
    let mut recorded: Vec<(String, String)> = account
        .trail
        .values()
        .flatten()
        .filter(|record| record["readOnly"] == false && record["eventType"] == "AwsApiCall")
        .map(|record| {
            let name = record["eventName"].as_str().expect("a name");
            let id = record["requestID"].as_str().expect("an id");
            (format!("organizations:{name}"), id.to_owned())
        })
        .collect();
    recorded.sort();
    let mut sorted = journaled.clone();
    sorted.sort();
    assert_eq!(sorted, recorded);
    assert_eq!(sorted.len(), 6, "three steps, taken and taken back");
    assert_eq!(calls.len(), 7, "and one that was throttled: {calls:?}");
    assert_eq!(
        (&calls[1]["action"], &calls[1]["status"]),
        (&attach.into(), &400.into())
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_back_in_part_says_so_and_the_rest_can_follow() {
    let (bench, run) = Box::pin(applied()).await;
    let part = async |only: &[&str]| {
        let mut plan = plan_undo(bench.place(), &bench.history(&run))
            .await
            .expect("read");
        let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
        plan.keep_only(&only).expect("steps");
        let organization = plan.organization.to_string();
        let approved = plan
            .confirm(&organization, "test".to_owned())
            .expect("its id");
        org_exit_guard::apply::undo(bench.place(), &approved).await
    };
    part(&["invite-300000000001"]).await.expect("undone");
    assert_eq!(bench.history(&run).state(), RunState::UndonePart);
    let refused = bench.resume(&run).await.expect_err("nothing to resume");
    assert!(refused.to_string().contains("undone in part"), "{refused}");
    // Asked for, and not done: that is another state.
    let denied = Kind::Error(Refusal::new("AccessDeniedException", "no"));
    let detach = "organizations:DetachPolicy";
    bench
        .simulator
        .add_fault(Fault::new(detach, Calls::Every, denied));
    part(&["attach-guard"]).await.expect_err("denied");
    assert_eq!(bench.history(&run).state(), RunState::UndoUnfinished);
    bench.simulator.clear_faults();
    assert_eq!(bench.undo(&run).await.expect("the rest"), 2);
    assert_eq!(bench.history(&run).state(), RunState::Undone);
}
