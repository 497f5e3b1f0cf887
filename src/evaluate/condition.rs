//! One condition against one request.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::net::IpAddr;

use super::moment::{date, seconds};
use super::request::Request;
use super::text::{self, Text};
use crate::scp::{Base, Condition, Set, Version};

/// Does the condition hold?
pub(super) fn holds(condition: &Condition, version: Version, request: &Request) -> bool {
    let present = request.values(&condition.key);
    if condition.operator.base == Base::Null {
        return null_holds(condition, present);
    }
    let Some(values) = present else {
        return absent_holds(condition);
    };
    let null = values.iter().all(String::is_empty);
    match condition.operator.set {
        // "If the key values resolve to a null data set, such as an empty string", all of them
        // match and none does.
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
        Some(Set::ForAllValues) if null => return true,
        Some(Set::ForAnyValue) if null => return false,
        // "matches only if the key is missing from the request context", and for `ForAnyValue`
        // "never matches".
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html#access-analyzer-reference-policy-checks-suggestion-empty-array-condition-forallvalues
        set if condition.values.is_empty() && (set.is_some() || condition.operator.if_exists) => {
            return false;
        }
        _ => {}
    }
    let (comparison, negated) = split(condition.operator.base);
    let equals_one = |value: &String| {
        condition
            .values
            .iter()
            .any(|pattern| compare(comparison, pattern, value, version, request))
    };
    match condition.operator.set {
        None => values.iter().any(equals_one) != negated,
        Some(Set::ForAllValues) => values.iter().all(|value| equals_one(value) != negated),
        Some(Set::ForAnyValue) => values.iter().any(|value| equals_one(value) != negated),
    }
}

/// A missing key fails a positive operator and satisfies a negated one.
fn absent_holds(condition: &Condition) -> bool {
    match condition.operator.set {
        Some(Set::ForAllValues) => true,
        Some(Set::ForAnyValue) => condition.operator.if_exists && !condition.values.is_empty(),
        None => condition.operator.if_exists || split(condition.operator.base).1,
    }
}

/// `Null: true` asks for an absent key. With a set operator the validator's reference says
/// always true (`ForAllValues`) or always false (`ForAnyValue`).
fn null_holds(condition: &Condition, present: Option<&[String]>) -> bool {
    match condition.operator.set {
        Some(Set::ForAllValues) => true,
        Some(Set::ForAnyValue) => false,
        None => condition.values.iter().any(|value| {
            (value.eq_ignore_ascii_case("true") && present.is_none())
                || (value.eq_ignore_ascii_case("false") && present.is_some())
        }),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Text,
    TextAnyCase,
    Like,
    Number(Order),
    Date(Order),
    Flag,
    Address,
    Arn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Equal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// An operator's comparison, and whether it is the negation of it.
fn split(base: Base) -> (Comparison, bool) {
    use Comparison::{Address, Arn, Date, Flag, Like, Number, Text, TextAnyCase};
    match base {
        Base::StringEquals | Base::BinaryEquals => (Text, false),
        Base::StringNotEquals => (Text, true),
        Base::StringEqualsIgnoreCase => (TextAnyCase, false),
        Base::StringNotEqualsIgnoreCase => (TextAnyCase, true),
        Base::StringLike => (Like, false),
        Base::StringNotLike => (Like, true),
        Base::NumericEquals => (Number(Order::Equal), false),
        Base::NumericNotEquals => (Number(Order::Equal), true),
        Base::NumericLessThan => (Number(Order::Less), false),
        Base::NumericLessThanEquals => (Number(Order::LessEqual), false),
        Base::NumericGreaterThan => (Number(Order::Greater), false),
        Base::NumericGreaterThanEquals => (Number(Order::GreaterEqual), false),
        Base::DateEquals => (Date(Order::Equal), false),
        Base::DateNotEquals => (Date(Order::Equal), true),
        Base::DateLessThan => (Date(Order::Less), false),
        Base::DateLessThanEquals => (Date(Order::LessEqual), false),
        Base::DateGreaterThan => (Date(Order::Greater), false),
        Base::DateGreaterThanEquals => (Date(Order::GreaterEqual), false),
        Base::Bool | Base::Null => (Flag, false),
        Base::IpAddress => (Address, false),
        Base::NotIpAddress => (Address, true),
        Base::ArnEquals | Base::ArnLike => (Arn, false),
        Base::ArnNotEquals | Base::ArnNotLike => (Arn, true),
    }
}

/// Does one policy value equal one request value? A value of the wrong type, or a variable
/// without a value, equals nothing.
fn compare(
    comparison: Comparison,
    pattern: &str,
    value: &str,
    version: Version,
    request: &Request,
) -> bool {
    let plain = || Text::plain(pattern, version, request);
    match comparison {
        Comparison::Text => plain().is_some_and(|text| text == value),
        Comparison::TextAnyCase => {
            // How other letters fold is not said: `prove` leaves such values open.
            plain().is_some_and(|text| text.eq_ignore_ascii_case(value))
        }
        Comparison::Like => Text::with_variables(pattern, version, request)
            .is_some_and(|pattern| pattern.matches(value)),
        Comparison::Arn => Text::parts(pattern, version, request)
            .is_some_and(|parts| text::arn_matches(&parts, value)),
        Comparison::Flag => match (flag(pattern), flag(value)) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        },
        Comparison::Number(order) => match (seconds(value), seconds(pattern)) {
            (Some(value), Some(pattern)) => in_order(order, value.cmp(&pattern)),
            _ => false,
        },
        Comparison::Date(order) => match (date(value), date(pattern)) {
            (Some(value), Some(pattern)) => in_order(order, value.cmp(&pattern)),
            _ => false,
        },
        Comparison::Address => in_range(pattern, value),
    }
}

fn in_order(order: Order, found: std::cmp::Ordering) -> bool {
    match order {
        Order::Equal => found.is_eq(),
        Order::Less => found.is_lt(),
        Order::LessEqual => found.is_le(),
        Order::Greater => found.is_gt(),
        Order::GreaterEqual => found.is_ge(),
    }
}

fn flag(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// `address` or `address/bits`; both families, never mixed.
fn in_range(range: &str, value: &str) -> bool {
    let (network, bits) = match range.split_once('/') {
        Some((network, bits)) => (network, bits.parse::<u32>().ok()),
        None => (range, Some(u32::MAX)),
    };
    let (Ok(network), Ok(value), Some(bits)) =
        (network.parse::<IpAddr>(), value.parse::<IpAddr>(), bits)
    else {
        return false;
    };
    let (a, b, width) = match (network, value) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits()), u128::from(b.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits(), b.to_bits(), 128),
        _ => return false,
    };
    let shift = width - bits.min(width);
    a.checked_shr(shift).unwrap_or(0) == b.checked_shr(shift).unwrap_or(0)
}
