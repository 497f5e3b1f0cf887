//! The way back in an organization that changes meanwhile: accounts that others move, that leave again,
//! whose invitation is declined; responders that may be an intruder's; accounts of which one is bad.

use org_exit_guard::apply::{Resuming, RunState, StepOutcome, resume};
use org_exit_guard::plan::{PlanDocument, Wishes};
use org_exit_guard::sim::{Calls, Change, Fault, Kind, Mutation, World, WorldBuilder};

use crate::support::{Bench, approved, now, stopped};
use crate::way_back::{
    LAB, RESPONDER, after, before, on_lab, parent, planned, planned_from, returning, with_responder,
};

fn mutation(bench: &Bench, operation: &str, mutation: Mutation) {
    let change = Kind::Change(Change::named(mutation));
    bench
        .simulator
        .add_fault(Fault::new(operation, Calls::Nth(1), change));
}

fn quarantine() -> String {
    format!("org-exit-guard-quarantine-{LAB}")
}

/// The first world with a landing zone that takes accounts away from the root.
fn with_landing() -> World {
    let mut world = WorldBuilder::new(now())
        .ou("Prod")
        .ou("Landing")
        .account("shop", "Prod")
        .account("lab", "Prod")
        .scp(
            "guard",
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["organizations:LeaveOrganization","organizations:AcceptHandshake","account:CloseAccount"],"Resource":"*"}]}"#,
            &["/"],
        )
        .build();
    with_responder(&mut world, LAB);
    world
}

fn left(mut world: World) -> World {
    world.mutate(&Mutation::Leave {
        account: "lab".to_owned(),
    });
    world
}

#[tokio::test(start_paused = true)]
async fn an_account_that_was_moved_on_arrival_is_quarantined_where_it_is() {
    let bench = Bench::new(left(with_landing())).await;
    let plan = planned_from(&bench, returning(), with_landing()).await;
    mutation(
        &bench,
        "organizations:AttachPolicy",
        Mutation::Move {
            account: "lab".to_owned(),
            to: "Landing".to_owned(),
        },
    );
    let left = stopped(bench.apply_plan(plan).await.expect_err("not moved"));
    let world = bench.simulator.world();
    assert_eq!(parent(&world).as_deref(), world.unit_at("Landing"));
    assert!(on_lab(&world).contains(&quarantine()), "{left:?}");
    assert_eq!(left.failed.len(), 1, "{left:?}");
    let (step, why) = &left.failed[0];
    assert!(step.starts_with("move-"), "{step}");
    assert!(
        why.contains("somebody moved it") && why.contains("aws organizations move-account"),
        "{why}"
    );
    // A new plan says so as well: the move out of an OU would take the OU's SCPs away.
    let again = planned_from(&bench, returning(), with_landing()).await;
    assert!(again.steps.is_empty(), "{:?}", again.steps);
    let unmet: Vec<_> = again.not_done.iter().filter(|one| one.unmet).collect();
    assert_eq!(unmet.len(), 1, "{unmet:?}");
    assert!(unmet[0].why.contains("aws organizations move-account"));
}

#[tokio::test(start_paused = true)]
async fn an_account_that_never_left_is_not_quarantined_by_a_mistyped_id() {
    let bench = Bench::new(before()).await;
    let plan = planned(&bench, returning()).await;
    assert!(plan.steps.is_empty(), "{:?}", plan.steps);
    let told = &plan.not_done[0];
    assert!(told.unmet && told.why.contains("nothing shows that it left"));
}

