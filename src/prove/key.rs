//! The classes of a key: every combination of condition outcomes that some value has.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::classes::classes;
use super::compare::{Test, textual};
use super::compile::Family;
use super::domain::Values;
use super::effort::Effort;
use super::glob::{Glob, Set, Token};
use super::moment::{decimal, moment};
use super::points::{addresses, numbers, times};

/// A value of a key, and the outcome of each test on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyClass {
    /// `None`: the key is absent.
    pub(super) values: Option<Vec<String>>,
    /// By test.
    pub(super) outcomes: Vec<bool>,
}

impl KeyClass {
    /// A class of a test of which nothing is known.
    pub(super) fn either(outcome: bool) -> Self {
        Self {
            values: None,
            outcomes: vec![outcome],
        }
    }
}

/// Classes that were found already: most keys hold the same for every kind of principal.
#[derive(Debug, Default)]
pub(super) struct Memo(Vec<(Values, Vec<Test>, Classified)>);

/// Classes, and whether those are all.
type Classified = (Vec<KeyClass>, bool);

impl Memo {
    /// [`key_classes`], or what it said before.
    pub(super) fn classes(
        &mut self,
        values: Values,
        tests: &[Test],
        effort: &mut Effort,
    ) -> (Vec<KeyClass>, bool) {
        let known = self.0.iter().find(|one| one.0 == values && one.1 == tests);
        if let Some((.., found)) = known {
            return found.clone();
        }
        let found = key_classes(&values, tests, effort);
        self.0.push((values, tests.to_vec(), found.clone()));
        found
    }
}

/// Every class of a key; the flag says whether those are all.
pub(super) fn key_classes(
    values: &Values,
    tests: &[Test],
    effort: &mut Effort,
) -> (Vec<KeyClass>, bool) {
    let (mut all, complete, optional) = present(values, tests, effort);
    if optional {
        let absent = KeyClass {
            values: None,
            outcomes: tests.iter().map(Test::absent).collect(),
        };
        all.insert(0, absent);
    }
    let mut seen = BTreeSet::new();
    all.retain(|class| seen.insert(class.outcomes.clone()));
    (all, complete)
}

/// The classes of a key that is there, whether those are all, and whether it may be absent.
fn present(values: &Values, tests: &[Test], effort: &mut Effort) -> (Vec<KeyClass>, bool, bool) {
    match values {
        Values::Absent => (Vec::new(), true, true),
        Values::Constant(values) => (vec![constant(values, tests)], true, false),
        Values::Flag { optional } => {
            let flags = ["true", "false"].map(|flag| concrete(flag.to_owned(), tests));
            (flags.to_vec(), true, *optional)
        }
        Values::Number => {
            let pure = only(tests, |family| matches!(family, Family::Number(_)));
            let mut points = numbers(decimals(tests), Some(0));
            points.extend(examples(tests, |text| decimal(text).is_some(), effort));
            let (found, all) = tried(points, tests, effort);
            (found, all && pure, true)
        }
        Values::Time { from } => {
            let pure = only(tests, |family| {
                matches!(family, Family::Time(_) | Family::Number(_))
            });
            let (found, all) = tried(times(moments(tests), *from), tests, effort);
            (found, all && pure, from.is_none())
        }
        Values::Address => {
            let pure = only(tests, |family| family == Family::Address);
            let mut points = addresses(policy(tests));
            let address = |text: &str| text.parse::<IpAddr>().is_ok();
            points.extend(examples(tests, address, effort));
            let (found, all) = tried(points, tests, effort);
            (found, all && pure, true)
        }
        Values::Text { shape, optional } if tests.is_empty() => {
            let only = concrete(shape.shortest(), tests);
            (vec![only], true, *optional)
        }
        Values::Text { shape, optional } => {
            let (mut found, mut complete) = texts(shape, tests, effort);
            if !only(tests, textual) {
                complete &= typed(shape, tests, &mut found, effort);
            }
            (found, complete, *optional)
        }
        Values::Texts { optional, holding } => {
            let (found, complete) = sets(holding.as_ref(), tests, effort);
            (found, complete && only(tests, textual), *optional)
        }
    }
}

fn constant(values: &[String], tests: &[Test]) -> KeyClass {
    let outcome = |test: &Test| match values {
        [one] => test.one(one, test.equals(one)),
        several => {
            let equal: Vec<bool> = several.iter().map(|value| test.equals(value)).collect();
            test.present(&equal)
        }
    };
    KeyClass {
        values: Some(values.to_vec()),
        outcomes: tests.iter().map(outcome).collect(),
    }
}

fn concrete(value: String, tests: &[Test]) -> KeyClass {
    constant(&[value], tests)
}

/// The classes of some values; the flag says whether there was effort left for all.
fn tried(points: Vec<String>, tests: &[Test], effort: &mut Effort) -> (Vec<KeyClass>, bool) {
    let each = 1 + policy(tests).count();
    let mut found = Vec::new();
    for point in points {
        if !effort.spend(each) {
            return (found, false);
        }
        found.push(concrete(point, tests));
    }
    (found, true)
}

fn only(tests: &[Test], wanted: fn(Family) -> bool) -> bool {
    tests
        .iter()
        .all(|test| test.is_presence() || wanted(test.family))
}

fn policy(tests: &[Test]) -> impl Iterator<Item = &String> {
    tests.iter().flat_map(|test| &test.values)
}

/// The numbers that tests compare with.
fn decimals(tests: &[Test]) -> impl Iterator<Item = i128> {
    policy(tests).filter_map(|text| decimal(text))
}

