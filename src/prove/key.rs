//! The classes of a key: every combination of condition outcomes that some value has.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::compile::{Family, family, pattern};
use super::domain::{Scene, Values};
use super::effort::Effort;
use super::glob::{Glob, Set, Token};
use super::joint::classes;
use super::points::{addresses, moment, numbers, range, times};
use crate::scp::{Condition, Set as SetOperator, Version};

/// A condition on a key, ready to be decided for a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Test {
    pub(super) family: Family,
    pub(super) negated: bool,
    set: Option<SetOperator>,
    if_exists: bool,
    /// As written.
    pub(super) values: Vec<String>,
    patterns: Vec<Glob>,
}

impl Test {
    /// `None` if a value cannot be told for all requests at once.
    pub(super) fn compile(
        condition: &Condition,
        version: Version,
        scene: &Scene<'_>,
    ) -> Option<Self> {
        let mut test = Self::of_absent(condition);
        if textual(test.family) {
            let compiled = condition
                .values
                .iter()
                .map(|text| pattern(test.family, text, version, scene));
            test.patterns = compiled.collect::<Option<Vec<_>>>()?;
        }
        Some(test)
    }

    /// A condition on a key that no request carries: its values do not matter.
    pub(super) fn of_absent(condition: &Condition) -> Self {
        let (family, negated) = family(condition.operator.base);
        Self {
            family,
            negated,
            set: condition.operator.set,
            if_exists: condition.operator.if_exists,
            values: condition.values.clone(),
            patterns: Vec::new(),
        }
    }

    /// A resource list: absent never, one value always.
    pub(super) fn resource(values: Vec<String>, patterns: Vec<Glob>, negated: bool) -> Self {
        Self {
            family: Family::Arn,
            negated,
            set: None,
            if_exists: false,
            values,
            patterns,
        }
    }

    /// The same test on another key, by its patterns there.
    pub(super) fn moved(mut self, to: impl Fn(&Glob) -> Glob) -> Self {
        self.patterns = self.patterns.iter().map(to).collect();
        self
    }

    /// Is it a question about presence only?
    pub(super) fn is_presence(&self) -> bool {
        self.family == Family::Presence
    }

    /// The policy value that a value of the key equals.
    pub(super) fn equalled(&self, value: &str) -> Option<&str> {
        let found = if textual(self.family) {
            self.patterns.iter().position(|one| one.matches(value))?
        } else {
            let one = |text: &String| Self {
                values: vec![text.clone()],
                patterns: Vec::new(),
                ..*self
            };
            self.values
                .iter()
                .position(|text| one(text).equals(value))?
        };
        self.values.get(found).map(String::as_str)
    }

    /// Indices of policy values that no text of `shape` equals, as far as that can be told.
    pub(super) fn unmet(&self, shape: &Glob, effort: &mut Effort) -> Vec<usize> {
        let mut never = |pattern: &Glob| {
            let found = classes(shape, &[pattern], effort);
            found.complete && found.found.iter().all(|class| class.matches == [false])
        };
        let unmet: Vec<bool> = self.patterns.iter().map(&mut never).collect();
        let indices = unmet.into_iter().enumerate();
        indices
            .filter_map(|(index, unmet)| unmet.then_some(index))
            .collect()
    }

    fn absent(&self) -> bool {
        if self.family == Family::Presence {
            if let Some(set) = self.set {
                return set == SetOperator::ForAllValues;
            }
            return self
                .values
                .iter()
                .any(|value| value.eq_ignore_ascii_case("true"));
        }
        match self.set {
            Some(SetOperator::ForAllValues) => true,
            Some(SetOperator::ForAnyValue) => self.if_exists,
            None => self.if_exists || self.negated,
        }
    }

    /// `equal`: for each value of the key, whether it equals one of the policy's.
    fn present(&self, equal: &[bool]) -> bool {
        if self.family == Family::Presence {
            if let Some(set) = self.set {
                return set == SetOperator::ForAllValues;
            }
            return self
                .values
                .iter()
                .any(|value| value.eq_ignore_ascii_case("false"));
        }
        match self.set {
            None => equal.iter().any(|one| *one) != self.negated,
            Some(SetOperator::ForAllValues) => equal.iter().all(|one| *one != self.negated),
            Some(SetOperator::ForAnyValue) => equal.iter().any(|one| *one != self.negated),
        }
    }

