//! `--member-role`: what only members can tell.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use org_exit_guard::aws::{Session, SessionOptions};
use org_exit_guard::collect::{Finished, Members, Scope, collect_events, collect_members};
use org_exit_guard::detect::{Home, detect};
use org_exit_guard::exits::{event_names, member_event_names};
use org_exit_guard::flows::FinishedMembers;
use org_exit_guard::model::settings::Settings;
use org_exit_guard::model::{AccountId, GapReason, Silent, Snapshot};
use org_exit_guard::sim::world::Handshake;
use org_exit_guard::sim::{CallOutcome, World, WorldBuilder};
use serde_json::{Value, json};

use crate::served::{Served, directory, run, words};
use crate::support::{Bench, now, options};

const ROLE: &str = "OrganizationAccountAccessRole";

fn attempt(account: &str, at: Timestamp) -> Value {
    json!({
        "eventVersion": "1.08", "eventTime": at.to_string(),
        "eventSource": "organizations.amazonaws.com", "eventName": "LeaveOrganization",
        "awsRegion": "us-east-1", "sourceIPAddress": "192.0.2.10", "userAgent": "aws-cli/2",
        "errorCode": "ConstraintViolationException", "errorMessage": "no payment method",
        "userIdentity": {"type": "IAMUser", "arn": format!("arn:aws:iam::{account}:user/eve"), "accountId": account},
        "requestParameters": null, "responseElements": null, "readOnly": false,
        "eventType": "AwsApiCall", "managementEvent": true, "recipientAccountId": account,
        "eventCategory": "Management", "requestID": "r-1", "eventID": "attempt-1",
    })
}

fn id(world: &World, name: &str) -> String {
    let mut accounts = world.accounts.values();
    let found = accounts.find(|account| account.name == name);
    found.expect("that account").id.clone()
}

/// Three members; `shop` tried to leave, four days before.
fn world_at(at: Timestamp, change: impl FnOnce(WorldBuilder) -> WorldBuilder) -> World {
    let builder = WorldBuilder::new(at)
        .account("shop", "Workloads")
        .account("lab", "Workloads")
        .account("data", "Workloads");
    let mut world = change(builder).build();
    let shop = id(&world, "shop");
    let account = world.accounts.get_mut(&shop).expect("shop");
    let trail = account.trail.entry("us-east-1".to_owned()).or_default();
    trail.push(attempt(&shop, at - SignedDuration::from_hours(96)));
    world
}

fn world(change: impl FnOnce(WorldBuilder) -> WorldBuilder) -> World {
    world_at(now(), change)
}

fn everywhere() -> Members<'static> {
    static ALL: BTreeSet<AccountId> = BTreeSet::new();
    Members {
        role: ROLE,
        external_id: None,
        only: &ALL,
        finished: None,
    }
}

async fn looked_into(bench: &Bench) -> Snapshot {
    let mut snapshot = bench.facts().await;
    collect_members(&bench.session, &mut snapshot, everywhere(), &Silent).await;
    snapshot
}

/// Accounts in which somebody tried to get out.
fn attempts(snapshot: &Snapshot) -> Vec<String> {
    let settings = Settings::default();
    let found = detect(snapshot.records(), &Home::default(), &settings, now());
    let found = found.iter().filter(|one| one.rule.id == "exit-attempted");
    found
        .map(|one| one.account.as_ref().expect("known").to_string())
        .collect()
}

fn role_in(account: &str) -> String {
    format!("arn:aws:iam::{account}:role/{ROLE}")
}

const EXEMPTING: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Deny","Action":["organizations:LeaveOrganization","organizations:AcceptHandshake","account:CloseAccount"],
     "Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/OrganizationAccountAccess*"}}},
    {"Effect":"Deny","Action":["iam:*Role*","sts:AssumeRole*"],"Resource":"arn:aws:iam::*:role/OrganizationAccountAccess*",
     "Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/OrganizationAccountAccess*"}}}]}"#;

