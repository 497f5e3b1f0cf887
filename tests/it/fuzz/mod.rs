//! Whatever a policy says: no panic, an end within the steps, and no witness that is none.
//!
//! `PROPTEST_CASES=1000000 PROPTEST_RNG_SEED=7 cargo nextest run fuzz` goes on for longer.

mod mutate;

use std::cell::Cell;

use org_exit_guard::evaluate::{Decision, Request, Resource, evaluate};
use org_exit_guard::prove::{
    Decision as Proved, Effort, Kind, Level, Question, Target, decide_within,
};
use org_exit_guard::scp::{Dialect, Document, Pattern, levels, parse};
use proptest::prelude::*;
use serde_json::Value;

use crate::prove_random::word;
use crate::random_stacks::{ACTION, Dice, Place, concrete, policy, request};
use mutate::{bent, broken, corpus, runner};

/// Less than a decision may take, so that the limit is met often.
const STEPS: u64 = 150_000;
/// The tables of one key are laid out before the first step.
const SLACK: u64 = 4_000_000;

/// Numbers are printed in other words.
fn has_number(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::Array(items) => items.iter().any(has_number),
        Value::Object(members) => members.values().any(has_number),
        _ => false,
    }
}

#[test]
fn the_parser_stands_any_text() {
    let (good, bad) = (Cell::new(0), Cell::new(0));
    let texts = broken(corpus());
    let property = |text: String| {
        let _ = parse(&text, Dialect::Delegation);
        let document = match parse(&text, Dialect::Scp) {
            Ok(document) => document,
            Err(error) => {
                bad.set(bad.get() + 1);
                prop_assert!(!error.0.is_empty());
                for problem in &error.0 {
                    let line = text.split('\n').nth(problem.at.line - 1);
                    let width = line.map(|line| line.chars().count());
                    let within = width.is_some_and(|width| problem.at.column <= width + 1);
                    prop_assert!(within && problem.at.column > 0, "{problem}");
                    prop_assert!(!problem.message.contains('\n'), "{problem}");
                }
                return Ok(());
            }
        };
        good.set(good.get() + 1);
        for statement in &document.statements {
            let cut = text.get(statement.range.clone()).unwrap_or_default();
            let whole = cut.starts_with('{') && cut.ends_with('}');
            prop_assert!(whole, "not a statement: {cut}");
        }
        // As a whole file, and printed anew: the same document each time.
        let stack = levels(&format!("[[{text}]]")).expect("it is JSON");
        prop_assert_eq!(&stack[0][0], text.trim_matches([' ', '\t', '\n', '\r']));
        let value: Value = serde_json::from_str(&text).expect("it is JSON");
        if !has_number(&value) {
            let again = parse(&value.to_string(), Dialect::Scp);
            let again = again.map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert!(again.says_the_same_as(&document), "{again:?}");
        }
        Ok(())
    };
    runner(4_000)
        .run(&texts, property)
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(good.get() > 400 && bad.get() > 400, "{good:?} {bad:?}");
}

/// A text that the pattern matches, if every star is made of `run` and every `?` is `one`.
fn filled(pattern: &str, run: &str, one: &str) -> String {
    pattern.replace('*', run).replace('?', one)
}

