//! What is printed: widths, ids, hostile text, colors, offline runs, exit codes, documentation.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde_json::Value;

use crate::served::{Run, binary, directory};

fn run(args: &[&str], environment: &[(&str, &str)]) -> Run {
    let directory = directory();
    let mut command = binary(&directory);
    command.args(args).envs(environment.iter().copied());
    Run::of(&command.output().expect("it runs"))
}

const DEMO: [&str; 2] = ["audit", "--demo"];

fn demo_json() -> Value {
    run(&["audit", "--demo", "--format", "json"], &[]).json()
}

/// Account, OU, policy, organization and handshake ids in a document.
fn ids(document: &Value, found: &mut BTreeSet<String>) {
    match document {
        Value::String(text) => {
            let apart = |c: char| !(c.is_ascii_alphanumeric() || c == '-');
            let id = |word: &&str| {
                let account = word.len() == 12 && word.chars().all(|c| c.is_ascii_digit());
                let named = ["ou-", "p-", "o-", "h-"].iter().any(|start| {
                    word.strip_prefix(start).is_some_and(|rest| {
                        rest.len() >= 8 && rest.chars().any(|c| c.is_ascii_digit())
                    })
                });
                account || named
            };
            found.extend(text.split(apart).filter(id).map(str::to_owned));
        }
        Value::Array(items) => items.iter().for_each(|item| ids(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| ids(field, found)),
        _ => {}
    }
}

#[test]
fn no_line_is_too_wide_and_no_id_is_broken() {
    let mut known = BTreeSet::new();
    ids(&demo_json(), &mut known);
    assert!(known.len() > 60, "{}", known.len());
    for width in ["80", "140"] {
        let report = run(&DEMO, &[("COLUMNS", width)]);
        assert_eq!(report.code, Some(3));
        let limit: usize = width.parse().expect("a number");
        for line in report.stdout.lines() {
            assert!(org_exit_guard::report::text::width(line) <= limit, "{line}");
        }
        // An id that stands in the text once all line ends are taken out, but not before, was broken.
        let joined: String = report.stdout.lines().map(str::trim).collect();
        let mut shown = 0;
        for id in &known {
            let whole = report.stdout.matches(id.as_str()).count();
            let all = joined.matches(id.as_str()).count();
            assert!(whole >= all, "{id} is broken at {width}");
            shown += usize::from(whole > 0);
        }
        assert!(shown > 40, "{shown}");
    }
}

/// Reviewed by eye whenever it changes: `cargo insta review`.
#[test]
fn the_demo_report_is_as_it_was_reviewed() {
    let report = run(&DEMO, &[("COLUMNS", "80")]);
    insta::assert_snapshot!("demo-table-80", report.stdout);
}

#[test]
fn hostile_names_do_nothing_and_colors_are_asked_for() {
    let report = run(&DEMO, &[]);
    for text in [&report.stdout, &report.stderr] {
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text}");
    }
    assert!(
        demo_json().to_string().contains("\\u001b"),
        "the demo holds a hostile name"
    );
    let colored = run(&["audit", "--demo", "--color", "always"], &[]);
    assert!(colored.stdout.contains("\u{1b}["));
    let plain = run(&DEMO, &[("NO_COLOR", "1")]);
    assert_eq!(plain.stdout, report.stdout);
}

#[test]
fn a_snapshot_gives_the_same_bytes_without_a_network() {
    let directory = directory();
    let go = |args: &[&str]| {
        let mut command = binary(&directory);
        command
            .args(args)
            .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
        Run::of(&command.output().expect("it runs"))
    };
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/policies/demo.toml");
    // As an audit reads them.
    let taken = go(&["snapshot", "--demo", "--verdicts-only", "-o", "facts.json"]);
    assert_eq!(taken.code, Some(0), "{}", taken.stderr);
    for format in ["json", "table"] {
        let live = go(&["audit", "--demo", "--format", format, "--config", demo]);
        let file = [
            "audit",
            "--snapshot",
            "facts.json",
            "--format",
            format,
            "--config",
            demo,
        ];
        let offline = go(&file);
        assert_eq!((live.code, offline.code), (Some(3), Some(3)));
        assert!(live.stdout == offline.stdout, "{format} differs");
    }
    let both = go(&[
        "audit",
        "--snapshot",
        "facts.json",
        "--config",
        demo,
        "--report",
        "json=a.json",
        "--report",
        "table=a.txt",
    ]);
    assert_eq!(both.code, Some(3));
    let read = |name: &str| std::fs::read_to_string(directory.path().join(name)).expect("written");
    assert!(serde_json::from_str::<Value>(&read("a.json")).is_ok());
    assert_eq!(read("a.txt"), both.stdout);
}

