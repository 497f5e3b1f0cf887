//! Each read operation denied in turn: a gap, never a pass.

use org_exit_guard::model::operations::OPERATIONS;
use org_exit_guard::sim::{World, WorldBuilder};
use serde_json::Value;

use crate::served::{Run, Served};
use crate::support::now;

const GUARD: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["organizations:LeaveOrganization","organizations:AcceptHandshake","account:CloseAccount"],"Resource":"*"}]}"#;

/// Without these no verdict can be known: organization, root, accounts, the texts. What hangs
/// where can be read in two ways, so that one of them may be denied.
const VERDICTS_REST_ON: [&str; 4] = [
    "organizations:DescribeOrganization",
    "organizations:ListRoots",
    "organizations:ListAccounts",
    "organizations:DescribePolicy",
];

/// Denied, this one is never noticed: STS answers everybody.
const NEVER_DENIED: &str = "sts:GetCallerIdentity";
/// A name that is missing is no gap: the OU is shown by its id.
const MERE_NAMES: &str = "organizations:DescribeOrganizationalUnit";

/// Many OUs and accounts, so that attachments are worth asking for by policy.
fn organization(guarded: bool, paths: bool) -> WorldBuilder {
    let mut builder = WorldBuilder::new(now()).switches(|on| on.paths = paths);
    for number in 0..8 {
        builder = builder.account(&format!("shop {number}"), "Workloads/Prod");
    }
    builder = builder
        .account("audit", "Security")
        .delegated_administrator("audit", &["guardduty.amazonaws.com"])
        .root_features(&["RootCredentialsManagement", "RootSessions"])
        .stack_set("baseline", "/", false)
        .trail("everything", |trail| {
            trail.log_group = Some("trail".to_owned());
        })
        .log_group("trail")
        .rule("exits", r#"{"source":["aws.organizations"]}"#, true, 1);
    if guarded {
        builder.scp("guard", GUARD, &["/"])
    } else {
        builder.scp("guard", GUARD, &["Security"])
    }
}

fn denied(guarded: bool, paths: bool, operation: &str) -> World {
    let builder = organization(guarded, paths);
    builder.denied("Management", operation).build()
}

fn blocked(report: &Value) -> usize {
    let rows = report["paths"].as_array().expect("rows");
    let counts = rows
        .iter()
        .map(|row| row["blocked"].as_u64().expect("a count"));
    usize::try_from(counts.sum::<u64>()).expect("few")
}

fn reads() -> Vec<&'static str> {
    let reads = OPERATIONS.iter();
    let reads = reads.filter(|row| row.job.is_for_every_audit());
    reads.map(|row| row.name).collect()
}

fn check(operation: &str, guarded: bool, paths: bool) -> bool {
    let served = Served::new(denied(guarded, paths, operation));
    let args = ["audit", "--tags", "--format", "json", "--fail-on", "never"];
    let strict = served.run(&args);
    let asked = served
        .simulator
        .log()
        .iter()
        .any(|call| call.operation == operation);
    let what = format!("{operation} guarded {guarded} paths {paths}");
    if !asked || operation == MERE_NAMES {
        assert_eq!(strict.code, Some(0), "{what}: {}", strict.stderr);
        return false;
    }
    let lenient = served.run(&[
        "audit",
        "--tags",
        "--format",
        "json",
        "--fail-on",
        "never",
        "--allow-gaps",
    ]);
    assert_eq!(strict.code, Some(4), "{what}: {}", strict.stderr);
    assert_eq!(lenient.code, Some(0), "{what}: {}", lenient.stderr);
    for run in [&strict, &lenient] {
        let report = run.json();
        let gaps = report["gaps"].as_array().expect("gaps");
        let named = gaps
            .iter()
            .any(|gap| gap["operation"] == operation && gap["reason"] == "access-denied");
        let in_findings = report["findings"].to_string().contains(operation);
        assert!(named || in_findings, "{what}: {gaps:?}");
        let whole = blocked(&whole(guarded, paths).json());
        let now = blocked(&report);
        if VERDICTS_REST_ON.contains(&operation) {
            assert_eq!(now, 0, "{what}");
        }
        assert!(now <= whole, "{what}: {now} of {whole}");
    }
    true
}

/// The same organization with nothing denied.
fn whole(guarded: bool, paths: bool) -> &'static Run {
    static WHOLE: [std::sync::OnceLock<Run>; 4] = [const { std::sync::OnceLock::new() }; 4];
    let slot = &WHOLE[usize::from(guarded) * 2 + usize::from(paths)];
    slot.get_or_init(|| {
        let served = Served::new(organization(guarded, paths).build());
        let run = served.run(&["audit", "--tags", "--format", "json", "--fail-on", "never"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        run
    })
}

#[test]
fn no_denied_read_ever_passes() {
    let combinations: Vec<(&str, bool, bool)> = reads()
        .into_iter()
        .filter(|operation| *operation != NEVER_DENIED)
        .flat_map(|operation| {
            [(true, true), (false, true), (true, false), (false, false)]
                .map(|(guarded, paths)| (operation, guarded, paths))
        })
        .collect();
    // Each run mostly waits for its pace, so that many overlap.
    let told: Vec<(&str, bool)> = std::thread::scope(|scope| {
        let running: Vec<_> = combinations
            .iter()
            .map(|&(operation, guarded, paths)| {
                scope.spawn(move || (operation, check(operation, guarded, paths)))
            })
            .collect();
        let ended = running.into_iter().map(std::thread::ScopedJoinHandle::join);
        ended.map(|one| one.expect("no assertion failed")).collect()
    });
    for operation in reads() {
        let exempt = [NEVER_DENIED, MERE_NAMES].contains(&operation);
        let struck = told.iter().any(|(name, told)| *name == operation && *told);
        assert!(
            exempt || struck,
            "{operation} was denied and missed once at least"
        );
    }
    let struck = told.iter().filter(|(_, told)| *told).count();
    assert!(struck >= 40, "{struck}");
    eprintln!("{struck} of {} combinations left a gap", told.len());
}
