//! `check` and `check --batch`.

use org_exit_guard::scp::{Dialect, parse};
use serde_json::{Value, json};

use super::{no_wider, run_with};
use crate::served::{directory, run, words};

const CASES: &str = include_str!("../data/scp-cases.jsonl");
const PLACE: &str = "o-exampleorg1/r-ab12/ou-ab12-11111111/";

fn batch(lines: &str) -> Vec<Value> {
    let place = directory();
    let told = run_with(&place, &["check", "--batch", "-"], lines);
    assert_eq!(told.code, Some(0), "{told:?}");
    told.stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .collect()
}

#[test]
fn a_batch_decides_every_case_as_expected_and_its_witnesses_pass() {
    let cases: Vec<Value> = CASES
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let line = |case: &Value| {
        json!({"id": case["id"], "action": case["action"], "scps_by_level": case["scps_by_level"],
            "account": "111122223333", "organization": PLACE})
        .to_string()
    };
    let lines: Vec<String> = cases.iter().map(line).collect();
    let answers = batch(&lines.join("\n"));
    assert_eq!(answers.len(), cases.len());
    for (case, answer) in cases.iter().zip(&answers) {
        let id = case["id"].as_str().expect("an id");
        assert_eq!(answer["id"], case["id"]);
        let verdict = answer["verdict"].as_str().expect("a verdict");
        let ambiguous = case["ambiguous"].as_array();
        let expected = case["expected"].as_str().expect("expected");
        let right = match ambiguous {
            _ if verdict == expected => true,
            Some(readings) => verdict == "undetermined" || readings.contains(&json!(verdict)),
            None => false,
        };
        assert!(right, "{id}: {verdict}, expected {expected}: {answer}");
        assert_eq!(
            answer["message"].is_string(),
            verdict == "error",
            "{answer}"
        );
        assert_eq!(
            answer["witness"].is_object(),
            ["open", "conditional"].contains(&verdict)
        );
        assert_eq!(
            answer["exemptions"] == json!([]),
            verdict != "conditional",
            "{answer}"
        );
        assert_eq!(
            answer["because"] == json!([]),
            verdict == "error",
            "{answer}"
        );
        if answer["witness"].is_object() {
            confirm(case, &answer["witness"]);
        }
    }
}

/// The witness names every key of the stack, and the evaluator of single requests lets it pass.
fn confirm(case: &Value, witness: &Value) {
    use org_exit_guard::evaluate::{Decision, Request, Resource, evaluate};
    let text = |one: &Value| one.as_str().map_or_else(|| one.to_string(), str::to_owned);
    let levels = case["scps_by_level"].as_array().expect("levels").iter();
    let documents: Vec<Vec<_>> = levels
        .map(|level| {
            let level = level.as_array().expect("a level").iter();
            level
                .map(|one| parse(&text(one), Dialect::Scp).expect("valid"))
                .collect()
        })
        .collect();
    let context = witness["context"].as_object().expect("a context");
    for condition in documents
        .iter()
        .flatten()
        .flat_map(|document| &document.statements)
        .flat_map(|statement| &statement.conditions)
    {
        let named = context
            .keys()
            .any(|key| key.eq_ignore_ascii_case(&condition.key));
        assert!(
            named,
            "{}: {} is not in {context:?}",
            case["id"], condition.key
        );
    }
    let resource = match witness["resource"].as_str().expect("a resource") {
        "*" => Resource::Any,
        arn => Resource::Arn(arn.to_owned()),
    };
    let principal = witness["principal"].as_str().expect("a principal");
    let mut request = Request::new(case["action"].as_str().expect("an action"), resource)
        .with("aws:PrincipalArn", principal);
    for (key, held) in context {
        request = match held {
            Value::Null => request.without(key),
            Value::Array(many) => request.with_all(key, many.iter().map(text).collect()),
            one => request.with(key, text(one)),
        };
    }
    let stack: Vec<Vec<_>> = documents
        .iter()
        .map(|level| level.iter().collect())
        .collect();
    assert_eq!(
        evaluate(&stack, &request),
        Decision::Allowed,
        "{} {request:?}",
        case["id"]
    );
}

