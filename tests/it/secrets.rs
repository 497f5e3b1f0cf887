//! Secrets that are planted wherever they can come from, looked for wherever they could go.

use std::collections::BTreeMap;
use std::path::Path;

use org_exit_guard::sim::WorldBuilder;
use serde_json::json;

use crate::served::{Run, Served};
use crate::support::now;

/// Everything in a directory, by path.
fn files(place: &Path, all: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(place).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, all);
        } else {
            let bytes = std::fs::read(&path).expect("a file");
            let text = String::from_utf8_lossy(&bytes).into_owned();
            all.insert(path.display().to_string(), text);
        }
    }
}

#[test]
fn a_planted_secret_is_in_no_output_and_in_no_file() {
    let mut world = WorldBuilder::new(now())
        .ou("Prod")
        .account("shop", "Prod")
        .build();
    let shop = world.account_named("shop").expect("it exists").id.clone();
    let management = world.management.clone();
    let planted = [
        "planted-secret-key",
        "planted-session-token",
        "planted-password",
    ];
    // As an attempt is recorded, with everything that a record should never hold.
    let record = json!({
        "eventVersion": "1.11",
        "userIdentity": {"type": "AssumedRole", "accountId": management, "arn": format!("arn:aws:sts::{management}:assumed-role/Admin/eve"), "accessKeyId": "ASIAEXAMPLE"},
        "eventTime": "2026-11-24T08:00:00Z",
        "eventSource": "organizations.amazonaws.com",
        "eventName": "RemoveAccountFromOrganization",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.66",
        "userAgent": "aws-cli/2",
        "requestParameters": {"accountId": shop, "password": planted[2], "nested": {"newPassword": planted[2]}},
        "responseElements": {"credentials": {"accessKeyId": "ASIAEXAMPLE", "secretAccessKey": planted[0], "sessionToken": planted[1]}},
        "eventID": "11111111-2222-3333-4444-555555555555",
        "eventType": "AwsApiCall",
        "recipientAccountId": management,
        "eventCategory": "Management",
    });
    world.log_event(&management, "us-east-1", record);
    let served = Served::new(world);
    let keys = served.simulator.keys_of(&management);
    let organization = served
        .simulator
        .world()
        .organization()
        .expect("one")
        .id
        .clone();
    let mut words: Vec<String> = planted.iter().map(|word| (*word).to_owned()).collect();
    words.push(keys.secret_access_key);
    let state = ["--state-dir", "state"];
    let runs: Vec<Vec<&str>> = vec![
        ["audit", "--since", "7d", "--format", "json"]
            .iter()
            .chain(&state)
            .copied()
            .collect(),
        [
            "audit",
            "--report",
            "html=r.html",
            "--report",
            "sarif=r.sarif",
            "--report",
            "csv=r.csv",
            "--report",
            "markdown=r.md",
            "--report",
            "ocsf=r.ocsf",
        ]
        .iter()
        .chain(&state)
        .copied()
        .collect(),
        vec!["detect", "--format", "json"],
        vec!["snapshot", "--output", "snapshot.json"],
        vec!["doctor", "--record", "transcript.jsonl"],
        [
            "remediate",
            "--apply",
            "--events",
            "json",
            "--reason",
            "test",
            "--allow-endpoint-override",
            "--confirm",
            &organization,
        ]
        .iter()
        .chain(&state)
        .copied()
        .collect(),
        ["runs", "--format", "json"]
            .iter()
            .chain(&state)
            .copied()
            .collect(),
    ];
    let mut texts = BTreeMap::new();
    let mut seen = 0;
    for arguments in &runs {
        let run: Run = served.run(arguments);
        assert!(
            matches!(run.code, Some(0 | 3 | 4)),
            "{arguments:?}: {run:?}"
        );
        seen += run.stdout.matches("RemoveAccountFromOrganization").count();
        texts.insert(format!("stdout of {arguments:?}"), run.stdout);
        texts.insert(format!("stderr of {arguments:?}"), run.stderr);
    }
    assert!(seen > 0, "the record itself is shown");
    files(served.place(), &mut texts);
    assert!(texts.len() > 20, "{:?}", texts.keys());
    for (place, text) in &texts {
        for word in &words {
            assert!(!text.contains(word.as_str()), "{word} in {place}");
        }
    }
}
