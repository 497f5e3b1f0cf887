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
