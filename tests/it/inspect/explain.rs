//! `explain`.

use org_exit_guard::collect::collect_chain;
use org_exit_guard::flows::{explain_account, find_account};
use org_exit_guard::model::Silent;
use org_exit_guard::report::Format;
use org_exit_guard::report::text::width;
use org_exit_guard::sim::WorldBuilder;

use crate::served::{Served, directory, run, words};
use crate::support::{Bench, now};

#[test]
fn an_account_is_explained_from_the_root_down_to_it() {
    let place = directory();
    let told = run(&place, &["explain", "checkout-prod", "--demo"]);
    assert_eq!(told.code, Some(0), "{told:?}");
    let said = words(&told.stdout);
    let order = [
        "root r-",
        "OU `Workloads`",
        "OU `Prod`",
        "account `checkout-prod`",
    ];
    let places: Vec<usize> = order
        .map(|one| told.stdout.find(&format!("\n{one}")).expect(one))
        .to_vec();
    assert!(places.is_sorted(), "{places:?}");
    for part in [
        "blocked leave (leave the organization)",
        "this statement alone suffices: - statement 1 `DenyLeave` of SCP `deny-leave`",
        "undetermined direct-transfer",
        "open self-closure",
        "by arn:aws:iam::200000000011:root",
        "1 | {\"Sid\":\"DenyLeave\"",
        "matches organizations:LeaveOrganization",
        "does not match organizations:AcceptHandshake, account:CloseAccount: it does not name the action",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // By id it is the same, and one way out is a part of it.
    let by_id = run(&place, &["explain", "200000000011", "--demo"]);
    assert_eq!(by_id.stdout, told.stdout);
    let one = run(
        &place,
        &["explain", "checkout-prod", "--demo", "--path", "leave"],
    );
    assert!(!one.stdout.contains("CloseAccount\n"), "{}", one.stdout);
    assert!(one.stdout.contains("blocked leave"));
}

#[test]
fn what_a_departure_would_end_is_told_and_nothing_of_the_management_account() {
    let place = directory();
    let told = |account: &str| {
        let args = ["explain", account, "--demo", "--format", "json"];
        run(&place, &args).json()["impact"].clone()
    };
    let checkout = told("checkout-prod");
    let scps = checkout["scps"].as_array().expect("a list");
    let names: Vec<&str> = scps.iter().filter_map(|one| one["name"].as_str()).collect();
    assert_eq!(names, ["keep-owner-tag", "deny-leave"], "root first");
    assert_eq!(checkout["scps_complete"], true);
    assert_eq!(checkout["access_role"], "made-at-creation");
    assert_eq!(told("acquired-fabrikam")["access_role"], "not-made");
    assert_eq!(
        told("identity-center")["administers"][0],
        "sso.amazonaws.com"
    );
    assert!(told("Management").is_null());
    let page = run(&place, &["explain", "identity-center", "--demo"]);
    let said = words(&page.stdout);
    let end = said.find("What its departure would end").expect("told");
    assert!(said[end..].contains("assignments of Identity Center are removed"));
}

#[test]
fn an_exemption_is_shown_in_the_name_of_the_account_that_was_asked_about() {
    let place = directory();
    let args = [
        "explain", "dns", "--demo", "--path", "leave", "--format", "json",
    ];
    let told = run(&place, &args).json();
    let path = &told["paths"][0];
    assert_eq!(path["verdict"], "conditional");
    let requests = path["witnesses"].as_array().expect("requests");
    assert!(!requests.is_empty());
    for request in requests {
        let principal = request["principal"].as_str().expect("a principal");
        assert!(principal.starts_with("arn:aws:iam::200000000006:role/OrgAdmin"));
        assert_eq!(request["context"]["aws:PrincipalArn"], *principal);
    }
    let statements = told["levels"][1]["policies"].as_array().expect("policies");
    let guard = statements
        .iter()
        .find(|one| one["name"] == "deny-leave-except-orgadmin");
    let on = &guard.expect("the guard")["statements"][0]["on"][0];
    assert_eq!(on["answer"], "matches-when");
    assert!(
        on["because"][0]
            .as_str()
            .expect("words")
            .contains("OrgAdmin*")
    );
}

/// What a snapshot holds, it explains without a network, and the same.
#[test]
fn a_snapshot_is_explained_offline() {
    let place = directory();
    let taken = run(
        &place,
        &["snapshot", "--demo", "--full", "-o", "facts.json"],
    );
    assert_eq!(taken.code, Some(0), "{taken:?}");
    for account in [
        "checkout-prod",
        "data-lake",
        "eu-store",
        "checkout-dev",
        "old-wiki",
        "Management",
    ] {
        let live = run(&place, &["explain", account, "--demo"]);
        let file = run(&place, &["explain", account, "--snapshot", "facts.json"]);
        assert_eq!((live.code, file.code), (Some(0), Some(0)), "{account}");
        assert_eq!(live.stdout, file.stdout, "{account}");
    }
    let outside = run(
        &place,
        &["explain", "Management", "--snapshot", "facts.json"],
    );
    assert!(
        outside.stdout.contains("outside-scps leave"),
        "{}",
        outside.stdout
    );
    let closed = run(&place, &["explain", "old-wiki", "--snapshot", "facts.json"]);
    assert!(
        closed.stdout.contains("not-acting leave"),
        "{}",
        closed.stdout
    );
}

#[test]
fn an_account_that_is_not_one_is_a_usage_error() {
    let place = directory();
    let unknown = run(&place, &["explain", "nobody", "--demo"]);
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    assert!(unknown.said().contains("no account `nobody`"));
    let path = run(&place, &["explain", "dns", "--demo", "--path", "removal"]);
    assert_eq!(path.code, Some(2), "{path:?}");
    assert!(
        path.said()
            .contains("expected leave, direct-transfer, self-closure")
    );
    let world = WorldBuilder::new(now())
        .account("twin", "/")
        .account("twin", "A");
    let served = Served::new(world.build());
    let ambiguous = served.run(&["explain", "twin"]);
    assert_eq!(ambiguous.code, Some(2), "{ambiguous:?}");
    let said = ambiguous.said();
    assert!(
        said.contains("2 accounts are called `twin`")
            && said.contains("hint: give the account's id"),
        "{said}"
    );
}

#[test]
fn what_could_not_be_read_is_told_and_exits_with_4() {
    let world = || WorldBuilder::new(now()).account("shop", "Workloads");
    let denied = world().denied("Management", "organizations:DescribePolicy");
    let guard = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;
    let served = Served::new(denied.scp("other", guard, &["Workloads"]).build());
    let told = served.run(&["explain", "shop"]);
    assert_eq!(told.code, Some(4), "{told:?}");
    assert!(
        told.stdout.contains("organizations:DescribePolicy"),
        "{}",
        told.stdout
    );
    assert_eq!(
        served.run(&["explain", "shop", "--allow-gaps"]).code,
        Some(0)
    );
    let args = [
        "check",
        "organizations:LeaveOrganization",
        "--account",
        "shop",
        "--expect",
        "open",
    ];
    let check = served.run(&args);
    assert_eq!(check.code, Some(4), "{check:?}");
    assert!(words(&check.stdout).contains("could not be read: organizations:DescribePolicy"));
}

#[tokio::test(start_paused = true)]
async fn a_stack_of_ten_scps_is_no_wider_than_the_terminal() {
    let mut world = WorldBuilder::new(now()).account("shop", "Workloads/Prod");
    for number in 0..9 {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"Rule{number}{}","Effect":"Deny","Action":["organizations:LeaveOrganization","organizations:AcceptHandshake","account:CloseAccount"],"Resource":"*","Condition":{{"ArnNotLike":{{"aws:PrincipalArn":["arn:aws:iam::*:role/{}","arn:aws:iam::*:role/日本語"]}}}}}}]}}"#,
            "X".repeat(60),
            "OrganizationAccountAccessRole-".repeat(4),
        );
        let name = format!("scp-{number}-\u{1b}[31m{}", "long".repeat(20));
        world = world.scp(&name, &text, &["Workloads"]);
    }
    let bench = Bench::new(world.build()).await;
    let snapshot = bench.facts().await;
    let id = find_account(&snapshot, "shop").expect("it").id.clone();
    let snapshot = collect_chain(&bench.session, snapshot, &id, &Silent).await;
    let account = find_account(&snapshot, "shop").expect("it");
    let document = explain_account(&snapshot, account, None);
    assert_eq!(document.levels[1].policies.len(), 10);
    for columns in [80, 140] {
        let text = document.render(Format::Table, columns);
        let plain = anstream::adapter::strip_str(&text).to_string();
        for line in plain.lines() {
            assert!(width(line) <= columns, "{} columns: {line}", width(line));
        }
        assert!(plain.matches("`scp-").count() >= 9, "{plain}");
        assert!(!plain.chars().any(|c| c.is_control() && c != '\n'));
    }
}
