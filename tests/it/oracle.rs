//! Frozen answers of another evaluator, `@cloud-copilot/iam-simulate`, to tens of thousands of
//! drawn requests. `tests/judges/evaluator/generate.py` asks it again.

use std::collections::{BTreeMap, BTreeSet};

use org_exit_guard::evaluate::{Decision, Request, Resource, evaluate};
use org_exit_guard::scp::{Dialect, Document, parse};
use serde_json::Value;

const ANSWERS: &str = include_str!("data/iam-simulate-answers.jsonl");
const DEFECTS: &str = include_str!("../judges/evaluator/known-defects.json");

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).expect("an array")
}

fn request(drawn: &Value) -> Request {
    let text = |name: &str| drawn[name].as_str().expect("text").to_owned();
    let resource = match text("resource") {
        any if any == "*" => Resource::Any,
        arn => Resource::Arn(arn),
    };
    let request = Request::new(text("action"), resource);
    let context = drawn["context"].as_object().expect("a context");
    context
        .iter()
        .fold(request, |request, (key, value)| match value {
            Value::Array(values) => {
                let values = values.iter().filter_map(Value::as_str);
                request.with_all(key, values.map(str::to_owned).collect())
            }
            one => request.with(key, one.as_str().expect("text")),
        })
}

fn documents(levels: &Value) -> Vec<Vec<Document>> {
    let parsed = |policy: &Value| parse(&policy.to_string(), Dialect::Scp).expect("a policy");
    let levels = items(levels).iter();
    levels
        .map(|level| items(level).iter().map(parsed).collect())
        .collect()
}

fn letter(decision: Decision) -> char {
    match decision {
        Decision::Allowed => 'A',
        Decision::ExplicitDeny(_) => 'D',
        Decision::ImplicitDeny { .. } => 'I',
    }
}

#[test]
fn another_evaluator_gives_the_same_answers() {
    let mut lines = ANSWERS.lines().map(json);
    let header = lines.next().expect("the requests");
    let requests: Vec<Request> = items(&header["requests"]).iter().map(request).collect();
    let known = json(DEFECTS);
    let known = known["defects"].as_object().expect("defects");
    let mut compared = 0;
    let mut met = BTreeSet::new();
    let mut excused: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (number, stack) in lines.enumerate() {
        let levels = documents(&stack["levels"]);
        let levels: Vec<Vec<&Document>> = levels.iter().map(|at| at.iter().collect()).collect();
        let traits: BTreeSet<&str> = items(&stack["traits"])
            .iter()
            .filter_map(Value::as_str)
            .filter(|id| known.contains_key(*id))
            .collect();
        met.extend(traits.iter().map(|id| (*id).to_owned()));
        let answers = stack["answers"].as_str().expect("letters").chars();
        for (request, answer) in requests.iter().zip(answers) {
            compared += 1;
            let ours = letter(evaluate(&levels, request));
            if ours == answer {
                continue;
            }
            if traits.is_empty() {
                let levels = &stack["levels"];
                wrong.push(format!(
                    "stack {number}: {ours}, they say {answer}: {request:?}\n{levels}"
                ));
            }
            for id in &traits {
                *excused.entry((*id).to_owned()).or_default() += 1;
            }
        }
    }
    let total = wrong.len();
    wrong.truncate(5);
    assert_eq!(total, 0, "{total} differ, e.g.\n{}", wrong.join("\n"));
    assert!(compared > 20_000, "{compared} requests were compared");
    let idle: Vec<&String> = met.iter().filter(|id| !excused.contains_key(*id)).collect();
    assert!(idle.is_empty(), "defects that explain nothing: {idle:?}");
    let all: usize = excused.values().sum();
    assert!(all * 50 < compared, "{all} of {compared} are excused");
}
