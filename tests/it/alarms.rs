//! Would anybody hear of an exit? What is deployed, read and judged.

use org_exit_guard::emit::{Iac, alarm};
use org_exit_guard::flows::judge_all;
use org_exit_guard::model::settings::Settings;
use org_exit_guard::model::{AccountId, GapReason, Snapshot};
use org_exit_guard::sim::{Calls, Fault, Kind, Refusal, Simulator, World, WorldBuilder, demo};
use serde_json::Value;

use crate::support::{Bench, now};

const RULES: [&str; 6] = [
    "no-alarm-on-attempts",
    "no-alarm-on-departure",
    "organization-trail-missing",
    "organization-trail-not-logging",
    "organization-trail-weak",
    "trail-bucket-in-member",
];
const CALLS_ONLY: &str = r#"{"detail-type":["AWS API Call via CloudTrail"]}"#;

/// What `emit alarm` says to deploy: the rule's pattern and the filter's.
fn emitted() -> (String, String) {
    let template: Value = serde_json::from_str(&alarm(Iac::CloudFormation)).expect("JSON");
    let own = |name: &str| template["Resources"][name]["Properties"].clone();
    let pattern = own("ExitRule")["EventPattern"].to_string();
    let filter = own("AttemptFilter")["FilterPattern"].clone();
    (pattern, filter.as_str().expect("a text").to_owned())
}

/// An organization with a sound trail, and what `emit alarm` prints deployed.
fn deployed() -> WorldBuilder {
    let (pattern, filter) = emitted();
    WorldBuilder::new(now())
        .account("shop", "Workloads")
        .trail("everything", |trail| {
            trail.log_group = Some("trail".to_owned());
        })
        .metric_filter("trail", "attempts", &filter)
        .rule("exits", &pattern, true, 1)
}

async fn facts(world: World) -> Snapshot {
    Bench::new(world).await.facts().await
}

/// Findings of the six rules: rule, `failed` or `unknown`, summary and evidence.
fn judged(snapshot: &Snapshot) -> Vec<(&'static str, bool, String)> {
    let settings = Settings {
        trail_bucket_account: Some("999999999999".parse::<AccountId>().expect("an id")),
        ..Settings::default()
    };
    let found = judge_all(snapshot.clone(), &settings).findings.into_iter();
    let ours = found.filter(|one| RULES.contains(&one.rule.id));
    let told = ours.map(|one| {
        let failed = one.outcome == org_exit_guard::audit::Outcome::Failed;
        let words = format!("{} | {}", one.summary, one.evidence.join(" | "));
        (one.rule.id, failed, words)
    });
    told.collect()
}

async fn found(world: WorldBuilder) -> Vec<(&'static str, bool, String)> {
    judged(&facts(world.build()).await)
}

