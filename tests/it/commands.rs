//! Exit codes and messages of the commands beside `audit`, by the real binary.

use std::path::Path;

use crate::served::{Served, directory, run};
use crate::support::now;

/// The demo's organization.
const DEMO: &str = "o-bame4bp9aw";

#[test]
fn a_plan_exits_with_5_only_when_asked_to() {
    let place = directory();
    let plan = run(&place, &["remediate", "--demo"]);
    let detailed = run(&place, &["remediate", "--demo", "--detailed-exit-code"]);
    assert_eq!((plan.code, detailed.code), (Some(0), Some(5)));
    assert_eq!(plan.stdout, detailed.stdout);
    assert!(plan.stdout.contains(DEMO), "{}", plan.stdout);
}

#[test]
fn without_confirmation_or_reason_nothing_is_written() {
    for (rest, told) in [
        (&["--reason", "x"][..], "nobody confirmed"),
        (
            &["--reason", "x", "--confirm", "o-wrongwrong1"],
            "`o-wrongwrong1`",
        ),
        (&["--confirm", DEMO], "wants a reason"),
        (&["--confirm", DEMO, "--reason", "  "], "wants a reason"),
    ] {
        let place = directory();
        let args = ["remediate", "--demo", "--apply", "--state-dir", "state"];
        let refused = run(&place, &[&args, rest].concat());
        assert_eq!(refused.code, Some(6), "{rest:?}: {refused:?}");
        let said = refused.said();
        assert!(said.contains(told), "{said}");
        assert!(said.contains("nothing was changed hint: "), "{said}");
        assert_eq!(refused.stdout, "");
        assert!(!place.path().join("state").exists(), "{rest:?}: no journal");
    }
}

#[test]
fn a_confirmed_plan_is_applied_and_kept_in_the_journal() {
    let place = directory();
    let confirmed = [
        "--confirm",
        DEMO,
        "--reason",
        "SEC-1",
        "--state-dir",
        "state",
    ];
    let applied = run(
        &place,
        &[&["remediate", "--demo", "--apply"], &confirmed[..]].concat(),
    );
    assert_eq!(applied.code, Some(0), "{applied:?}");
    let runs = std::fs::read_dir(place.path().join("state/demo/runs")).expect("runs");
    let runs: Vec<_> = runs.map(|one| one.expect("an entry").path()).collect();
    let [only] = runs.as_slice() else {
        panic!("one run, not {runs:?}");
    };
    let journal = std::fs::read_to_string(only.join("journal.jsonl")).expect("a journal");
    assert!(journal.contains("SEC-1"), "the reason is kept: {journal}");
}

