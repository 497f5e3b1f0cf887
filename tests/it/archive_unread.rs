//! What of an archive gives no answer, so that "no event found" is never said of nothing.

use std::path::Path;

use crate::archive_cases::{gzip, log, needle, noise};
use crate::served::{Run, binary, directory, run};

fn detect(place: &tempfile::TempDir, more: &[&str]) -> Run {
    let mut command = binary(place);
    command.env("COLUMNS", "300").args(["detect"]);
    let window = ["--since", "2026-11-20", "--until", "2026-11-20T23:59:59Z"];
    let given = more.contains(&"--since");
    command.args(window.iter().filter(|_| !given)).args(more);
    Run::of(&command.output().expect("it runs"))
}

/// A log file of an account in a place of its own, without a match.
fn put(place: &tempfile::TempDir, root: &str, account: &str, text: &[u8]) {
    let folder = format!("{root}/AWSLogs/{account}/CloudTrail/us-east-1/2026/11/20");
    let folder = place.path().join(folder);
    std::fs::create_dir_all(&folder).expect("made");
    let name = format!("{account}_CloudTrail_us-east-1_20261120T1005Z_AbCdEf123.json.gz");
    std::fs::write(folder.join(name), gzip(text)).expect("written");
}

fn write(place: &tempfile::TempDir, name: &str, bytes: &[u8]) {
    let path = place.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).expect("made");
    std::fs::write(path, bytes).expect("written");
}

#[test]
fn an_archive_of_which_nothing_was_searched_gives_no_answer() {
    let place = directory();
    put(&place, "logs", "222222222222", &log(&[&noise(0, 4)]));
    write(&place, "notes/readme.txt", b"where the logs are");
    let searched = detect(&place, &["--source", "archive:logs"]);
    assert_eq!(searched.code, Some(0), "{searched:?}");
    for (more, told) in [
        (
            &["--source", "archive:logs", "--account", "999999999999"][..],
            "1 folders and 0 files left out by rule account",
        ),
        (
            &[
                "--source",
                "archive:logs",
                "--since",
                "2026-11-22",
                "--until",
                "2026-11-23",
            ],
            "left out by rule delivered-before",
        ),
        (&["--source", "archive:notes"], "1 not log files"),
        // The other archive's answer is none for this one.
        (
            &["--source", "archive:logs", "--source", "archive:notes"],
            "1 not log files",
        ),
    ] {
        let table = detect(&place, more);
        assert_eq!(table.code, Some(4), "{more:?} {table:?}");
        let sentence = "no file of this archive was searched: ";
        assert!(table.stdout.contains("Could not be read"), "{more:?}");
        assert!(
            table.stdout.contains(sentence) && table.stdout.contains(told),
            "{more:?} {}",
            table.stdout
        );
        let json = detect(&place, &[more, &["--format", "json"]].concat()).json();
        let paths = json["coverage"]["not_searched"].as_array().expect("a list");
        assert_eq!(paths.len(), 1, "{json}");
        assert!(paths[0]["reason"].as_str().expect("why").contains(told));
        assert_eq!(json["counts"]["could_not_tell"], 1);
        let accepted = detect(&place, &[more, &["--allow-gaps"]].concat());
        assert_eq!(accepted.code, Some(0), "{more:?}");
    }
}

