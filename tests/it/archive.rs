//! Archives of log files: what is found, what is named, what is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use org_exit_guard::model::{AccountId, Silent};
use org_exit_guard::trail::archive::{Caps, NotScanned, Query, Scanned, Search, Window, scan};

use crate::archive_cases::{Case, cases, gzip, log, needle, noise, write};
use crate::served::{Run, binary, directory};

fn query(accounts: &[&str]) -> Query {
    let window = Window {
        since: "2026-11-20T00:00:00Z".parse().expect("a time"),
        until: "2026-11-21T00:00:00Z".parse().expect("a time"),
        margin_hours: 24,
    };
    let accounts = accounts.iter().map(|id| id.parse().expect("an id"));
    Query::exits(window, accounts.collect())
}

fn search(roots: &[PathBuf], query: &Query, workers: usize) -> Result<Scanned, NotScanned> {
    let search = Search {
        roots,
        query,
        all_regions: false,
        caps: Caps {
            held: 1 << 20,
            stream: 32 << 20,
        },
        workers,
    };
    scan(&search, &AtomicBool::new(false), &Silent)
}

fn ids(scanned: &Scanned) -> BTreeSet<String> {
    let found = scanned.found.iter();
    found.map(|one| one.record.event_id.clone()).collect()
}

fn short(path: &str) -> String {
    let name = path.rsplit('/').next().expect("a name");
    name.strip_suffix(".json.gz").unwrap_or(name).to_owned()
}

#[test]
fn every_odd_file_gives_what_it_holds_and_every_damaged_one_is_named() {
    let place = directory();
    let cases = cases();
    assert!(cases.len() >= 32, "{}", cases.len());
    write(&cases, place.path());
    for workers in [1, 3] {
        let scanned = search(&[place.path().to_owned()], &query(&[]), workers).expect("it scans");
        let coverage = &scanned.coverage;
        let wanted: BTreeSet<String> = cases.iter().flat_map(|case| case.found.clone()).collect();
        assert_eq!(ids(&scanned), wanted);
        let reasons: BTreeMap<String, &str> = coverage
            .damaged
            .iter()
            .map(|one| (short(&one.path), one.reason.as_str()))
            .collect();
        let notes: BTreeMap<String, &str> = coverage
            .noted
            .iter()
            .map(|one| (short(&one.path), one.what.as_str()))
            .collect();
        for Case {
            name,
            damaged,
            noted,
            ..
        } in &cases
        {
            let reason = reasons.get(*name).copied();
            assert_eq!(reason.is_some(), damaged.is_some(), "{name}: {reason:?}");
            assert!(
                reason
                    .unwrap_or_default()
                    .contains(damaged.unwrap_or_default()),
                "{name}: {reason:?}"
            );
            let note = notes.get(*name).copied();
            // The bomb is noted as one as well.
            if *name != "bomb" && *name != "huge-record" {
                assert_eq!(note.is_some(), noted.is_some(), "{name}: {note:?}");
            }
            assert!(
                note.unwrap_or_default().contains(noted.unwrap_or_default()),
                "{name}: {note:?}"
            );
        }
        let not_logs = cases.iter().filter(|case| case.not_log).count();
        assert_eq!(coverage.not_log_files, not_logs as u64);
        let unsearched = coverage
            .damaged
            .iter()
            .filter(|one| one.bytes_searched == 0)
            .count();
        assert_eq!(coverage.files_seen, cases.len() as u64);
        assert_eq!(
            coverage.files_seen,
            coverage.searched + coverage.not_log_files + unsearched as u64
        );
        assert_eq!((coverage.over_cap, coverage.unparsed.len()), (1, 0));
        assert_eq!(coverage.unplaced, cases.len() as u64);
    }
}

