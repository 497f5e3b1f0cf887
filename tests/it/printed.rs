//! Commands that are printed, pasted as they stand; and flags, judged before anything is asked.

use org_exit_guard::sim::{Calls, Fault, Kind, Refusal, World, WorldBuilder};

use crate::served::{Run, Served, directory, run, words};
use crate::support::now;

fn world() -> World {
    WorldBuilder::new(now())
        .ou("Workloads")
        .account("shop", "Workloads")
        .standalone("departed")
        .build()
}

/// The lines of an output that are commands of this program, as a shell takes them apart.
pub(crate) fn commands(text: &str) -> Vec<Vec<String>> {
    let lines = text.lines().map(str::trim);
    lines
        .filter_map(|line| line.strip_prefix("org-exit-guard "))
        .map(|line| shlex::split(line).expect("words of a shell"))
        .collect()
}

fn paste(served: &Served, command: &[String]) -> Run {
    Run::of(&served.command().args(command).output().expect("it runs"))
}

const KEPT: [&str; 6] = [
    "--state-dir",
    "the state",
    "--allow-endpoint-override",
    "--no-progress",
    "--reason",
    "SEC 118: \"it's ours\"",
];

fn dry(served: &Served, command: &[&str]) -> Run {
    let mut columns = served.command();
    columns.env("COLUMNS", "40").args(command).args(KEPT);
    Run::of(&columns.output().expect("it runs"))
}

#[test]
fn a_pasted_plan_and_a_pasted_undo_of_one_step_do_that_and_no_more() {
    let served = Served::new(world());
    let shown = dry(
        &served,
        &[
            "remediate",
            "--only",
            "create-guard",
            "--only",
            "attach-guard",
        ],
    );
    let next = commands(&shown.stdout);
    assert_eq!(next.len(), 1, "{}", shown.stdout);
    assert!(
        next[0]
            .windows(2)
            .any(|two| two == ["--only", "attach-guard"])
    );
    let applied = paste(&served, &next[0]);
    assert_eq!(applied.code, Some(0), "{applied:?}");
    let back = commands(&applied.stdout);
    assert_eq!(back[0][0], "undo", "{}", applied.stdout);
    let run = back[0][1].clone();
    let shown = dry(&served, &["undo", &run, "--only", "attach-guard"]);
    let next = commands(&shown.stdout);
    assert_eq!(next.len(), 1, "{}", shown.stdout);
    let undone = paste(&served, &next[0]);
    assert_eq!(undone.code, Some(0), "{undone:?}");
    let world = served.simulator.world();
    assert!(
        world.policy_named("org-exit-guard").is_some(),
        "the other step was not asked for"
    );
    let log = served.simulator.log();
    let detached = log
        .iter()
        .filter(|call| call.operation == "organizations:DetachPolicy");
    assert_eq!(detached.count(), 1);
}

#[test]
fn a_reviewed_plan_is_pasted_as_exactly_that_plan() {
    let served = Served::new(world());
    let shown = dry(
        &served,
        &[
            "remediate",
            "--without-self-closure",
            "--plan-out",
            "the plan.json",
        ],
    );
    let next = commands(&shown.stdout);
    let digest = next[0].iter().position(|one| one == "--plan-sha256");
    assert!(digest.is_some(), "{}", shown.stdout);
    assert!(!next[0].contains(&"--without-self-closure".to_owned()));
    let applied = paste(&served, &next[0]);
    assert_eq!(applied.code, Some(0), "{applied:?}");
    let world = served.simulator.world();
    let guard = world
        .policy_named("org-exit-guard")
        .expect("it was created");
    assert!(!guard.content.contains("CloseAccount"));
}

