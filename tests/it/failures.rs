//! What goes wrong, told in one message and an exit code.

use org_exit_guard::model::Partition;
use org_exit_guard::sim::{Calls, Fault, Kind, Refusal, World, WorldBuilder, empty};
use serde_json::json;

use crate::served::{Run, Served};
use crate::support::{Bench, now};

const AUDIT: [&str; 5] = ["audit", "--format", "json", "--fail-on", "never"];
const GUARD: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["organizations:LeaveOrganization","organizations:AcceptHandshake","account:CloseAccount"],"Resource":"*"}]}"#;

fn organization() -> WorldBuilder {
    WorldBuilder::new(now())
        .account("shop", "Workloads")
        .account("admin", "Security")
        .delegated_administrator("admin", &["guardduty.amazonaws.com"])
        .root_features(&["RootCredentialsManagement", "RootSessions"])
}

fn blocked(run: &Run) -> u64 {
    let report = run.json();
    let rows = report["paths"].as_array().expect("rows");
    rows.iter().filter_map(|row| row["blocked"].as_u64()).sum()
}

#[test]
fn outside_an_organization_there_is_an_error_and_a_hint() {
    let run = Served::new(empty(now())).run(&AUDIT);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.said().contains("is not in an organization"), "{run:?}");
    assert!(
        run.said()
            .contains("hint: use credentials of the management account")
    );
}

#[test]
fn a_plain_member_learns_nothing_and_a_delegated_administrator_no_departures() {
    let served = Served::new(organization().scp("guard", GUARD, &["/"]).build());
    let id = |name: &str| {
        let world = served.simulator.world();
        world.account_named(name).expect("an account").id.clone()
    };
    let member = served.run_as(&id("shop"), &AUDIT);
    assert_eq!((member.code, member.stdout.as_str()), (Some(1), ""));
    let said = member.said();
    assert!(
        said.contains("is a member of organization `o-"),
        "{member:?}"
    );
    assert!(said.contains("hint: use credentials of the management account"));
    let delegated = served.run_as(&id("admin"), &AUDIT);
    assert_eq!(delegated.code, Some(4), "{delegated:?}");
    assert!(blocked(&delegated) > 0);
    assert!(
        delegated
            .stdout
            .contains("departures are recorded in the management account only")
    );
    assert!(delegated.stdout.contains("not-visible"));
}

fn faulted(kind: &Kind, operation: &str) -> Run {
    let served = Served::new(organization().scp("guard", GUARD, &["/"]).build());
    served
        .simulator
        .add_fault(Fault::new(operation, Calls::Every, kind.clone()));
    served.run(&AUDIT)
}

#[test]
fn answers_that_are_not_awss_are_gaps_and_never_passes() {
    let page = |status| Kind::Raw {
        status,
        content_type: "text/html".to_owned(),
        body: "<html><title>proxy</title></html>".to_owned(),
    };
    let replace = |pointer: &str, value| Kind::Replace {
        pointer: pointer.to_owned(),
        value,
    };
    let cases = [
        ("organizations:ListAccounts", page(200)),
        ("organizations:ListAccounts", Kind::RepeatToken),
        (
            "organizations:ListAccounts",
            replace("/Accounts", json!(null)),
        ),
        (
            "organizations:DescribePolicy",
            replace("/Policy/Content", json!("{\"Version\":")),
        ),
        (
            "organizations:DescribePolicy",
            replace("/Policy/Content", json!("x".repeat(2_000_000))),
        ),
        (
            "organizations:ListRoots",
            replace("/Roots/0/PolicyTypes/0/Status", json!("DREAMING")),
        ),
    ];
    std::thread::scope(|scope| {
        for (operation, kind) in cases {
            scope.spawn(move || {
                let what = format!("{operation} {:.60}", format!("{kind:?}"));
                let run = faulted(&kind, operation);
                assert_eq!(blocked(&run), 0, "{what}");
                let unknown = run.json()["counts"]["could_not_tell"].as_u64();
                assert!(unknown > Some(0), "{what}");
                let told = run.json()["gaps"]
                    .as_array()
                    .is_some_and(|gaps| !gaps.is_empty());
                assert!(!told || run.code == Some(4), "{what}: {:?}", run.code);
            });
        }
    });
}

/// A record that cannot be parsed may be a departure: it is counted and never passes.
#[test]
fn a_record_that_cannot_be_parsed_is_counted() {
    let served = Served::new(org_exit_guard::sim::demo(now()));
    let counts = |run: &Run| run.json()["counts"]["could_not_tell"].as_u64();
    let before = served.run(&AUDIT);
    assert_eq!(before.code, Some(0), "{}", before.stderr);
    let fault = Kind::Replace {
        pointer: "/Events/0/CloudTrailEvent".to_owned(),
        value: json!("{\"eventName\":"),
    };
    let fault = Fault::new("cloudtrail:LookupEvents", Calls::Every, fault);
    served.simulator.add_fault(fault);
    let after = served.run(&AUDIT);
    assert_eq!(after.code, Some(4), "{}", after.stderr);
    let report = after.json();
    let unparsed = report["coverage"]["events"]["unparsed"]
        .as_array()
        .expect("a list")
        .len();
    assert!(unparsed > 0);
    let more = counts(&before).map(|count| count + unparsed as u64);
    assert_eq!(counts(&after), more);
    let kept = served.run(&["snapshot", "-o", "facts.json"]);
    assert_eq!(kept.code, Some(4), "{}", kept.stderr);
}

#[test]
fn an_empty_page_with_a_token_is_normal() {
    let served = Served::new(organization().scp("guard", GUARD, &["/"]).build());
    let fault = Fault::new("organizations:ListAccounts", Calls::Nth(1), Kind::EmptyPage);
    served.simulator.add_fault(fault);
    let run = served.run(&AUDIT);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(run.json()["accounts"].as_array().map(Vec::len), Some(3));
}

#[tokio::test(start_paused = true)]
async fn throttling_throughout_only_takes_longer() {
    let world: World = organization().scp("guard", GUARD, &["/"]).build();
    let bench = Bench::new(world).await;
    bench.simulator.set_throttling(true);
    // Each service has its own word for it.
    let words = [
        ("organizations:*", "TooManyRequestsException"),
        ("cloudtrail:*", "ThrottlingException"),
        ("iam:*", "Throttling"),
        ("sts:*", "Throttling"),
    ];
    for (operations, word) in words {
        let kind = Kind::Error(Refusal::new(word, "slow down"));
        let fault = Fault::new(operations, Calls::First(4), kind);
        bench.simulator.add_fault(fault);
    }
    let snapshot = bench.facts().await;
    assert!(snapshot.gaps().is_empty(), "{:?}", snapshot.gaps());
    assert!(bench.simulator.log().len() > 60, "it was throttled");
}

#[tokio::test(start_paused = true)]
async fn the_region_follows_the_callers_partition() {
    let mut seen = 0;
    for partition in Partition::all() {
        let bench = Bench::new(organization().partition(partition).build()).await;
        let caller = bench.facts().await.caller;
        assert_eq!(caller.partition, partition);
        assert_eq!(caller.region, partition.organizations_region());
        assert!(caller.arn.starts_with(&format!("arn:{partition}:iam::")));
        seen += 1;
    }
    assert_eq!(seen, 8);
}