#[test]
fn a_snapshot_that_cannot_be_trusted_is_told_apart() {
    let place = directory();
    let taken = run(&place, &["snapshot", "--demo", "-o", "facts.json"]);
    assert_eq!(taken.code, Some(0), "{taken:?}");
    let facts = std::fs::read_to_string(place.path().join("facts.json")).expect("written");
    let replaced = |from: &str, to: &str| {
        let other = facts.replacen(from, to, 1);
        assert_ne!(other, facts, "`{from}` stands there");
        other
    };
    let newer = replaced(r#""format_version": 1"#, r#""format_version": 99"#);
    let edited = replaced(r#""name": "Management""#, r#""name": "Somebody""#);
    let unknown = replaced(
        r#""format_version": 1"#,
        r#""format_version": 1, "more": 1"#,
    );
    for (content, told, hint) in [
        (None, "cannot read snapshot", "snapshot -o FILE"),
        (Some(String::new()), "is cut short", "take a new one"),
        (
            Some(facts[..3000].to_owned()),
            "is cut short",
            "take a new one",
        ),
        (
            Some("<html>".to_owned()),
            "is not a snapshot",
            "take a new one",
        ),
        (Some(unknown), "unknown field `more`", "take a new one"),
        (
            Some(edited),
            "was changed after it was written",
            "take a new one",
        ),
        (Some(newer), "format version 99", "update org-exit-guard"),
    ] {
        let path = place.path().join("bad.json");
        if let Some(content) = &content {
            std::fs::write(&path, content).expect("written");
        }
        let failed = run(&place, &["audit", "--snapshot", "bad.json"]);
        assert_eq!(failed.code, Some(1), "{told}: {failed:?}");
        let said = failed.said();
        assert!(said.starts_with("error: ") && said.contains(told), "{said}");
        assert!(said.contains("hint: ") && said.contains(hint), "{said}");
        assert_eq!(failed.stdout, "", "{told}");
    }
}

#[cfg(unix)]
#[test]
fn a_snapshot_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let place = directory();
    run(&place, &["snapshot", "--demo", "-o", "facts.json"]);
    let facts = std::fs::metadata(place.path().join("facts.json")).expect("written");
    assert_eq!(facts.permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_old_snapshot_gives_the_verdicts_that_it_gave() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/formats/snapshot-v1.json");
    let path = path.to_str().expect("UTF-8");
    let place = directory();
    let report = run(&place, &["audit", "--snapshot", path, "--format", "json"]).json();
    let count = |row: &serde_json::Value, word: &str| row[word].as_u64().expect("a count");
    let rows = report["paths"].as_array().expect("rows");
    let rows = rows.iter().map(|row| {
        let counts =
            ["blocked", "conditional", "open", "undetermined"].map(|word| count(row, word));
        (row["path"].as_str().expect("a path"), counts)
    });
    assert_eq!(
        rows.collect::<Vec<_>>(),
        [
            ("leave", [16, 6, 14, 0]),
            ("direct-transfer", [9, 6, 14, 7]),
            ("self-closure", [9, 0, 27, 0]),
        ]
    );
}

#[test]
fn the_report_in_a_file_is_the_one_on_the_standard_output() {
    let place = directory();
    let args = [
        "audit",
        "--demo",
        "--format",
        "json",
        "--report",
        "json=report.json",
    ];
    let report = run(&place, &args);
    assert_eq!(report.code, Some(3));
    let kept = std::fs::read_to_string(place.path().join("report.json")).expect("written");
    assert!(kept == report.stdout, "they differ");
    let both = run(&place, &["audit", "--demo", "--snapshot", "report.json"]);
    assert_eq!(both.code, Some(2), "{both:?}");
}

#[test]
fn the_catalogs_know_their_entries_and_no_others() {
    let place = directory();
    for (list, id) in [("rules", "leave-organization-open"), ("paths", "leave")] {
        let all = run(&place, &[list]);
        let one = run(&place, &[list, id]);
        assert_eq!((all.code, one.code), (Some(0), Some(0)));
        assert!(all.stdout.contains(id) && one.stdout.starts_with(id));
        let unknown = run(&place, &[list, "nonsense"]);
        assert_eq!(unknown.code, Some(2));
        let said = unknown.said();
        assert!(said.contains("`nonsense`"), "{said}");
        assert!(
            said.ends_with(&format!("hint: org-exit-guard {list}")),
            "{said}"
        );
    }
}

#[test]
fn no_command_prints_a_line_that_is_too_wide() {
    let place = directory();
    let rules = org_exit_guard::flows::rule_ids();
    let ids = rules.of_findings.iter().chain(&rules.of_events);
    let single = ids.map(|id| vec!["rules", *id]);
    let paths = org_exit_guard::exits::PATHS.into_iter();
    let paths = paths.map(|path| vec!["paths", path.id.as_str()]);
    let fixed = [
        vec!["rules"],
        vec!["paths"],
        vec!["remediate", "--demo"],
        vec!["remediate", "--demo", "--reinvite", "300000000001"],
    ];
    for args in fixed.into_iter().chain(single).chain(paths) {
        let page = run(&place, &args);
        assert_eq!(page.code, Some(0), "{args:?}: {}", page.stderr);
        for line in page.stdout.lines() {
            // A web address is not broken, nor is a command: both must be copied whole.
            let starts = |with| line.trim_start().starts_with(with);
            let whole = starts("https://") || starts("org-exit-guard ");
            let wide = org_exit_guard::report::text::width(line) > 80;
            assert!(whole || !wide, "{args:?}: {line}");
        }
    }
}

#[test]
fn doctor_keeps_a_transcript_without_secrets() {
    let served = Served::new(org_exit_guard::sim::demo(now()));
    let place = directory();
    let path = place.path().join("wire.jsonl");
    let doctor = served.run(&["doctor", "--record", path.to_str().expect("UTF-8")]);
    assert_eq!(doctor.code, Some(0), "{}", doctor.stderr);
    let text = std::fs::read_to_string(&path).expect("written");
    let calls: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let answered = |operation: &str| {
        calls
            .iter()
            .any(|call| call["operation"] == operation && call["status"] == 200)
    };
    for operation in [
        "sts:GetCallerIdentity",
        "organizations:DescribeOrganization",
        "organizations:ListAccounts",
        "cloudtrail:LookupEvents",
    ] {
        assert!(answered(operation), "{operation}: {text}");
    }
    let keys = served
        .simulator
        .keys_of(&served.simulator.world().management);
    for secret in [
        keys.access_key_id,
        keys.secret_access_key,
        "@example".to_owned(),
    ] {
        assert!(!text.contains(&secret), "{secret}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path)
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