#[tokio::test(start_paused = true)]
async fn an_account_that_left_again_is_invited_again() {
    let bench = Bench::new(after()).await;
    let plan = planned(&bench, returning()).await;
    mutation(
        &bench,
        "organizations:AttachPolicy",
        Mutation::Leave {
            account: "lab".to_owned(),
        },
    );
    let left = stopped(bench.apply_plan(plan).await.expect_err("it is gone"));
    assert!(left.failed[0].0.starts_with("quarantine-"), "{left:?}");
    assert_eq!(parent(&bench.simulator.world()), None);
    bench.resume(&left.run).await.expect("it comes back");
    let world = bench.simulator.world();
    assert_eq!(parent(&world).as_deref(), world.unit_at("Prod"));
    assert_eq!(on_lab(&world), ["FullAWSAccess", &quarantine(), "own"]);
    assert_eq!(bench.done("organizations:InviteAccountToOrganization"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_declined_invitation_is_told_and_sent_again_by_resume() {
    let bench = Bench::new(after()).await;
    let plan = planned(&bench, returning()).await;
    let decline = Change::new(|world| {
        for one in world.handshakes.values_mut() {
            "DECLINED".clone_into(&mut one.state);
        }
    });
    let create = "organizations:CreatePolicy";
    bench
        .simulator
        .add_fault(Fault::new(create, Calls::Nth(1), Kind::Change(decline)));
    let left = stopped(bench.apply_plan(plan).await.expect_err("declined"));
    let (step, why) = &left.failed[0];
    assert!(step.starts_with("accept-"), "{step}");
    assert!(why.contains("is DECLINED"), "{why}");
    bench.resume(&left.run).await.expect("another is accepted");
    let world = bench.simulator.world();
    assert_eq!(parent(&world).as_deref(), world.unit_at("Prod"));
}

#[tokio::test(start_paused = true)]
async fn another_machine_that_accepts_is_no_obstacle() {
    let bench = Bench::new(after()).await;
    let plan = planned(&bench, returning()).await;
    mutation(
        &bench,
        "organizations:AcceptHandshake",
        Mutation::Join {
            account: "lab".to_owned(),
        },
    );
    let ended = bench.apply_plan(plan).await;
    if let Err(error) = ended {
        bench.resume(&stopped(error).run).await.expect("it goes on");
    }
    let world = bench.simulator.world();
    assert_eq!(parent(&world).as_deref(), world.unit_at("Prod"));
    assert!(on_lab(&world).contains(&quarantine()));
}

#[tokio::test(start_paused = true)]
async fn an_ou_that_holds_no_account_is_a_place_to_return_to() {
    let alone = || {
        let mut world = WorldBuilder::new(now())
            .ou("Prod/Deep")
            .account("shop", "/")
            .account("lab", "Prod/Deep")
            .build();
        with_responder(&mut world, LAB);
        world
    };
    let bench = Bench::new(left(alone())).await;
    let plan = planned_from(&bench, returning(), alone()).await;
    bench.apply_plan(plan).await.expect("applied");
    let world = bench.simulator.world();
    assert_eq!(parent(&world).as_deref(), world.unit_at("Prod/Deep"));
}

#[tokio::test(start_paused = true)]
async fn a_responder_that_may_be_an_intruders_is_refused_unless_its_risk_is_accepted() {
    type Setting = fn(&mut World);
    let cases: [(Setting, &str); 4] = [
        (
            |world| {
                let account = world.account_named_mut("lab").expect("it");
                account.roles.remove(RESPONDER);
            },
            "there is no role",
        ),
        (
            |world| {
                let account = world.account_named_mut("lab").expect("it");
                let role = account.roles.get_mut(RESPONDER).expect("a role");
                role.created_at = now() + jiff::SignedDuration::from_mins(1);
            },
            "it was made on 2026-11-24T10:01:00Z, after",
        ),
        (
            |world| {
                let account = world.account_named_mut("lab").expect("it");
                let role = account.roles.get_mut(RESPONDER).expect("a role");
                role.trusted_accounts.insert("999999999999".to_owned());
            },
            "it trusts",
        ),
        (
            |world| {
                world
                    .account_named_mut("lab")
                    .expect("it")
                    .roles
                    .remove("OrganizationAccountAccessRole");
            },
            "whether it is there could not be told",
        ),
    ];
    for (number, (setting, why)) in cases.into_iter().enumerate() {
        let mut world = after();
        setting(&mut world);
        let bench = Bench::new(world).await;
        let plan = planned(&bench, returning()).await;
        let told = format!("{:?}", plan.not_done);
        assert!(told.contains(why), "{why}: {told}");
        let enters = |plan: &PlanDocument| {
            let mut steps = plan.steps.iter();
            steps.any(|step| step.id.starts_with("accept-") || step.id.contains("quarantine"))
        };
        assert!(!enters(&plan), "{why}: nothing is begun");
        let mut wishes = returning();
        wishes.back.accept_role_risk = true;
        let plan = planned(&bench, wishes).await;
        // A role that is missing lets nobody through, whatever is accepted.
        assert_eq!(enters(&plan), number != 0, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_responder_that_vanished_since_the_plan_ends_it_before_anything_is_accepted() {
    let bench = Bench::new(after()).await;
    let plan = planned(&bench, returning()).await;
    let shown = plan
        .steps
        .iter()
        .find(|step| step.id.starts_with("create-quarantine"));
    let title = &shown.expect("a quarantine").title;
    assert!(
        title.contains("trusts arn:aws:iam::111111111111:root"),
        "{title}"
    );
    bench.simulator.change(|world| {
        let account = world.account_named_mut("lab").expect("it");
        account.roles.remove(RESPONDER);
    });
    let left = stopped(
        bench
            .apply_plan(plan)
            .await
            .expect_err("nobody would get through"),
    );
    let why = &left.failed[0].1;
    assert!(why.contains("would let nobody through"), "{why}");
    assert_eq!(bench.done("organizations:AcceptHandshake"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_quarantine_that_somebody_detached_is_noticed_before_the_run_closes() {
    let bench = Bench::new(after()).await;
    let plan = planned(&bench, returning()).await;
    mutation(
        &bench,
        "organizations:MoveAccount",
        Mutation::Detach {
            policy: quarantine(),
            target: "lab".to_owned(),
        },
    );
    let left = stopped(bench.apply_plan(plan).await.expect_err("it is gone"));
    assert!(left.failed[0].0.starts_with("quarantine-"), "{left:?}");
    let history = bench.history(&left.run);
    let state = RunState::Stopped(format!("quarantine-{LAB}"));
    assert_eq!(history.state(), state);
    let outcome = history.outcomes()[format!("quarantine-{LAB}").as_str()].outcome;
    assert_eq!(outcome, StepOutcome::Reverted);
    bench.resume(&left.run).await.expect("attached again");
    assert!(on_lab(&bench.simulator.world()).contains(&quarantine()));
}

/// Two accounts left; the role of one of them cannot be assumed any more.
async fn two() -> (Bench, PlanDocument) {
    let both = || {
        let mut world = WorldBuilder::new(now())
            .ou("Prod")
            .account("shop", "Prod")
            .account("lab", "Prod")
            .build();
        for account in ["200000000001", LAB] {
            with_responder(&mut world, account);
        }
        world
    };
    let mut world = both();
    for account in ["shop", "lab"] {
        world.mutate(&Mutation::Leave {
            account: account.to_owned(),
        });
    }
    let bench = Bench::new(world).await;
    let wishes = Wishes {
        reinvite: ["200000000001", LAB]
            .map(|id| id.parse().expect("an id"))
            .into(),
        ..returning()
    };
    let plan = planned_from(&bench, wishes, both()).await;
    bench.simulator.change(|world| {
        world.account_named_mut("shop").expect("it").roles.clear();
    });
    (bench, plan)
}

#[tokio::test(start_paused = true)]
async fn one_bad_account_does_not_stop_the_rescue_of_the_other() {
    let (bench, mut plan) = two().await;
    plan.steps.retain(|step| !step.id.contains("guard"));
    let left = stopped(
        org_exit_guard::apply::apply(wide(&bench), &approved(plan))
            .await
            .expect_err("one stays out"),
    );
    assert_eq!(left.failed.len(), 1, "{left:?}");
    assert_eq!(left.failed[0].0, "accept-200000000001");
    let open: Vec<&str> = left.open.iter().map(|(step, _)| step.as_str()).collect();
    assert!(
        open.iter().all(|step| step.ends_with("200000000001")),
        "{open:?}"
    );
    let world = bench.simulator.world();
    assert_eq!(parent(&world).as_deref(), world.unit_at("Prod"));
    assert!(on_lab(&world).contains(&quarantine()));
}

/// More changes than usual.
fn wide(bench: &Bench) -> org_exit_guard::apply::Place<'_> {
    org_exit_guard::apply::Place {
        max_changes: 20,
        ..bench.place()
    }
}

#[tokio::test(start_paused = true)]
async fn resume_takes_the_steps_that_are_named_and_leaves_the_run_open() {
    let (bench, mut plan) = two().await;
    plan.steps.retain(|step| !step.id.contains("guard"));
    let roles = bench
        .simulator
        .world()
        .account_named("lab")
        .expect("it")
        .roles
        .clone();
    bench.simulator.change(|world| {
        world.account_named_mut("lab").expect("it").roles.clear();
    });
    let left = stopped(
        org_exit_guard::apply::apply(wide(&bench), &approved(plan.clone()))
            .await
            .expect_err("both stay out"),
    );
    assert_eq!(left.failed.len(), 2, "{left:?}");
    bench.simulator.change(|world| {
        world
            .account_named_mut("lab")
            .expect("it")
            .roles
            .clone_from(&roles);
    });
    let history = bench.history(&left.run);
    let only = |steps: &[String]| Resuming {
        only: steps.to_vec(),
        stale_ok: false,
    };
    // Nobody is let in without the quarantine that follows.
    let entry = only(&[format!("create-quarantine-{LAB}"), format!("accept-{LAB}")]);
    let refused = resume(wide(&bench), &history, &approved(plan.clone()), &entry).await;
    let refused = refused
        .expect_err("the quarantine was left out")
        .to_string();
    assert!(
        refused.contains(&format!("needs step `quarantine-{LAB}`")),
        "{refused}"
    );
    // Its quarantine was left out, which the move needs.
    let alone = only(&[format!("move-{LAB}")]);
    let refused = resume(wide(&bench), &history, &approved(plan.clone()), &alone).await;
    let refused = refused.expect_err("it needs another").to_string();
    assert!(refused.contains("needs step"), "{refused}");
    let of_lab: Vec<String> = plan
        .steps
        .iter()
        .filter(|step| step.id.contains(LAB))
        .map(|step| step.id.clone())
        .collect();
    let applied = resume(wide(&bench), &history, &approved(plan), &only(&of_lab))
        .await
        .expect("those of one account");
    assert!(
        applied
            .open
            .iter()
            .all(|step| step.ends_with("200000000001"))
    );
    assert!(!applied.open.is_empty());
    let world = bench.simulator.world();
    assert_eq!(parent(&world).as_deref(), world.unit_at("Prod"));
    assert_ne!(bench.history(&left.run).state(), RunState::Complete);
}

/// What neither language can say stands in its place: the invitation before the code, the move after it.
#[tokio::test(start_paused = true)]
async fn a_way_back_as_code_says_its_order() {
    use org_exit_guard::emit::{Iac, code};
    let bench = Bench::new(after()).await;
    let plan = planned(&bench, returning()).await;
    for language in [Iac::Terraform, Iac::CloudFormation] {
        let text = code(&plan, language);
        let place = |words: &str| {
            text.find(words)
                .unwrap_or_else(|| panic!("{words}: {text}"))
        };
        let order = [
            place("by hand: invite account"),
            place("by hand: accept it in account"),
            place("this code, at once"),
            place("by hand, once it is attached: move account"),
        ];
        assert!(order.is_sorted(), "{order:?}: {text}");
    }
}

/// A second quarantine for another role would let nobody through, and is not planned.
#[tokio::test(start_paused = true)]
async fn a_second_quarantine_for_another_role_is_refused() {
    let bench = Bench::new(after()).await;
    let plan = planned(&bench, returning()).await;
    bench.apply_plan(plan).await.expect("applied");
    let mut wishes = returning();
    wishes.back.break_glass = Some("another".to_owned());
    wishes.back.accept_role_risk = true;
    let plan = planned(&bench, wishes).await;
    assert!(plan.steps.is_empty(), "{:?}", plan.steps);
    let told = &plan.not_done[0];
    assert!(
        told.unmet && told.why.contains("would let nobody through"),
        "{told:?}"
    );
}
