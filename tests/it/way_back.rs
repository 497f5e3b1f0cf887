//! The way back of a departed account: accepted in the account, quarantined, moved. What is
//! asserted is the simulator's state.

use std::time::Duration;

use org_exit_guard::apply::{ApplyError, Said, check_returned};
use org_exit_guard::flows::{make_plan, read_hung, read_returning};
use org_exit_guard::model::settings::Settings;
use org_exit_guard::plan::{PlanDocument, Returning, Wishes};
use org_exit_guard::sim::{
    Calls, Fault, ForeignChange, Kind, LoggedCall, Mutation, Refusal, World, WorldBuilder,
};

use crate::served::{Served, words};
use crate::support::{Bench, now, stopped};

pub(crate) const LAB: &str = "200000000002";
pub(crate) const RESPONDER: &str = "incident-response";
const GUARD: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["organizations:LeaveOrganization","organizations:AcceptHandshake","account:CloseAccount"],"Resource":"*"}]}"#;
const OWN: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:DeleteBucket","Resource":"*"}]}"#;

pub(crate) fn before() -> World {
    WorldBuilder::new(now())
        .ou("Prod")
        .account("shop", "Prod")
        .account("lab", "Prod")
        .scp("guard", GUARD, &["/"])
        .scp("own", OWN, &["lab"])
        .world(|world| with_responder(world, LAB))
        .build()
}

/// The role that its quarantine lets through is in the account.
pub(crate) fn with_responder(world: &mut World, account: &str) {
    let management = world.management.clone();
    world.ensure_role(account, RESPONDER, &management);
}

fn leave(world: &mut World) {
    world.mutate(&Mutation::Leave {
        account: "lab".to_owned(),
    });
}

pub(crate) fn after() -> World {
    let mut world = before();
    leave(&mut world);
    world
}

pub(crate) fn returning() -> Wishes {
    Wishes {
        reinvite: [LAB.parse().expect("an id")].into(),
        back: Returning {
            role: Some("OrganizationAccountAccessRole".to_owned()),
            access_role: Some("OrganizationAccountAccessRole".to_owned()),
            break_glass: Some(RESPONDER.to_owned()),
            ..Returning::default()
        },
        ..Wishes::default()
    }
}

pub(crate) async fn planned(bench: &Bench, wishes: Wishes) -> PlanDocument {
    planned_from(bench, wishes, before()).await
}

/// The baseline is of this world.
pub(crate) async fn planned_from(bench: &Bench, wishes: Wishes, once: World) -> PlanDocument {
    let then = Bench::new(once).await.full().await;
    let mut snapshot = bench.snapshot().await;
    let read = read_hung(&bench.session, &mut snapshot, &then).await;
    read.expect("texts can be read");
    let accounts: Vec<_> = wishes.reinvite.iter().cloned().collect();
    let mut wishes = wishes;
    wishes.back.baseline = Some(Box::new(then));
    let read = read_returning(&bench.session, &mut snapshot, &mut wishes.back, &accounts).await;
    read.expect("accounts can be read");
    let plan = make_plan(snapshot, &Settings::default(), &wishes);
    plan.expect("a plan").document
}

pub(crate) fn parent(world: &World) -> Option<String> {
    let organization = world.organization().expect("an organization");
    organization.parent_of(LAB).map(str::to_owned)
}

/// Names of the SCPs on the account.
pub(crate) fn on_lab(world: &World) -> Vec<String> {
    let organization = world.organization().expect("an organization");
    let attached = organization.attachments.get(LAB).into_iter().flatten();
    let mut names: Vec<String> = attached
        .map(|id| organization.policies[id].name.clone())
        .collect();
    names.sort();
    names
}

fn why(error: ApplyError) -> (String, String) {
    stopped(error).failed[0].clone()
}