#[tokio::test(start_paused = true)]
async fn what_is_emitted_passes_the_live_check() {
    let found = found(deployed()).await;
    assert!(found.is_empty(), "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn each_missing_piece_is_seen() {
    let (pattern, filter) = emitted();
    let with_rule = |pattern: &str, enabled: bool, targets: usize| {
        deployed().rule("exits", pattern, enabled, targets)
    };
    let misspelt = filter.replace("LeaveOrganization", "LeaveOrganisation");
    for (what, world, rules, words) in [
        (
            "no target",
            with_rule(&pattern, true, 0),
            &["no-alarm-on-attempts", "no-alarm-on-departure"][..],
            "has no target",
        ),
        (
            "disabled",
            with_rule(&pattern, false, 1),
            &["no-alarm-on-attempts", "no-alarm-on-departure"],
            "is disabled",
        ),
        (
            "API calls only",
            with_rule(CALLS_ONLY, true, 1),
            &["no-alarm-on-departure"],
            "AccountDepartedOrganization",
        ),
        (
            "a filter with a mistake",
            deployed().metric_filter("trail", "attempts", &misspelt),
            &["no-alarm-on-attempts"],
            "attempts and weakened guards: LeaveOrganization |",
        ),
        (
            "a trail of one account",
            deployed().trail("everything", |trail| {
                trail.organization = false;
                trail.log_group = Some("trail".to_owned());
            }),
            &["no-alarm-on-attempts", "organization-trail-missing"],
            "no organization trail covers us-east-1",
        ),
        (
            "a trail that does not log",
            deployed().trail("everything", |trail| {
                trail.logging = false;
                trail.log_group = Some("trail".to_owned());
            }),
            &[
                "no-alarm-on-attempts",
                "no-alarm-on-departure",
                "organization-trail-not-logging",
            ],
            "does not log",
        ),
        (
            "a bucket that refuses",
            deployed().trail("everything", |trail| {
                trail.delivery_error = Some("AccessDenied".to_owned());
                trail.log_group = Some("trail".to_owned());
            }),
            &["organization-trail-not-logging"],
            "AccessDenied",
        ),
        (
            "no digests, one region",
            deployed().trail("everything", |trail| {
                (trail.validated, trail.multi_region) = (false, false);
                trail.log_group = Some("trail".to_owned());
            }),
            &["organization-trail-weak"],
            "one region only",
        ),
    ] {
        let found = found(world).await;
        let ids: Vec<&str> = found.iter().map(|one| one.0).collect();
        assert_eq!(ids, rules, "{what}: {found:?}");
        assert!(found.iter().all(|one| one.1), "{what}: {found:?}");
        let told = found.iter().any(|one| one.2.contains(words));
        assert!(told, "{what}: {found:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn targets_are_asked_for_only_where_a_rule_could_hear_something() {
    let world = (0..150).fold(deployed(), |world, number| {
        let pattern = r#"{"source":["aws.ec2"]}"#;
        world.rule(&format!("noise {number}"), pattern, true, 1)
    });
    let bench = Bench::new(world.build()).await;
    let snapshot = bench.facts().await;
    assert!(judged(&snapshot).is_empty());
    let calls = |name: &str| {
        let log = bench.simulator.log();
        log.iter().filter(|call| call.operation == name).count()
    };
    assert_eq!(calls("events:ListRules"), 2, "151 rules, 100 a page");
    assert_eq!(calls("events:ListTargetsByRule"), 1);
    assert_eq!(calls("logs:DescribeMetricFilters"), 1);
    assert_eq!(calls("cloudtrail:GetTrailStatus"), 1);
    let gaps = snapshot.gaps();
    assert!(gaps.is_empty(), "{gaps:?}");
}

/// A short list must not pass for the list.
#[tokio::test(start_paused = true)]
async fn a_list_without_an_end_is_a_gap() {
    for (operation, rule) in [
        ("events:ListRules", "no-alarm-on-departure"),
        ("events:ListTargetsByRule", "no-alarm-on-departure"),
        ("logs:DescribeMetricFilters", "no-alarm-on-attempts"),
    ] {
        let bench = Bench::new(deployed().build()).await;
        let fault = Fault::new(operation, Calls::Every, Kind::RepeatToken);
        bench.simulator.add_fault(fault);
        let snapshot = bench.facts().await;
        let gaps = snapshot.gaps();
        assert_eq!(gaps[0].operation, operation, "{gaps:?}");
        let found = judged(&snapshot);
        assert!(found.iter().any(|one| one.0 == rule), "{found:?}");
        assert!(found.iter().all(|one| !one.1), "{found:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_denied_read_is_a_gap_that_names_it_and_no_finding_says_more_than_is_known() {
    for (operation, rules) in [
        (
            "cloudtrail:DescribeTrails",
            &[
                "no-alarm-on-attempts",
                "no-alarm-on-departure",
                "organization-trail-missing",
            ][..],
        ),
        ("cloudtrail:GetEventSelectors", &["organization-trail-weak"]),
        (
            "events:ListTargetsByRule",
            &["no-alarm-on-attempts", "no-alarm-on-departure"],
        ),
        ("logs:DescribeMetricFilters", &["no-alarm-on-attempts"]),
    ] {
        let snapshot = facts(deployed().denied("Management", operation).build()).await;
        let gaps = snapshot.gaps();
        assert_eq!(gaps[0].operation, operation, "{gaps:?}");
        assert_eq!(gaps[0].reason, GapReason::AccessDenied);
        let found = judged(&snapshot);
        let ids: Vec<&str> = found.iter().map(|one| one.0).collect();
        assert_eq!(ids, rules, "{found:?}");
        assert!(
            found.iter().all(|one| !one.1 && one.2.contains(operation)),
            "{found:?}"
        );
    }
}

/// A delegated administrator's own bus is another one.
#[tokio::test(start_paused = true)]
async fn from_another_account_the_management_bus_could_not_be_told() {
    let world = deployed().delegated_administrator("shop", &["guardduty.amazonaws.com"]);
    let simulator = Simulator::new(world.build());
    crate::support::record(&simulator);
    let shop = simulator
        .world()
        .account_named("shop")
        .expect("it")
        .id
        .clone();
    let bench = Bench::of(simulator, &shop).await;
    let snapshot = bench.facts().await;
    let gap = snapshot.event_rules.gap().expect("a gap");
    assert_eq!(gap.reason, GapReason::NotVisible);
    assert!(
        gap.message.contains("is not the management account"),
        "{gap}"
    );
    let trails = snapshot
        .trails
        .known()
        .expect("members see the organization's trail");
    assert!(trails[0].organization && trails[0].status.known().is_some());
    let filters = trails[0].filters.gap().expect("not its log group");
    assert_eq!(filters.reason, GapReason::NotVisible);
    let found = judged(&snapshot);
    let ids: Vec<&str> = found.iter().map(|one| one.0).collect();
    assert_eq!(ids, ["no-alarm-on-attempts", "no-alarm-on-departure"]);
    assert!(found.iter().all(|one| !one.1), "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn a_throttled_bus_is_waited_for() {
    let bench = Bench::new(deployed().build()).await;
    let refusal = Refusal::new("ThrottlingException", "Rate exceeded");
    let fault = Fault::new("events:ListRules", Calls::First(3), Kind::Error(refusal));
    bench.simulator.add_fault(fault);
    assert!(judged(&bench.facts().await).is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_demo_hears_of_calls_and_not_of_departures() {
    let found = judged(&facts(demo(now())).await);
    let ids: Vec<&str> = found.iter().map(|one| one.0).collect();
    let expected = [
        "no-alarm-on-attempts",
        "no-alarm-on-departure",
        "organization-trail-weak",
    ];
    assert_eq!(ids, expected, "{found:?}");
    let departure = &found[1].2;
    assert!(
        departure.contains("AccountDepartedOrganization"),
        "{departure}"
    );
    assert!(
        !departure.contains("RemoveAccountFromOrganization"),
        "{departure}"
    );
    assert!(found[0].2.contains("LeaveOrganization"));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_file_is_judged_as_the_live_run() {
    let snapshot = facts(deployed().rule("exits", CALLS_ONLY, true, 1).build()).await;
    let text = serde_json::to_string(&snapshot).expect("JSON");
    let again: Snapshot = serde_json::from_str(&text).expect("a snapshot");
    assert_eq!(judged(&again), judged(&snapshot));
    // One from before trails were read knows nothing of them, and says so.
    let mut old: Value = serde_json::from_str(&text).expect("JSON");
    let members = old.as_object_mut().expect("an object");
    members.remove("trails");
    members.remove("event_rules");
    let old: Snapshot = serde_json::from_value(old).expect("a snapshot");
    let found = judged(&old);
    assert!(
        !found.is_empty() && found.iter().all(|one| !one.1),
        "{found:?}"
    );
}
