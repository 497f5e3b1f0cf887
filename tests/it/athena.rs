//! `detect --source athena:` from the command line to the first call: the simulated AWS has no Athena, so what
//! comes after it is shown by `tests/judges/athena.py`, with moto's.

use std::collections::BTreeSet;

use org_exit_guard::sim::{LoggedCall, demo};

use crate::served::{Served, directory, run};

const TABLE: [&str; 3] = ["detect", "--source", "athena:logs.trail"];

fn asked(served: &Served, operation: &str) -> Vec<LoggedCall> {
    let calls = served.simulator.log().into_iter();
    calls.filter(|call| call.operation == operation).collect()
}

#[test]
fn the_folders_of_members_and_of_who_departed_are_asked_about() {
    let served = Served::new(demo(jiff::Timestamp::now()));
    let run = served.run(&[&TABLE[..], &["--format", "json"]].concat());
    assert_eq!(run.code, Some(4), "{}", run.stderr);
    // Who departed is looked up by the one name that tells it.
    assert_eq!(asked(&served, "cloudtrail:LookupEvents").len(), 1);
    let document = run.json();
    let gap = &document["coverage"]["gaps"][0];
    assert_eq!(gap["operation"], "athena:StartQueryExecution", "{document}");
    let world = served.simulator.world();
    let organization = world.organization().expect("there");
    let mut everybody: BTreeSet<&str> = organization.members.keys().map(String::as_str).collect();
    let listed = everybody.len();
    let told = served.run(&["detect", "--format", "json"]).json();
    let detections = told["detections"].as_array().expect("a list");
    let departures = detections
        .iter()
        .filter(|one| one["event"] == "AccountDepartedOrganization");
    everybody.extend(departures.filter_map(|one| one["account"].as_str()));
    assert!(everybody.len() > listed, "somebody departed: {told}");
    let folders = format!("logs.trail, folders of {} accounts", everybody.len());
    assert_eq!(gap["target"], folders);
    assert_eq!(document["coverage"]["tables"][0]["queries"], 0);
    assert_eq!(
        document["coverage"]["tables"][0]["accounts"]
            .as_array()
            .map(Vec::len),
        Some(0)
    );
}

#[test]
fn where_accounts_cannot_be_listed_nobody_is_asked_and_that_is_said() {
    let world = demo(jiff::Timestamp::now());
    let member = world
        .organization()
        .expect("there")
        .members
        .keys()
        .next_back()
        .cloned();
    let member = member.expect("a member");
    let served = Served::new(world);
    let run = served.run_as(&member, &TABLE);
    assert_eq!(run.code, Some(4), "{}", run.stderr);
    assert!(
        run.stderr.contains("give --account or --snapshot"),
        "{}",
        run.stderr
    );
    assert!(
        run.stdout.contains("organizations:ListAccounts"),
        "{}",
        run.stdout
    );
    assert!(asked(&served, "athena:StartQueryExecution").is_empty());
}

#[test]
fn what_does_not_go_together_is_a_usage_error() {
    let place = directory();
    for (bad, told) in [
        (
            &["detect", "--demo", "--source", "athena:a.b"][..],
            "has no Athena",
        ),
        (
            &["detect", "--athena-workgroup", "audit"],
            "no source is a table",
        ),
        (
            &[
                "detect",
                "--source",
                "athena:a.b",
                "--athena-output",
                "results",
            ],
            "s3://",
        ),
        (&["detect", "--source", "athena:a-b"], "DATABASE.TABLE"),
        (
            &["detect", "--source", "archive:logs", "--print-query"],
            "no source is a table",
        ),
    ] {
        let run = run(&place, bad);
        assert_eq!(run.code, Some(2), "{bad:?}: {}", run.stderr);
        assert!(run.stderr.contains(told), "{bad:?}: {}", run.stderr);
    }
}

#[test]
fn the_printed_query_names_the_accounts_of_a_snapshot() {
    let place = directory();
    let saved = run(&place, &["snapshot", "--demo", "-o", "facts.json"]);
    assert_eq!(saved.code, Some(0), "{}", saved.stderr);
    let rest = ["--snapshot", "facts.json", "--print-query"];
    let printed = run(&place, &[&TABLE[..], &rest].concat());
    assert_eq!(printed.code, Some(0), "{}", printed.stderr);
    // A member, one that departed, and no other source than the partitions of one region.
    for part in ["'111111111111'", "'300000000002'", "region = 'us-east-1'"] {
        assert!(printed.stdout.contains(part), "{part}: {}", printed.stdout);
    }
    let one = ["--account", "222222222222", "--print-query"];
    let printed = run(&place, &[&TABLE[..], &one].concat());
    assert!(
        printed.stdout.contains("account IN ('222222222222')"),
        "{}",
        printed.stdout
    );
}