#[test]
fn after_a_stop_the_way_on_and_the_way_back_are_pasted() {
    let served = Served::new(world());
    let denied = Refusal::new("AccessDeniedException", "no");
    let attach = "organizations:AttachPolicy";
    served
        .simulator
        .add_fault(Fault::new(attach, Calls::Every, Kind::Error(denied)));
    let plan = commands(&dry(&served, &["remediate"]).stdout);
    let stopped = paste(&served, &plan[0]);
    assert_eq!(stopped.code, Some(7), "{stopped:?}");
    served.simulator.clear_faults();
    let next = commands(&stopped.stderr);
    let verbs: Vec<&str> = next.iter().map(|one| one[0].as_str()).collect();
    assert_eq!(verbs, ["resume", "undo"], "{}", stopped.stderr);
    assert!(next.iter().all(|one| !one.contains(&"--apply".to_owned())));
    let look = paste(&served, &next[0]);
    assert_eq!(look.code, Some(0), "{look:?}");
    let on = commands(&look.stdout);
    assert_eq!(on[0][0], "resume");
    let resumed = paste(&served, &on[0]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    let runs = paste(&served, &next[0]);
    assert_eq!(runs.code, Some(6), "complete: {runs:?}");
}

#[test]
fn a_hint_that_names_a_command_gives_it_the_same_place_to_look() {
    let served = Served::new(world());
    let refused = dry(&served, &["undo", "nosuchrun"]);
    assert_eq!(refused.code, Some(6));
    let next = commands(&refused.stderr);
    assert_eq!(
        next,
        [["runs", "--state-dir", "the state", "--no-progress"]],
        "{}",
        refused.stderr
    );
    assert_eq!(paste(&served, &next[0]).code, Some(0));
}

/// Arguments, the exit code, and what is said; `ORG` is the organization.
const JUDGED_FIRST: [(&str, i32, &str); 13] = [
    (
        "remediate --apply --allow-endpoint-override --confirm ORG",
        6,
        "wants a reason",
    ),
    (
        "remediate --apply --allow-endpoint-override --reason x",
        6,
        "nobody confirmed",
    ),
    (
        "undo RUN --apply --confirm ORG --reason x",
        6,
        "there is no run `RUN`",
    ),
    (
        "remediate --apply --allow-endpoint-override --reason x --confirm shop",
        6,
        "no organization's id",
    ),
    (
        "remediate --apply --endpoint-url http://127.0.0.1:1 --reason x --confirm ORG",
        6,
        "not AWS's own",
    ),
    ("remediate --from-snapshot no.json", 1, "`no.json`"),
    (
        "remediate --reinvite 222222222222 --baseline missing.json",
        1,
        "missing.json",
    ),
    (
        "remediate --plan-out nowhere/plan.json",
        1,
        "cannot write plan `nowhere/plan.json`",
    ),
    (
        "remediate --reinvite 222222222222 --break-glass-role 'ops-*'",
        2,
        "not the name of one role",
    ),
    (
        "remediate --reinvite 222222222222 --return-to 333333333333=ou-ab12-11111111",
        2,
        "which --reinvite does not",
    ),
    ("snapshot -o nowhere/facts.json", 1, "nowhere/facts.json"),
    (
        "audit --report json=nowhere/report.json",
        1,
        "nowhere/report.json",
    ),
    ("audit --since 400d", 2, "90 days"),
];

/// Each is told before the first call: reading a large organization takes minutes.
#[test]
fn flags_and_files_are_judged_before_the_first_call() {
    let served = Served::new(world());
    std::fs::write(served.place().join("no.json"), "{").expect("written");
    let organization = served
        .simulator
        .world()
        .organization()
        .expect("one")
        .id
        .clone();
    for (line, code, told) in JUDGED_FIRST {
        let args = shlex::split(&line.replace("ORG", &organization)).expect("words");
        let refused = paste(&served, &args);
        assert_eq!(refused.code, Some(code), "{line}: {refused:?}");
        assert!(refused.said().contains(told), "{line}: {refused:?}");
        assert_eq!(served.simulator.log().len(), 0, "{line}");
    }
    // The organization is not known before it is asked for: one call after the caller's identity.
    let line = "remediate --apply --allow-endpoint-override --confirm o-someother01 --reason x";
    let refused = paste(&served, &shlex::split(line).expect("words"));
    assert_eq!(refused.code, Some(6), "{refused:?}");
    assert_eq!(served.simulator.log().len(), 2);
}

/// What the first lines say is what the steps are, and a policy's text is copied as it is shown.
#[test]
fn a_plan_fits_on_a_screen_and_its_text_is_copied_at_80_columns() {
    let served = Served::new(org_exit_guard::sim::demo(now()));
    let mut command = served.command();
    let gone = "300000000001";
    let args = ["remediate", "--reinvite", gone, "--canary"];
    let canary = served
        .simulator
        .world()
        .account_named("sandbox-01")
        .map(|one| one.id.clone());
    let canary = canary.unwrap_or_else(|| "200000000010".to_owned());
    let run = Run::of(
        &command
            .env("COLUMNS", "80")
            .args(args)
            .arg(&canary)
            .output()
            .expect("it runs"),
    );
    assert_eq!(run.code, Some(0), "{run:?}");
    let page = &run.stdout;
    let lines: Vec<&str> = page.lines().collect();
    assert_eq!(
        lines[1], "1 to create, 2 to attach, 1 to invite, 1 to detach",
        "{page}"
    );
    let begins = |with: &str| lines.iter().any(|line| line.starts_with(with));
    assert!(begins("+ create-guard: create SCP"), "{page}");
    assert!(begins("+ attach-guard: attach it"), "{page}");
    assert!(begins("- release-canary: detach it"), "{page}");
    // Exactly the lines of the text are JSON together.
    let from = lines
        .iter()
        .position(|line| line.starts_with("{\""))
        .expect("a text");
    let parsed = (from..lines.len()).find_map(|to| {
        let text = lines[from..=to].join("\n");
        serde_json::from_str::<serde_json::Value>(&text).ok()
    });
    let parsed = parsed.unwrap_or_else(|| panic!("no JSON from line {from}: {page}"));
    assert_eq!(parsed["Version"], "2012-10-17");
    // Nobody asked about the others.
    assert!(begins("- 300000000001: departed LEFT"), "{page}");
    assert!(!page.contains("300000000003"), "{page}");
    assert!(
        words(page).contains("5 departed accounts nobody asked about"),
        "{page}"
    );
}

#[test]
fn runs_of_the_demo_are_apart_and_runs_and_undo_say_who_when_and_which_steps() {
    let place = directory();
    let yes = [
        "--confirm",
        "o-bame4bp9aw",
        "--reason",
        "SEC-1",
        "--state-dir",
        "state",
    ];
    let applied = run(
        &place,
        &[&["remediate", "--demo", "--apply"], &yes[..]].concat(),
    );
    assert_eq!(applied.code, Some(0), "{applied:?}");
    let real = run(&place, &["runs", "--state-dir", "state"]);
    assert!(real.stdout.starts_with("0 run(s)"), "{}", real.stdout);
    let demo = run(&place, &["runs", "--state-dir", "state", "--demo"]);
    let told = words(&demo.stdout);
    for wanted in [
        "by: arn:aws:iam::111111111111:user/OrgAdmin",
        "reason: SEC-1",
        "steps: create-guard done, attach-guard done",
    ] {
        assert!(told.contains(wanted), "{wanted}: {}", demo.stdout);
    }
    let served = Served::new(world());
    let applied = paste(&served, &commands(&dry(&served, &["remediate"]).stdout)[0]);
    assert_eq!(applied.code, Some(0), "{applied:?}");
    let undo = paste(&served, &commands(&applied.stdout)[0]);
    let told = words(&undo.stdout);
    for wanted in [
        "applied at ",
        "by arn:aws:iam::",
        "reason: SEC 118",
        "- attach-guard: detach SCP",
        "- create-guard: delete SCP",
    ] {
        assert!(told.contains(wanted), "{wanted}: {}", undo.stdout);
    }
}