#[tokio::test(start_paused = true)]
async fn roles_are_listed_only_where_named_principals_get_past_the_guard() {
    let bench = Bench::new(world(|builder| {
        builder.scp("exempting", EXEMPTING, &["shop"])
    }))
    .await;
    let snapshot = looked_into(&bench).await;
    let shop: AccountId = id(&bench.simulator.world(), "shop").parse().expect("an id");
    let listed: Vec<&AccountId> = snapshot
        .members
        .iter()
        .filter(|(_, facts)| facts.roles.known().is_some())
        .map(|(id, _)| id)
        .collect();
    assert_eq!(listed, [&shop]);
    let audited = org_exit_guard::flows::judge_all(snapshot, &Settings::default());
    let found = audited
        .findings
        .iter()
        .find(|one| one.rule.id == "guard-has-exemptions");
    let evidence = &found.expect("the guard has exemptions").evidence;
    let told = format!("exists and gets through: {}", role_in(shop.as_str()));
    assert!(evidence.contains(&told), "{evidence:?}");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_in_a_member_is_found_there_and_nowhere_else() {
    let bench = Bench::new(world(|builder| builder)).await;
    let shop = id(&bench.simulator.world(), "shop");
    assert!(attempts(&bench.facts().await).is_empty());
    let calls = bench.simulator.log();
    assert!(calls.iter().all(|call| call.operation != "sts:AssumeRole"));
    let before = bench.simulator.log().len();
    let snapshot = looked_into(&bench).await;
    assert_eq!(attempts(&snapshot), [shop.as_str()]);
    assert!(snapshot.gaps().is_empty(), "{:?}", snapshot.gaps());
    let histories: Vec<_> = snapshot
        .histories()
        .map(|one| (one.account.as_str(), one.records.len()))
        .collect();
    assert_eq!(histories.len(), 4, "{histories:?}");
    assert!(histories.contains(&(shop.as_str(), 1)), "{histories:?}");
    let log = bench.simulator.log();
    let management = bench.simulator.world().management.clone();
    let inside: Vec<_> = log[before..]
        .iter()
        .filter(|call| call.account.as_ref() != Some(&management))
        .collect();
    let accounts: BTreeSet<_> = inside.iter().map(|call| call.account.clone()).collect();
    assert_eq!(accounts.len(), 3);
    assert_eq!(
        inside.len(),
        3 * (member_event_names().len() + 1),
        "{inside:?}"
    );
    let assumed = log.iter().filter(|call| call.operation == "sts:AssumeRole");
    assert_eq!(assumed.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_session_in_a_member_may_read_no_more_than_its_list() {
    let bench = Bench::new(world(|builder| builder)).await;
    let shop = id(&bench.simulator.world(), "shop").parse().expect("an id");
    let reads = bench
        .session
        .inside(&shop, ROLE, None)
        .await
        .expect("it trusts");
    assert!(reads.list_handshakes_for_account().await.is_ok());
    // The role itself administers its account.
    assert!(reads.describe_organization().await.is_err());
    let log = bench.simulator.log();
    let last = log.last().expect("calls");
    assert_eq!(last.operation, "organizations:DescribeOrganization");
    assert!(matches!(last.outcome, CallOutcome::Refused(_)), "{last:?}");
}

#[tokio::test(start_paused = true)]
async fn a_role_assumed_for_reading_gets_into_members_only_with_the_flag() {
    let bench = Bench::new(world(|builder| {
        builder.world(|world| {
            let management = world.management.clone();
            world.ensure_role(&management, "Audit", &management);
        })
    }))
    .await;
    let world = bench.simulator.world();
    let shop: AccountId = id(&world, "shop").parse().expect("an id");
    for (flag, passes) in [(None, false), (Some("Other"), false), (Some(ROLE), true)] {
        let session = Session::open(SessionOptions {
            role_arn: Some(format!("arn:aws:iam::{}:role/Audit", world.management)),
            member_role: flag.map(str::to_owned),
            ..options(&bench.simulator, &world.management)
        })
        .await
        .expect("it trusts");
        let opened = session.inside(&shop, ROLE, None).await;
        assert_eq!(opened.is_ok(), passes, "{flag:?}: {opened:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_member_that_refuses_is_a_gap_and_the_others_still_tell() {
    let refuse = |builder: WorldBuilder| builder.denied("lab", "cloudtrail:LookupEvents");
    let mut world = world(refuse);
    let data = id(&world, "data");
    world.accounts.get_mut(&data).expect("data").roles.clear();
    let bench = Bench::new(world).await;
    let world = bench.simulator.world();
    let lab = id(&world, "lab");
    let snapshot = looked_into(&bench).await;
    let gaps = snapshot.gaps();
    let told: Vec<_> = gaps
        .iter()
        .map(|gap| {
            (
                gap.operation.as_str(),
                gap.target.clone().unwrap_or_default(),
                gap.reason,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                "cloudtrail:LookupEvents",
                role_in(&lab),
                GapReason::AccessDenied
            ),
            ("sts:AssumeRole", role_in(&data), GapReason::AccessDenied),
        ]
    );
    assert_eq!(attempts(&snapshot), [id(&world, "shop")]);
}

#[tokio::test(start_paused = true)]
async fn the_histories_of_accounts_that_departed_are_read_too() {
    let bench = Bench::new(org_exit_guard::sim::demo(now())).await;
    let names = event_names();
    let scope = Scope {
        event_names: &names,
        ..Scope::default()
    };
    let mut snapshot = collect_events(&bench.session, &scope, now(), &Silent)
        .await
        .expect("an organization");
    collect_members(&bench.session, &mut snapshot, everywhere(), &Silent).await;
    let records: Vec<_> = snapshot
        .records()
        .filter(|one| one.name == "LeaveOrganization")
        .collect();
    assert_eq!(records.len(), 1);
    let payments = records[0].recipient.clone().expect("an account");
    assert!(
        !snapshot
            .accounts
            .known()
            .expect("listed")
            .contains_key(&payments)
    );
    // Closed and suspended ones cannot be entered, nor those that AWS has done away with.
    let entered: BTreeSet<_> = snapshot.members.keys().cloned().collect();
    assert!(!entered.contains(&"400000000417".parse().expect("an id")));
    let closed: AccountId = id(&bench.simulator.world(), "old-intranet")
        .parse()
        .expect("an id");
    assert!(!entered.contains(&closed));
    assert!(!entered.contains(&snapshot.caller.account));
    // Asked for by its id, it alone is entered.
    let only = BTreeSet::from([payments]);
    let into = Members {
        only: &only,
        ..everywhere()
    };
    collect_members(&bench.session, &mut snapshot, into, &Silent).await;
    assert_eq!(
        snapshot.members.keys().cloned().collect::<BTreeSet<_>>(),
        only
    );
}

/// How often a role was assumed, since the log was that long.
fn entered(bench: &Bench, before: usize) -> usize {
    let log = bench.simulator.log();
    let assumed = log[before..]
        .iter()
        .filter(|call| call.operation == "sts:AssumeRole");
    assumed.count()
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_run_is_taken_up_again_within_the_hour() {
    let many = (0..40).fold(WorldBuilder::new(now()), |world, number| {
        world.account(&format!("account {number}"), "/")
    });
    let bench = Bench::new(many.build()).await;
    let blank = bench.facts().await;
    let organization = blank.organization.known().expect("read").id.clone();
    let start = |fresh| FinishedMembers::of(bench.state(), &organization, fresh);
    let look = async |finished: &FinishedMembers, later: SignedDuration| {
        let mut snapshot = blank.clone();
        snapshot.events.from += later;
        snapshot.events.until += later;
        let into = Members {
            finished: Some(finished),
            ..everywhere()
        };
        collect_members(&bench.session, &mut snapshot, into, &Silent).await;
        snapshot
    };
    let interrupted = start(false);
    let cut = look(&interrupted, SignedDuration::ZERO);
    assert!(
        tokio::time::timeout(Duration::from_secs(8), cut)
            .await
            .is_err()
    );
    let directory = bench.state().join(organization.as_str()).join("members");
    let files: Vec<_> = std::fs::read_dir(&directory)
        .expect("kept")
        .flatten()
        .collect();
    assert!((1..40).contains(&files.len()), "{}", files.len());
    for file in &files {
        let mode = file.metadata().expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let account = |file: &std::fs::DirEntry| {
        let name = file.file_name().into_string().expect("UTF-8");
        let id: AccountId = name.trim_end_matches(".json").parse().expect("an id");
        id
    };
    let (first, role) = (account(&files[0]), role_in(account(&files[0]).as_str()));
    let found = |fresh, longer: SignedDuration, later: SignedDuration, role: &str| {
        let mut wanted = blank.events.clone();
        wanted.account = first.clone();
        wanted.from = wanted.from + later - longer;
        wanted.until += later;
        start(fresh).found(&wanted, role).is_some()
    };
    let minutes = SignedDuration::from_mins;
    assert!(found(false, minutes(0), minutes(59), &role));
    assert!(!found(true, minutes(0), minutes(59), &role));
    assert!(!found(false, minutes(0), minutes(61), &role));
    assert!(
        !found(false, minutes(60), minutes(59), &role),
        "a longer window"
    );
    assert!(!found(false, minutes(0), minutes(59), "another role"));
    // Damaged: read again.
    std::fs::write(files[0].path(), "{").expect("written");
    let usable = files.len() - 1;
    let (before, finished) = (bench.simulator.log().len(), start(false));
    let later = minutes(59);
    let snapshot = look(&finished, later).await;
    assert_eq!(entered(&bench, before), 40 - usable);
    assert_eq!(snapshot.members.len(), 40);
    assert!(snapshot.gaps().is_empty(), "{:?}", snapshot.gaps());
    // It says how far each answer reaches.
    let reach: BTreeSet<_> = snapshot.histories().map(|one| one.until).collect();
    assert_eq!(reach, BTreeSet::from([now(), now() + later]));
    let told = finished.end();
    assert!(
        told[0].starts_with(&format!("{usable} members")),
        "{told:?}"
    );
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(!directory.exists(), "a run that ended leaves nothing");
}

#[tokio::test(start_paused = true)]
async fn handshakes_keep_the_pace_of_the_whole_organization() {
    let many = (0..60).fold(WorldBuilder::new(now()), |world, number| {
        world.account(&format!("account {number}"), "/")
    });
    let bench = Bench::new(many.build()).await;
    bench.simulator.set_throttling(true);
    let snapshot = looked_into(&bench).await;
    assert_eq!(snapshot.members.len(), 60);
    assert!(snapshot.gaps().is_empty(), "{:?}", snapshot.gaps());
    let log = bench.simulator.log();
    let handshakes = log
        .iter()
        .filter(|call| call.operation == "organizations:ListHandshakesForAccount");
    let throttled = handshakes
        .clone()
        .filter(|call| call.outcome != CallOutcome::Done);
    assert_eq!((handshakes.count(), throttled.count()), (60, 0));
}

/// `data` has no role, and another organization invites `lab`.
fn troubled() -> World {
    let now = Timestamp::now();
    let mut world = world_at(now, |builder| builder.foreign_organization("rival", &[]));
    let (data, lab) = (id(&world, "data"), id(&world, "lab"));
    world.accounts.get_mut(&data).expect("data").roles.clear();
    let own = world.organization().expect("ours").id.clone();
    let rival = world
        .organizations
        .values()
        .find(|one| one.id != own)
        .expect("the rival");
    let invitation = Handshake::invitation("h-fromrival0".to_owned(), rival, &lab, now);
    world
        .handshakes
        .insert("h-fromrival0".to_owned(), invitation);
    world
}

#[test]
fn an_audit_says_which_members_were_looked_into() {
    let served = Served::new(troubled());
    let data = id(&served.simulator.world(), "data");
    let live = served.run(&["snapshot", "-o", "facts.json", "--member-role", ROLE]);
    assert_eq!(live.code, Some(4), "{}", live.stderr);
    let judged = served.run(&["audit", "--snapshot", "facts.json", "--format", "json"]);
    assert_eq!(judged.code, Some(4), "{}", judged.stderr);
    let report = judged.json();
    let notes = report["coverage"]["notes"].to_string();
    assert!(notes.contains("looked into 2 of 3 members"), "{notes}");
    assert!(notes.contains(&format!("unknown: {data}")), "{notes}");
    let members = report["coverage"]["members"].as_array();
    assert_eq!(members.map(Vec::len), Some(2));
    assert_eq!(report["gaps"][0]["target"], role_in(&data));
    let has = |part: &str, field: &str, value: &str| {
        let all = report[part].as_array().expect("a list");
        all.iter().any(|one| one[field] == value)
    };
    assert!(has("events", "event_id", "attempt-1"));
    assert!(has("findings", "rule", "foreign-invitation-waits"));
}

#[test]
fn detect_names_every_history_that_it_looked_at() {
    let served = Served::new(troubled());
    let world = served.simulator.world();
    let args = ["detect", "--format", "json", "--member-role", ROLE];
    let run = served.run(&args);
    assert_eq!(run.code, Some(4), "{}", run.stderr);
    let document = run.json();
    let accounts: Vec<_> = document["coverage"]["histories"]
        .as_array()
        .expect("histories")
        .iter()
        .map(|one| one["account"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(
        accounts,
        [
            world.management.clone(),
            id(&world, "shop"),
            id(&world, "lab")
        ]
    );
    assert_eq!(
        document["coverage"]["gaps"][0]["operation"],
        "sts:AssumeRole"
    );
    let detections = document["detections"].as_array().expect("detections");
    let attempt = detections
        .iter()
        .find(|one| one["event_id"] == "attempt-1")
        .expect("found");
    assert_eq!(attempt["account"], id(&world, "shop"));
    assert_eq!(attempt["records"][0]["looked_up_in"], id(&world, "shop"));
    assert_eq!(document["findings"][0]["rule"], "foreign-invitation-waits");
    assert_eq!(document["findings"][0]["accounts"][0], id(&world, "lab"));
    let lab = id(&world, "lab");
    let one = served.run(&[&args[..], &["--account", &lab]].concat());
    assert_eq!(one.code, Some(3), "the invitation counts: {}", one.stderr);
    let useless = served.run(&["detect", "--source", "archive:.", "--member-role", ROLE]);
    assert_eq!(useless.code, Some(2), "{}", useless.stderr);
}

#[test]
fn the_demo_tells_who_left() {
    let place = directory();
    let told = |command: &[&str]| {
        let rest = ["--demo", "--member-role", ROLE, "--format", "json"];
        let told = run(&place, &[command, &rest[..]].concat());
        // Five members forbid even this by their SCPs.
        assert_eq!(told.code, Some(4), "{}", told.stderr);
        let stories = told.json()["stories"].clone();
        let mut stories = stories.as_array().expect("stories").iter();
        let story = stories.find(|one| one["account"] == "300000000002");
        story.expect("the account that was prepared")["title"].clone()
    };
    let whole =
        "guard detached, guard changed, attempt on the guard, account moved, attempt, departure";
    assert_eq!(told(&["detect"]), whole);
    let page = run(&place, &["detect", "--demo", "--member-role", ROLE]);
    let said = words(&page.stdout);
    let histories = "event histories of 35 members, 2026-08-26T02:00:00Z to 2026-11-24T02:00:00Z: 1 records, in 300000000002 ";
    assert!(said.contains(histories), "{said}");
    assert_eq!(told(&["audit"]), whole);
}
