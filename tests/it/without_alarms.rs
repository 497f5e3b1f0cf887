//! A build without the feature `alarms` says what it does not read.

use org_exit_guard::audit::Outcome;
use org_exit_guard::flows::judge_all;
use org_exit_guard::model::GapReason;
use org_exit_guard::model::settings::Settings;
use org_exit_guard::sim::WorldBuilder;

use crate::support::{Bench, now};

#[tokio::test(start_paused = true)]
async fn what_is_left_out_is_a_gap_and_never_a_pass() {
    let world = WorldBuilder::new(now()).trail("everything", |trail| {
        trail.log_group = Some("trail".to_owned());
    });
    let snapshot = Bench::new(world.build()).await.facts().await;
    let gap = snapshot.event_rules.gap().expect("a gap");
    assert_eq!(gap.reason, GapReason::NotBuiltIn);
    assert_eq!(
        gap.to_string(),
        "events:ListRules: not built in (feature alarms)"
    );
    let told = snapshot.gaps();
    let filters = told
        .iter()
        .find(|gap| gap.operation == "logs:DescribeMetricFilters");
    assert!(filters.is_some_and(|gap| gap.reason == GapReason::NotBuiltIn));
    let findings = judge_all(snapshot, &Settings::default()).findings;
    for id in ["no-alarm-on-departure", "no-alarm-on-attempts"] {
        let found = findings.iter().find(|one| one.rule.id == id).expect("told");
        assert_eq!(found.outcome, Outcome::CouldNotTell, "{id}");
    }
}
