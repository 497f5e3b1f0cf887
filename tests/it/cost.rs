//! What an audit costs, counted by the simulator's own log.

use std::collections::BTreeMap;

use org_exit_guard::exits::ExitPath;
use org_exit_guard::model::Snapshot;
use org_exit_guard::sim::{WorldBuilder, demo};

use crate::support::{Bench, now};

const GUARD: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["organizations:LeaveOrganization","organizations:AcceptHandshake","account:CloseAccount"],"Resource":"*"}]}"#;
const OTHER: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:DeleteBucket","Resource":"*"}]}"#;

/// One call each, whatever the size of the organization, unless there are delegated
/// administrators, trails or rules, or more than a page of something.
const SIDE_FACTS: [&str; 8] = [
    "organizations:DescribeResourcePolicy",
    "organizations:ListDelegatedAdministrators",
    "organizations:ListDelegatedServicesForAccount",
    "organizations:ListAWSServiceAccessForOrganization",
    "organizations:ListHandshakesForOrganization",
    "iam:ListOrganizationsFeatures",
    "cloudtrail:DescribeTrails",
    "events:ListRules",
];

struct Cost {
    calls: BTreeMap<String, usize>,
    snapshot: Snapshot,
}

impl Cost {
    fn of(&self, operation: &str) -> usize {
        let name = format!("organizations:{operation}");
        self.calls.get(&name).copied().unwrap_or_default()
    }

    /// Beside the account list, the side facts and the event history.
    fn core(&self) -> usize {
        let beside = |name: &str| {
            SIDE_FACTS.contains(&name)
                || name == "organizations:ListAccounts"
                || name == "cloudtrail:LookupEvents"
        };
        let core = self.calls.iter().filter(|(name, _)| !beside(name));
        core.map(|(_, count)| count).sum()
    }
}

async fn cost(builder: WorldBuilder) -> Cost {
    measured(Bench::new(builder.build()).await).await
}

async fn measured(bench: Bench) -> Cost {
    let snapshot = bench.facts().await;
    let mut calls = BTreeMap::new();
    for call in bench.simulator.log() {
        *calls.entry(call.operation).or_default() += 1;
    }
    Cost { calls, snapshot }
}

/// Two levels of OUs, `units` times `each` accounts.
fn organization(units: usize, each: usize) -> WorldBuilder {
    let mut builder = WorldBuilder::new(now());
    for unit in 0..units {
        for account in 0..each {
            builder = builder.account(&format!("a{unit} {account}"), &format!("Workloads/U{unit}"));
        }
    }
    builder
}

fn others(mut builder: WorldBuilder, count: usize, at: &[&str]) -> WorldBuilder {
    for number in 0..count {
        builder = builder.scp(&format!("other {number}"), OTHER, at);
    }
    builder
}

#[tokio::test(start_paused = true)]
async fn a_guarded_root_costs_the_same_for_3_and_for_300_accounts() {
    let mut cores = Vec::new();
    for (units, each) in [(1, 3), (10, 30)] {
        let world = organization(units, each).scp("guard", GUARD, &["/"]);
        let found = cost(world).await;
        let sides: usize = SIDE_FACTS
            .iter()
            .filter_map(|name| found.calls.get(*name))
            .sum();
        assert!(found.core() + sides <= 13, "{:?}", found.calls);
        // The management account is listed too; 20 in a page.
        let pages = (units * each + 1).div_ceil(20);
        assert_eq!(found.of("ListAccounts"), pages);
        assert_eq!(
            found.of("ListTargetsForPolicy") + found.of("ListPolicies"),
            0
        );
        let per_name = org_exit_guard::exits::event_names().len();
        assert_eq!(found.calls["cloudtrail:LookupEvents"], per_name);
        cores.push(found.core());
    }
    assert_eq!(cores[0], cores[1]);
}

#[tokio::test(start_paused = true)]
async fn each_scp_is_described_at_most_once() {
    let worlds = [
        organization(4, 5).scp("guard", GUARD, &["/"]),
        organization(4, 5).scp("guard", GUARD, &["Workloads/U1", "Workloads/U2"]),
        others(organization(4, 5), 6, &["Workloads/U0", "Workloads"]),
        others(organization(1, 1), 30, &[]).scp("guard", GUARD, &["Workloads/U0"]),
        others(organization(6, 20), 3, &["/", "Workloads"]).switches(|on| on.paths = false),
        organization(2, 2).scps_disabled(),
    ];
    for (number, world) in worlds.into_iter().enumerate() {
        let found = cost(world).await;
        let policies = found.snapshot.policies.len();
        let described = found.of("DescribePolicy");
        let read = found.snapshot.policies.values();
        let read = read
            .filter(|policy| policy.content.known().is_some())
            .count();
        assert_eq!(described, read, "world {number}: {policies} met");
    }
    let found = measured(Bench::new(demo(now())).await).await;
    let read = found.snapshot.policies.values();
    let read = read
        .filter(|policy| policy.content.known().is_some())
        .count();
    assert_eq!(found.of("DescribePolicy"), read);
}

#[tokio::test(start_paused = true)]
async fn attachments_are_asked_for_in_the_way_that_takes_fewer_calls() {
    // 2 SCPs, 81 nodes below the root: by policy.
    let many = cost(organization(8, 9).scp("guard", GUARD, &["Workloads/U0"])).await;
    assert_eq!(many.of("ListPoliciesForTarget"), 1, "{:?}", many.calls);
    assert!(many.of("ListTargetsForPolicy") <= 6, "{:?}", many.calls);
    // 41 SCPs, 4 nodes below the root: by target.
    let few = others(organization(1, 2), 40, &[]).scp("guard", GUARD, &["Workloads/U0"]);
    let few = cost(few).await;
    assert_eq!(few.of("ListTargetsForPolicy"), 0, "{:?}", few.calls);
    assert!(few.of("ListPoliciesForTarget") <= 5, "{:?}", few.calls);
}

#[tokio::test(start_paused = true)]
async fn denied_targets_are_made_up_for_by_asking_the_nodes() {
    let world = || organization(8, 9).scp("guard", GUARD, &["Workloads/U0"]);
    let whole = cost(world()).await;
    let denied = world().denied("Management", "organizations:ListTargetsForPolicy");
    let denied = cost(denied).await;
    let words = |cost: &Cost| {
        let judged = org_exit_guard::verdict::judge(&cost.snapshot);
        let all = judged.standings.into_iter().flat_map(|(id, standing)| {
            ExitPath::of_members().map(move |path| (id.clone(), standing.word(path.id)))
        });
        all.collect::<Vec<_>>()
    };
    assert_eq!(words(&denied), words(&whole));
    assert!(!denied.snapshot.gaps().is_empty(), "and the denial is told");
}