#[test]
fn patterns_match_alike_everywhere_and_end() {
    let unit = || prop::sample::select(vec!["*", "?", "a", "b", "ab", "*a", "?*", "é", ":", "$"]);
    let text = |most| prop::collection::vec(unit(), 0..most).prop_map(|units| units.concat());
    let drawn = (text(14), text(10), any::<bool>(), 1_usize..60);
    let decided = Cell::new(0);
    let place = Place::new();
    let property = |(pattern, plain, given, times): (String, String, bool, usize)| {
        let plain = filled(&plain, "ba", "é");
        let text = if given {
            filled(&pattern, &plain, "b")
        } else {
            plain
        };
        let like = |pattern: &str, effect: &str| {
            let policy = format!(
                r#"{{"Version":"2008-10-17","Statement":[{{"Effect":"{effect}","Action":"*","Resource":"*","Condition":{{"StringLike":{{"aws:PrincipalTag/x":"{pattern}"}}}}}}]}}"#
            );
            parse(&policy, Dialect::Scp).expect("it parses")
        };
        let allow = like(&pattern, "Allow");
        let request = Request::new(ACTION, Resource::Any).with("aws:PrincipalTag/x", &*text);
        let matched = evaluate(&[vec![&allow]], &request) == Decision::Allowed;
        prop_assert_eq!(matched, Pattern::new(&*pattern).matches(&text), "{}", text);
        if given {
            prop_assert!(matched, "{} is not matched by {}", text, pattern);
        }
        // Any text that matches is a witness; the pattern written many times may be too much.
        for pattern in [pattern.clone(), pattern.repeat(times)] {
            let documents = vec![vec![like(&pattern, "Allow")]];
            match decision(&documents, &place)? {
                Proved::Conditional { .. } => decided.set(decided.get() + 1),
                Proved::Undetermined(_) => {}
                other => prop_assert!(false, "{other:?}"),
            }
        }
        Ok(())
    };
    runner(500)
        .run(&drawn, property)
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(decided.get() > 500, "{decided:?}");
}

fn allows(documents: &[Vec<Document>], request: &Request) -> bool {
    let levels = documents.iter();
    let plain: Vec<Vec<&Document>> = levels.map(|level| level.iter().collect()).collect();
    evaluate(&plain, request) == Decision::Allowed
}

/// The decision, once it is within the steps and its examples are what they are said to be.
fn decision(documents: &[Vec<Document>], place: &Place) -> Result<Proved, TestCaseError> {
    let stack: Vec<Level> = documents.iter().map(Level::complete).collect();
    let questions = [Question {
        action: ACTION,
        target: Target::None,
    }];
    let mut effort = Effort::of(STEPS);
    let found = decide_within(
        &stack,
        &questions,
        &place.subject(),
        &Kind::ALL,
        &mut effort,
    );
    prop_assert!(effort.spent() <= STEPS + SLACK, "{} steps", effort.spent());
    let (through, denied) = match &found {
        Proved::Open(one) => (std::slice::from_ref(one), None),
        Proved::Conditional { through, denied } => (through.as_slice(), Some(denied)),
        Proved::Blocked(_) | Proved::Undetermined(_) => (&[][..], None),
    };
    for one in through {
        prop_assert!(allows(documents, &concrete(one)), "stopped: {one:?}");
    }
    if let Some(one) = denied {
        prop_assert!(!allows(documents, &concrete(one)), "let through: {one:?}");
    }
    Ok(found)
}

#[test]
fn decisions_end_and_their_witnesses_hold() {
    let place = Place::new();
    let full = Document::full_aws_access();
    let counts = [const { Cell::new(0) }; 5];
    let policies = prop::collection::vec(bent(corpus()), 1..=3);
    let drawn = (policies, any::<bool>(), 1_u64..);
    let property = |(texts, split, seed): (Vec<String>, bool, u64)| {
        let parsed = texts.iter().map(|text| parse(text, Dialect::Scp));
        let Ok(parsed) = parsed.collect::<Result<Vec<Document>, _>>() else {
            counts[4].set(counts[4].get() + 1);
            return Ok(());
        };
        let documents: Vec<Vec<Document>> = if split {
            parsed
                .into_iter()
                .map(|one| vec![one, full.clone()])
                .collect()
        } else {
            vec![parsed]
        };
        let found = decision(&documents, &place)?;
        let slot = match found {
            Proved::Blocked(_) => 0,
            Proved::Open(_) => 1,
            Proved::Conditional { .. } => 2,
            Proved::Undetermined(_) => 3,
        };
        counts[slot].set(counts[slot].get() + 1);
        // Of all requests: then of these.
        let mut dice = Dice(seed);
        for request in (0..8).map(|_| request(&mut dice)) {
            let request = request
                .with("aws:userid", "AIDAEXAMPLE:ann")
                .with("aws:PrincipalIsAWSService", "false");
            let allowed = allows(&documents, &request);
            prop_assert!(slot != 0 || !allowed, "blocked, but for {request:?}");
            prop_assert!(slot != 1 || allowed, "open, but for {request:?}");
        }
        Ok(())
    };
    runner(3_000)
        .run(&drawn, property)
        .unwrap_or_else(|error| panic!("{error}"));
    let enough = counts.iter().all(|count| count.get() > 40);
    assert!(enough, "{counts:?}");
}

