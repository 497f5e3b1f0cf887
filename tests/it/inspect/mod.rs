//! `explain`, `check` and `lint`, by the real binary.

mod check;
mod explain;
mod lint;

use std::io::Write;
use std::process::Stdio;

use org_exit_guard::report::text::width;

use crate::served::{Run, binary};

fn run_with(place: &tempfile::TempDir, args: &[&str], input: &str) -> Run {
    let mut child = binary(place)
        .args(args)
        .env("COLUMNS", "80")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    Run::of(&child.wait_with_output().expect("it ends"))
}

fn no_wider(run: &Run, limit: usize) {
    for line in run.stdout.lines() {
        assert!(width(line) <= limit, "{} columns: {line}", width(line));
    }
}