/// Puts a log file with one needle at a place in the layout.
fn put(root: &Path, folder: &str, name: &str, id: &str) {
    let folder = root.join(folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    let records = [noise(0, 2), needle(id)];
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    std::fs::write(folder.join(name), gzip(&log(&records))).expect("written");
}

fn named(account: &str, region: &str, minute: &str) -> String {
    format!("{account}_CloudTrail_{region}_{minute}_AbCdEf123.json.gz")
}

/// Both layouts, other regions, days, accounts, siblings, and copies without any layout.
fn tree(root: &Path) {
    let (a, b) = ("222222222222", "333333333333");
    for (base, account) in [("x/AWSLogs/o-exampleorg1", a), ("AWSLogs", b)] {
        for (region, day, minute) in [
            ("us-east-1", "2026/11/20", "20261120T1005Z"),
            ("us-east-1", "2026/11/21", "20261121T2300Z"),
            ("us-east-1", "2026/11/19", "20261119T1005Z"),
            ("us-east-1", "2026/11/23", "20261123T1005Z"),
            ("us-east-1", "2025/11/20", "20251120T1005Z"),
            ("eu-west-1", "2026/11/20", "20261120T1005Z"),
        ] {
            let folder = format!("{base}/{account}/CloudTrail/{region}/{day}");
            put(
                root,
                &folder,
                &named(account, region, minute),
                &format!("{account}-{region}-{minute}"),
            );
        }
        let digest = format!("{base}/{account}/CloudTrail-Digest/us-east-1/2026/11/20");
        put(root, &digest, "x.json.gz", "digest");
    }
    let day = "AWSLogs/333333333333/CloudTrail/us-east-1/2026/11/20";
    put(
        root,
        day,
        &named(b, "us-east-1", "20261119T2358Z"),
        "late-name",
    );
    put(root, "", "renamed.gz", "renamed");
    put(root, "", &named(a, "us-east-1", "20261120T1200Z"), "flat");
    put(
        root,
        "",
        &named(a, "eu-west-1", "20261120T1200Z"),
        "flat-elsewhere",
    );
    put(
        root,
        "",
        "222222222222_CloudTrail-Insight_us-east-1_20261120T1200Z_x.json.gz",
        "insight",
    );
    put(
        root,
        "222222222222/CloudTrail-Insight",
        "y.json.gz",
        "insights",
    );
    put(root, "CloudTrail-saved", "z.json.gz", "saved");
}

fn pruned(scanned: &Scanned) -> Vec<(&str, u64, u64)> {
    let pruned = scanned.coverage.pruned.iter();
    pruned
        .map(|one| (one.rule.as_str(), one.folders, one.files))
        .collect()
}

#[test]
fn folders_and_names_are_pruned_by_rule_and_counted() {
    let place = directory();
    tree(place.path());
    let root = [place.path().to_owned()];
    let scanned = search(&root, &query(&[]), 2).expect("it scans");
    let wanted = [
        "222222222222-us-east-1-20261120T1005Z",
        "222222222222-us-east-1-20261121T2300Z",
        "333333333333-us-east-1-20261120T1005Z",
        "333333333333-us-east-1-20261121T2300Z",
        "flat",
        "renamed",
        "saved",
    ];
    assert_eq!(ids(&scanned), wanted.map(str::to_owned).into());
    assert_eq!(
        pruned(&scanned),
        [
            ("region", 2, 1),
            ("delivered-before", 4, 1),
            ("delivered-after", 2, 0),
            ("digest", 2, 0),
            ("insight", 1, 1),
        ]
    );
    let coverage = &scanned.coverage;
    assert_eq!(
        (coverage.files_seen, coverage.searched, coverage.unplaced),
        (10, 7, 2)
    );
    assert!(coverage.is_complete());
    assert_eq!(coverage.regions, ["us-east-1"]);
    assert_eq!(coverage.accounts.len(), 2);
    assert!(coverage.days_without_files.is_empty());

    // With an account, the folders of others are not entered; a renamed copy may be anybody's.
    let scanned = search(&root, &query(&["333333333333"]), 1).expect("it scans");
    assert!(
        pruned(&scanned).contains(&("account", 1, 2)),
        "{:?}",
        pruned(&scanned)
    );
    // Every needle was logged in the other account, whatever folder it was put into.
    assert!(scanned.found.is_empty());
}

#[test]
fn what_has_no_file_is_told() {
    let place = directory();
    let day = "AWSLogs/222222222222/CloudTrail/us-east-1/2026/11";
    put(
        place.path(),
        &format!("{day}/20"),
        &named("222222222222", "us-east-1", "20261120T1005Z"),
        "a",
    );
    std::fs::create_dir_all(
        place
            .path()
            .join("AWSLogs/444444444444/CloudTrail/us-east-1"),
    )
    .expect("made");
    let root = [place.path().to_owned()];
    let scanned = search(&root, &query(&["222222222222", "555555555555"]), 1).expect("it scans");
    let coverage = &scanned.coverage;
    assert_eq!(coverage.days_without_files, ["2026-11-21"]);
    let missing: Vec<&str> = coverage
        .accounts_without_files
        .iter()
        .map(AccountId::as_str)
        .collect();
    assert_eq!(missing, ["555555555555"]);
    // The layout counts although the root lies within it.
    let scanned = search(&[place.path().join(day)], &query(&[]), 1).expect("it scans");
    assert_eq!(scanned.found.len(), 1);
    assert_eq!(scanned.coverage.unplaced, 0);
    let empty = search(&[place.path().join("AWSLogs/444444444444")], &query(&[]), 1);
    assert!(
        matches!(empty, Err(NotScanned::Nothing { .. })),
        "{empty:?}"
    );
}

#[test]
fn a_record_delivered_twice_counts_once_and_a_forged_twin_hides_nothing() {
    let place = directory();
    put(place.path(), "a", "1.json.gz", "same");
    put(place.path(), "b", "2.json.gz", "same");
    let forged = needle("same").replace("LeaveOrganization", "AcceptHandshake");
    std::fs::write(place.path().join("0.json"), log(&[&forged])).expect("written");
    let scanned = search(&[place.path().to_owned()], &query(&[]), 2).expect("it scans");
    let names: BTreeSet<&str> = scanned
        .found
        .iter()
        .map(|one| one.record.name.as_str())
        .collect();
    assert_eq!(names, ["AcceptHandshake", "LeaveOrganization"].into());
    assert_eq!(scanned.coverage.duplicates, 1);
    let twice = scanned.found.iter().find(|one| one.files.len() == 2);
    assert_eq!(
        twice.expect("delivered twice").record.name,
        "LeaveOrganization"
    );
}

#[cfg(unix)]
#[test]
fn links_are_not_followed_out_of_the_archive() {
    let (place, outside) = (directory(), directory());
    put(outside.path(), "", "x.json.gz", "outside");
    put(place.path(), "real", "y.json.gz", "inside");
    std::os::unix::fs::symlink(outside.path(), place.path().join("out")).expect("a link");
    std::os::unix::fs::symlink(place.path().join("real"), place.path().join("in")).expect("a link");
    let scanned = search(&[place.path().to_owned()], &query(&[]), 1).expect("it scans");
    assert_eq!(ids(&scanned), ["inside".to_owned()].into());
    let [damaged] = scanned.coverage.damaged.as_slice() else {
        panic!("{:?}", scanned.coverage.damaged);
    };
    assert!(damaged.reason.contains("link") && damaged.path.ends_with("out"));
}

fn detect(place: &tempfile::TempDir, more: &[&str]) -> Run {
    let window = ["--since", "2026-11-20", "--until", "2026-11-20T23:59:59Z"];
    let mut command = binary(place);
    command
        .env("COLUMNS", "200")
        .args(["detect"])
        .args(window)
        .args(more);
    Run::of(&command.output().expect("it runs"))
}

#[test]
fn the_command_lists_records_and_names_what_it_could_not_read() {
    let place = directory();
    let logs = place.path().join("logs");
    std::fs::create_dir(&logs).expect("made");
    let cases: Vec<Case> = cases()
        .into_iter()
        .filter(|case| case.name != "bomb")
        .collect();
    write(&cases, &logs);
    let run = detect(&place, &["--source", "archive:logs", "--format", "json"]);
    assert_eq!(run.code, Some(4), "{}", run.stderr);
    assert!(!run.stdout.contains("canary-token"), "secrets are cut out");
    let document = run.json();
    let records: BTreeSet<String> = document["detections"]
        .as_array()
        .expect("a list")
        .iter()
        .flat_map(|one| one["records"].as_array().expect("a list"))
        .map(|record| {
            let files = record["files"].as_array().expect("files");
            assert!(files[0].as_str().expect("a path").starts_with("logs/"));
            record["event_id"].as_str().expect("an id").to_owned()
        })
        .collect();
    let wanted: BTreeSet<String> = cases.iter().flat_map(|case| case.found.clone()).collect();
    assert_eq!(records, wanted);
    let damaged = document["coverage"]["damaged"].as_array().expect("a list");
    let bad = cases.iter().filter(|case| case.damaged.is_some()).count();
    assert_eq!(damaged.len(), bad);
    assert_eq!(document["coverage"]["files_seen"], cases.len());

    let table = detect(&place, &["--source", "archive:logs", "--allow-gaps"]);
    assert_eq!(table.code, Some(3), "{}", table.stderr);
    for case in cases.iter().filter(|case| case.damaged.is_some()) {
        assert!(
            table
                .stdout
                .contains(&format!("logs/{}.json.gz: ", case.name)),
            "{}",
            case.name
        );
    }
    assert!(
        table
            .stdout
            .contains("records from 2026-11-20T00:00:00Z to 2026-11-20T23:59:59Z")
    );
    assert!(
        table
            .stdout
            .contains("AccountDepartedOrganization and AccountJoinedOrganization exist since")
    );
}

#[test]
fn a_complete_search_without_a_match_is_0_and_hostile_text_is_shown_escaped() {
    let place = directory();
    std::fs::write(place.path().join("a.json"), log(&[&noise(0, 5)])).expect("written");
    let none = detect(&place, &["--source", "archive:a.json"]);
    assert_eq!(none.code, Some(0), "{none:?}");
    assert!(none.stdout.contains("no event found"), "{}", none.stdout);

    let hostile = needle("h").replace("\"cli\"", r#""\u001b[2Jgone\u202e""#);
    std::fs::write(place.path().join("b.json"), log(&[&hostile])).expect("written");
    let shown = detect(
        &place,
        &["--source", "archive:b.json", "--source", "archive:a.json"],
    );
    assert_eq!(shown.code, Some(3));
    assert!(
        shown.stdout.contains("\\u{1b}[2Jgone\\u{202e}"),
        "{}",
        shown.stdout
    );

    let unreadable = needle("u").replace("2026-11-20T10:00:00Z", "yesterday");
    std::fs::write(place.path().join("c.json"), log(&[&unreadable])).expect("written");
    let unread = detect(&place, &["--source", "archive:c.json"]);
    assert_eq!(unread.code, Some(4));
    assert!(
        unread
            .stdout
            .contains("c.json: record `u` has no usable `eventTime`"),
        "{}",
        unread.stdout
    );
}

#[test]
fn an_absent_or_empty_archive_says_how_to_fetch_one() {
    let place = directory();
    std::fs::create_dir(place.path().join("empty")).expect("made");
    let command = "aws s3 sync s3://BUCKET/AWSLogs/o-ORGID";
    for (source, told) in [
        ("archive:gone", "cannot read archive `gone`"),
        ("archive:empty", "archive `empty` holds no files"),
    ] {
        let run = detect(&place, &["--source", source]);
        assert_eq!(run.code, Some(1));
        assert!(
            run.stderr.contains(told) && run.stderr.contains(command),
            "{}",
            run.stderr
        );
    }
    let args = [
        "--source",
        "archive:logs",
        "--print-sync",
        "--bucket",
        "b",
        "--organization",
        "o-exampleorg1",
        "--account",
        "222222222222",
    ];
    let printed = detect(&place, &args);
    assert_eq!(printed.code, Some(0), "{}", printed.stderr);
    assert_eq!(
        printed.stdout,
        "aws s3 sync s3://b/AWSLogs/o-exampleorg1/222222222222/CloudTrail \
         logs/AWSLogs/o-exampleorg1/222222222222/CloudTrail --exclude '*' \
         --include 'us-east-1/2026/11/20/*' --include 'us-east-1/2026/11/21/*'\n"
    );
    for bad in [
        &["--source", "lookups"][..],
        &["--source", "archive:"],
        &["--source", "archive:x", "--since", "soon"],
        &["--source", "archive:x", "--since", "2027-01-01"],
    ] {
        assert_eq!(detect_plain(&place, bad).code, Some(2), "{bad:?}");
    }
}

fn detect_plain(place: &tempfile::TempDir, args: &[&str]) -> Run {
    let mut command = binary(place);
    Run::of(&command.arg("detect").args(args).output().expect("it runs"))
}