    /// Does one concrete value equal one of the policy's?
    fn equals(&self, value: &str) -> bool {
        match self.family {
            Family::Number(order) => {
                let value = value.parse::<f64>().ok();
                let compare = |text: &String| value?.partial_cmp(&text.parse::<f64>().ok()?);
                self.values
                    .iter()
                    .any(|text| compare(text).is_some_and(|found| order.holds(found)))
            }
            Family::Time(order) => {
                let value = moment(value);
                let compare = |text: &String| Some(value?.cmp(&moment(text)?));
                self.values
                    .iter()
                    .any(|text| compare(text).is_some_and(|found| order.holds(found)))
            }
            Family::Address => {
                let value = value.parse::<IpAddr>().ok();
                self.values.iter().any(|text| match (value, range(text)) {
                    (Some(value), Some((low, high))) => low <= value && value <= high,
                    _ => false,
                })
            }
            Family::Presence => false,
            _ => self.patterns.iter().any(|pattern| pattern.matches(value)),
        }
    }
}

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
    let (mut all, complete, optional) = match values {
        Values::Absent => (Vec::new(), true, true),
        Values::Constant(values) => {
            let outcome = |test: &Test| {
                let equal: Vec<bool> = values.iter().map(|value| test.equals(value)).collect();
                test.present(&equal)
            };
            let only = KeyClass {
                values: Some(values.clone()),
                outcomes: tests.iter().map(outcome).collect(),
            };
            (vec![only], true, false)
        }
        Values::Flag { optional } => {
            let flags = ["true", "false"].map(|flag| concrete(flag.to_owned(), tests));
            (flags.to_vec(), true, *optional)
        }
        Values::Number => {
            let pure = only(tests, |family| matches!(family, Family::Number(_)));
            let mut points = numbers(policy(tests), 0.0);
            points.extend(examples(tests, |text| text.parse::<f64>().is_ok(), effort));
            let (found, all) = tried(points, tests, effort);
            (found, all && pure, true)
        }
        Values::Time { from } => {
            let pure = only(tests, |family| matches!(family, Family::Time(_)));
            let (found, all) = tried(times(policy(tests), *from), tests, effort);
            (found, all && pure, from.is_none())
        }
        Values::Address => {
            let pure = only(tests, |family| family == Family::Address);
            let mut points = addresses(policy(tests));
            points.extend(examples(
                tests,
                |text| text.parse::<IpAddr>().is_ok(),
                effort,
            ));
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
        Values::Texts { optional } => {
            let (found, complete) = sets(tests, effort);
            (found, complete && only(tests, textual), *optional)
        }
    };
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

fn concrete(value: String, tests: &[Test]) -> KeyClass {
    let outcomes = tests
        .iter()
        .map(|test| test.present(&[test.equals(&value)]))
        .collect();
    KeyClass {
        values: Some(vec![value]),
        outcomes,
    }
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

/// Texts of every class of the textual tests that are values of the key as well.
fn examples(tests: &[Test], fits: impl Fn(&str) -> bool, effort: &mut Effort) -> Vec<String> {
    if only(tests, |family| !textual(family)) {
        return Vec::new();
    }
    let anything = Glob(vec![Token::Run(Set::Any)]);
    let (found, _) = matched(&anything, tests, effort);
    let held = found.into_iter().map(|one| one.0);
    held.filter(|value| fits(value)).collect()
}

/// Adds texts that are numbers, times or addresses, where a text is compared as one; returns
/// whether the classes are then all: with one way of comparing, or where none of those can be.
fn typed(shape: &Glob, tests: &[Test], found: &mut Vec<KeyClass>, effort: &mut Effort) -> bool {
    // An ARN is no number, time or address.
    if matches!(shape.0.first(), Some(Token::One(Set::One('a')))) {
        return true;
    }
    let mut points = numbers(policy(tests), f64::MIN);
    points.extend(times(policy(tests), None));
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

fn textual(family: Family) -> bool {
    matches!(
        family,
        Family::Exact | Family::AnyCase | Family::Wild | Family::Arn | Family::Flag
    )
}

/// One class for each combination of pattern matches among the texts of a shape.
fn texts(shape: &Glob, tests: &[Test], effort: &mut Effort) -> (Vec<KeyClass>, bool) {
    let (matched, complete) = matched(shape, tests, effort);
    let class = |(example, equal): (String, Vec<bool>)| {
        let outcome = |(test, equal): (&Test, bool)| {
            test.present(&[if textual(test.family) {
                equal
            } else {
                test.equals(&example)
            }])
        };
        let outcomes = tests.iter().zip(equal).map(outcome).collect();
        KeyClass {
            values: Some(vec![example]),
            outcomes,
        }
    };
    (matched.into_iter().map(class).collect(), complete)
}

/// For each distinct combination: an example, and by test whether it equals a policy value.
fn matched(shape: &Glob, tests: &[Test], effort: &mut Effort) -> (Vec<(String, Vec<bool>)>, bool) {
    let patterns: Vec<&Glob> = tests.iter().flat_map(|test| &test.patterns).collect();
    let classes = classes(shape, &patterns, effort);
    let found = classes
        .found
        .into_iter()
        .map(|class| {
            let mut rest = class.matches.as_slice();
            let equal = tests
                .iter()
                .map(|test| {
                    let (own, others) = rest.split_at(test.patterns.len().min(rest.len()));
                    rest = others;
                    own.contains(&true)
                })
                .collect();
            (class.example, equal)
        })
        .collect();
    (found, classes.complete)
}

/// Sets of texts: only which outcomes a set can have matters, and adding one text at a time
/// reaches them all.
fn sets(tests: &[Test], effort: &mut Effort) -> (Vec<KeyClass>, bool) {
    const MOST: usize = 256;
    let anything = Glob(vec![Token::Run(Set::Any)]);
    let (single, complete) = matched(&anything, tests, effort);
    let outcome = |members: &[usize]| -> Vec<bool> {
        tests
            .iter()
            .enumerate()
            .map(|(index, test)| {
                let equal: Vec<bool> = members
                    .iter()
                    .filter_map(|member| single.get(*member)?.1.get(index).copied())
                    .collect();
                test.present(&equal)
            })
            .collect()
    };
    let mut found: Vec<(Vec<usize>, Vec<bool>)> = vec![(Vec::new(), outcome(&[]))];
    let mut next = 0;
    while let Some((members, _)) = found.get(next).cloned() {
        next += 1;
        for member in 0..single.len() {
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
    let complete = complete && found.len() <= MOST && !effort.is_over();
    let classes = found
        .into_iter()
        .map(|(members, outcomes)| {
            let example = |member: &usize| single.get(*member).map(|one| one.0.clone());
            KeyClass {
                values: Some(members.iter().filter_map(example).collect()),
                outcomes,
            }
        })
        .collect();
    (classes, complete)
}
