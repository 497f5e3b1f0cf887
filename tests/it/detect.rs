//! `detect` over a served simulator: the event history, alone and beside log files.

use serde_json::{Value, json};

use crate::archive_cases::{gzip, log};
use crate::served::{Served, directory, run};

#[test]
fn the_demo_tells_the_story_of_a_departure() {
    let place = directory();
    let told = run(&place, &["detect", "--demo", "--format", "json"]);
    assert_eq!(told.code, Some(3), "{}", told.stderr);
    let document = told.json();
    let story = document["stories"]
        .as_array()
        .expect("stories")
        .iter()
        .find(|story| story["account"] == "300000000002")
        .expect("the account that was prepared");
    assert_eq!(
        story["title"],
        "guard detached, guard changed, attempt on the guard, account moved, departure"
    );
    let detections = document["detections"].as_array().expect("detections");
    let ids: Vec<&Value> = detections.iter().map(|one| &one["event_id"]).collect();
    for step in story["steps"].as_array().expect("steps") {
        assert!(ids.contains(&&step["event_id"]));
    }
    for one in detections {
        assert_eq!(one["records"][0]["looked_up_in"], "111111111111", "{one}");
        assert_eq!(one["logged_in"], "111111111111");
    }
    let page = run(&place, &["detect", "--demo"]);
    assert!(page.stdout.contains("What belongs together"));
    assert!(
        page.stdout
            .contains("event history of account 111111111111 in us-east-1")
    );
}

#[test]
fn a_record_from_two_sources_is_one() {
    let served = Served::new(org_exit_guard::sim::demo(jiff::Timestamp::now()));
    let alone = served.run(&["detect", "--format", "json"]).json();
    let events = |document: &Value| document["detections"].as_array().expect("a list").clone();
    let left = events(&alone)
        .into_iter()
        .find(|one| one["rule"] == "account-left")
        .expect("a departure");
    let record = json!({
        "eventID": left["event_id"], "eventTime": left["time"], "eventName": left["event"],
        "eventSource": "organizations.amazonaws.com", "awsRegion": "us-east-1",
        "eventType": "AwsServiceEvent", "recipientAccountId": "111111111111",
        "userIdentity": {"invokedBy": "AWS Internal"},
        "serviceEventDetails": {"accountId": left["account"], "departureMethod": "LEFT"},
    });
    let place = directory();
    let file = place.path().join("copied.json.gz");
    std::fs::write(&file, gzip(&log(&[&record.to_string()]))).expect("written");
    let archive = format!("archive:{}", file.display());
    let both = served.run(&[
        "detect", "--source", "lookup", "--source", &archive, "--format", "json",
    ]);
    let both = both.json();
    assert_eq!(events(&both).len(), events(&alone).len());
    let twice = events(&both)
        .into_iter()
        .find(|one| one["event_id"] == left["event_id"])
        .expect("it is still there");
    let place = &twice["records"][0];
    assert_eq!(place["looked_up_in"], "111111111111");
    assert_eq!(place["files"].as_array().expect("files").len(), 1);
    assert_eq!(both["coverage"]["searched"], 1);
    assert_eq!(both["coverage"]["histories"][0]["account"], "111111111111");
}

#[test]
fn a_member_is_told_what_its_history_cannot_show() {
    let served = Served::new(org_exit_guard::sim::demo(jiff::Timestamp::now()));
    let run = served.run_as("200000000001", &["detect", "--format", "json"]);
    assert_eq!(run.code, Some(4), "{}", run.stderr);
    let document = run.json();
    let gaps = document["coverage"]["gaps"].as_array().expect("gaps");
    assert!(
        gaps.iter().any(|gap| gap["reason"] == "not-visible"),
        "{gaps:?}"
    );
    let old = served.run(&["detect", "--since", "91d"]);
    assert_eq!(old.code, Some(2), "{}", old.stderr);
    assert!(old.said().contains("90 days"), "{}", old.stderr);
}
