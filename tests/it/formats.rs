//! Formats on disk: their published schemas, and old files that must still be read.

use org_exit_guard::apply::Row;
use org_exit_guard::config::ConfigFile;
use org_exit_guard::flows::{
    MEMBER_VERSION, MemberFile, PlanFile, SnapshotFile, read_plan, read_snapshot,
};
use org_exit_guard::report::{
    AlarmDocument, AuditDocument, BatchLine, ChangesDocument, CheckDocument, DetectionsDocument,
    ExplainDocument, LintDocument, RemediationDocument, RunsDocument, UndoDocument,
};
use schemars::JsonSchema;
use schemars::generate::{Contract, SchemaSettings};
use serde_json::Value;

use crate::served::{Run, binary, directory, run};

/// The published schema, which is what the type generates; `UPDATE_SCHEMAS=1 cargo nextest run
/// schemas` writes them anew. What is written may leave out what is empty; what is read may
/// leave out what has a default.
fn published<T: JsonSchema>(name: &str, contract: Contract) -> Value {
    let path = format!(
        "{}/docs/schema/{name}.schema.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let mut settings = SchemaSettings::draft2020_12();
    settings.contract = contract;
    let schema = settings.into_generator().into_root_schema_for::<T>();
    let text = format!("{:#}\n", schema.as_value());
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        std::fs::write(&path, &text).expect("written");
    }
    assert!(
        std::fs::read_to_string(&path).expect("a schema") == text,
        "{path} is stale"
    );
    schema.as_value().clone()
}

/// A real document follows its schema, and the schema asks for something.
fn follows(document: &Value, schema: &Value) {
    let validator = jsonschema::validator_for(schema).expect("a schema");
    let errors: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert!(!validator.is_valid(&serde_json::json!([])));
}

#[test]
fn documents_follow_their_published_schemas() {
    let directory = directory();
    let go = |args: &[&str]| Run::of(&binary(&directory).args(args).output().expect("it runs"));
    let audit = go(&["audit", "--demo", "--format", "json"]);
    follows(
        &audit.json(),
        &published::<AuditDocument>("audit-report", Contract::Serialize),
    );
    let remediation = go(&["remediate", "--demo", "--format", "json"]);
    follows(
        &remediation.json(),
        &published::<RemediationDocument>("remediation", Contract::Serialize),
    );
    let records = crate::archive_cases::log(&[&crate::archive_cases::needle("one")]);
    std::fs::write(directory.path().join("log.json"), records).expect("written");
    let window = ["--since", "2026-11-20", "--format", "json"];
    let detections = go(&[&["detect", "--source", "archive:log.json"], &window[..]].concat());
    follows(
        &detections.json(),
        &published::<DetectionsDocument>("detections", Contract::Serialize),
    );
    go(&["snapshot", "--demo", "-o", "facts.json"]);
    let facts = std::fs::read_to_string(directory.path().join("facts.json")).expect("written");
    follows(
        &serde_json::from_str(&facts).expect("JSON"),
        &published::<SnapshotFile>("snapshot", Contract::Serialize),
    );
    let differences = go(&[
        "snapshot",
        "diff",
        "facts.json",
        "facts.json",
        "--format",
        "json",
    ]);
    follows(
        &differences.json(),
        &published::<ChangesDocument>("changes", Contract::Serialize),
    );
    let code = go(&["emit", "alarm", "--format", "terraform"]);
    std::fs::write(directory.path().join("alarm.tf.json"), code.stdout).expect("written");
    follows(
        &go(&["alarm", "alarm.tf.json", "--format", "json"]).json(),
        &published::<AlarmDocument>("alarm", Contract::Serialize),
    );
    let explained = published::<ExplainDocument>("explain", Contract::Serialize);
    for account in ["checkout-prod", "dns", "data-lake", "Management"] {
        let told = go(&["explain", account, "--demo", "--format", "json"]);
        follows(&told.json(), &explained);
    }
    let check = ["check", "iam:CreateUser", "--demo", "--account", "dns"];
    let told = go(&[&check[..], &["--format", "json"]].concat());
    follows(
        &told.json(),
        &published::<CheckDocument>("check", Contract::Serialize),
    );
    let line = r#"{"id":"a","action":"s3:GetObject","scps_by_level":[[]]}"#;
    std::fs::write(directory.path().join("batch.jsonl"), line).expect("written");
    let told = go(&["check", "--batch", "batch.jsonl"]);
    follows(
        &told.json(),
        &published::<BatchLine>("check-batch", Contract::Serialize),
    );
    let guard = concat!(env!("CARGO_MANIFEST_DIR"), "/policies/scp/exit-guard.json");
    let told = go(&["lint", guard, "--format", "json"]);
    follows(
        &told.json(),
        &published::<LintDocument>("lint", Contract::Serialize),
    );
    let settings: toml::Value =
        toml::from_str(include_str!("../../policies/demo.toml")).expect("TOML");
    follows(
        &serde_json::to_value(settings).expect("JSON"),
        &published::<ConfigFile>("config", Contract::Deserialize),
    );
}

