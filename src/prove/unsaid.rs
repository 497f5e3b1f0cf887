//! Conditions of which AWS's pages do not say what they come to.

use super::compile::{Family, family};
use super::moment::{decimal, is_year_or_seconds, moment};
use super::points::range;
use crate::scp::{Base, Condition, Set};

/// What is not said, in words that follow the condition; `None`: its meaning is documented.
pub(super) fn unsaid(condition: &Condition) -> Option<String> {
    let operator = condition.operator;
    let key = condition.key.to_ascii_lowercase();
    let (family, negated) = family(operator.base);
    // "matches only if the key is missing" and "never matches", both of the same condition.
    let empty = condition.values.is_empty();
    if empty && operator.set == Some(Set::ForAnyValue) && operator.if_exists {
        return Some("ForAnyValue and IfExists say the opposite of an empty list".to_owned());
    }
    if operator.base == Base::BinaryEquals {
        return Some("it compares decoded bytes, and the key holds text".to_owned());
    }
    if is_of_another_type(family, &key, negated) {
        return Some("the key is of another type".to_owned());
    }
    let doubts = |value: &String| Some(format!("`{value}` {}", in_value(family, value)?));
    condition.values.iter().find_map(doubts)
}

/// "Numeric, Date, Boolean, Binary, IP Address, or Null operators" take no variables, and
/// nothing is said of other values that they cannot read.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-conditionelement>
fn in_value(family: Family, value: &str) -> Option<&'static str> {
    let flag = |value: &str| {
        ["true", "false"]
            .iter()
            .any(|word| value.eq_ignore_ascii_case(word))
    };
    match family {
        Family::Number(_) => decimal(value).is_none().then_some("is no number"),
        Family::Time(_) if is_year_or_seconds(value) => Some("is a year, or seconds since 1970"),
        Family::Time(_) => moment(value).is_none().then_some("is no date"),
        Family::Address => range(value).is_none().then_some("is no range of addresses"),
        Family::Flag | Family::Presence => (!flag(value)).then_some("is neither true nor false"),
        Family::AnyCase => (!value.is_ascii()).then_some("holds letters beyond ASCII"),
        Family::Exact | Family::Wild | Family::Arn => None,
    }
}

/// Is a number, a date or an address asked of a key that AWS documents as another type?
///
/// "If you use the incorrect type of operator, then the match always fails", says
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
/// and not what that means for a negated operator, or for a user called `10.0.0.1`.
fn is_of_another_type(family: Family, key: &str, negated: bool) -> bool {
    let own: &[&str] = match family {
        Family::Number(_) => &["aws:multifactorauthage", "aws:epochtime"],
        Family::Time(_) => &["aws:currenttime", "aws:epochtime", "aws:tokenissuetime"],
        Family::Address => &[
            "aws:sourceip",
            "aws:vpcsourceip",
            "aws:ec2instancesourceprivateipv4",
        ],
        _ => return false,
    };
    let tags = ["aws:principaltag/", "aws:requesttag/", "aws:resourcetag/"];
    // A tag holds any text: what is no number equals none.
    if tags.iter().any(|prefix| key.starts_with(prefix)) {
        return negated;
    }
    key.starts_with("aws:") && !own.contains(&key)
}
