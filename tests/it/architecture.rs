//! Holds the source to the table of rooms: who may use whom.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Room, and the rooms that it may use; what those may use, it may use too.
///
/// Two additions to the table in CONTRIBUTING.md: `collect` reads records through `trail`, and
/// the table of operations lies in `model`, because `sim` reads it as well as `aws`.
const ROOMS: [(&str, &[&str]); 19] = [
    ("model", &[]),
    ("scp", &["model"]),
    ("evaluate", &["scp"]),
    ("prove", &["scp"]),
    ("exits", &["model"]),
    ("verdict", &["prove", "evaluate", "exits"]),
    ("alarm", &["scp", "exits"]),
    ("inspect", &["verdict"]),
    ("trail", &["model", "exits"]),
    ("audit", &["verdict", "alarm"]),
    ("detect", &["trail", "verdict"]),
    ("plan", &["audit", "detect"]),
    ("aws", &["model"]),
    ("collect", &["aws", "verdict", "trail", "alarm"]),
    ("apply", &["aws", "plan", "collect"]),
    ("emit", &["plan", "detect"]),
    ("report", &["audit", "detect", "plan", "inspect"]),
    ("config", &["model"]),
    ("sim", &["model", "scp", "evaluate", "exits"]),
];

/// These stand above all others.
const ABOVE: [&str; 2] = ["flows", "cli"];

/// No async, no clock, no file system, no environment.
const PURE: [&str; 12] = [
    "model", "scp", "evaluate", "prove", "exits", "verdict", "alarm", "inspect", "trail", "audit",
    "detect", "plan",
];

struct Source {
    path: String,
    room: String,
    lines: usize,
    /// Without comments and without what only tests see.
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files.sort();
    assert!(files.len() > 100, "the source was found");
    files
        .into_iter()
        .filter_map(|file| {
            let path = file.strip_prefix(&root).expect("below src").to_owned();
            let path = path.to_str().expect("UTF-8").replace('\\', "/");
            let only_tests = ["tests.rs", "testing.rs", "fixture.rs"];
            if path.contains("/tests/") || only_tests.iter().any(|name| path.ends_with(name)) {
                return None;
            }
            let text = std::fs::read_to_string(&file).expect("readable");
            let code = text.split("#[cfg(test)]\nmod tests {").next();
            let code: Vec<&str> = code
                .expect("a first part")
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect();
            Some(Source {
                room: path.split(['/', '.']).next().expect("a room").to_owned(),
                lines: text.lines().count(),
                code: code.join("\n"),
                path,
            })
        })
        .collect()
}

fn walk(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            files.push(path);
        }
    }
}

fn allowed(room: &str) -> BTreeSet<&'static str> {
    let table: BTreeMap<_, _> = ROOMS.into_iter().collect();
    let mut allowed = BTreeSet::new();
    let mut open: Vec<&'static str> = table[room].to_vec();
    while let Some(next) = open.pop() {
        if allowed.insert(next) {
            open.extend(table[next]);
        }
    }
    allowed
}

/// The words that stand behind `prefix`.
fn behind<'a>(code: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    code.match_indices(prefix).filter_map(|(at, _)| {
        let boundary = code[..at].chars().next_back();
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if boundary.is_some_and(word) {
            return None;
        }
        let rest = &code[at + prefix.len()..];
        Some(&rest[..rest.find(|c| !word(c)).unwrap_or(rest.len())])
    })
}

fn violations(test: impl Fn(&Source) -> Vec<String>) -> Vec<String> {
    let found = sources();
    let all = found.iter().flat_map(|source| {
        let path = source.path.clone();
        test(source)
            .into_iter()
            .map(move |what| format!("{path}: {what}"))
    });
    all.collect()
}

fn names(source: &Source, words: &[&str]) -> Vec<String> {
    let found = words
        .iter()
        .filter(|word| behind(&source.code, word).next().is_some());
    found.map(|word| (*word).to_owned()).collect()
}