const LEAVE: &str = r#""Action":"organizations:LeaveOrganization""#;
const BLANK: &str = r#""NotAction":"organizations: LeaveOrganization""#;
const ANY: &str = r#""Resource":"*""#;
/// Action, resource and condition of a deny.
type Deny = (&'static str, &'static str, &'static str);
const WITHOUT_MFA: Deny = (
    LEAVE,
    ANY,
    r#"{"Bool":{"aws:MultiFactorAuthPresent":"false"}}"#,
);

/// What longer runs have found, made small: the answer, the version and the denies.
const FOUND: [(&str, &str, &[Deny]); 7] = [
    // Two stars name every resource, as one does.
    (
        "conditional",
        "2012-10-17",
        &[(
            LEAVE,
            r#""Resource":"**""#,
            r#"{"StringLike":{"aws:PrincipalArn":"*:root"}}"#,
        )],
    ),
    (
        "open",
        "2012-10-17",
        &[(
            LEAVE,
            r#""NotResource":"**""#,
            r#"{"Null":{"aws:PrincipalTag/x":"true"}}"#,
        )],
    ),
    // No user has such a name.
    (
        "blocked",
        "2012-10-17",
        &[(
            LEAVE,
            ANY,
            r#"{"StringNotLike":{"aws:username":"arn:aws:iam::*:role/A"}}"#,
        )],
    ),
    // The action is named or not; `NotAction` turns that round.
    (
        "conditional",
        "2012-10-17",
        &[
            (
                BLANK,
                ANY,
                r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#,
            ),
            WITHOUT_MFA,
        ],
    ),
    // One value is no whole ARN, whatever that means; the other is one.
    (
        "conditional",
        "2012-10-17",
        &[
            (
                LEAVE,
                ANY,
                r#"{"ArnNotLike":{"aws:PrincipalArn":["arn:aws:iam::*:role/Org","a*"]},"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#,
            ),
            WITHOUT_MFA,
        ],
    ),
    // An operator without keys holds, or nothing holds with it.
    (
        "conditional",
        "2012-10-17",
        &[
            (
                LEAVE,
                ANY,
                r#"{"StringLike":{},"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#,
            ),
            WITHOUT_MFA,
        ],
    ),
    // Before 2012 there are no variables, and a colon always divides an ARN.
    (
        "conditional",
        "2008-10-17",
        &[(
            LEAVE,
            ANY,
            r#"{"ArnLike":{"aws:PrincipalTag/x":"arn:aws:iam::${aws:PrincipalAccount}:role/*"}}"#,
        )],
    ),
];

#[test]
fn what_was_found_once_stays_right() {
    let place = Place::new();
    for (expected, version, denies) in FOUND {
        let deny = |(action, resource, condition): &Deny| {
            format!(r#"{{"Effect":"Deny",{action},{resource},"Condition":{condition}}}"#)
        };
        let text = policy(version, &denies.iter().map(deny).collect::<Vec<_>>());
        let parsed = parse(&text, Dialect::Scp).expect("it parses");
        let documents = [vec![parsed, Document::full_aws_access()]];
        let found = decision(&documents, &place).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(word(&found), expected, "{text}");
    }
}
