//! `audit --verify-with-aws`: the verdicts put to the simulator's `SimulateCustomPolicy`.

use org_exit_guard::flows::{judge_all, verify};
use org_exit_guard::inspect::questions;
use org_exit_guard::model::settings::Settings;
use org_exit_guard::report::{AuditDocument, Format, render};
use org_exit_guard::sim::{Calls, Fault, Kind, World, WorldBuilder, demo};
use org_exit_guard::verdict::judge;
use serde_json::{Value, json};

use crate::served::Served;
use crate::support::{Bench, now};

const SIMULATE: &str = "iam:SimulateCustomPolicy";
const LEAVE_ONLY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*"}]}"#;
const EXEMPTING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["organizations:LeaveOrganization","organizations:AcceptHandshake"],"Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/OrgAdmin*"},"StringNotEquals":{"aws:PrincipalTag/team":"core"}}}]}"#;
const ARGS: [&str; 6] = [
    "audit",
    "--verify-with-aws",
    "--format",
    "json",
    "--since",
    "1d",
];

fn organization(each: usize) -> WorldBuilder {
    let mut builder = WorldBuilder::new(now());
    for number in 0..each {
        for unit in ["Prod", "Dev", "Lab"] {
            builder = builder.account(&format!("{unit} {number}"), unit);
        }
    }
    builder
        .scp("leave-only", LEAVE_ONLY, &["Prod"])
        .scp("exempting", EXEMPTING, &["Dev"])
        .root_features(&["RootCredentialsManagement", "RootSessions"])
}

fn asked(served: &Served) -> usize {
    let log = served.simulator.log();
    log.iter().filter(|call| call.operation == SIMULATE).count()
}

fn disagreements(report: &Value) -> Vec<Value> {
    let findings = report["findings"].as_array().expect("findings").iter();
    findings
        .filter(|one| one["rule"] == "aws-simulator-disagrees")
        .cloned()
        .collect()
}

/// The report of an audit whose verdicts were put to the simulator, and how often that was asked.
async fn verified(world: World) -> (AuditDocument, usize) {
    let bench = Bench::new(world).await;
    let settings = Settings::default();
    let mut audited = judge_all(bench.facts().await, &settings);
    assert_eq!(bench.done(SIMULATE), 0, "an audit alone does not ask");
    assert!(audited.document().verification.is_none());
    verify(&bench.session, &mut audited, &settings).await;
    (audited.document(), bench.done(SIMULATE))
}

#[tokio::test(start_paused = true)]
async fn the_simulator_agrees_and_is_asked_once_for_each_stack() {
    let mut counts = Vec::new();
    for each in [1, 12] {
        let (report, asked) = verified(organization(each).build()).await;
        let verification = report.verification.expect("it was asked");
        assert_eq!((verification.agreed, verification.answered), (asked, asked));
        assert!(verification.not_asked.is_empty(), "{verification:?}");
        let rules = report.findings.iter().map(|one| one.rule);
        assert!(
            !rules
                .into_iter()
                .any(|rule| rule == "aws-simulator-disagrees")
        );
        counts.push(asked);
    }
    // Prod: leave and self-closure; Dev: self-closure, and two kinds of exempt principals with both
    // actions; Lab: three actions, all open. The same for 3 and for 36 accounts.
    let expected = 2 + 1 + 2 * 2 + 3;
    assert_eq!(counts, [expected, expected]);
}

#[tokio::test(start_paused = true)]
async fn the_demo_agrees_and_the_report_says_so() {
    let (report, asked) = verified(demo(now())).await;
    assert!(asked > 15, "{asked}");
    let verification = report.verification.clone().expect("it was asked");
    assert_eq!((verification.agreed, verification.answered), (asked, asked));
    let table = render(&report, Format::Table, 80);
    let line = format!("{asked} of {asked} answers agree with the verdicts");
    assert!(table.contains(&line), "{table}");
}

