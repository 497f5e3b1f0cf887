//! The plan on disk: what is applied is what was reviewed, once, and not for long.

use org_exit_guard::apply::{ApplyError, check};
use org_exit_guard::flows::{PlanFileError, read_plan, write_plan};
use org_exit_guard::plan::{PlanDocument, Wishes};
use org_exit_guard::sim::{Calls, Fault, Kind, Mutation, Refusal, World, WorldBuilder};
use serde_json::Value;

use crate::served::{Run, Served, directory};
use crate::support::{Bench, now, stopped};

fn world() -> World {
    WorldBuilder::new(now())
        .ou("Workloads")
        .account("shop", "Workloads")
        .scp("other", r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#, &[])
        .standalone("departed")
        .build()
}

fn why(result: Result<impl std::fmt::Debug, ApplyError>) -> String {
    match result {
        Err(ApplyError::Refused { why, .. }) => why,
        other => panic!("refused was expected: {other:?}"),
    }
}

async fn plan(bench: &Bench) -> PlanDocument {
    bench.plan(&Wishes::default()).await.document
}

#[tokio::test(start_paused = true)]
async fn what_is_written_is_read_is_private_and_is_applied() {
    let bench = Bench::new(world()).await;
    let plan = plan(&bench).await;
    let path = bench.state().join("plan.json");
    let digest = write_plan(&path, &plan).expect("written");
    let read = read_plan(&path).expect("read");
    assert_eq!((&read, read.digest()), (&plan, digest));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path)
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    bench.apply_plan(read).await.expect("applied");
    assert_eq!(bench.done("organizations:AttachPolicy"), 1);
}

/// Every place in a JSON value, as a pointer.
fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    let escape = |key: &str| key.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(map) => map
            .iter()
            .for_each(|(key, value)| places(value, &format!("{at}/{}", escape(key)), all)),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .for_each(|(index, value)| places(value, &format!("{at}/{index}"), all)),
        _ => {}
    }
}