#[test]
fn a_room_uses_only_what_stands_below_it() {
    let rooms: BTreeSet<&str> = ROOMS.iter().map(|row| row.0).chain(ABOVE).collect();
    let mut uses = 0;
    let seen: BTreeSet<String> = sources().into_iter().map(|one| one.room).collect();
    for room in &rooms {
        assert!(seen.contains(*room), "there is a room `{room}`");
    }
    for room in &seen {
        let known = rooms.contains(room.as_str()) || ["lib", "main"].contains(&room.as_str());
        assert!(known, "`{room}` is no room of the table");
    }
    for source in sources() {
        uses += behind(&source.code, "crate::").count();
        assert!(
            !source.code.contains("use crate::{"),
            "{}: one room a `use`",
            source.path
        );
    }
    assert!(uses > 300, "uses were found: {uses}");
    let wrong = violations(|source| {
        if !ROOMS.iter().any(|row| row.0 == source.room) {
            // Of the two above all rooms, `flows` does not know `cli`.
            let above = behind(&source.code, "crate::").any(|used| used == "cli");
            let wrong = source.room == "flows" && above;
            return wrong
                .then(|| "flows uses cli".to_owned())
                .into_iter()
                .collect();
        }
        let allowed = allowed(&source.room);
        behind(&source.code, "crate::")
            .filter(|used| rooms.contains(used) && *used != source.room)
            .filter(|used| !allowed.contains(used))
            .map(|used| format!("{} uses {used}", source.room))
            .collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_sdk_is_known_in_one_room_and_the_process_in_two() {
    let wrong = violations(|source| {
        let mut wrong = Vec::new();
        let sdk = source.code.contains("aws_sdk_")
            || source.code.contains("aws_config::")
            || source.code.contains("aws_smithy_")
            || source.code.contains("aws_types::")
            || source.code.contains("aws_credential_types::");
        // The connector of the simulator, and the one line that hands it out.
        let connector = ["sim/connector.rs", "sim/mod.rs"].contains(&source.path.as_str());
        if sdk && source.room != "aws" && !connector {
            wrong.push("names the AWS SDK".to_owned());
        }
        if !["cli", "config", "main"].contains(&source.room.as_str()) {
            wrong.extend(names(source, &["clap::", "std::process", "std::env"]));
        }
        wrong
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn judgement_is_pure() {
    let wrong = violations(|source| {
        if !PURE.contains(&source.room.as_str()) || source.path.starts_with("trail/archive") {
            return Vec::new();
        }
        let mut wrong = names(
            source,
            &[
                "std::fs",
                "TcpStream",
                "TcpListener",
                "tokio::",
                "futures::",
                "SystemTime::",
                "Instant::",
            ],
        );
        for word in ["async fn", "Timestamp::now", "Zoned::now", ".await"] {
            if source.code.contains(word) {
                wrong.push(word.to_owned());
            }
        }
        wrong
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_write_side_is_named_where_writes_are_made() {
    let wrong = violations(|source| {
        let writes = names(source, &["Writes"]);
        let may = ["apply", "aws", "flows"].contains(&source.room.as_str());
        let handed = source.code.contains(".writes()");
        if may || (writes.is_empty() && !handed) {
            Vec::new()
        } else {
            vec!["names the write side".to_owned()]
        }
    });
    // `job.writes()` of the operations table is a question, not the write side.
    let wrong: Vec<_> = wrong
        .into_iter()
        .filter(|line| {
            let path = line.split(':').next().expect("a path");
            let text = std::fs::read_to_string(
                Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(path),
            )
            .expect("readable");
            text.replace("job.writes()", "").contains(".writes()") || text.contains("Writes")
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_undo_and_the_canarys_release_can_take_back() {
    let mut named = BTreeSet::new();
    for source in sources() {
        let text = source.code.contains("UndoWrites") || source.code.contains("undo_writes");
        if text && source.room != "aws" {
            named.insert(source.path.clone());
        }
        // The SDK's own calls stand in one file, whatever they are reached through.
        let calls = [
            "detach_policy()",
            "delete_policy()",
            "cancel_handshake()",
            "untag_resource()",
        ];
        let called = calls
            .iter()
            .any(|call| source.code.contains(&format!(".{call}")));
        assert!(
            !called || source.path == "aws/undo_writes.rs",
            "{}",
            source.path
        );
        let never = [
            "leave_organization(",
            "remove_account_from_organization(",
            "disable_policy_type(",
            "close_account(",
            "delete_organization(",
            "update_policy(",
            "put_resource_policy(",
        ];
        // The simulator may name what it answers.
        let found = never
            .iter()
            .find(|call| source.code.contains(&format!(".{call}")));
        assert!(
            found.is_none() || source.room == "sim",
            "{}: {found:?}",
            source.path
        );
    }
    let known = ["apply/release.rs", "apply/undo.rs"].map(str::to_owned);
    assert_eq!(named, known.into());
}

#[test]
fn files_are_short() {
    let long: BTreeSet<String> = sources()
        .into_iter()
        .filter(|source| source.lines > 500)
        .map(|source| source.path)
        .collect();
    assert!(long.is_empty(), "{long:?}");
}
