//! Secrets that are planted wherever they can come from, looked for wherever they could go.

use std::collections::BTreeMap;
use std::path::Path;

use org_exit_guard::sim::WorldBuilder;
use serde_json::{Value, json};

use crate::served::Served;
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

const PLANTED: [&str; 3] = [
    "planted-secret-key",
    "planted-session-token",
    "planted-password",
];

/// An attempt as it is recorded, with everything that a record should never hold.
fn record(management: &str, shop: &str) -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "accountId": management,
            "arn": format!("arn:aws:sts::{management}:assumed-role/Admin/eve"),
            "accessKeyId": "ASIAEXAMPLE",
        },
        "eventTime": "2026-11-24T08:00:00Z",
        "eventSource": "organizations.amazonaws.com",
        "eventName": "RemoveAccountFromOrganization",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.66",
        "userAgent": "aws-cli/2",
        "requestParameters": {
            "accountId": shop,
            "password": PLANTED[2],
            "nested": {"newPassword": PLANTED[2]},
        },
        "responseElements": {"credentials": {
            "accessKeyId": "ASIAEXAMPLE",
            "secretAccessKey": PLANTED[0],
            "sessionToken": PLANTED[1],
        }},
        "eventID": "11111111-2222-3333-4444-555555555555",
        "eventType": "AwsApiCall",
        "recipientAccountId": management,
        "eventCategory": "Management",
    })
}

/// What is run, one line each.
const RUNS: [&str; 7] = [
    "audit --since 7d --format json --state-dir state",
    "audit --report json=report.json --report table=report.txt",
    "detect --format json",
    "snapshot --output snapshot.json",
    "doctor --record transcript.jsonl",
    "remediate --apply --events json --reason test --allow-endpoint-override --state-dir state --confirm",
    "runs --format json --state-dir state",
];

#[test]
fn a_planted_secret_is_in_no_output_and_in_no_file() {
    let mut world = WorldBuilder::new(now())
        .ou("Prod")
        .account("shop", "Prod")
        .build();
    let shop = world.account_named("shop").expect("it exists").id.clone();
    let management = world.management.clone();
    world.log_event(&management, "us-east-1", record(&management, &shop));
    let organization = world.organization().expect("one").id.clone();
    let served = Served::new(world);
    let mut texts = BTreeMap::new();
    let mut seen = 0;
    for line in RUNS {
        let mut arguments: Vec<&str> = line.split(' ').collect();
        if arguments.last() == Some(&"--confirm") {
            arguments.push(&organization);
        }
        let run = served.run(&arguments);
        assert!(matches!(run.code, Some(0 | 3 | 4)), "{line}: {run:?}");
        seen += run.stdout.matches("RemoveAccountFromOrganization").count();
        texts.insert(format!("stdout of {line}"), run.stdout);
        texts.insert(format!("stderr of {line}"), run.stderr);
    }
    assert!(seen > 0, "the record itself is shown");
    files(served.place(), &mut texts);
    assert!(texts.len() > 20, "{:?}", texts.keys());
    let keys = served.simulator.keys_of(&management);
    let mut words = PLANTED.to_vec();
    words.push(&keys.secret_access_key);
    for (place, text) in &texts {
        for word in &words {
            assert!(!text.contains(word), "{word} in {place}");
        }
    }
}