#[test]
fn a_finished_member_follows_its_published_schema() {
    let directory = directory();
    let flags = [
        "--member-role",
        "OrganizationAccountAccessRole",
        "--allow-gaps",
    ];
    let run = [&["snapshot", "--demo", "-o", "facts.json"], &flags[..]].concat();
    Run::of(&binary(&directory).args(run).output().expect("it runs"));
    let facts = read_snapshot(&directory.path().join("facts.json")).expect("facts");
    let schema = published::<MemberFile>("finished-member", Contract::Serialize);
    assert!(!facts.members.is_empty());
    for facts in facts.members.into_values() {
        let file = MemberFile {
            format_version: MEMBER_VERSION,
            facts,
        };
        follows(&serde_json::to_value(file).expect("JSON"), &schema);
    }
}

#[test]
fn plans_journals_runs_and_undo_follow_their_published_schemas() {
    let directory = directory();
    let go = |args: &[&str]| Run::of(&binary(&directory).args(args).output().expect("it runs"));
    go(&["remediate", "--demo", "--plan-out", "plan.json"]);
    let plan = std::fs::read_to_string(directory.path().join("plan.json")).expect("written");
    follows(
        &serde_json::from_str(&plan).expect("JSON"),
        &published::<PlanFile>("plan", Contract::Serialize),
    );
    let organization = read_plan(&directory.path().join("plan.json"))
        .expect("a plan")
        .organization;
    let apply = [
        "remediate",
        "--demo",
        "--apply",
        "--reason",
        "test",
        "--state-dir",
        "state",
    ];
    let confirm = ["--confirm", organization.as_str()];
    assert_eq!(go(&[&apply[..], &confirm[..]].concat()).code, Some(0));
    let runs = go(&["runs", "--demo", "--state-dir", "state", "--format", "json"]).json();
    follows(
        &runs,
        &published::<RunsDocument>("runs", Contract::Serialize),
    );
    assert_eq!(runs["runs"][0]["state"], "complete");
    let run = runs["runs"][0]["run"].as_str().expect("an id");
    let journal = directory
        .path()
        .join("state/demo/runs")
        .join(run)
        .join("journal.jsonl");
    let schema = published::<Row>("journal-row", Contract::Serialize);
    for line in std::fs::read_to_string(journal).expect("a journal").lines() {
        follows(&serde_json::from_str(line).expect("JSON"), &schema);
    }
    // The demo is another organization each time, in which nothing of the run is found.
    let undo = go(&[
        "undo",
        run,
        "--demo",
        "--state-dir",
        "state",
        "--format",
        "json",
    ]);
    follows(
        &undo.json(),
        &published::<UndoDocument>("undo", Contract::Serialize),
    );
}

#[test]
fn a_plan_of_version_1_is_still_read() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/it/data/formats/plan-v1.json"
    );
    let plan = read_plan(path.as_ref()).expect("it reads");
    assert_eq!((plan.format_version, plan.steps.len()), (1, 2));
}

#[test]
fn a_snapshot_of_version_1_is_still_read() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/it/data/formats/snapshot-v1.json"
    );
    let snapshot = read_snapshot(path.as_ref()).expect("it reads");
    assert_eq!(snapshot.format_version, 1);
    assert_eq!(snapshot.accounts.known().expect("accounts").len(), 39);

    // It holds no trails and no rules: that is told with what to do, and no permission is missing.
    let place = directory();
    let run = run(&place, &["audit", "--snapshot", path, "--format", "json"]);
    assert_eq!(run.code, Some(4), "{}", run.stderr);
    let document = run.json();
    let findings = document["findings"].as_array().expect("findings").iter();
    let unread = findings.filter(|one| one["outcome"] == "could-not-tell");
    let mut told = 0;
    for one in unread {
        let remedy = one["remedy"].as_str().expect("a remedy");
        assert!(
            remedy.contains("the snapshot is of an older version"),
            "{one}"
        );
        assert!(remedy.contains("org-exit-guard snapshot -o FILE"), "{one}");
        told += 1;
    }
    assert_eq!(told, 3);
    let notes = document["coverage"]["notes"].to_string();
    assert!(notes.contains("take a new one"), "{notes}");
}
