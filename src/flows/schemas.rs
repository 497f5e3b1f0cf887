//! Holds the published JSON Schemas to what the types generate.

use std::path::PathBuf;

use schemars::generate::{Contract, SchemaSettings};
use schemars::{JsonSchema, Schema};

/// Set to `1`, the files are rewritten instead of compared.
const UPDATE: &str = "UPDATE_SCHEMAS";

/// What is written may leave out what is empty; what is read may leave out what has a default.
fn schema<T: JsonSchema>(contract: Contract) -> Schema {
    let mut settings = SchemaSettings::draft2020_12();
    settings.contract = contract;
    settings.into_generator().into_root_schema_for::<T>()
}

fn held<T: JsonSchema>(name: &str, contract: Contract) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("docs/schema")
        .join(format!("{name}.schema.json"));
    let generated = serde_json::to_string_pretty(&schema::<T>(contract)).unwrap() + "\n";
    if std::env::var(UPDATE).is_ok_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &generated).unwrap();
    }
    let file = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        file == generated,
        "{} is not what the types generate; rewrite it with {UPDATE}=1 cargo test schemas",
        path.display()
    );
}

#[test]
fn the_audit_report() {
    held::<crate::report::AuditDocument>("audit-report", Contract::Serialize);
}

#[test]
fn the_snapshot() {
    held::<crate::flows::SnapshotFile>("snapshot", Contract::Serialize);
}

#[test]
fn the_remediation() {
    held::<crate::report::RemediationDocument>("remediation", Contract::Serialize);
}

#[test]
fn the_configuration() {
    held::<crate::config::ConfigFile>("config", Contract::Deserialize);
}

/// A real document of each kind follows its schema.
#[test]
fn documents_follow_their_schemas() {
    let snapshot = crate::model::fixture::organization();
    let audited = crate::flows::judge_all(
        snapshot.clone(),
        &crate::model::settings::Settings::default(),
    );
    let report = serde_json::to_value(audited.document()).unwrap();
    follows::<crate::report::AuditDocument>(&report, Contract::Serialize);
    let file = crate::flows::SnapshotFile {
        digest: String::new(),
        snapshot,
    };
    follows::<crate::flows::SnapshotFile>(
        &serde_json::to_value(file).unwrap(),
        Contract::Serialize,
    );
    let config: toml::Value = toml::from_str(include_str!("../../policies/demo.toml")).unwrap();
    follows::<crate::config::ConfigFile>(
        &serde_json::to_value(config).unwrap(),
        Contract::Deserialize,
    );
}

fn follows<T: JsonSchema>(document: &serde_json::Value, contract: Contract) {
    let schema = serde_json::to_value(schema::<T>(contract)).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(document)
        .map(|fault| format!("{} at {}", fault, fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}
