//! Our witnesses before another evaluator, `@cloud-copilot/iam-simulate`: its frozen answers.
//! `tests/judges/evaluator/witnesses.py` asks it again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use org_exit_guard::prove::{Decision, Example};
use org_exit_guard::scp::{Dialect, Document, parse};
use serde_json::{Map, Value, json};

use crate::prove_random::{allows, decided, for_judges};
use crate::random_stacks::{ACTION, Dice, concrete, parsed, stack};

const ANSWERS: &str = include_str!("data/iam-simulate-witnesses.jsonl");
const DEFECTS: &str = include_str!("../judges/evaluator/known-defects.json");
/// Stacks drawn.
const STACKS: usize = 2_500;
/// Witnesses of one stack that are written down, beside the one that is denied.
const MOST: usize = 5;

/// The request in the form that the other evaluator reads.
fn written(example: &Example) -> Value {
    let mut context = Map::new();
    for (key, values) in &example.context {
        let value = match values.as_deref() {
            None => continue,
            Some([one]) if key != "aws:principalorgpaths" => json!(one),
            Some(several) => json!(several),
        };
        context.insert(key.clone(), value);
    }
    context.insert("aws:principalarn".to_owned(), json!(example.principal));
    let account = json!("111122223333");
    context.insert("aws:principalaccount".to_owned(), account);
    json!({
        "principal": example.principal,
        "action": ACTION,
        "resource": example.resource,
        "context": context,
    })
}

#[test]
fn are_written_down() {
    let mut dice = Dice(0x0317_7e55_5eed_2026);
    let mut lines = String::new();
    let mut count = 0;
    for _ in 0..STACKS {
        let texts = stack(&mut dice);
        let documents = parsed(&texts);
        let (through, denied) = match decided(&documents) {
            Decision::Open(example) => (vec![example], None),
            Decision::Conditional { through, denied } => (through, Some(denied)),
            Decision::Blocked(_) | Decision::Undetermined(_) => continue,
        };
        let mut requests = Vec::new();
        let mut expected = String::new();
        for (letter, example) in through
            .iter()
            .take(MOST)
            .map(|one| ('A', one))
            .chain(denied.iter().map(|one| ('D', one)))
        {
            let allowed = allows(&documents, &concrete(example));
            assert_eq!(allowed, letter == 'A', "{example:?} {texts:?}");
            requests.push(written(example));
            expected.push(letter);
        }
        count += requests.len();
        let json = |text: &String| serde_json::from_str(text).expect("JSON");
        let level = |texts: &Vec<String>| texts.iter().map(json).collect::<Vec<Value>>();
        let levels: Vec<Vec<Value>> = texts.iter().map(level).collect();
        let line = json!({"levels": levels, "requests": requests, "expected": expected});
        writeln!(lines, "{line}").expect("a string");
    }
    assert!(count > 3_000, "{count} witnesses");
    for_judges("witnesses.jsonl", &lines);
}

/// Whatever the other evaluator answered to a witness binds the verdict as it is today: with a
/// request that it lets through the stack is not blocked, with one that it stops not open.
#[test]
fn are_judged_alike_by_another_evaluator() {
    let known: Value = serde_json::from_str(DEFECTS).expect("JSON");
    let known = known["defects"].as_object().expect("defects");
    let mut excused: BTreeMap<String, usize> = BTreeMap::new();
    let mut met = BTreeSet::new();
    let mut different = 0;
    let (mut compared, mut wrong) = (0, Vec::new());
    for line in ANSWERS.lines().skip(1) {
        let frozen: Value = serde_json::from_str(line).expect("JSON");
        let text = |name: &str| frozen[name].as_str().expect("letters").to_owned();
        let traits = frozen["traits"].as_array().expect("traits").iter();
        let traits: Vec<&str> = traits
            .filter_map(Value::as_str)
            .filter(|id| known.contains_key(*id))
            .collect();
        met.extend(traits.iter().map(|id| (*id).to_owned()));
        let document = |one: &Value| parse(&one.to_string(), Dialect::Scp).expect("a policy");
        let level = |level: &Value| -> Vec<Document> {
            let policies = level.as_array().expect("policies");
            policies.iter().map(document).collect()
        };
        let levels = frozen["levels"].as_array().expect("levels");
        let decision = decided(&levels.iter().map(level).collect::<Vec<_>>());
        let answers = text("answers");
        for (number, (ours, theirs)) in text("expected").chars().zip(answers.chars()).enumerate() {
            compared += 1;
            if (ours == 'A') == (theirs == 'A') {
                let certain = match decision {
                    Decision::Blocked(_) => ours != 'A',
                    Decision::Open(_) => ours == 'A',
                    Decision::Conditional { .. } | Decision::Undetermined(_) => true,
                };
                assert!(certain, "{decision:?}\n{line}");
            } else if traits.is_empty() {
                let request = &frozen["requests"][number];
                wrong.push(format!(
                    "{ours}, they say {theirs}: {request}\n{}",
                    frozen["levels"]
                ));
            } else {
                different += 1;
                for id in &traits {
                    *excused.entry((*id).to_owned()).or_default() += 1;
                }
            }
        }
    }
    let total = wrong.len();
    wrong.truncate(5);
    assert_eq!(total, 0, "{total} differ, e.g.\n{}", wrong.join("\n"));
    assert!(compared > 3_000, "{compared} witnesses were compared");
    assert!(
        different * 25 < compared,
        "{different} of {compared}: {excused:?}"
    );
    let idle: Vec<&String> = met.iter().filter(|id| !excused.contains_key(*id)).collect();
    assert!(idle.is_empty(), "defects that explain nothing: {idle:?}");
}

/// A defect that is listed and met nowhere excuses what nobody has seen.
#[test]
fn every_known_defect_is_met() {
    let drawn = include_str!("data/iam-simulate-answers.jsonl");
    let known: Value = serde_json::from_str(DEFECTS).expect("JSON");
    for id in known["defects"].as_object().expect("defects").keys() {
        let quoted = format!("\"{id}\"");
        assert!(drawn.contains(&quoted) || ANSWERS.contains(&quoted), "{id}");
    }
}