#[tokio::test(start_paused = true)]
async fn an_edit_at_any_place_is_refused() {
    let bench = Bench::new(world()).await;
    let path = bench.state().join("plan.json");
    write_plan(&path, &plan(&bench).await).expect("written");
    let text = std::fs::read_to_string(&path).expect("read");
    let whole: Value = serde_json::from_str(&text).expect("JSON");
    let mut all = Vec::new();
    places(&whole, "", &mut all);
    assert!(all.len() > 60, "{}", all.len());
    for place in &all {
        let mut edited = whole.clone();
        let target = edited.pointer_mut(place).expect("a place");
        *target = match &*target {
            Value::String(text) => Value::from(format!("{text}x")),
            Value::Number(number) => Value::from(number.as_u64().expect("a count") + 1),
            Value::Array(_) | Value::Object(_) => Value::Null,
            _ => Value::from("edited"),
        };
        std::fs::write(&path, edited.to_string()).expect("written");
        let error = read_plan(&path).expect_err(place);
        assert!(
            !matches!(error, PlanFileError::Read { .. }),
            "{place}: {error}"
        );
    }
    for end in 0..text.len() - 2 {
        std::fs::write(&path, &text.as_bytes()[..end]).expect("written");
        assert!(read_plan(&path).is_err(), "cut at {end}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_lives_a_day_and_is_of_one_organization() {
    let bench = Bench::new(world()).await;
    let fresh = plan(&bench).await;
    let hours = |hours: i64| {
        let mut plan = fresh.clone();
        plan.created = now() - jiff::SignedDuration::from_hours(hours);
        plan
    };
    assert!(check(bench.place(), &hours(24)).await.is_ok());
    for old in [hours(25), hours(-1)] {
        assert!(why(bench.apply_plan(old).await).contains("a plan lives 24 hours"));
    }
    // The clock of the machine that planned may be some seconds ahead.
    let ahead = |seconds: i64| {
        let mut plan = fresh.clone();
        plan.created = now() + jiff::SignedDuration::from_secs(seconds);
        plan
    };
    assert!(check(bench.place(), &ahead(40)).await.is_ok());
    assert!(check(bench.place(), &ahead(3_000)).await.is_err());
    let other = Bench::new(WorldBuilder::seeded(now(), 7).account("shop", "/").build()).await;
    let words = why(other.apply_plan(fresh).await);
    assert!(words.contains("the organization was o-"), "{words}");
    assert_eq!(other.done("organizations:CreatePolicy"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_changed_fact_refuses_in_words_and_an_unrelated_one_does_not() {
    let attach = |target: &str| Mutation::Attach {
        policy: "other".to_owned(),
        target: target.to_owned(),
    };
    let bench = Bench::new(world()).await;
    let fresh = plan(&bench).await;
    bench
        .simulator
        .change(|world| world.mutate(&attach("Workloads")));
    assert!(check(bench.place(), &fresh).await.is_ok());
    bench.simulator.change(|world| world.mutate(&attach("/")));
    let words = why(bench.apply_plan(fresh).await);
    assert!(words.contains("was attached to the root"), "{words}");
    assert_eq!(bench.done("organizations:CreatePolicy"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_used_once() {
    let bench = Bench::new(world()).await;
    let fresh = plan(&bench).await;
    let run = bench.apply_plan(fresh.clone()).await.expect("applied").run;
    let words = why(bench.apply_plan(fresh.clone()).await);
    assert!(
        words.contains("already applied") && words.contains(&run),
        "{words}"
    );
    bench.undo(&run).await.expect("undone");
    assert!(why(bench.apply_plan(fresh).await).contains("is undone"));
    assert_eq!(bench.done("organizations:CreatePolicy"), 1);
}

#[tokio::test(start_paused = true)]
async fn max_changes_is_counted_before_the_first_write() {
    let bench = Bench::new(world()).await;
    let fresh = plan(&bench).await;
    let place = |max_changes| org_exit_guard::apply::Place {
        max_changes,
        ..bench.place()
    };
    assert!(why(check(place(1), &fresh).await).contains("2 changes"));
    assert!(check(place(2), &fresh).await.is_ok());
    assert!(check(place(3), &fresh).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_scp_that_was_edited_after_the_plan_is_not_attached() {
    let guard = include_str!("../../policies/scp/exit-guard.json");
    let mut world = WorldBuilder::new(now())
        .account("shop", "/")
        .scp("org-exit-guard", guard, &[])
        .build();
    // A run of this tool made it.
    let policy = world
        .policy_named("org-exit-guard")
        .expect("one")
        .id
        .clone();
    let organization = world.organization().expect("one").id.clone();
    let tags = org_exit_guard::model::ours::policy_tags("earlier", "why".to_owned(), guard);
    let organization = world.organizations.get_mut(&organization).expect("one");
    organization.tags.insert(policy, tags);
    let bench = Bench::new(world).await;
    let fresh = plan(&bench).await;
    assert_eq!(fresh.steps.len(), 1, "what exists is attached");
    bench.simulator.change(|world| {
        world.mutate(&Mutation::Rewrite {
            policy: "org-exit-guard".to_owned(),
            content: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#.to_owned(),
        });
    });
    let left = stopped(
        bench
            .apply_plan(fresh)
            .await
            .expect_err("it says something else now"),
    );
    let why = &left.failed[0].1;
    assert!(why.contains("does not say what the plan attaches"), "{why}");
    assert_eq!(bench.done("organizations:AttachPolicy"), 0);
}

#[tokio::test(start_paused = true)]
async fn equal_facts_give_the_same_plan() {
    let world = world();
    let first = Bench::new(world.clone()).await;
    let second = Bench::new(world).await;
    assert_eq!(plan(&first).await.digest(), plan(&second).await.digest());
}

/// The binary, a plan that it wrote, and a state directory.
struct Desk {
    served: Served,
    outside: tempfile::TempDir,
    organization: String,
    digest: String,
}

impl Desk {
    fn new() -> Self {
        let served = Served::new(world());
        let organization = served
            .simulator
            .world()
            .organization()
            .expect("one")
            .id
            .clone();
        let outside = directory();
        let mut desk = Self {
            served,
            outside,
            organization,
            digest: String::new(),
        };
        let written = desk.served.run(&[
            "remediate",
            "--plan-out",
            &desk.path("plan.json"),
            "--format",
            "json",
        ]);
        assert_eq!(written.code, Some(0), "{written:?}");
        written.json()["digest"]
            .as_str()
            .expect("a digest")
            .clone_into(&mut desk.digest);
        desk
    }

    fn path(&self, name: &str) -> String {
        let path = self.outside.path().join(name);
        path.to_str().expect("UTF-8").to_owned()
    }

    fn with_state(&self, command: &[&str], more: &[&str]) -> Run {
        let state = self.path("state");
        self.served
            .run(&[command, &["--state-dir", &state], more].concat())
    }

    fn apply(&self, command: &[&str], more: &[&str]) -> Run {
        let always = [
            "--apply",
            "--confirm",
            &self.organization,
            "--reason",
            "test",
            "--allow-endpoint-override",
        ];
        self.with_state(command, &[&always[..], more].concat())
    }

    fn called(&self, name: &str) -> bool {
        self.served
            .simulator
            .log()
            .iter()
            .any(|call| call.name() == name)
    }
}

#[test]
fn the_command_line_binds_the_file_its_digest_and_its_steps() {
    let desk = Desk::new();
    let file = desk.path("plan.json");
    let apply = |more: &[&str]| desk.apply(&["remediate"], more);
    let only = apply(&["--only", "attach-guard"]);
    assert_eq!(only.code, Some(6));
    assert!(
        only.stderr.contains("needs step `create-guard`"),
        "{}",
        only.stderr
    );
    assert_eq!(
        apply(&["--plan", &file, "--only", "create-guard"]).code,
        Some(2)
    );
    assert_eq!(apply(&["--plan", &desk.path("none.json")]).code, Some(2));
    let wrong = apply(&["--plan", &file, "--plan-sha256", &"0".repeat(64)]);
    assert_eq!(wrong.code, Some(6), "{wrong:?}");
    assert_eq!(
        apply(&["--plan", &file, "--max-changes", "1"]).code,
        Some(6)
    );
    assert!(!desk.called("CreatePolicy"));
    let digest = desk.digest.as_str();
    let right = apply(&["--plan", &file, "--plan-sha256", digest, "--events", "json"]);
    assert_eq!(right.code, Some(0), "{right:?}");
    let event = |line| -> Value {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
    };
    let events: Vec<Value> = right.stderr.lines().map(event).collect();
    let ended: Vec<&str> = events
        .iter()
        .filter(|event| event["event"] == "step-ended")
        .filter_map(|event| event["step"].as_str())
        .collect();
    assert_eq!(ended, ["create-guard", "attach-guard"]);
    assert_eq!(apply(&["--plan", &file]).code, Some(6), "used");
}

#[test]
fn runs_resume_and_undo_on_the_command_line() {
    let desk = Desk::new();
    let file = desk.path("plan.json");
    let denied = Refusal::new("AccessDeniedException", "no");
    let attach = "organizations:AttachPolicy";
    desk.served
        .simulator
        .add_fault(Fault::new(attach, Calls::Every, Kind::Error(denied)));
    let stopped = desk.apply(&["remediate"], &["--plan", &file]);
    assert_eq!(stopped.code, Some(7), "{stopped:?}");
    desk.served.simulator.clear_faults();
    let runs = || desk.with_state(&["runs"], &["--format", "json"]).json()["runs"].clone();
    assert_eq!(runs()[0]["state"], "stopped at step attach-guard");
    assert_eq!(runs()[0]["reason"], "test");
    let run = runs()[0]["run"].as_str().expect("an id").to_owned();
    let words = stopped
        .stderr
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(
        words.contains(&format!("resume {run}")),
        "{}",
        stopped.stderr
    );
    let dry = desk.with_state(&["resume", &run], &[]);
    assert_eq!(dry.code, Some(0), "{dry:?}");
    assert!(dry.stdout.contains("so far failed"), "{}", dry.stdout);
    assert_eq!(
        desk.with_state(&["resume", &run, "--apply", "--reason", "x"], &[])
            .code,
        Some(6)
    );
    assert!(!desk.called("DetachPolicy"));
    let resumed = desk.apply(&["resume", &run], &[]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert_eq!(runs()[0]["state"], "complete");
    assert_eq!(desk.with_state(&["resume", &run], &[]).code, Some(6));
    let dry = desk.with_state(&["undo", &run], &[]);
    assert_eq!(dry.code, Some(0), "{dry:?}");
    assert!(dry.stdout.contains("detach SCP"), "{}", dry.stdout);
    assert!(!desk.called("DetachPolicy"));
    let undone = desk.apply(&["undo", &run], &[]);
    assert_eq!(undone.code, Some(0), "{undone:?}");
    assert!(
        desk.served
            .simulator
            .world()
            .policy_named("org-exit-guard")
            .is_none()
    );
    assert_eq!(runs()[0]["state"], "undone");
    assert_eq!(desk.with_state(&["undo", "nosuchrun"], &[]).code, Some(6));
}