#[test]
fn a_disagreement_is_a_finding_with_both_answers() {
    let world =
        WorldBuilder::new(now())
            .account("shop", "Prod")
            .scp("leave-only", LEAVE_ONLY, &["Prod"]);
    let served = Served::new(world.build());
    let id = served
        .simulator
        .world()
        .account_named("shop")
        .expect("it")
        .id
        .clone();
    let place = "/EvaluationResults/0/OrganizationsDecisionDetail/AllowedByOrganizations";
    let lie = Kind::Replace {
        pointer: place.to_owned(),
        value: json!(true),
    };
    served
        .simulator
        .add_fault(Fault::new(SIMULATE, Calls::Nth(1), lie));
    let told = served.run(&ARGS);
    assert_eq!(told.code, Some(3), "{told:?}");
    let report = told.json();
    let found = disagreements(&report);
    assert_eq!(found.len(), 1, "{found:?}");
    let finding = &found[0];
    assert_eq!(
        (&finding["severity"], &finding["outcome"]),
        (&json!("high"), &json!("failed"))
    );
    assert_eq!(finding["accounts"], json!([id]));
    let evidence = finding["evidence"].to_string();
    for part in [
        "this tool: denied",
        "AWS's policy simulator: allowed",
        "request: organizations:LeaveOrganization on * by arn:aws:iam::",
        "SCPs, root first: p-FullAWSAccess > ",
    ] {
        assert!(evidence.contains(part), "{part}: {evidence}");
    }
    let verification = &report["verification"];
    let number = |name: &str| verification[name].as_u64().expect("a number");
    assert_eq!(number("agreed") + 1, number("answered"));
}

#[test]
fn a_simulator_that_may_not_be_asked_is_a_gap() {
    let denied = organization(1).denied("Management", SIMULATE);
    let served = Served::new(denied.build());
    let told = served.run(&ARGS);
    assert_eq!(told.code, Some(4), "{told:?}");
    let found = disagreements(&told.json());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["outcome"], "could-not-tell");
    assert_eq!(found[0]["gaps"][0]["operation"], SIMULATE);
    assert_eq!(asked(&served), 1, "what is denied once is denied again");
    let file = served.run(&["audit", "--verify-with-aws", "--snapshot", "facts.json"]);
    assert_eq!(file.code, Some(2), "{file:?}");
}

#[tokio::test(start_paused = true)]
async fn every_key_is_supplied_and_absent_keys_are_told() {
    let half = |flag: &str| {
        LEAVE_ONLY.replace(
            r#""Resource":"*""#,
            &format!(
                r#""Resource":"*","Condition":{{"Bool":{{"aws:MultiFactorAuthPresent":"{flag}"}}}}"#
            ),
        )
    };
    let world = organization(2)
        .account("halves", "Halves")
        .scp("no-mfa", &half("false"), &["Halves"])
        .scp("mfa", &half("true"), &["Halves"]);
    let snapshot = Bench::new(world.build()).await.facts().await;
    let questions = questions(&snapshot, &judge(&snapshot));
    for question in &questions.asked {
        for (key, values) in &question.request.context {
            assert!(values.is_some(), "{key} of {question:?}");
            assert!(question.types.contains_key(key));
        }
        assert!(question.texts.iter().all(|level| !level.is_empty()));
    }
    let exempt = questions
        .asked
        .iter()
        .find(|one| one.types.contains_key("aws:PrincipalTag/team"));
    let exempt = exempt.expect("Dev's");
    assert_eq!(exempt.types["aws:PrincipalArn"], "string");
    assert_eq!((exempt.verdict, exempt.accounts.len()), ("conditional", 2));
    let absent = "needs aws:MultiFactorAuthPresent absent";
    assert!(!questions.unasked.is_empty());
    assert!(
        questions.unasked.iter().all(|one| one.contains(absent)),
        "{:?}",
        questions.unasked
    );
}
