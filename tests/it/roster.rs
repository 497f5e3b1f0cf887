//! Snapshots as rosters: who vanished, which guards went.

use org_exit_guard::sim::{Mutation, Simulator, WorldBuilder, demo};
use serde_json::Value;

use crate::served::{Run, Served, directory};

/// The demo's organization, some days on.
fn served() -> Served {
    Served::new(demo(jiff::Timestamp::now()))
}

fn findings<'a>(document: &'a Value, rule: &str) -> Vec<&'a Value> {
    let all = document["findings"].as_array().expect("findings");
    all.iter().filter(|one| one["rule"] == rule).collect()
}

/// A member that may leave, leaves.
fn leaves(simulator: &Simulator, account: &str) {
    let account = account.to_owned();
    simulator.change(|world| world.mutate(&Mutation::Leave { account }));
}

fn audit(served: &Served, more: &[&str]) -> Run {
    let mut args = vec!["audit", "--format", "json", "--state-dir", "state"];
    args.extend(more);
    served.run(&args)
}

#[test]
fn who_left_is_found_by_the_roster_and_stays_found() {
    let served = served();
    let first = audit(&served, &[]).json();
    assert!(findings(&first, "account-vanished").is_empty());
    leaves(&served.simulator, "200000000020");
    for run in ["second", "third"] {
        // What was read in between is the baseline of the next run.
        let document = audit(&served, &[]).json();
        let found = findings(&document, "account-vanished");
        assert_eq!(found.len(), 1, "{run}");
        assert_eq!(found[0]["accounts"][0], "200000000020");
        assert_eq!(found[0]["severity"], "critical");
        let former = &document["departed"][0];
        assert_eq!(former["id"], "200000000020");
        assert!(former["path"].as_array().expect("a path").len() > 1);
        assert!(former["email"].as_str().expect("an address").contains('@'));
        // The finding has its impact: nothing tells less of it beside that.
        assert!(former["impact"].is_object());
        assert_eq!(document["aftermath"].get("200000000020"), None);
    }
    let without = audit(&served, &["--no-baseline"]).json();
    assert!(findings(&without, "account-vanished").is_empty());
    let ended = &without["aftermath"]["200000000020"];
    assert_eq!(ended["scps"]["known"], "root");
    assert_eq!(ended["scps"]["complete"], true);
    assert_eq!(ended["administered"], false);
    assert_eq!(
        ended["access_role"], "unknown",
        "no event tells how it joined"
    );
}

#[test]
fn two_snapshots_are_compared_offline() {
    let served = served();
    let taken = served.run(&["snapshot", "-o", "a.json"]);
    assert_eq!(taken.code, Some(0), "{}", taken.stderr);
    leaves(&served.simulator, "200000000020");
    // CloudTrail's times are whole seconds: the next run has to begin in a later one.
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    let taken = served.run(&["snapshot", "-o", "b.json"]);
    assert_eq!(taken.code, Some(0), "{}", taken.stderr);
    let same = served.run(&["snapshot", "diff", "a.json", "a.json"]);
    assert_eq!(same.code, Some(0), "{}", same.stderr);
    assert!(same.stdout.contains("nothing differs"));
    let differs = served.run(&["snapshot", "diff", "a.json", "b.json", "--format", "json"]);
    assert_eq!(differs.code, Some(3), "{}", differs.stderr);
    let document = differs.json();
    assert_eq!(document["changes"]["vanished"][0]["id"], "200000000020");
    assert_eq!(document["events"]["200000000020"][0], "LEFT");
    let page = served.run(&["snapshot", "diff", "a.json", "b.json"]);
    assert!(page.stdout.contains("events: LEFT at "), "{}", page.stdout);
    let offline = served.run(&[
        "audit",
        "--snapshot",
        "b.json",
        "--baseline",
        "a.json",
        "--format",
        "json",
    ]);
    let offline = offline.json();
    let [vanished] = findings(&offline, "account-vanished")[..] else {
        panic!("{offline}");
    };
    let evidence = vanished["evidence"].to_string();
    assert!(
        evidence.contains("the access role made at its creation stays"),
        "{evidence}"
    );
    assert_eq!(
        offline["departed"][0]["impact"]["access_role"],
        "made-at-creation"
    );
}

#[test]
fn a_baseline_that_cannot_be_used_is_told_and_not_replaced() {
    let served = served();
    assert_eq!(audit(&served, &[]).code, Some(3));
    let place = served.place().join("state");
    let organization = std::fs::read_dir(&place).expect("kept").next();
    let kept = organization
        .expect("one")
        .expect("readable")
        .path()
        .join("baseline.json");
    std::fs::write(&kept, "{}").expect("written");
    let run = audit(&served, &[]);
    assert_eq!(run.code, Some(4), "{}", run.stderr);
    assert_eq!(findings(&run.json(), "baseline-not-compared").len(), 1);
    assert_eq!(std::fs::read_to_string(&kept).expect("there"), "{}");
}

#[test]
fn another_organization_is_no_baseline() {
    let served = served();
    let place = directory();
    let other = Served::new(WorldBuilder::new(jiff::Timestamp::now()).build());
    let path = place.path().join("other.json").display().to_string();
    other.run(&["snapshot", "-o", &path]);
    let run = served.run(&["audit", "--baseline", &path]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.said().contains("is of organization"), "{}", run.stderr);
}