#[test]
fn usage_errors_exit_with_2_and_the_version_is_printed() {
    for args in [
        &["audit", "--nonsense"][..],
        &["audit", "--since", "91d"],
        &["audit", "--report", "json"],
        &["audit", "--format", "pdf"],
        &["audit", "--demo", "--config", "/no/such/file.toml"],
    ] {
        let refused = run(args, &[]);
        assert_eq!(refused.code, Some(2), "{args:?}: {}", refused.stderr);
        assert!(refused.stderr.starts_with("error:"), "{}", refused.stderr);
    }
    let version = run(&["--version"], &[]);
    assert_eq!(
        version.stdout,
        format!("org-exit-guard {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn no_credentials_and_no_endpoint_are_told_with_a_hint() {
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
    ];
    let closed = [keys[0], keys[1], ("AWS_ENDPOINT_URL", "http://127.0.0.1:9")];
    for (environment, words) in [
        (&[][..], "no AWS credentials"),
        (&closed[..], "no usable answer"),
    ] {
        let failed = run(&["audit"], environment);
        assert_eq!(failed.code, Some(1), "{}", failed.stderr);
        let said = failed.said();
        assert!(said.contains(words) && said.contains("hint:"), "{said}");
        assert_eq!(failed.stdout, "");
    }
}

/// The cached token is over; nothing is asked of the network.
#[test]
fn an_expired_sign_in_is_told_with_the_command_that_renews_it() {
    let directory = directory();
    let cache = directory.path().join(".aws/sso/cache");
    std::fs::create_dir_all(&cache).expect("a directory");
    // The file is named after the SHA-1 of the session's name.
    let token = cache.join("ee0bfd2552fbd840c02cc48b6e823320543c450f.json");
    let over = r#"{"accessToken":"t","expiresAt":"2026-01-01T00:00:00Z"}"#;
    std::fs::write(token, over).expect("written");
    let profile = "[profile prod]\nsso_session = corp\nsso_account_id = 111111111111\n\
        sso_role_name = Audit\nregion = us-east-1\n\
        [sso-session corp]\nsso_region = us-east-1\nsso_start_url = http://127.0.0.1:9/start\n";
    std::fs::write(directory.path().join("aws-config"), profile).expect("written");
    let mut command = binary(&directory);
    command.args(["audit", "--profile", "prod"]);
    let failed = Run::of(&command.output().expect("it runs"));
    assert_eq!((failed.code, failed.stdout.as_str()), (Some(1), ""));
    let said = failed.said();
    assert!(said.contains("have expired"), "{said}");
    assert!(said.contains("hint: sign in again with `aws sso login --profile prod`"));
}

#[test]
fn a_report_that_cannot_be_written_names_its_path_and_the_remedy() {
    let report = "json=no/such/place.json";
    let failed = run(&["audit", "--demo", "--report", report], &[]);
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    let said = failed.said();
    assert!(
        said.contains("cannot write report `no/such/place.json`"),
        "{said}"
    );
    assert!(said.contains("hint: give a path in a directory"), "{said}");
    assert!(!said.contains(".tmp"), "{said}");
}

#[test]
fn every_key_of_the_configuration_is_documented() {
    let page = include_str!("../../docs/configuration.md");
    let mut generator = schemars::SchemaGenerator::default();
    let file = org_exit_guard::config::ConfigFile::json_schema(&mut generator);
    let waiver = org_exit_guard::model::settings::Waiver::json_schema(&mut generator);
    let mut keys = BTreeSet::new();
    for schema in [&file, &waiver] {
        let properties = schema.as_value()["properties"].as_object().expect("keys");
        keys.extend(properties.keys().cloned());
    }
    let rows: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .map(str::to_owned)
        .collect();
    assert_eq!(rows, keys);
}

#[test]
fn the_exit_codes_of_the_readme_are_those_of_the_program() {
    let page = include_str!("../../README.md");
    let section = page.split("## Exit codes").nth(1).expect("a section");
    let section = section.split("\n## ").next().expect("a section");
    let rows: Vec<(String, String)> = section
        .lines()
        .filter_map(|line| {
            let (code, meaning) = line
                .strip_prefix("| ")?
                .strip_suffix(" |")?
                .split_once(" | ")?;
            code.parse::<u8>().ok()?;
            Some((code.to_owned(), meaning.replace('`', "")))
        })
        .collect();
    let table = org_exit_guard::cli::Exit::TABLE;
    let table = table.map(|(exit, meaning)| (exit.code().to_string(), meaning.to_owned()));
    assert_eq!(rows, table);
}