/// The times that tests compare with: what is a number to a Numeric operator is epoch seconds.
fn moments(tests: &[Test]) -> impl Iterator<Item = i128> {
    let read = |test: &Test| match test.family {
        Family::Number(_) => decimal,
        _ => moment,
    };
    tests
        .iter()
        .flat_map(move |test| test.values.iter().filter_map(move |text| read(test)(text)))
}

/// Texts of every class of the textual tests that are values of the key as well.
fn examples(tests: &[Test], fits: impl Fn(&str) -> bool, effort: &mut Effort) -> Vec<String> {
    if only(tests, |family| !textual(family)) {
        return Vec::new();
    }
    let (found, _) = matched(&anything(), tests, effort);
    let held = found.into_iter().map(|one| one.0);
    held.filter(|value| fits(value)).collect()
}

fn anything() -> Glob {
    Glob(vec![Token::Run(Set::Any)])
}

/// Adds texts that are numbers, times or addresses, where a text is compared as one; returns
/// whether the classes are then all: with one way of comparing, or where none of those can be.
fn typed(shape: &Glob, tests: &[Test], found: &mut Vec<KeyClass>, effort: &mut Effort) -> bool {
    // An ARN is no number, time or address.
    if matches!(shape.0.first(), Some(Token::One(Set::One('a')))) {
        return true;
    }
    let mut points = numbers(decimals(tests), None);
    points.extend(times(moments(tests), None));
    points.extend(addresses(policy(tests)));
    points.retain(|point| shape.matches(point));
    let (more, all) = tried(points, tests, effort);
    found.extend(more);
    let ways: BTreeSet<u8> = tests
        .iter()
        .filter_map(|test| match test.family {
            Family::Presence => None,
            Family::Number(_) => Some(0),
            Family::Time(_) => Some(1),
            Family::Address => Some(2),
            _ => Some(3),
        })
        .collect();
    // The name of a principal is no address, and hardly a date; a free text can be all.
    all && ways.len() < 2 && matches!(shape.0.as_slice(), [Token::Run(Set::Any)])
}

/// One class for each combination of pattern matches among the texts of a shape.
fn texts(shape: &Glob, tests: &[Test], effort: &mut Effort) -> (Vec<KeyClass>, bool) {
    let apart = tests.iter().any(Test::tells_empty) && shape.matches("");
    let rest = apart.then(|| shape.without_empty());
    let (matched, complete) = matched(rest.as_ref().unwrap_or(shape), tests, effort);
    let class = |(example, equal): (String, Vec<bool>)| {
        let outcome = |(test, equal): (&Test, bool)| {
            let equal = if textual(test.family) {
                equal
            } else {
                test.equals(&example)
            };
            test.one(&example, equal)
        };
        let outcomes = tests.iter().zip(equal).map(outcome).collect();
        KeyClass {
            values: Some(vec![example]),
            outcomes,
        }
    };
    let mut found: Vec<KeyClass> = matched.into_iter().map(class).collect();
    found.extend(apart.then(|| concrete(String::new(), tests)));
    (found, complete)
}

/// For each distinct combination: an example, and by test whether it equals a policy value.
fn matched(shape: &Glob, tests: &[Test], effort: &mut Effort) -> (Vec<(String, Vec<bool>)>, bool) {
    let patterns: Vec<&[Glob]> = tests.iter().map(|test| test.patterns.as_slice()).collect();
    let classes = classes(shape, &patterns, effort);
    let found = classes.found.into_iter();
    let found = found.map(|class| (class.example, class.matches)).collect();
    (found, classes.complete)
}

/// Sets of texts, none of them empty: only which outcomes a set can have matters, and adding
/// one text at a time reaches them all.
///
/// `holding`: a text of this shape is one of them.
fn sets(holding: Option<&Glob>, tests: &[Test], effort: &mut Effort) -> (Vec<KeyClass>, bool) {
    const MOST: usize = 256;
    let mut patterns: Vec<&[Glob]> = tests.iter().map(|test| test.patterns.as_slice()).collect();
    patterns.extend(holding.map(std::slice::from_ref));
    let single = classes(&anything().without_empty(), &patterns, effort);
    let outcome = |members: &[usize]| -> Vec<bool> {
        let numbered = tests.iter().enumerate();
        numbered
            .map(|(index, test)| {
                let equal: Vec<bool> = members
                    .iter()
                    .filter_map(|member| single.found.get(*member)?.matches.get(index).copied())
                    .collect();
                test.present(&equal)
            })
            .collect()
    };
    let held = |member: &usize| {
        let class = single.found.get(*member);
        holding.is_none() || class.is_some_and(|class| class.matches.last() == Some(&true))
    };
    let mut found: Vec<(Vec<usize>, Vec<bool>)> = Vec::new();
    for member in (0..single.found.len()).filter(held) {
        let outcomes = outcome(&[member]);
        if found.iter().all(|(_, known)| *known != outcomes) {
            found.push((vec![member], outcomes));
        }
    }
    let mut next = 0;
    while let Some((members, _)) = found.get(next).cloned() {
        next += 1;
        for member in 0..single.found.len() {
            let mut larger = members.clone();
            if larger.contains(&member) {
                continue;
            }
            larger.push(member);
            if !effort.spend(larger.len() * tests.len()) {
                break;
            }
            let outcomes = outcome(&larger);
            if found.iter().all(|(_, known)| *known != outcomes) {
                found.push((larger, outcomes));
            }
        }
        if found.len() > MOST || effort.is_over() {
            break;
        }
    }
    let complete = single.complete && found.len() <= MOST && !effort.is_over();
    let classes = found
        .into_iter()
        .map(|(members, outcomes)| {
            let example = |member: &usize| single.found.get(*member).map(|one| one.example.clone());
            KeyClass {
                values: Some(members.iter().filter_map(example).collect()),
                outcomes,
            }
        })
        .collect();
    (classes, complete)
}
