//! What the README shows is what the program does.

use crate::served::{Run, binary, directory};

const README: &str = include_str!("../../README.md");

/// The fenced blocks of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("\n```{language}\n");
    let rest = README.split(fence.as_str()).skip(1);
    rest.map(|rest| rest.split("\n```").next().expect("an end"))
        .collect()
}

/// The arguments of a command line; the README quotes with `"` only.
fn arguments(line: &str) -> Vec<String> {
    let parts = line.split('"').enumerate();
    parts
        .flat_map(|(index, part)| {
            if index % 2 == 1 {
                return vec![part.to_owned()];
            }
            part.split_whitespace().map(str::to_owned).collect()
        })
        .collect()
}

#[test]
fn every_command_line_is_understood() {
    let directory = directory();
    let lines = blocks("sh").into_iter().chain(blocks("console"));
    let lines: Vec<&str> = lines
        .flat_map(str::lines)
        .map(|line| line.strip_prefix("$ ").unwrap_or(line))
        .filter_map(|line| {
            line.strip_prefix("org-exit-guard ")
                .or_else(|| line.strip_prefix("cargo run -- "))
        })
        .map(|line| line.split(" #").next().expect("a line"))
        .collect();
    assert!(lines.len() > 10, "{lines:?}");
    for line in lines {
        // With `--help` the arguments before it are checked and nothing runs.
        let mut command = binary(&directory);
        let run = Run::of(
            &command
                .args(arguments(line))
                .arg("--help")
                .output()
                .expect("it runs"),
        );
        assert_eq!(run.code, Some(0), "`{line}`: {}", run.stderr);
    }
}

/// A block of `console` is a command and the beginning of what it prints, as wide as it is shown.
#[test]
fn what_is_shown_of_an_output_is_that_output() {
    let shown = blocks("console");
    assert!(!shown.is_empty());
    for block in shown {
        let (command, output) = block.split_once('\n').expect("an output");
        let line = command
            .strip_prefix("$ org-exit-guard ")
            .expect("a command");
        let output = output.strip_suffix("\n…").expect("an ellipsis at the end");
        let directory = directory();
        let run = binary(&directory)
            .env("COLUMNS", "90")
            .args(arguments(line))
            .output()
            .expect("it runs");
        let run = Run::of(&run);
        assert!(run.stdout.starts_with(output), "{}", run.stdout);
    }
}

/// Each promise of the safety contract stands once, and the tests that it names are there.
#[test]
fn the_tests_that_show_the_promises_exist() {
    let mut source = String::new();
    let mut open = vec![
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it").into(),
        concat!(env!("CARGO_MANIFEST_DIR"), "/src").into(),
    ];
    while let Some(path) = open.pop() {
        let path: std::path::PathBuf = path;
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).expect("a directory");
            open.extend(entries.map(|entry| entry.expect("an entry").path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            source.push_str(&std::fs::read_to_string(&path).expect("readable"));
        }
    }
    let rows: Vec<&str> = README
        .lines()
        .filter(|line| line.starts_with("| P"))
        .collect();
    let mut named = 0;
    for (number, row) in (1..=26).zip(&rows) {
        assert!(row.starts_with(&format!("| P{number} |")), "{row}");
        for quoted in row
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|quoted| quoted.contains("::"))
        {
            let name = quoted.rsplit("::").next().expect("a name");
            if name.contains('_') {
                named += 1;
                assert!(source.contains(&format!("fn {name}(")), "{quoted}");
            }
        }
    }
    assert!(
        rows.len() == 26 && named > 20,
        "{} rows, {named} tests",
        rows.len()
    );
}
