//! Formats on disk: their published schemas, and old files that must still be read.

use org_exit_guard::flows::{SnapshotFile, read_snapshot};
use org_exit_guard::report::AuditDocument;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, schema_for};
use serde_json::Value;

use crate::served::{Run, binary, directory};

fn held(name: &str, schema: &schemars::Schema) -> Value {
    let path = format!("{}/docs/schema/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = format!("{:#}\n", schema.as_value());
    // `UPDATE_SCHEMAS=1 cargo nextest run formats` writes them anew.
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        std::fs::write(&path, &text).expect("written");
    }
    assert!(
        std::fs::read_to_string(&path).expect("a schema") == text,
        "{name} is stale"
    );
    schema.as_value().clone()
}

/// The schema of what is only ever written: a field that may be left out is not required.
fn written<T: JsonSchema>() -> schemars::Schema {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<T>()
}

#[test]
fn reports_and_snapshots_follow_their_schemas() {
    let report = held("audit-report.schema.json", &written::<AuditDocument>());
    let snapshot = held("snapshot.schema.json", &schema_for!(SnapshotFile));
    let directory = directory();
    let go = |args: &[&str]| Run::of(&binary(&directory).args(args).output().expect("it runs"));
    let audit = go(&["audit", "--demo", "--format", "json"]);
    go(&["snapshot", "--demo", "-o", "facts.json"]);
    let facts = std::fs::read_to_string(directory.path().join("facts.json")).expect("written");
    let facts: Value = serde_json::from_str(&facts).expect("JSON");
    for (schema, document) in [(report, audit.json()), (snapshot, facts)] {
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|e| e.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:?}");
        assert!(
            !validator.is_valid(&serde_json::json!({})),
            "the schema asks for something"
        );
    }
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
}
