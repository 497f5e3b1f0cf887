//! Planning: in whatever order AWS answers it is the same plan, and whatever fails, nothing is
//! written.

use org_exit_guard::collect::{Scope, collect};
use org_exit_guard::flows::{make_plan, read_namesakes};
use org_exit_guard::model::Silent;
use org_exit_guard::model::settings::Settings;
use org_exit_guard::plan::Wishes;
use org_exit_guard::sim::{Calls, Fault, Kind, LoggedCall};

use crate::fault_matrix::{calls, fault, kinds};
use crate::scenarios;
use crate::support::{Bench, now};

#[tokio::test(start_paused = true)]
async fn lists_in_the_opposite_order_give_the_same_facts_and_the_same_plan() {
    let mut steps = 0;
    for scenario in scenarios::all() {
        let plain = Bench::new(scenario.world.clone()).await;
        let turned = Bench::new(scenario.world.clone()).await;
        let every = Fault::new("*", Calls::Every, Kind::Reversed);
        turned.simulator.add_fault(every);
        assert_eq!(plain.full().await, turned.full().await, "{}", scenario.name);
        let (first, second) = (scenario.plan(&plain).await, scenario.plan(&turned).await);
        assert_eq!(first.digest(), second.digest(), "{}", scenario.name);
        steps += first.steps.len();
    }
    assert!(steps > 20, "{steps}");
}

fn writes(log: &[LoggedCall]) -> Vec<&str> {
    let reads = ["Describe", "Get", "List", "Lookup"];
    let names = log.iter().map(|call| call.operation.as_str());
    names
        .filter(|name| {
            let (_, name) = name.split_once(':').expect("a service");
            !reads.iter().any(|verb| name.starts_with(verb))
        })
        .collect()
}

/// Plans as far as that goes.
async fn plan(bench: &Bench) -> Option<usize> {
    let names = org_exit_guard::exits::event_names();
    let scope = Scope {
        event_names: &names,
        ..Scope::default()
    };
    let facts = collect(&bench.session, &scope, now(), &Silent).await;
    let mut facts = facts.ok()?;
    read_namesakes(&bench.session, &mut facts).await.ok()?;
    let wishes = Wishes {
        reinvite: ["300000000001".parse().expect("an account id")].into(),
        ..Wishes::default()
    };
    let planned = make_plan(facts, &Settings::default(), &wishes).ok()?;
    Some(planned.plan.steps.len())
}

/// Every read of a dry run under every kind of fault.
#[tokio::test(start_paused = true)]
async fn a_dry_run_writes_nothing_whatever_fails() {
    let (mut cases, mut planned) = (0, 0);
    for scenario in scenarios::all() {
        let names = ["guard-missing", "re-invite", "ou-guards-only"];
        if !names.contains(&scenario.name.as_str()) {
            continue;
        }
        let undisturbed = Bench::new(scenario.world.clone()).await;
        let steps = plan(&undisturbed).await.expect("a plan");
        assert!(steps > 0);
        for (operation, number) in calls(&undisturbed) {
            for (word, kind) in kinds() {
                let bench = Bench::new(scenario.world.clone()).await;
                bench.simulator.add_fault(fault(&operation, number, &kind));
                let found = plan(&bench).await;
                cases += 1;
                planned += usize::from(found.is_some());
                let log = bench.simulator.log();
                let at = format!("{}: {word}, call {number} of {operation}", scenario.name);
                assert_eq!(writes(&log), Vec::<&str>::new(), "{at}");
            }
        }
    }
    println!("dry runs under faults: {cases}, {planned} of them planned");
    assert!(
        cases > 600 && planned > 0 && planned < cases,
        "{cases} {planned}"
    );
}
