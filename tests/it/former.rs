//! What a departure deletes and a snapshot keeps: `StackSets` that act on it, and tags.

use org_exit_guard::collect::{Scope, collect};
use org_exit_guard::model::{GapReason, Observed, Silent, Snapshot};
use org_exit_guard::sim::{Calls, Fault, Kind, Mutation, Refusal, World, WorldBuilder};

use crate::served::Served;
use crate::support::{Bench, now};

fn tagged(mut world: World, account: &str) -> World {
    let id = world.account_named(account).expect("it exists").id.clone();
    let organization = world.organizations.values_mut().next().expect("one");
    let tags = organization.tags.entry(id).or_default();
    tags.insert("owner".to_owned(), "payments".to_owned());
    world
}

async fn facts(bench: &Bench, tags: bool) -> Snapshot {
    let scope = Scope {
        tags,
        ..Scope::default()
    };
    collect(&bench.session, &scope, now(), &Silent)
        .await
        .expect("an organization")
}

fn builder() -> WorldBuilder {
    WorldBuilder::new(now())
        .account("shop", "Workloads")
        .account("lab", "Sandbox")
}

#[tokio::test(start_paused = true)]
async fn stack_sets_are_read_where_they_may_act_and_told_for_a_departure() {
    let none = facts(&Bench::new(builder().build()).await, false).await;
    assert!(none.stack_sets.is_not_read(), "trusted access is off");
    let many = (0..130).fold(builder(), |world, number| {
        world.stack_set(&format!("set-{number:03}"), "Workloads", number % 2 == 0)
    });
    let bench = Bench::new(many.build()).await;
    let snapshot = facts(&bench, false).await;
    assert_eq!(
        snapshot.stack_sets.known().map(Vec::len),
        Some(130),
        "two pages"
    );
    let impact = |name: &str| {
        let accounts = snapshot.accounts.known().expect("read");
        let account = accounts.values().find(|one| one.name == name);
        org_exit_guard::audit::impact(&snapshot, account.expect("it exists"))
    };
    let shop = impact("shop").stack_sets.expect("known");
    assert_eq!(shop.iter().filter(|one| one.stays).count(), 65);
    assert_eq!(shop.len(), 130);
    assert_eq!(impact("lab").stack_sets.map(|all| all.len()), Some(0));
}

#[tokio::test(start_paused = true)]
async fn stack_sets_that_cannot_be_read_are_a_gap_and_never_none() {
    for operation in [
        "cloudformation:ListStackSets",
        "cloudformation:DescribeStackSet",
    ] {
        let bench = Bench::new(builder().stack_set("baseline", "/", false).build()).await;
        let denied = Kind::Error(Refusal::new("AccessDenied", "no").status(403));
        bench
            .simulator
            .add_fault(Fault::new(operation, Calls::Every, denied));
        let snapshot = facts(&bench, false).await;
        let gap = snapshot.stack_sets.gap().expect("a gap");
        assert_eq!(
            (gap.operation.as_str(), gap.reason),
            (operation, GapReason::AccessDenied)
        );
        assert!(snapshot.gaps().contains(gap));
    }
}

#[tokio::test(start_paused = true)]
async fn tags_are_read_if_asked_for_and_one_denial_is_one_gap() {
    let bench = Bench::new(tagged(builder().build(), "shop")).await;
    let of = |snapshot: &Snapshot| -> Vec<Observed<usize>> {
        let accounts = snapshot.accounts.known().expect("read").values();
        accounts
            .map(|one| one.tags.clone().map(|tags| tags.len()))
            .collect()
    };
    assert!(
        of(&facts(&bench, false).await)
            .iter()
            .all(Observed::is_not_read)
    );
    let counts = of(&facts(&bench, true).await);
    let known: Vec<usize> = counts
        .iter()
        .filter_map(|one| one.known().copied())
        .collect();
    assert_eq!((known.len(), known.iter().sum::<usize>()), (3, 1));
    let denied = Kind::Error(Refusal::new("AccessDeniedException", "no"));
    let operation = "organizations:ListTagsForResource";
    bench
        .simulator
        .add_fault(Fault::new(operation, Calls::Every, denied));
    let snapshot = facts(&bench, true).await;
    let gaps = snapshot.gaps();
    assert_eq!(
        gaps.iter().filter(|gap| gap.operation == operation).count(),
        1,
        "{gaps:?}"
    );
    assert!(of(&snapshot).iter().all(|one| one.known().is_none()));
}

#[test]
fn the_tags_of_an_account_that_vanished_are_those_that_were_read_last() {
    let served = Served::new(tagged(builder().build(), "shop"));
    let audit = |more: &[&str]| {
        let mut arguments = vec!["audit", "--state-dir", "state", "--format", "json"];
        arguments.extend(more);
        served.run(&arguments)
    };
    audit(&["--tags"]);
    // This one reads none, and keeps those of the first.
    audit(&[]);
    served.simulator.change(|world| {
        world.mutate(&Mutation::Leave {
            account: "shop".to_owned(),
        });
    });
    let told = audit(&[]);
    assert!(
        told.stdout.contains("its tags: `owner=payments`"),
        "{}",
        told.stdout
    );
}
