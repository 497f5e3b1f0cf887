//! `explain`, `check` and `lint`, by the real binary.

use std::io::Write;
use std::process::Stdio;

use org_exit_guard::collect::collect_chain;
use org_exit_guard::flows::{explain_account, find_account};
use org_exit_guard::model::Silent;
use org_exit_guard::report::Format;
use org_exit_guard::report::text::width;
use org_exit_guard::scp::{Dialect, parse};
use org_exit_guard::sim::WorldBuilder;
use serde_json::{Value, json};

use crate::served::{Run, Served, binary, directory};
use crate::support::{Bench, now};

const CASES: &str = include_str!("data/scp-cases.jsonl");
const PLACE: &str = "o-exampleorg1/r-ab12/ou-ab12-11111111/";

fn run(place: &tempfile::TempDir, args: &[&str]) -> Run {
    run_at(place, args, "80")
}

fn run_at(place: &tempfile::TempDir, args: &[&str], columns: &str) -> Run {
    let mut command = binary(place);
    command.args(args).env("COLUMNS", columns);
    Run::of(&command.output().expect("it runs"))
}

fn run_with(place: &tempfile::TempDir, args: &[&str], input: &str) -> Run {
    let mut child = binary(place)
        .args(args)
        .env("COLUMNS", "80")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    Run::of(&child.wait_with_output().expect("it ends"))
}

/// Line breaks and indentation taken out.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn no_wider(run: &Run, limit: usize) {
    for line in run.stdout.lines() {
        assert!(width(line) <= limit, "{} columns: {line}", width(line));
    }
}

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
    assert!(words(&unknown.stderr).contains("no account `nobody`"));
    let path = run(&place, &["explain", "dns", "--demo", "--path", "removal"]);
    assert_eq!(path.code, Some(2), "{path:?}");
    assert!(words(&path.stderr).contains("expected leave, direct-transfer, self-closure"));
    let world = WorldBuilder::new(now())
        .account("twin", "/")
        .account("twin", "A");
    let served = Served::new(world.build());
    let ambiguous = served.run(&["explain", "twin"]);
    assert_eq!(ambiguous.code, Some(2), "{ambiguous:?}");
    let said = words(&ambiguous.stderr);
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
            words(&refused.stderr).contains(told),
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

#[test]
fn every_fault_of_every_file_is_shown_with_its_place() {
    let place = directory();
    let write =
        |name: &str, text: &str| std::fs::write(place.path().join(name), text).expect("written");
    std::fs::create_dir_all(place.path().join("scps/deep/.hidden")).expect("made");
    write(
        "scps/bad.json",
        "{\n  \"Statement\": [{\n    \"Effect\": \"deny\",\n    \"Action\": [\"s3:Get*\", \"*:Put\"],\n    \"Action\": \"s3:*\",\n    \"Principal\": \"*\",\n    \"Resource\": \"*\"\n  }]\n}\n",
    );
    write(
        "scps/deep/torn.json",
        "{\"Version\":\"2012-10-17\",\n\"Statement\":[}",
    );
    write("scps/deep/.hidden/no.json", "no");
    write("scps/deep/readme.md", "no");
    let good = include_str!("../../policies/scp/exit-guard.json");
    write("scps/good.json", good);
    let told = run(&place, &["lint", "scps"]);
    assert_eq!(told.code, Some(3), "{told:?}");
    no_wider(&told, 80);
    for part in [
        "error[policy-invalid]: `Effect` is `Allow` or `Deny`, in this case\n --> scps/bad.json:3:15\n  |\n3 |     \"Effect\": \"deny\",\n  |               ^\n",
        "error[policy-invalid]: wildcard in the service prefix of `*:Put`\n --> scps/bad.json:4:27\n",
        "error[policy-invalid]: `Action` stands twice in a statement\n --> scps/bad.json:5:5\n",
        "error[policy-invalid]: an SCP has no `Principal`",
        " --> scps/bad.json:6:5\n",
        " --> scps/deep/torn.json:2:14\n",
        "scps/good.json\n  366 of 10,240 characters, 268 without white space\n  blocked leave\n  blocked direct-transfer\n  blocked self-closure\n",
        "3 files, 5 findings",
    ] {
        assert!(told.stdout.contains(part), "{part}\n---\n{}", told.stdout);
    }
    let json = run(&place, &["lint", "scps", "--format", "json"]);
    assert_eq!(json.code, Some(3));
    let json = json.json();
    assert_eq!(json["findings"], 5);
    assert_eq!(json["files"][0]["findings"][1]["column"], 27);
    assert_eq!(run(&place, &["lint", "scps/good.json"]).code, Some(0));
    assert_eq!(
        run(&place, &["lint", "scps", "--fail-on", "never"]).code,
        Some(0)
    );
}

#[test]
fn lint_reads_the_standard_input_and_tells_what_it_cannot_read() {
    let place = directory();
    let good = include_str!("../../policies/scp/exit-guard.json");
    let piped = run_with(&place, &["lint", "-"], good);
    assert_eq!(piped.code, Some(0), "{piped:?}");
    let no_version = good.replace("\"Version\": \"2012-10-17\",", "");
    let told = run_with(&place, &["lint", "-"], &no_version);
    assert_eq!(told.code, Some(3), "{told:?}");
    assert!(
        told.stdout.contains("warning[version-not-current]"),
        "{}",
        told.stdout
    );
    let low = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotAction":"s3:*","Resource":"*"}]}"#;
    let low = run_with(&place, &["lint", "-", "--fail-on", "medium"], low);
    assert_eq!(low.code, Some(0), "{low:?}");
    assert!(low.stdout.contains("warning[guard-by-accident]"));
    std::fs::write(place.path().join("good.json"), good).expect("written");
    let missing = run(&place, &["lint", "none.json", "good.json"]);
    assert_eq!(missing.code, Some(1), "{missing:?}");
    assert!(missing.stderr.contains("cannot read `none.json`"));
    assert!(
        missing.stdout.contains("good.json\n"),
        "the others are looked at"
    );
    std::fs::create_dir(place.path().join("empty")).expect("made");
    let empty = run(&place, &["lint", "empty"]);
    assert_eq!(empty.code, Some(2), "{empty:?}");
    assert_eq!(run(&place, &["lint"]).code, Some(2));
}

#[test]
fn the_place_in_a_long_line_of_hostile_text_stays_in_sight() {
    let place = directory();
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"{}","Effect":"Deny","Action":"*:Leave\u001b","Resource":"*"}}]}}"#,
        "日本\u{202e}".repeat(80)
    );
    for columns in ["80", "140"] {
        std::fs::write(place.path().join("long.json"), &text).expect("written");
        let told = run_at(&place, &["lint", "long.json"], columns);
        assert_eq!(told.code, Some(3), "{told:?}");
        no_wider(&told, columns.parse().expect("a number"));
        assert!(
            !told
                .stdout
                .chars()
                .any(|c| c == '\u{202e}' || (c.is_control() && c != '\n'))
        );
        let lines: Vec<&str> = told.stdout.lines().collect();
        let at = lines
            .iter()
            .position(|line| line.trim_end().ends_with('^'))
            .expect("a caret");
        let caret = width(lines[at]) - 1;
        let below = lines[at - 1];
        let start = below
            .char_indices()
            .find(|(index, _)| width(&below[..*index]) == caret);
        let (start, _) = start.expect("a character above the caret");
        assert!(below[start..].starts_with("\"*:Leave"), "{below}");
    }
}
