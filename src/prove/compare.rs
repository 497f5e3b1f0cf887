//! A condition on a key, ready to be decided for a value.

use std::net::IpAddr;

use super::classes::classes;
use super::compile::{Family, family, pattern};
use super::domain::Scene;
use super::effort::Effort;
use super::glob::Glob;
use super::moment::{decimal, moment};
use super::points::range;
use crate::scp::{Base, Condition, Set as SetOperator, Version};

/// A condition on a key, ready to be decided for a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Test {
    pub(super) family: Family,
    pub(super) negated: bool,
    set: Option<SetOperator>,
    if_exists: bool,
    /// In order, so that the order in a policy makes no difference.
    pub(super) values: Vec<String>,
    /// By value, for the families that compare texts.
    pub(super) patterns: Vec<Glob>,
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
            let compiled = test
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
        let mut values = condition.values.clone();
        values.sort();
        values.dedup();
        Self {
            family,
            negated,
            set: condition.operator.set,
            if_exists: condition.operator.if_exists,
            values,
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

    /// Is the key there?
    pub(super) fn present_key() -> Self {
        let (family, negated) = family(Base::Null);
        Self {
            family,
            negated,
            set: None,
            if_exists: false,
            values: vec!["false".to_owned()],
            patterns: Vec::new(),
        }
    }

    /// Is the key's value `true`?
    pub(super) fn flag() -> Self {
        let (family, negated) = family(Base::Bool);
        Self {
            family,
            negated,
            set: None,
            if_exists: false,
            values: vec!["true".to_owned()],
            patterns: vec![Glob::literal("true")],
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

    /// Is the empty text told apart from all others?
    pub(super) fn tells_empty(&self) -> bool {
        self.set.is_some() && !self.is_presence()
    }

    /// The policy value that a value of the key equals.
    pub(super) fn equalled(&self, value: &str) -> Option<&str> {
        // Cloned once: an exemption may list hundreds of values.
        let mut one = self.clone();
        let found = (0..self.values.len()).find(|index| {
            let only = *index..=*index;
            one.values = self.values.get(only.clone()).unwrap_or_default().to_vec();
            one.patterns = self.patterns.get(only).unwrap_or_default().to_vec();
            one.equals(value)
        })?;
        self.values.get(found).map(String::as_str)
    }

    /// Policy values that no text of `shape` equals, as far as that can be told.
    pub(super) fn unmet(&self, shape: &Glob, effort: &mut Effort) -> Vec<String> {
        let mut never = |pattern: &Glob| {
            let found = classes(shape, &[std::slice::from_ref(pattern)], effort);
            found.complete && found.found.iter().all(|class| class.matches == [false])
        };
        let each = self.values.iter().zip(&self.patterns);
        each.filter(|(_, pattern)| never(pattern))
            .map(|(value, _)| value.clone())
            .collect()
    }

    /// The outcome where the key is absent.
    ///
    /// An empty list has a documented meaning under `IfExists` and the set operators: it
    /// "matches only if the key is missing from the request context", and under `ForAnyValue`
    /// "never matches the request context".
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html#access-analyzer-reference-policy-checks-suggestion-empty-array-condition-ifexists>
    pub(super) fn absent(&self) -> bool {
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
            Some(SetOperator::ForAnyValue) => self.if_exists && !self.values.is_empty(),
            None => self.if_exists || self.negated,
        }
    }

    /// `equal`: for each value of the key, whether it equals one of the policy's.
    pub(super) fn present(&self, equal: &[bool]) -> bool {
        if self.family == Family::Presence {
            if let Some(set) = self.set {
                return set == SetOperator::ForAllValues;
            }
            return self
                .values
                .iter()
                .any(|value| value.eq_ignore_ascii_case("false"));
        }
        if self.values.is_empty() && (self.if_exists || self.set.is_some()) {
            return false;
        }
        match self.set {
            None => equal.iter().any(|one| *one) != self.negated,
            Some(SetOperator::ForAllValues) => equal.iter().all(|one| *one != self.negated),
            Some(SetOperator::ForAnyValue) => equal.iter().any(|one| *one != self.negated),
        }
    }

    /// The outcome for a key with this one value.
    ///
    /// For the set operators an empty text is no value: `ForAllValues` "returns true if there
    /// are no keys in the request, or if the key values resolve to a null data set, such as an
    /// empty string", and then `ForAnyValue` returns false.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
    pub(super) fn one(&self, value: &str, equal: bool) -> bool {
        match self.set {
            Some(set) if value.is_empty() && self.tells_empty() => set == SetOperator::ForAllValues,
            _ => self.present(&[equal]),
        }
    }

    /// Does one concrete value equal one of the policy's?
    pub(super) fn equals(&self, value: &str) -> bool {
        match self.family {
            Family::Number(order) => {
                // A time counts in epoch seconds.
                let value = decimal(value).or_else(|| moment(value));
                let compare = |text: &String| Some(value?.cmp(&decimal(text)?));
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

/// Are values of the family compared as texts?
pub(super) fn textual(family: Family) -> bool {
    matches!(
        family,
        Family::Exact | Family::AnyCase | Family::Wild | Family::Arn | Family::Flag
    )
}