#[test]
fn files_that_are_no_logs_are_named_and_those_that_may_be_are_unread() {
    let place = directory();
    put(&place, "logs", "222222222222", &log(&[&noise(0, 4)]));
    write(&place, "logs/notes.txt", b"eventName is what to look for");
    write(&place, "logs/other.json", b"{\"a\":1}");
    let run = detect(&place, &["--source", "archive:logs", "--format", "json"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let coverage = &run.json()["coverage"];
    assert_eq!(coverage["not_log_files"], 2);
    assert_eq!(
        coverage["not_logs"],
        serde_json::json!(["logs/notes.txt", "logs/other.json"])
    );
    let table = detect(&place, &["--source", "archive:logs"]);
    let named = "not log files: 2 logs/notes.txt logs/other.json";
    assert!(table.stdout.contains(named), "{}", table.stdout);

    put(&place, "logs", "333333333333", b"hello");
    let wrapped = format!("{{\"answer\":{{\"hits\":[{}]}}}}", needle("w/1"));
    write(&place, "logs/wrapped.json", wrapped.as_bytes());
    let run = detect(&place, &["--source", "archive:logs"]);
    assert_eq!(run.code, Some(4), "{run:?}");
    for told in [
        "AbCdEf123.json.gz: named as a log file, but holds no list of records",
        "logs/wrapped.json: not a log file, but holds `eventName`; its records were not read",
    ] {
        assert!(run.stdout.contains(told), "{told} {}", run.stdout);
    }
}

#[test]
fn saved_answers_of_the_event_history_are_read() {
    let place = directory();
    let event = |id: &str| {
        serde_json::json!({"EventId": id, "EventName": "LeaveOrganization",
            "CloudTrailEvent": needle(id)})
    };
    let saved = serde_json::json!({"Events": [event("saved/1"), event("saved/2")]});
    write(&place, "logs/saved.json", format!("{saved:#}").as_bytes());
    write(
        &place,
        "logs/line.jsonl",
        event("line/1").to_string().as_bytes(),
    );
    let run = detect(&place, &["--source", "archive:logs", "--format", "json"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    let json = run.json();
    assert_eq!(json["detections"].as_array().expect("a list").len(), 3);
    let noted = json["coverage"]["noted"].as_array().expect("a list");
    assert!(
        noted[0]["what"]
            .as_str()
            .expect("text")
            .contains("lookup-events")
    );
    assert!(!run.stdout.contains("canary-token"), "secrets are cut out");

    // An event without its record is named.
    let cut = saved.to_string().replace("\"{\\\"eventVersion", "\"cut: {");
    write(&place, "cut/saved.json", cut.as_bytes());
    let run = detect(&place, &["--source", "archive:cut"]);
    assert_eq!(run.code, Some(4), "{run:?}");
    let told = "an event whose `CloudTrailEvent` is no record";
    assert!(run.stdout.contains(told), "{}", run.stdout);
}

#[test]
fn known_members_without_a_file_are_named() {
    let place = directory();
    let made = run(&place, &["snapshot", "--demo", "--output", "facts.json"]);
    assert!(made.code == Some(0) || made.code == Some(4), "{made:?}");
    put(&place, "logs", "111111111111", &log(&[&noise(0, 4)]));
    let source = ["--source", "archive:logs", "--snapshot", "facts.json"];
    let json = |more: &[&str]| detect(&place, &[&source[..], more, &["--format", "json"]].concat());
    let all = json(&[]);
    assert_eq!(all.code, Some(0), "it is no gap: {all:?}");
    let facts = std::fs::read_to_string(place.path().join("facts.json")).expect("a file");
    let facts: serde_json::Value = serde_json::from_str(&facts).expect("JSON");
    let missing = all.json()["coverage"]["accounts_without_files"].clone();
    let missing = missing.as_array().expect("a list").clone();
    assert!(missing.len() > 2, "{missing:?}");
    assert!(!missing.contains(&"111111111111".into()), "{missing:?}");
    for id in &missing {
        assert!(facts.to_string().contains(id.as_str().expect("an id")));
    }
    let table = detect(&place, &source);
    let told = format!("accounts without a file: {} ", missing.len());
    assert!(table.stdout.contains(&told), "{}", table.stdout);
    // Only who was asked for.
    let one = json(&["--account", "111111111111"]);
    assert_eq!(
        one.json()["coverage"]["accounts_without_files"],
        serde_json::json!([])
    );
}

#[test]
fn one_id_in_two_different_records_is_noted_and_the_worse_one_stays() {
    let refused = needle("twin").replace(
        "\"requestParameters\"",
        "\"errorCode\":\"AccessDenied\",\"requestParameters\"",
    );
    for order in [["a.json", "b.json"], ["b.json", "a.json"]] {
        let place = directory();
        write(&place, &format!("logs/{}", order[0]), &log(&[&refused]));
        write(
            &place,
            &format!("logs/{}", order[1]),
            &log(&[&needle("twin")]),
        );
        let run = detect(&place, &["--source", "archive:logs", "--format", "json"]);
        assert_eq!(run.code, Some(3), "{run:?}");
        let json = run.json();
        let found = json["detections"].as_array().expect("a list");
        assert!(
            found.iter().any(|one| one["outcome"] == "succeeded"),
            "{json}"
        );
        let noted = json["coverage"]["noted"].as_array().expect("a list");
        let told = "event id `twin` stands in 2 different records: LeaveOrganization";
        assert!(
            noted[0]["what"].as_str().expect("text").starts_with(told),
            "{noted:?}"
        );
        assert_eq!(noted[0]["path"], "logs/a.json and logs/b.json");
    }
}
