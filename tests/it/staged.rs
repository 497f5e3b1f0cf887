//! The guard in stages, and attachments that were lost: `--canary` and `--from-snapshot`.

use org_exit_guard::apply::ApplyError;
use org_exit_guard::flows::{Planned, make_plan, read_hung, read_place};
use org_exit_guard::model::settings::Settings;
use org_exit_guard::plan::{PlanDocument, PlanError, Wishes};
use org_exit_guard::sim::{
    Calls, Fault, ForeignChange, Kind, LoggedCall, Mutation, Refusal, World, WorldBuilder,
};

use crate::served::{Served, words};
use crate::support::{Bench, now};

const GUARD: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["organizations:LeaveOrganization","organizations:AcceptHandshake","account:CloseAccount"],"Resource":"*"}]}"#;
const ONLY_S3: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;

fn world() -> World {
    WorldBuilder::new(now())
        .ou("Workloads/Prod")
        .ou("Workloads/Test")
        .account("shop", "Workloads/Prod")
        .account("lab", "Workloads/Test")
        .build()
}

/// Names of the SCPs on a place, `/` being the root.
fn on(world: &World, place: &str) -> Vec<String> {
    let organization = world.organization().expect("an organization");
    let node = match place {
        "/" => organization.root.clone(),
        path => world.unit_at(path).expect("an OU").to_owned(),
    };
    let attached = organization.attachments.get(&node).into_iter().flatten();
    let name = |id: &String| organization.policies[id].name.clone();
    let mut names: Vec<String> = attached.map(name).collect();
    // Ids of policies are drawn, so their order says nothing.
    names.sort_unstable();
    names
}

async fn with_canary(bench: &Bench, place: &str) -> PlanDocument {
    planned_with_canary(bench, place).await.document
}

async fn planned_with_canary(bench: &Bench, place: &str) -> Planned {
    let world = bench.simulator.world();
    let node = world.unit_at(place).expect("an OU").parse().expect("an id");
    let mut snapshot = bench.snapshot().await;
    let read = read_place(&bench.session, &mut snapshot, &node).await;
    read.expect("it can be read");
    let wishes = Wishes {
        canary: Some(node),
        ..Wishes::default()
    };
    make_plan(snapshot, &Settings::default(), &wishes).expect("a plan")
}

fn stopped(error: ApplyError) -> (String, String, String) {
    let left = crate::support::stopped(error);
    let (step, why) = left.failed[0].clone();
    (left.run, step, why)
}

#[tokio::test(start_paused = true)]
async fn where_the_canary_is_refused_the_root_is_never_touched() {
    let bench = Bench::new(world()).await;
    let plan = with_canary(&bench, "Workloads/Test").await;
    let refusal = Refusal::new("ConstraintViolationException", "on purpose");
    let attach = "organizations:AttachPolicy";
    bench
        .simulator
        .add_fault(Fault::new(attach, Calls::Nth(1), Kind::Error(refusal)));
    let (run, step, _) = stopped(bench.apply_plan(plan).await.expect_err("refused"));
    assert_eq!(step, "attach-canary");
    let world = bench.simulator.world();
    assert_eq!(on(&world, "/"), ["FullAWSAccess"]);
    assert_eq!(on(&world, "Workloads/Test"), ["FullAWSAccess"]);
    bench.simulator.clear_faults();
    bench.resume(&run).await.expect("it goes on");
    let world = bench.simulator.world();
    assert!(on(&world, "/").contains(&"org-exit-guard".to_owned()));
    assert_eq!(on(&world, "Workloads/Test"), ["FullAWSAccess"]);
}

