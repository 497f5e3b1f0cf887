//! What a departure deletes and a snapshot keeps: `StackSets` that act on it, and tags.

use org_exit_guard::collect::{Scope, collect};
use org_exit_guard::flows::{read_snapshot, write_snapshot};
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

fn retag(served: &Served, account: &str, tags: &[(&str, &str)]) {
    served.simulator.change(|world| {
        let id = world.account_named(account).expect("it exists").id.clone();
        let organization = world.organizations.values_mut().next().expect("one");
        let tags = tags.iter();
        let tags = tags.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        organization.tags.insert(id, tags.collect());
    });
}

/// A page without its line breaks.
fn words(page: &str) -> String {
    page.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn taken(served: &Served, file: &str, more: &[&str]) {
    let mut arguments = vec!["snapshot", "-o", file];
    arguments.extend(more);
    let run = served.run(&arguments);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

#[test]
fn other_tags_are_named_by_diff_and_audit_where_both_hold_them() {
    let served = Served::new(builder().build());
    let id = || {
        let world = served.simulator.world();
        world.account_named("shop").expect("it exists").id.clone()
    };
    retag(&served, "shop", &[("owner", "a"), ("gone", "x")]);
    taken(&served, "a.json", &[]);
    retag(&served, "shop", &[("owner", "b"), ("new", "y")]);
    taken(&served, "b.json", &[]);
    let file = |name: &str| served.place().join(name);
    let mut bare = read_snapshot(&file("b.json")).expect("it was written");
    // AWS takes no such value, but a file may hold it.
    if let Observed::Known(accounts) = &mut bare.accounts {
        for account in accounts.values_mut() {
            if let Observed::Known(tags) = &mut account.tags
                && let Some(value) = tags.get_mut("new")
            {
                value.push_str("\u{1b}[2J");
            }
        }
    }
    write_snapshot(&file("b.json"), &bare).expect("written");
    if let Observed::Known(accounts) = &mut bare.accounts {
        for account in accounts.values_mut() {
            account.tags = Observed::not_read("organizations:ListTagsForResource");
        }
    }
    write_snapshot(&file("bare.json"), &bare).expect("written");

    let diff = |after: &str, format: &str| {
        served.run(&["snapshot", "diff", "a.json", after, "--format", format])
    };
    let run = diff("b.json", "json");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let told = run.json()["changes"]["retagged"].clone();
    assert_eq!(
        told,
        serde_json::json!([{
            "account": id(),
            "added": {"new": "y\u{1b}[2J"},
            "removed": {"gone": "x"},
            "changed": {"owner": {"before": "a", "after": "b"}},
        }])
    );
    let page = words(&diff("b.json", "table").stdout);
    assert!(page.contains("`owner` was `a` and is `b`"), "{page}");
    assert!(page.contains("`gone=x` removed"), "{page}");
    assert!(!page.contains('\u{1b}'), "untrusted text");
    let audit = ["audit", "--snapshot", "b.json", "--baseline", "a.json"];
    let page = words(&served.run(&audit).stdout);
    assert!(page.contains("`owner` was `a` and is `b`"), "{page}");

    // Nobody asked: no change, no gap, and it is said.
    let run = diff("bare.json", "json");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(run.json()["changes"].get("retagged"), None);
    assert_eq!(run.json()["changes"]["tags_read_once"], 3);
    let page = words(&diff("bare.json", "table").stdout);
    assert!(
        page.contains("whether the tags of 3 accounts changed cannot be told"),
        "{page}"
    );
    let page = words(&diff("a.json", "table").stdout);
    assert!(page.contains("nothing differs"), "{page}");
}

#[test]
fn a_diff_shows_all_that_the_way_back_needs() {
    let own = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;
    let world = builder().scp("own", own, &["shop"]).build();
    let served = Served::new(tagged(world, "shop"));
    taken(&served, "a.json", &[]);
    served.simulator.change(|world| {
        world.mutate(&Mutation::Leave {
            account: "shop".to_owned(),
        });
    });
    taken(&served, "b.json", &[]);
    let page = served.run(&["snapshot", "diff", "a.json", "b.json"]).stdout;
    let document = served.run(&["snapshot", "diff", "a.json", "b.json", "--format", "json"]);
    let former = document.json()["changes"]["vanished"][0].clone();
    let text = |field: &str| former[field].as_str().expect(field).to_owned();
    assert_eq!(text("name"), "shop");
    let path = text("path_names");
    assert!(path.contains("Workloads"), "{path}");
    assert_eq!(former["path"].as_array().map(Vec::len), Some(2));
    assert_eq!(former["tags"], serde_json::json!({"owner": "payments"}));
    let scps = former["scps"].as_array().expect("read").iter();
    let scps: Vec<&str> = scps.filter_map(|one| one.as_str()).collect();
    assert_eq!(scps.len(), 2, "its own and FullAWSAccess");
    let words = words(&page);
    for told in [
        format!("account {} `shop`, {}", text("id"), text("email")),
        format!("it lay in {path}"),
        "its tags: `owner=payments`".to_owned(),
        format!("SCPs on the account itself: {}", scps.join(", ")),
        "SCP `own`".to_owned(),
    ] {
        assert!(words.contains(&told), "{told}\n{page}");
    }
}
