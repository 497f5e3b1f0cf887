//! The classes of a key: every combination of condition outcomes that some value has.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::compile::{Family, family, pattern};
use super::domain::{Subject, Values};
use super::glob::{Glob, classes};
use crate::model::Timestamp;
use crate::scp::{Condition, Set as SetOperator, Version};

/// A condition on a key, ready to be decided for a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Test {
    family: Family,
    negated: bool,
    set: Option<SetOperator>,
    if_exists: bool,
    values: Vec<String>,
    patterns: Vec<Glob>,
}

impl Test {
    /// `None` if a value cannot be told for all requests at once.
    pub(super) fn compile(
        condition: &Condition,
        version: Version,
        subject: &Subject<'_>,
    ) -> Option<Self> {
        let (family, negated) = family(condition.operator.base);
        let textual = matches!(
            family,
            Family::Exact | Family::AnyCase | Family::Wild | Family::Arn | Family::Flag
        );
        let patterns = if textual {
            let compiled = condition
                .values
                .iter()
                .map(|text| pattern(family, text, version, subject));
            compiled.collect::<Option<Vec<_>>>()?
        } else {
            Vec::new()
        };
        Some(Self {
            family,
            negated,
            set: condition.operator.set,
            if_exists: condition.operator.if_exists,
            values: condition.values.clone(),
            patterns,
        })
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
    pub(super) fn resource(patterns: Vec<Glob>, negated: bool) -> Self {
        Self {
            family: Family::Arn,
            negated,
            set: None,
            if_exists: false,
            values: Vec::new(),
            patterns,
        }
    }

    fn absent(&self) -> bool {
        if self.family == Family::Presence {
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

/// Every class of a key; the flag says whether those are all. `None`: the tests do not go
/// with what the key holds, so nothing is known.
pub(super) fn key_classes(
    values: &Values,
    tests: &[Test],
    budget: usize,
) -> Option<(Vec<KeyClass>, bool)> {
    let absent = || KeyClass {
        values: None,
        outcomes: tests.iter().map(Test::absent).collect(),
    };
    let concrete = |value: String| {
        let outcomes = tests
            .iter()
            .map(|test| test.present(&[test.equals(&value)]))
            .collect();
        KeyClass {
            values: Some(vec![value]),
            outcomes,
        }
    };
    let presence = |test: &Test| test.family == Family::Presence;
    let only = |wanted: fn(Family) -> bool| {
        tests
            .iter()
            .all(|test| presence(test) || wanted(test.family))
    };
    let (found, complete, optional) = match values {
        Values::Absent => (vec![], true, true),
        Values::Constant(values) => {
            let equal = |test: &Test| -> Vec<bool> {
                values.iter().map(|value| test.equals(value)).collect()
            };
            let outcomes = tests
                .iter()
                .map(|test| test.present(&equal(test)))
                .collect();
            (
                vec![KeyClass {
                    values: Some(values.clone()),
                    outcomes,
                }],
                true,
                false,
            )
        }
        Values::Flag { optional } => (
            ["true", "false"]
                .map(|flag| concrete(flag.to_owned()))
                .to_vec(),
            true,
            *optional,
        ),
        Values::Number if only(|family| matches!(family, Family::Number(_))) => (
            numbers(tests).into_iter().map(concrete).collect(),
            true,
            true,
        ),
        Values::Time { from } if only(|family| matches!(family, Family::Time(_))) => (
            times(tests, *from).into_iter().map(concrete).collect(),
            true,
            from.is_none(),
        ),
        Values::Address if only(|family| family == Family::Address) => (
            addresses(tests).into_iter().map(concrete).collect(),
            true,
            true,
        ),
        Values::Text { shape, optional } if only(textual) => {
            let (found, complete) = texts(shape, tests, budget);
            (found, complete, *optional)
        }
        Values::Texts { optional } if only(textual) => {
            let (found, complete) = sets(tests, budget);
            (found, complete, *optional)
        }
        _ => return None,
    };
    let mut all = found;
    if optional {
        all.insert(0, absent());
    }
    let mut seen = BTreeSet::new();
    all.retain(|class| seen.insert(class.outcomes.clone()));
    Some((all, complete))
}

fn textual(family: Family) -> bool {
    matches!(
        family,
        Family::Exact | Family::AnyCase | Family::Wild | Family::Arn | Family::Flag
    )
}

/// One class for each combination of pattern matches among the texts of a shape.
fn texts(shape: &Glob, tests: &[Test], budget: usize) -> (Vec<KeyClass>, bool) {
    let (matched, complete) = matched(shape, tests, budget);
    let class = |(example, equal): (String, Vec<bool>)| KeyClass {
        values: Some(vec![example]),
        outcomes: tests
            .iter()
            .zip(equal)
            .map(|(test, equal)| test.present(&[equal]))
            .collect(),
    };
    (matched.into_iter().map(class).collect(), complete)
}

/// For each distinct combination: an example, and by test whether it equals a policy value.
fn matched(shape: &Glob, tests: &[Test], budget: usize) -> (Vec<(String, Vec<bool>)>, bool) {
    let patterns: Vec<Glob> = tests
        .iter()
        .flat_map(|test| test.patterns.iter().cloned())
        .collect();
    let classes = classes(shape, &patterns, budget);
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
fn sets(tests: &[Test], budget: usize) -> (Vec<KeyClass>, bool) {
    const MOST: usize = 256;
    let anything = Glob(vec![super::glob::Token::Run(super::glob::Set::Any)]);
    let (single, complete) = matched(&anything, tests, budget);
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
            let outcomes = outcome(&larger);
            if found.iter().all(|(_, known)| *known != outcomes) {
                found.push((larger, outcomes));
            }
        }
        if found.len() > MOST {
            break;
        }
    }
    let complete = complete && found.len() <= MOST;
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

/// Every policy number and its neighbours: between two of them nothing changes.
fn numbers(tests: &[Test]) -> Vec<String> {
    let mut points: Vec<f64> = vec![0.0, 1.0e9];
    for value in tests.iter().flat_map(|test| &test.values) {
        if let Ok(number) = value.parse::<f64>() {
            points.extend([
                number - 1.0,
                number - 0.5,
                number,
                number + 0.5,
                number + 1.0,
            ]);
        }
    }
    points.retain(|point| *point >= 0.0);
    points.sort_by(f64::total_cmp);
    points.dedup();
    points.into_iter().map(|point| point.to_string()).collect()
}

fn times(tests: &[Test], from: Option<Timestamp>) -> Vec<String> {
    let second = jiff::SignedDuration::from_secs(1);
    let mut points = vec![from.unwrap_or(Timestamp::UNIX_EPOCH)];
    // Far enough ahead of every date that a policy names.
    points.extend(Timestamp::from_second(16_725_225_600).ok());
    for moment in tests
        .iter()
        .flat_map(|test| &test.values)
        .filter_map(|text| moment(text))
    {
        points.extend(
            [
                moment.checked_sub(second).ok(),
                Some(moment),
                moment.checked_add(second).ok(),
            ]
            .into_iter()
            .flatten(),
        );
    }
    points.retain(|point| from.is_none_or(|from| *point >= from));
    points.sort();
    points.dedup();
    points.into_iter().map(|point| point.to_string()).collect()
}

/// ISO 8601 with or without a time, or seconds since 1970.
fn moment(text: &str) -> Option<Timestamp> {
    let seconds = text
        .parse::<i64>()
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok());
    let day = || text.parse::<jiff::civil::Date>().ok();
    let midnight = || {
        jiff::tz::Offset::UTC
            .to_timestamp(day()?.at(0, 0, 0, 0))
            .ok()
    };
    seconds.or_else(|| text.parse().ok()).or_else(midnight)
}

/// The first and the last address of a range.
fn range(text: &str) -> Option<(IpAddr, IpAddr)> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u32>().ok()?)),
        None => (text, None),
    };
    match address.parse::<IpAddr>().ok()? {
        IpAddr::V4(v4) => {
            let host = 32_u32.checked_sub(bits.unwrap_or(32))?;
            let mask = u32::MAX.checked_shl(host).unwrap_or(0);
            let low = v4.to_bits() & mask;
            Some((IpAddr::V4(low.into()), IpAddr::V4((low | !mask).into())))
        }
        IpAddr::V6(v6) => {
            let host = 128_u32.checked_sub(bits.unwrap_or(128))?;
            let mask = u128::MAX.checked_shl(host).unwrap_or(0);
            let low = v6.to_bits() & mask;
            Some((IpAddr::V6(low.into()), IpAddr::V6((low | !mask).into())))
        }
    }
}

/// Both ends of every range and their neighbours, and an ordinary address of each family.
fn addresses(tests: &[Test]) -> Vec<String> {
    let mut points: BTreeSet<IpAddr> = BTreeSet::new();
    points.extend(
        ["203.0.113.7", "2001:db8::7"]
            .iter()
            .filter_map(|text| text.parse::<IpAddr>().ok()),
    );
    for (low, high) in tests
        .iter()
        .flat_map(|test| &test.values)
        .filter_map(|text| range(text))
    {
        points.extend([low, high]);
        points.extend(neighbour(low, false));
        points.extend(neighbour(high, true));
    }
    points.into_iter().map(|point| point.to_string()).collect()
}

fn neighbour(address: IpAddr, up: bool) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) => {
            let bits = v4.to_bits();
            let next = if up {
                bits.checked_add(1)
            } else {
                bits.checked_sub(1)
            };
            next.map(|bits| IpAddr::V4(bits.into()))
        }
        IpAddr::V6(v6) => {
            let bits = v6.to_bits();
            let next = if up {
                bits.checked_add(1)
            } else {
                bits.checked_sub(1)
            };
            next.map(|bits| IpAddr::V6(bits.into()))
        }
    }
}