#[tokio::test(start_paused = true)]
async fn it_is_quarantined_before_it_is_moved_and_gets_its_policies_back() {
    let bench = Bench::new(after()).await;
    let plan = planned(&bench, returning()).await;
    bench.apply_plan(plan).await.expect("applied");
    let world = bench.simulator.world();
    assert_eq!(parent(&world).as_deref(), world.unit_at("Prod"));
    let quarantine = format!("org-exit-guard-quarantine-{LAB}");
    assert_eq!(on_lab(&world), ["FullAWSAccess", &quarantine, "own"]);
    let log = bench.simulator.log();
    let order: Vec<&str> = log
        .iter()
        .map(LoggedCall::name)
        .filter(|name| {
            let verbs = ["Describe", "List", "Get", "Lookup"];
            !verbs.iter().any(|verb| name.starts_with(verb))
        })
        .collect();
    let expected = [
        // The plan looks for the responder's role.
        "AssumeRole",
        "InviteAccountToOrganization",
        "CreatePolicy",
        "AssumeRole",
        "AcceptHandshake",
        // And once more before the quarantine shuts everybody else out.
        "AssumeRole",
        "AttachPolicy",
        "MoveAccount",
        "AttachPolicy",
    ];
    assert_eq!(order, expected);
    // The invitation says nothing of the incident.
    let handshake = world.handshakes.values().next().expect("an invitation");
    let notes = handshake.notes.as_deref();
    assert_eq!(notes, Some("Invitation to join this organization"));
    let again = planned(&bench, returning()).await;
    assert!(again.steps.is_empty(), "{:?}", again.steps);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_another_organization_holds_is_not_taken_out_of_it() {
    let mut world = WorldBuilder::new(now())
        .ou("Prod")
        .account("shop", "Prod")
        .standalone("taken")
        .foreign_organization("other", &["taken"])
        .scp("guard", GUARD, &["/"])
        .build();
    world.switches.direct_transfer = true;
    let taken = "300000000001";
    with_responder(&mut world, taken);
    let bench = Bench::new(world).await;
    let mut wishes = returning();
    wishes.reinvite = [taken.parse().expect("an id")].into();
    // Nobody knows when it left, and so not whether the role is older.
    wishes.back.accept_role_risk = true;
    let plan = planned(&bench, wishes).await;
    let (step, told) = why(bench.apply_plan(plan).await.expect_err("stopped"));
    assert_eq!(step, format!("accept-{taken}"));
    assert!(
        told.contains("this tool takes no account out of one"),
        "{told}"
    );
    assert_eq!(bench.done("organizations:AcceptHandshake"), 0);
    let world = bench.simulator.world();
    let holder = world.organization_of(taken).expect("a member").id.clone();
    assert_ne!(holder, world.organization().expect("ours").id);
}

#[tokio::test(start_paused = true)]
async fn a_waiting_period_is_told_and_the_run_goes_on_after_it() {
    let mut world = before();
    world.switches.membership_change_wait = 4 * 24 * 3600;
    leave(&mut world);
    let bench = Bench::new(world).await;
    let plan = planned(&bench, returning()).await;
    let error = bench.apply_plan(plan).await.expect_err("too early");
    let left = stopped(error);
    let (run, why) = (left.run, &left.failed[0].1);
    assert!(why.contains("retry after some days"), "{why}");
    bench.simulator.skip(Duration::from_hours(5 * 24));
    bench.resume(&run).await.expect("it goes on");
    let world = bench.simulator.world();
    assert_eq!(parent(&world).as_deref(), world.unit_at("Prod"));
}

#[tokio::test(start_paused = true)]
async fn where_no_role_can_be_assumed_the_owner_is_asked() {
    let bench = Bench::new(after()).await;
    let plan = planned(&bench, returning()).await;
    bench.simulator.change(|world| {
        world.account_named_mut("lab").expect("it").roles.clear();
    });
    let (step, told) = why(bench.apply_plan(plan).await.expect_err("stopped"));
    assert_eq!(step, format!("accept-{LAB}"));
    assert!(
        told.contains("the account's owner can accept instead"),
        "{told}"
    );
    assert_eq!(parent(&bench.simulator.world()), None);
    // The owner accepts; the next run quarantines, moves and restores.
    bench.simulator.change(|world| {
        world.mutate(&Mutation::Join {
            account: "lab".to_owned(),
        });
    });
    let mut wishes = returning();
    // Nobody can look at the responder's role.
    wishes.back.accept_role_risk = true;
    let plan = planned(&bench, wishes).await;
    let ids: Vec<&str> = plan.steps.iter().map(|step| step.id.as_str()).collect();
    assert!(
        ids[0].starts_with("quarantine-") && ids[1].starts_with("move-"),
        "{ids:?}"
    );
    bench.apply_plan(plan).await.expect("applied");
    let world = bench.simulator.world();
    assert_eq!(parent(&world).as_deref(), world.unit_at("Prod"));
}

#[tokio::test(start_paused = true)]
async fn the_former_place_is_asked_for_and_wildcards_are_no_break_glass_role() {
    let bench = Bench::new(after()).await;
    let told = |plan: &PlanDocument| format!("{:?}", plan.not_done);
    let mut wishes = returning();
    wishes.back.accept_role_risk = true;
    let plan = bench.plan(&wishes).await.document;
    assert!(
        told(&plan).contains("where it was is not known"),
        "{}",
        told(&plan)
    );
    for role in ["*", "incident-*", "", "a?"] {
        wishes.back.break_glass = Some(role.to_owned());
        let plan = bench.plan(&wishes).await.document;
        assert!(told(&plan).contains("no wildcards"), "{role}");
        let accepts = plan.steps.iter().any(|step| step.id.starts_with("accept-"));
        assert!(!accepts, "{role}: nobody comes in without a quarantine");
    }
}

#[test]
fn the_binary_brings_it_back_and_lifts_the_quarantine_when_told() {
    let served = Served::new(before());
    let saved = served.run(&["snapshot", "-o", "facts.json", "--allow-gaps"]);
    assert_eq!(saved.code, Some(0), "{}", saved.stderr);
    served.simulator.change(leave);
    let run = served.apply(&[
        "remediate",
        "--reinvite",
        LAB,
        "--accept-in-account",
        "--break-glass-role",
        "incident-response",
        "--baseline",
        "facts.json",
    ]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let world = served.simulator.world();
    assert_eq!(parent(&world).as_deref(), world.unit_at("Prod"));
    assert_eq!(on_lab(&world).len(), 3);
    let runs = served
        .run(&["runs", "--state-dir", "state", "--format", "json"])
        .json();
    let id = runs["runs"][0]["run"].as_str().expect("a run").to_owned();
    let step = format!("quarantine-{LAB}");
    let lift = served.apply(&["undo", &id, "--only", &step]);
    assert_eq!(lift.code, Some(0), "{}{}", lift.stdout, lift.stderr);
    assert_eq!(on_lab(&served.simulator.world()), ["FullAWSAccess", "own"]);
    let runs = served
        .run(&["runs", "--state-dir", "state", "--format", "json"])
        .json();
    assert_eq!(runs["runs"][0]["state"], "undone in part");
    let told = words(&run.stdout);
    assert!(
        told.contains("the management account can act in account 200000000002"),
        "{told}"
    );
    assert!(told.contains("RootCredentialsManagement is off"), "{told}");
    assert!(
        words(&lift.stdout).contains("was left out by --only"),
        "{}",
        lift.stdout
    );
}

#[tokio::test(start_paused = true)]
async fn no_more_are_invited_than_aws_takes_in_a_day() {
    let mut builder = WorldBuilder::new(now()).account("shop", "/");
    for number in 0..25 {
        builder = builder.standalone(&format!("gone-{number}"));
    }
    let mut world = builder.scp("guard", GUARD, &["/"]).build();
    let id = world.organization().expect("one").id.clone();
    // AWS's least: whatever the maximum, 20 a day.
    let organization = world.organizations.get_mut(&id).expect("one");
    organization.account_limit = 30;
    for number in 0..3 {
        world.mutate(&Mutation::Invite {
            account: format!("gone-{number}"),
        });
    }
    for (number, one) in world.handshakes.values_mut().enumerate() {
        // One of them was sent two days ago, one was accepted, one counts.
        match number {
            0 => one.requested_at = now() - jiff::SignedDuration::from_hours(48),
            1 => "ACCEPTED".clone_into(&mut one.state),
            _ => {
                "DECLINED".clone_into(&mut one.state);
                one.requested_at = now() - jiff::SignedDuration::from_hours(20);
            }
        }
    }
    let bench = Bench::new(world).await;
    let mut wishes = Wishes {
        reinvite: (4..26)
            .map(|number| format!("3000000000{number:02}").parse().expect("an id"))
            .collect(),
        ..Wishes::default()
    };
    let invites = |plan: &PlanDocument| plan.steps.len();
    let plan = bench.plan(&wishes).await.document;
    assert_eq!(invites(&plan), 19, "{:?}", plan.not_done);
    let why = &plan.not_done[0].why;
    assert!(why.contains("and 1 were sent since"), "{why}");
    assert!(why.contains("19 can be invited today"), "{why}");
    assert!(
        why.contains(
            "the first from 2026-11-24T14:00:00Z on, the last from 2026-11-25T10:00:00Z on"
        ),
        "{why}"
    );
    assert!(plan.not_done[0].what.contains("300000000025"));
    // A higher maximum is believed when it is named.
    wishes.account_maximum = Some(30);
    let plan = bench.plan(&wishes).await.document;
    assert_eq!((invites(&plan), plan.not_done.len()), (22, 0));
    // What cannot be counted is told, and nobody is invited.
    let list = "organizations:ListHandshakesForOrganization";
    let denied = Kind::Error(Refusal::new("AccessDeniedException", "no"));
    bench
        .simulator
        .add_fault(Fault::new(list, Calls::Every, denied));
    let plan = bench.plan(&wishes).await.document;
    assert_eq!(invites(&plan), 0);
    let told = &plan.not_done[0].why;
    assert!(
        told.contains("the open invitations could not be read"),
        "{told}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_run_leaves_to_be_done_is_looked_into_with_three_answers() {
    let bench = Bench::new(after()).await;
    let plan = planned(&bench, returning()).await;
    bench.apply_plan(plan.clone()).await.expect("applied");
    let said = |checks: &[org_exit_guard::apply::Check]| -> Vec<Said> {
        checks.iter().map(|check| check.said).collect()
    };
    let checks = check_returned(bench.place(), &plan).await;
    // The quarantine denies the access role what it lets the responder do.
    assert_eq!(said(&checks), [Said::No, Said::Yes, Said::No, Said::No]);
    assert!(
        checks[0].detail.contains("its session is denied"),
        "{checks:?}"
    );
    assert!(
        checks[2].detail.contains("may still hold its root user"),
        "{checks:?}"
    );
    // Central root access on, the access role deleted.
    bench.simulator.change(|world| {
        let id = world.organization().expect("one").id.clone();
        let organization = world.organizations.get_mut(&id).expect("one");
        let features = ["RootCredentialsManagement", "RootSessions"];
        organization.root_features = features.map(str::to_owned).into();
        let iam = "iam.amazonaws.com".to_owned();
        organization.trusted_services.insert(iam, now());
        world.account_named_mut("lab").expect("it").roles.clear();
    });
    let checks = check_returned(bench.place(), &plan).await;
    assert_eq!(
        said(&checks),
        [Said::No, Said::Unknown, Said::Yes, Said::Yes]
    );
    assert!(
        checks[0].detail.contains("create it there by hand"),
        "{checks:?}"
    );
    // Nothing answers.
    for operation in ["sts:AssumeRole", "iam:ListOrganizationsFeatures"] {
        bench
            .simulator
            .add_fault(Fault::new(operation, Calls::Every, Kind::ResetBefore));
    }
    let checks = check_returned(bench.place(), &plan).await;
    assert_eq!(said(&checks), [Said::Unknown; 4]);
    // Its owner accepted, and no role was named.
    bench.simulator.clear_faults();
    let mut owners = plan;
    owners.steps.retain(|step| !step.id.starts_with("accept-"));
    owners.access_role = None;
    let checks = check_returned(bench.place(), &owners).await;
    assert_eq!(checks[0].said, Said::Unknown);
    assert!(checks[0].detail.contains("--member-role"), "{checks:?}");
    owners.access_role = Some("OrganizationAccountAccessRole".to_owned());
    let checks = check_returned(bench.place(), &owners).await;
    assert_eq!(checks[0].said, Said::No);
}

const ALLOWS: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;

/// Its own SCP carried an Allow beside `FullAWSAccess`.
fn with_allow() -> World {
    WorldBuilder::new(now())
        .ou("Prod")
        .account("shop", "Prod")
        .account("lab", "Prod")
        .scp("guard", GUARD, &["/"])
        .scp("own", ALLOWS, &["lab"])
        .world(|world| with_responder(world, LAB))
        .build()
}

#[tokio::test(start_paused = true)]
async fn its_own_allow_comes_back_beside_full_access_and_never_without() {
    for full_access_hangs in [true, false] {
        let mut world = with_allow();
        leave(&mut world);
        let bench = Bench::new(world).await;
        let plan = planned_from(&bench, returning(), with_allow()).await;
        if !full_access_hangs {
            bench.simulator.change(|world| {
                world.changes.push(ForeignChange {
                    before: "organizations:MoveAccount".to_owned(),
                    call: 1,
                    change: Mutation::Detach {
                        policy: "FullAWSAccess".to_owned(),
                        target: "lab".to_owned(),
                    },
                });
            });
        }
        let applied = bench.apply_plan(plan).await;
        let hangs = on_lab(&bench.simulator.world()).contains(&"own".to_owned());
        assert_eq!(hangs, full_access_hangs);
        if !full_access_hangs {
            let (step, told) = why(applied.expect_err("stopped"));
            assert!(step.starts_with("attach-"), "{step}");
            assert!(told.contains("more would be allowed"), "{told}");
        }
    }
}
