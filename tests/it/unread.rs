//! What a snapshot did not read is never taken for "none".

use org_exit_guard::sim::{Mutation, World, WorldBuilder};

use crate::served::{Run, Served};
use crate::support::now;

const GUARD: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["organizations:LeaveOrganization","organizations:AcceptHandshake","account:CloseAccount"],"Resource":"*"}]}"#;
const OTHER: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;

/// A guard on the root that settles every verdict, and three SCPs below it that none depends on.
fn world() -> World {
    WorldBuilder::new(now())
        .ou("Workloads")
        .ou("Empty")
        .account("shop", "Workloads")
        .account("lab", "Workloads")
        .scp("guard", GUARD, &["/"])
        .scp("unit", OTHER, &["Workloads"])
        .scp("own", &OTHER.replace("s3", "ec2"), &["lab"])
        .scp("spare", &OTHER.replace("s3", "sqs"), &["Empty"])
        .world(|world| crate::way_back::with_responder(world, "200000000002"))
        .build()
}

fn saved(served: &Served, more: &[&str]) -> Run {
    let saved = served.run(&[&["snapshot", "-o", "facts.json", "--allow-gaps"], more].concat());
    assert_eq!(saved.code, Some(0), "{}", saved.stderr);
    saved
}

fn on(world: &World, place: &str) -> Vec<String> {
    let organization = world.organization().expect("an organization");
    let node = match place {
        "/" => organization.root.clone(),
        path => world
            .unit_at(path)
            .map(str::to_owned)
            .or_else(|| world.account_named(path).map(|one| one.id.clone()))
            .expect("a place"),
    };
    let attached = organization.attachments.get(&node).into_iter().flatten();
    let names = attached.map(|id| organization.policies[id].name.clone());
    names.collect()
}

#[test]
fn a_snapshot_reads_every_attachment_by_itself_and_all_come_back() {
    let served = Served::new(world());
    let said = saved(&served, &[]).said();
    assert!(!said.contains("which SCPs hang"), "{said}");
    served
        .simulator
        .change(|world| world.mutate(&Mutation::DisableScps));
    let restore = [
        "remediate",
        "--from-snapshot",
        "facts.json",
        "--enable-policy-type",
    ];
    let run = served.apply(&restore);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let world = served.simulator.world();
    for (place, name) in [
        ("/", "guard"),
        ("Workloads", "unit"),
        ("lab", "own"),
        ("Empty", "spare"),
    ] {
        assert!(on(&world, place).contains(&name.to_owned()), "{place}");
    }
}

#[test]
fn what_was_not_read_is_listed_and_refused_before_the_first_call() {
    let served = Served::new(world());
    let said = saved(&served, &["--verdicts-only"]).said();
    let told = "not read: which SCPs hang on OU `Workloads`";
    assert!(said.contains("not read: which SCPs hang on OU"), "{said}");
    assert!(said.contains("account `lab`"), "{told}: {said}");
    let calls = served.simulator.log().len();
    let refused = served.run(&["remediate", "--from-snapshot", "facts.json"]);
    assert_eq!(refused.code, Some(6), "{refused:?}");
    assert!(
        refused.said().contains("account `lab`"),
        "{}",
        refused.stderr
    );
    assert!(
        refused.said().contains("--accept-unread"),
        "{}",
        refused.stderr
    );
    assert_eq!(served.simulator.log().len(), calls, "nothing was asked");
    served
        .simulator
        .change(|world| world.mutate(&Mutation::DisableScps));
    let taken = served.run(&[
        "remediate",
        "--from-snapshot",
        "facts.json",
        "--enable-policy-type",
        "--accept-unread",
        "--format",
        "json",
    ]);
    assert_eq!(taken.code, Some(6), "it is not called complete: {taken:?}");
    let not_done = taken.json()["not_done"].to_string();
    assert!(not_done.contains("account `lab`"), "{not_done}");
    assert!(not_done.contains("did not read it"), "{not_done}");
}

#[test]
fn a_baseline_that_did_not_read_an_accounts_scps_brings_nobody_back_without_them() {
    let served = Served::new(world());
    saved(&served, &["--verdicts-only"]);
    let lab = served
        .simulator
        .world()
        .account_named("lab")
        .expect("one")
        .id
        .clone();
    let account = "lab".to_owned();
    served.simulator.change(|world| {
        world.mutate(&Mutation::Detach {
            policy: "guard".to_owned(),
            target: "/".to_owned(),
        });
        world.mutate(&Mutation::Leave { account });
    });
    let calls = served.simulator.log().len();
    let back = [
        "remediate",
        "--reinvite",
        &lab,
        "--accept-in-account",
        "--break-glass-role",
        "incident-response",
        "--baseline",
        "facts.json",
    ];
    let refused = served.run(&back);
    assert_eq!(refused.code, Some(6), "{refused:?}");
    let told = format!("did not read which SCPs hang on account `lab` ({lab})");
    assert!(refused.said().contains(&told), "{}", refused.stderr);
    assert_eq!(served.simulator.log().len(), calls, "nothing was asked");
    let taken = served.run(&[&back[..], &["--accept-unread", "--format", "json"]].concat());
    let not_done = taken.json()["not_done"].to_string();
    assert!(
        not_done.contains("the SCPs that hung on account"),
        "{not_done}"
    );
}
