//! How a remediation ends: the exit code says whether what was asked for was done, JSON is printed also when
//! it stops, and what AWS answered to a read after a write is told as that.

use std::path::PathBuf;

use org_exit_guard::plan::Wishes;
use org_exit_guard::sim::{Calls, Change, Fault, Kind, Mutation, Refusal, World, WorldBuilder};

use crate::served::Served;
use crate::support::{Bench, now, stopped};
use crate::way_back::{LAB, after};

fn world() -> World {
    WorldBuilder::new(now())
        .ou("Workloads")
        .account("one", "Workloads")
        .build()
}

/// Ten SCPs on the root: no slot is left for the guard.
fn full() -> World {
    let mut builder = WorldBuilder::new(now()).account("one", "/");
    for number in 0..9 {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":"s3:Delete{number}","Resource":"*"}}]}}"#
        );
        builder = builder.scp(&format!("other-{number}"), &text, &["/"]);
    }
    builder.build()
}

#[test]
fn a_guard_that_is_needed_and_not_planned_is_no_success() {
    let served = Served::new(full());
    for run in [served.run(&["remediate"]), served.apply(&["remediate"])] {
        assert_eq!(run.code, Some(6), "{}{}", run.stdout, run.stderr);
        assert!(
            run.said().contains("attach the guard to the root"),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn a_return_that_is_not_planned_is_no_success() {
    let served = Served::new(world());
    let run = served.run(&[
        "remediate",
        "--reinvite",
        "200000000001",
        "--without-self-closure",
    ]);
    assert_eq!(run.code, Some(6), "{}{}", run.stdout, run.stderr);
    assert!(
        run.said().contains("bring back account 200000000001"),
        "{}",
        run.stderr
    );
    // What could be done is done, and the code says that it is not all.
    let run = served.apply(&["remediate", "--reinvite", "200000000001"]);
    assert_eq!(run.code, Some(7), "{}{}", run.stdout, run.stderr);
    assert!(
        served
            .simulator
            .world()
            .policy_named("org-exit-guard")
            .is_some()
    );
}

#[test]
fn an_account_that_is_created_or_closed_meanwhile_breaks_no_promise() {
    let served = Served::new(
        WorldBuilder::new(now())
            .ou("Workloads")
            .account("one", "Workloads")
            .account("two", "Workloads")
            .standalone("new")
            .build(),
    );
    let meanwhile = Change::new(|world| {
        world.mutate(&Mutation::Join {
            account: "new".to_owned(),
        });
        world.mutate(&Mutation::Close {
            account: "two".to_owned(),
        });
    });
    served.simulator.add_fault(Fault::new(
        "organizations:CreatePolicy",
        Calls::Nth(1),
        Kind::Change(meanwhile),
    ));
    let run = served.apply(&["remediate"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let told = run.said();
    assert!(told.contains("promises nothing: 300000000001"), "{told}");
    assert!(told.contains("(left or closed): 200000000002"), "{told}");
}

#[test]
fn json_is_printed_also_when_it_stops() {
    let served = Served::new(world());
    let denied = Kind::Error(Refusal::new("AccessDeniedException", "on purpose"));
    served.simulator.add_fault(Fault::new(
        "organizations:AttachPolicy",
        Calls::Every,
        denied,
    ));
    let run = served.apply(&["remediate", "--format", "json"]);
    assert_eq!(run.code, Some(7), "{}", run.stderr);
    let document = run.json();
    let stopped = document["stopped"].as_str().expect("why");
    assert!(stopped.contains("`attach-guard`"), "{stopped}");
    let outcome = |step: usize| {
        document["steps"][step]["outcome"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert!(outcome(0).starts_with("done"), "{document:#}");
    assert!(outcome(1).starts_with("failed"), "{document:#}");
}

/// Credentials that expire, a denial, an error of AWS: each is told, and not taken for a list that does
/// not show the change yet.
#[tokio::test(start_paused = true)]
async fn what_aws_says_after_a_write_is_told_as_that() {
    let refusal = |code: &str| Kind::Error(Refusal::new(code, "on purpose"));
    for (kind, word) in [
        (refusal("ExpiredTokenException"), "ExpiredTokenException"),
        (refusal("AccessDeniedException"), "AccessDeniedException"),
        (refusal("ServiceException"), "ServiceException"),
    ] {
        let list = "organizations:ListPoliciesForTarget";
        let reference = Bench::new(world()).await;
        let planned = reference.plan(&Wishes::default()).await;
        reference.apply(planned).await.expect("applied");
        let log = reference.simulator.log();
        let until = log.iter().take_while(|call| call.name() != "AttachPolicy");
        let before = until.filter(|call| call.operation == list).count();
        // From the attachment on, the list cannot be read.
        let from = u32::try_from(before).expect("few") + 1;
        let bench = Bench::new(world()).await;
        let plan = bench.plan(&Wishes::default()).await.document;
        bench
            .simulator
            .add_fault(Fault::new(list, Calls::From(from), kind));
        let left = stopped(bench.apply_plan(plan).await.expect_err(word));
        let why = &left.failed[0].1;
        assert!(
            why.contains("could not be read back") && why.contains(word),
            "{why}"
        );
        assert!(!why.contains("not listed"), "{why}");
    }
}

/// The last thing before a step is given up is a read.
#[tokio::test(start_paused = true)]
async fn reading_back_ends_with_a_read() {
    let bench = Bench::new(world()).await;
    let planned = bench.plan(&Wishes::default()).await;
    let list = "organizations:ListPoliciesForTarget";
    // Shown 30 seconds after the write, which is less than all pauses together.
    let within = Some(std::time::Duration::from_secs(30));
    bench
        .simulator
        .add_fault(Fault::new(list, Calls::Every, Kind::Stale { within }));
    bench.apply(planned).await.expect("shown at the last read");
}

fn quarantined(served: &Served) -> PathBuf {
    let world = served.simulator.world();
    let quarantine = world.policy_named(&format!("org-exit-guard-quarantine-{LAB}"));
    let text = &quarantine.expect("a quarantine").content;
    let full =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let chain = serde_json::json!([[full, text]]);
    let path = served.place().join("chain.json");
    std::fs::write(&path, chain.to_string()).expect("written");
    path
}

/// Its report says nothing of inviting who came back; its quarantine lets the responder through, and the
/// cure of central root access, and nobody else.
#[test]
fn the_quarantine_lets_the_responder_and_central_root_access_through() {
    let served = Served::new(after());
    let run = served.apply(&[
        "remediate",
        "--reinvite",
        LAB,
        "--accept-in-account",
        "--break-glass-role",
        "incident-response",
    ]);
    // Where it was is not known, so it stays in the root.
    assert_eq!(run.code, Some(7), "{}{}", run.stdout, run.stderr);
    assert!(
        !run.stdout.contains("can be invited back"),
        "{}",
        run.stdout
    );
    let chain = quarantined(&served);
    let check = |principal: &str, root: bool, expect: &str| {
        let chain = chain.to_str().expect("UTF-8");
        let mut args = vec![
            "check",
            "iam:DeleteLoginProfile",
            "--chain",
            chain,
            "--principal",
            principal,
            "--expect",
            expect,
        ];
        if root {
            args.extend(["--context", "aws:AssumedRoot=true"]);
        } else {
            args.extend(["--without", "aws:AssumedRoot"]);
        }
        let run = served.run(&args);
        assert_eq!(
            run.code,
            Some(0),
            "{principal} {root}: {}{}",
            run.stdout,
            run.stderr
        );
    };
    let root = format!("arn:aws:iam::{LAB}:root");
    let of = |role: &str| format!("arn:aws:iam::{LAB}:role/{role}");
    check(&root, true, "open");
    check(&root, false, "blocked");
    check(&of("incident-response"), false, "open");
    check(&of("OrganizationAccountAccessRole"), false, "blocked");
}
