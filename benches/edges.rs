//! How long single decisions take on the stacks that the random tests draw at the edges of
//! AWS's text: dates in every form, keys with several values, long lists of names.
//!
//! `cargo bench --bench edges`. Everything is drawn from one seed; times are wall times, the best
//! of three each, so that other work on the machine counts for little.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    dead_code,
    reason = "a benchmark reports to its user and may fail loudly; it shares the tests' grammar"
)]

#[path = "../tests/it/edge_styles.rs"]
mod edge_styles;
#[path = "../tests/it/random_stacks.rs"]
mod random_stacks;

use std::time::Instant;

use org_exit_guard::prove::{Decision, Effort, Kind, Question, Target, decide_within};

use edge_styles::edge_stack;
use random_stacks::{ACTION, Dice, Place, levels, parsed};

const STACKS: usize = 500;

/// `lint` on an SCP as long as AWS stores, full of patterns with more states than can be visited.
fn endless() {
    let statement = |number: usize| {
        let gap = "?".repeat(40);
        format!(
            r#"{{"Effect":"Deny","Action":"organizations:*","Resource":"*","Condition":{{"StringNotLike":{{"aws:PrincipalArn":"*{number}a{gap}b*"}}}}}}"#
        )
    };
    let places: Vec<String> = (0..8)
        .map(|one| format!(r#""{}""#, 100_000_000_001_u64 + one))
        .collect();
    let place = format!(
        r#"{{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{{"StringEquals":{{"aws:PrincipalAccount":[{}]}}}}}}"#,
        places.join(",")
    );
    let mut statements = vec![place];
    statements.extend((0..52).map(statement));
    let text = random_stacks::policy("2012-10-17", &statements);
    let now = "2026-11-24T00:00:00Z".parse().unwrap();
    let start = Instant::now();
    let linted = org_exit_guard::inspect::lint(&text, now);
    let took = start.elapsed().as_secs_f64();
    let words: Vec<&str> = linted.coverage.iter().map(|one| one.verdict).collect();
    println!("lint of {} characters: {took:.2} s, {words:?}", text.len());
}

fn main() {
    let mut dice = Dice(0x0ed6_e5ed_5eed_2026);
    let place = Place::new();
    let questions = [Question {
        action: ACTION,
        target: Target::None,
    }];
    let (mut times, mut undetermined, mut documented) = (Vec::new(), 0, 0);
    let mut steps = Vec::new();
    for _ in 0..STACKS {
        let (texts, is_documented) = edge_stack(&mut dice);
        let documents = parsed(&texts);
        let levels = levels(&documents);
        let subject = place.subject();
        let mut best = f64::INFINITY;
        for _ in 0..3 {
            let mut effort = Effort::default();
            let start = Instant::now();
            let decision = decide_within(&levels, &questions, &subject, &Kind::ALL, &mut effort);
            best = best.min(start.elapsed().as_secs_f64() * 1.0e6);
            if steps.len() == times.len() {
                steps.push(effort.spent());
                documented += usize::from(is_documented);
                let open = matches!(decision, Decision::Undetermined(_));
                undetermined += usize::from(is_documented && open);
            }
        }
        times.push(best);
    }
    times.sort_by(f64::total_cmp);
    steps.sort_unstable();
    let at = |share: usize| (STACKS * share / 1_000).min(STACKS - 1);
    for (name, share) in [
        ("median", 500),
        ("90 %", 900),
        ("99 %", 990),
        ("slowest", 1_000),
    ] {
        println!(
            "{name}: {:.0} µs, {} steps",
            times[at(share)],
            steps[at(share)]
        );
    }
    endless();
    println!("undetermined: {undetermined} of {documented} whose syntax is documented");
}