#[test]
fn whatever_is_wrong_with_a_case_is_its_answer() {
    let full = r#"[[{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}]]"#;
    let lines = [
        "not JSON".to_owned(),
        format!(r#"{{"id":1,"scps_by_level":{full}}}"#),
        r#"{"id":2,"action":"s3:GetObject"}"#.to_owned(),
        format!(r#"{{"id":3,"action":"s3:*","scps_by_level":{full}}}"#),
        r#"{"id":4,"action":"s3:GetObject","scps_by_level":[[{"Statement":[],"Statement":[]}]]}"#
            .to_owned(),
        format!(r#"{{"id":5,"action":"s3:GetObject","scps_by_level":{full},"account":"7"}}"#),
        format!(r#"{{"id":6,"action":"s3:GetObject","scps_by_level":{full},"organization":[]}}"#),
        r#"{"id":7,"action":"s3:GetObject","scps_by_level":[]}"#.to_owned(),
        r#"{"id":8,"action":"s3:GetObject","scps_by_level":[["{"]]}"#.to_owned(),
        String::new(),
        format!(r#"{{"id":"good","action":"s3:GetObject","scps_by_level":{full}}}"#),
    ];
    let answers = batch(&lines.join("\n"));
    assert_eq!(answers.len(), 10, "the empty line is none");
    for (answer, told) in answers.iter().zip([
        "not valid JSON",
        "there is no `action`",
        "there is no `scps_by_level`",
        "`s3:*` is not an action",
        "`Statement` stands twice",
        "`7` is not an account id",
        "`organization` is",
        "at least one level",
        "level 1 (the root), policy 1: line 1",
    ]) {
        assert_eq!(answer["verdict"], "error", "{answer}");
        assert!(
            answer["message"].as_str().expect("why").contains(told),
            "{answer}"
        );
    }
    assert_eq!(answers[0]["id"], Value::Null);
    assert_eq!(answers[9]["verdict"], "open");
}

const STACK: &str = r#"[
  [{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]},
   {"Version":"2012-10-17","Statement":[
     {"Sid":"Lock","Effect":"Deny","NotAction":"iam:*","Resource":"*",
      "Condition":{"StringNotEquals":{"aws:RequestedRegion":"eu-central-1"}}},
     {"Sid":"Logs","Effect":"Deny","Action":"s3:DeleteBucket","Resource":"arn:aws:s3:::logs-*"},
     {"Sid":"Mfa","Effect":"Deny","Action":"iam:*","Resource":"*",
      "Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}]}],
  ["{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"s3:*\",\"iam:*\"],\"Resource\":\"*\"}]}"]]"#;

#[test]
fn one_decision_is_told_with_its_reasons_for_any_action() {
    let place = directory();
    std::fs::write(place.path().join("stack.json"), STACK).expect("written");
    for (args, verdict, told) in [
        (
            "ec2:RunInstances",
            "blocked",
            "nothing at level 2 (the account) allows it",
        ),
        (
            "s3:ListBucket",
            "conditional",
            "denies when aws:RequestedRegion is not eu-central-1",
        ),
        (
            "s3:ListBucket --context aws:RequestedRegion=eu-central-1",
            "open",
            "nothing denies any",
        ),
        (
            "s3:ListBucket --context aws:RequestedRegion=us-east-1",
            "blocked",
            "statement 1 `Lock`",
        ),
        ("s3:DeleteBucket", "undetermined", "name one"),
        (
            "s3:DeleteBucket --resource arn:aws:s3:::logs-1",
            "blocked",
            "statement 2 `Logs`",
        ),
        (
            "s3:DeleteBucket --resource arn:aws:s3:::tmp --context aws:RequestedRegion=eu-central-1",
            "open",
            "arn:aws:s3:::tmp",
        ),
        ("iam:CreateUser", "conditional", "or the key is absent"),
        (
            "iam:CreateUser --without aws:MultiFactorAuthPresent",
            "blocked",
            "statement 3 `Mfa`",
        ),
        (
            "iam:CreateUser --context aws:MultiFactorAuthPresent=true",
            "open",
            "aws:MultiFactorAuthPresent = true",
        ),
        (
            "iam:CreateUser --principal arn:aws:iam::222222222222:role/aws-service-role/x/Y",
            "open",
            "service-linked roles are outside",
        ),
        (
            "organizations:LeaveOrganization",
            "blocked",
            "statement 1 `Lock` of policy 2 at level 1 (the root), line 2 denies",
        ),
    ] {
        let mut all = vec!["check"];
        all.extend(args.split(' '));
        all.extend(["--chain", "stack.json"]);
        let table = run(&place, &all);
        let code = if verdict == "undetermined" { 4 } else { 0 };
        assert_eq!(table.code, Some(code), "{args}: {table:?}");
        let said = words(&table.stdout);
        assert!(
            said.starts_with(verdict) && said.contains(told),
            "{args}: {said}"
        );
        no_wider(&table, 80);
        all.extend(["--format", "json"]);
        assert_eq!(run(&place, &all).json()["verdict"], verdict, "{args}");
    }
}

#[test]
fn check_knows_its_usage_errors() {
    let place = directory();
    std::fs::write(place.path().join("stack.json"), STACK).expect("written");
    std::fs::write(place.path().join("bad.json"), "[[\n 7]]").expect("written");
    for (args, told) in [
        (&["check", "s3:GetObject"][..], "required"),
        (&["check", "--chain", "stack.json"], "required"),
        (
            &["check", "s3:*", "--chain", "stack.json"],
            "`s3:*` is not an action",
        ),
        (
            &["check", "s3:GetObject", "--chain", "bad.json"],
            "line 2, column 2",
        ),
        (
            &[
                "check",
                "s3:GetObject",
                "--chain",
                "stack.json",
                "--context",
                "x",
            ],
            "not KEY=VALUE",
        ),
        (
            &[
                "check",
                "s3:GetObject",
                "--chain",
                "stack.json",
                "--principal",
                "me",
            ],
            "not the ARN of a root user",
        ),
        (
            &[
                "check",
                "s3:GetObject",
                "--account",
                "dns",
                "--demo",
                "--principal",
                "arn:aws:iam::111122223333:role/X",
            ],
            "not a principal of account 200000000006",
        ),
        (
            &[
                "check",
                "s3:GetObject",
                "--chain",
                "stack.json",
                "--principal",
                "arn:aws:sts::111122223333:assumed-role/X/s",
            ],
            "role session",
        ),
        (
            &["check", "s3:GetObject", "--account", "nobody", "--demo"],
            "no account `nobody`",
        ),
        (
            &["check", "s3:GetObject", "--batch", "x"],
            "cannot be used with",
        ),
    ] {
        let refused = run(&place, args);
        assert_eq!(refused.code, Some(2), "{args:?}: {refused:?}");
        assert!(
            refused.said().contains(told),
            "{args:?}: {}",
            refused.stderr
        );
        assert_eq!(refused.stdout, "");
    }
}

#[test]
fn check_exits_with_what_was_expected_and_asks_about_accounts() {
    let place = directory();
    std::fs::write(place.path().join("stack.json"), STACK).expect("written");
    let missing = run(&place, &["check", "s3:GetObject", "--chain", "none.json"]);
    assert_eq!(missing.code, Some(1), "{missing:?}");
    for (expect, code) in [("blocked", 0), ("open", 3), ("conditional", 3)] {
        let args = [
            "check",
            "ec2:RunInstances",
            "--chain",
            "stack.json",
            "--expect",
            expect,
        ];
        assert_eq!(run(&place, &args).code, Some(code), "{expect}");
    }
    let live = run(
        &place,
        &[
            "check",
            "organizations:LeaveOrganization",
            "--account",
            "checkout-prod",
            "--demo",
        ],
    );
    assert_eq!(live.code, Some(0), "{live:?}");
    assert!(
        words(&live.stdout).contains("SCP `deny-leave`"),
        "{}",
        live.stdout
    );
    let management = run(
        &place,
        &[
            "check",
            "organizations:LeaveOrganization",
            "--account",
            "Management",
            "--demo",
        ],
    );
    assert!(words(&management.stdout).contains("no SCP binds the management account"));
}