#[tokio::test(start_paused = true)]
async fn a_canary_that_proves_nothing_stops_the_run_before_the_root() {
    let bench = Bench::new(world()).await;
    let plan = with_canary(&bench, "Workloads/Test").await;
    // It is listed; what binds the account is read later, and by then somebody detached it.
    let number = bench
        .simulator
        .log()
        .iter()
        .filter(|call| call.operation.ends_with(":ListAccounts"))
        .count();
    bench.simulator.change(|world| {
        world.changes.push(ForeignChange {
            before: "organizations:ListAccounts".to_owned(),
            call: u32::try_from(number).expect("few") + 1,
            change: Mutation::Detach {
                policy: "org-exit-guard".to_owned(),
                target: "Workloads/Test".to_owned(),
            },
        });
    });
    let (run, step, why) = stopped(bench.apply_plan(plan).await.expect_err("stopped"));
    assert_eq!(step, "attach-canary");
    assert!(why.contains("not proved blocked: "), "{why}");
    assert_eq!(on(&bench.simulator.world(), "/"), ["FullAWSAccess"]);
    bench.resume(&run).await.expect("it goes on");
    assert!(on(&bench.simulator.world(), "/").contains(&"org-exit-guard".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn the_canary_stays_where_the_root_lost_the_guard() {
    let bench = Bench::new(world()).await;
    let plan = with_canary(&bench, "Workloads/Test").await;
    let detach = "organizations:DetachPolicy";
    let denied = Refusal::new("AccessDeniedException", "on purpose");
    bench
        .simulator
        .add_fault(Fault::new(detach, Calls::Nth(1), Kind::Error(denied)));
    let (run, step, why) = stopped(bench.apply_plan(plan).await.expect_err("stopped"));
    assert_eq!(step, "release-canary");
    assert!(why.contains("organizations:DetachPolicy"), "{why}");
    let guarded = on(&bench.simulator.world(), "/");
    assert!(guarded.contains(&"org-exit-guard".to_owned()));
    bench.simulator.clear_faults();
    bench.simulator.change(|world| {
        world.mutate(&Mutation::Detach {
            policy: "org-exit-guard".to_owned(),
            target: "/".to_owned(),
        });
    });
    let refused = bench.resume(&run).await.expect_err("refused").to_string();
    assert!(
        refused.contains("which the run attached, was detached"),
        "{refused}"
    );
    let left = on(&bench.simulator.world(), "Workloads/Test");
    assert!(left.contains(&"org-exit-guard".to_owned()));
    // Undo takes the canary's attachment back and deletes the policy.
    bench.undo(&run).await.expect("undone");
    assert!(
        bench
            .simulator
            .world()
            .policy_named("org-exit-guard")
            .is_none()
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_no_canary_is_told_and_nothing_is_begun() {
    let bench = Bench::new(world()).await;
    let root = bench
        .simulator
        .world()
        .organization()
        .expect("one")
        .root
        .clone();
    for (node, why) in [
        (root.as_str(), "it is the root itself"),
        ("ou-zzzz-zzzzzzzz", "no member account in use"),
    ] {
        let wishes = Wishes {
            canary: Some(node.parse().expect("an id")),
            ..Wishes::default()
        };
        let plan = bench.plan(&wishes).await.document;
        assert!(plan.steps.is_empty());
        assert!(plan.not_done[0].why.contains(why), "{:?}", plan.not_done);
    }
}

fn restored() -> World {
    WorldBuilder::new(now())
        .ou("Prod")
        .ou("Box")
        .account("shop", "Prod")
        .account("lab", "Box")
        .scp("guard", GUARD, &["/"])
        .scp("only-s3", ONLY_S3, &["Box"])
        .detached("FullAWSAccess", "Box")
        .build()
}

#[tokio::test(start_paused = true)]
async fn an_allow_hangs_again_only_where_everything_is_allowed_anyhow() {
    let bench = Bench::new(restored()).await;
    let then = bench.full().await;
    let detach = |policy: &str, target: &str| Mutation::Detach {
        policy: policy.to_owned(),
        target: target.to_owned(),
    };
    bench.simulator.change(|world| {
        world.mutate(&detach("guard", "/"));
        world.mutate(&detach("only-s3", "Box"));
    });
    let mut snapshot = bench.full().await;
    read_hung(&bench.session, &mut snapshot, &then)
        .await
        .expect("read");
    let wishes = Wishes {
        restore: Some(Box::new(then.clone())),
        ..Wishes::default()
    };
    let planned = make_plan(snapshot, &Settings::default(), &wishes).expect("a plan");
    let why = &planned.document.not_done[0].why;
    assert!(why.contains("more would be allowed than today"), "{why}");
    assert_eq!(
        planned.document.steps.len(),
        1,
        "{:?}",
        planned.document.steps
    );
    bench.apply(planned).await.expect("applied");
    assert_eq!(
        on(&bench.simulator.world(), "/"),
        ["FullAWSAccess", "guard"]
    );
    let other = Bench::new(WorldBuilder::seeded(now(), 9).account("shop", "/").build()).await;
    let refused = make_plan(other.full().await, &Settings::default(), &wishes);
    assert!(matches!(refused, Err(PlanError::Foreign { .. })));
}

#[test]
fn the_binary_takes_the_canary_first_and_detaches_it_last() {
    let served = Served::new(world());
    let node = served
        .simulator
        .world()
        .unit_at("Workloads/Test")
        .expect("an OU")
        .to_owned();
    let run = served.apply(&["remediate", "--canary", &node]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let told = words(&run.stdout);
    assert!(told.contains("is proved blocked: "), "{told}");
    let log = served.simulator.log();
    let targets: Vec<&str> = log
        .iter()
        .map(LoggedCall::name)
        .filter(|name| name.ends_with("achPolicy"))
        .collect();
    assert_eq!(targets, ["AttachPolicy", "AttachPolicy", "DetachPolicy"]);
    let world = served.simulator.world();
    assert_eq!(on(&world, "/"), ["FullAWSAccess", "org-exit-guard"]);
    assert_eq!(on(&world, "Workloads/Test"), ["FullAWSAccess"]);
}

#[test]
fn the_root_does_not_go_without_the_canary_that_was_asked_for() {
    let served = Served::new(world());
    let node = served.simulator.world();
    let node = node.unit_at("Workloads/Test").expect("an OU").to_owned();
    let run = served.apply(&[
        "remediate",
        "--canary",
        &node,
        "--only",
        "create-guard",
        "--only",
        "attach-guard",
    ]);
    assert_eq!(run.code, Some(6), "{}{}", run.stdout, run.stderr);
    let why = "step `attach-guard` needs step `attach-canary`, which was left out";
    assert!(run.said().contains(why), "{}", run.stderr);
    let world = served.simulator.world();
    assert!(world.policy_named("org-exit-guard").is_none());
    for place in ["/", "Workloads/Test"] {
        assert_eq!(on(&world, place), ["FullAWSAccess"]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_canary_may_go_alone() {
    let bench = Bench::new(world()).await;
    let mut planned = planned_with_canary(&bench, "Workloads/Test").await;
    let only = ["create-guard", "attach-canary"].map(str::to_owned);
    planned
        .keep_only(&only, &Settings::default())
        .expect("it stands alone");
    bench.apply(planned).await.expect("applied");
    let world = bench.simulator.world();
    assert_eq!(on(&world, "/"), ["FullAWSAccess"]);
    assert_eq!(
        on(&world, "Workloads/Test"),
        ["FullAWSAccess", "org-exit-guard"]
    );
}

#[test]
fn the_binary_restores_what_disabling_the_type_has_lost() {
    let served = Served::new(restored());
    let saved = served.run(&["snapshot", "-o", "facts.json", "--allow-gaps"]);
    assert_eq!(saved.code, Some(0), "{}", saved.stderr);
    served
        .simulator
        .change(|world| world.mutate(&Mutation::DisableScps));
    let asked = served.run(&["remediate", "--from-snapshot", "facts.json"]);
    assert!(
        words(&asked.stdout).contains("add --enable-policy-type"),
        "{}",
        asked.stdout
    );
    let run = served.apply(&[
        "remediate",
        "--from-snapshot",
        "facts.json",
        "--enable-policy-type",
    ]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let world = served.simulator.world();
    assert_eq!(on(&world, "/"), ["FullAWSAccess", "guard"]);
    assert_eq!(on(&world, "Box"), ["FullAWSAccess", "only-s3"]);
    let told = words(&run.stdout);
    assert!(
        told.contains("not planned: detach FullAWSAccess from OU `Box`"),
        "{told}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_exists_is_imported_into_code_as_it_is() {
    use org_exit_guard::emit::{Iac, code};
    let world = WorldBuilder::new(now())
        .account("shop", "/")
        .ou("Held")
        .account("held", "Held")
        .scp(
            "org-exit-guard",
            &guard_text().replace(":[", ": ["),
            &["Held"],
        )
        .build();
    let bench = Bench::new(world).await;
    let id = bench
        .simulator
        .world()
        .policy_named("org-exit-guard")
        .expect("one")
        .id
        .clone();
    let wishes = Wishes {
        use_policy: [id.parse().expect("an id")].into(),
        ..Wishes::default()
    };
    let planned = bench.plan(&wishes).await;
    // The plan of a file is as good: it knows the names.
    let file = bench.state().join("plan.json");
    org_exit_guard::flows::write_plan(&file, &planned.document).expect("written");
    let kept = org_exit_guard::flows::read_plan(&file).expect("read");
    assert_eq!(
        code(&kept, Iac::Terraform),
        code(&planned.document, Iac::Terraform)
    );
    let read = |language| -> serde_json::Value {
        serde_json::from_str(&code(&planned.document, language)).expect("JSON")
    };
    let world = bench.simulator.world();
    let id = world
        .policy_named("org-exit-guard")
        .expect("it is there")
        .id
        .clone();
    let terraform = read(Iac::Terraform);
    assert_eq!(terraform["import"][0]["id"], *id);
    let to = terraform["import"][0]["to"].as_str().expect("an address");
    let label = to.rsplit('.').next().expect("a label");
    let resource = &terraform["resource"]["aws_organizations_policy"][label];
    assert_eq!(resource["name"], "org-exit-guard");
    // Its own text to the letter, and nothing of it is ever rewritten.
    let own = guard_text().replace(":[", ": [");
    assert_eq!(resource["content"], own);
    let ignored = &resource["lifecycle"]["ignore_changes"];
    for what in ["name", "description", "content", "tags"] {
        let mut all = ignored.as_array().expect("a list").iter();
        assert!(all.any(|one| one == what), "{what}: {ignored}");
    }
    let template = read(Iac::CloudFormation);
    let import = &template["ResourcesToImport"][0];
    assert_eq!(import["ResourceIdentifier"]["Id"], *id);
    let logical = import["LogicalResourceId"].as_str().expect("an id");
    // First exactly as it is, then with the new target beside every old one.
    let world = bench.simulator.world();
    let held = world.unit_at("Held").expect("an OU");
    let root = &world.organization().expect("one").root;
    let targets = |which: &str| {
        let resource = &template[which]["Resources"][logical];
        resource["Properties"]["TargetIds"].clone()
    };
    assert_eq!(targets("Import"), serde_json::json!([held]));
    assert_eq!(targets("Update"), serde_json::json!([held, root]));
    assert!(
        template["Order"][0]
            .as_str()
            .expect("words")
            .contains("IMPORT")
    );
}

#[tokio::test(start_paused = true)]
async fn a_canary_is_a_stage_and_no_part_of_the_code() {
    use org_exit_guard::emit::{Iac, code};
    let bench = Bench::new(world()).await;
    let staged = with_canary(&bench, "Workloads/Test").await;
    let plain = bench.plan(&Wishes::default()).await.document;
    let resources = |plan: &PlanDocument| {
        let code: serde_json::Value =
            serde_json::from_str(&code(plan, Iac::Terraform)).expect("JSON");
        code["resource"].clone()
    };
    assert_eq!(resources(&staged), resources(&plain));
}

fn guard_text() -> String {
    let guard = org_exit_guard::plan::Guard {
        exit: true,
        self_closure: true,
        carved_out: Vec::new(),
    };
    guard.text()
}
