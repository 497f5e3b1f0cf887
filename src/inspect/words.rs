//! Conditions in words.

use crate::scp::{Base, Condition, Set};

/// A condition as a person would say it, absent keys included.
pub fn condition(condition: &Condition) -> String {
    let key = &condition.key;
    let operator = condition.operator;
    if operator.base == Base::Null && operator.set.is_none() {
        return match condition.values.as_slice() {
            [one] if one.eq_ignore_ascii_case("true") => format!("{key} is absent"),
            [one] if one.eq_ignore_ascii_case("false") => format!("{key} is present"),
            _ => condition.to_string(),
        };
    }
    let values = condition.values.join(" or ");
    let (verb, negated) = verb(operator.base);
    let said = match operator.set {
        None => format!("{key} {verb} {values}"),
        Some(Set::ForAllValues) => format!("every value of {key} {verb} {values}"),
        Some(Set::ForAnyValue) => format!("some value of {key} {verb} {values}"),
    };
    let absent = match operator.set {
        None => operator.if_exists || negated,
        Some(Set::ForAllValues) => true,
        Some(Set::ForAnyValue) => operator.if_exists,
    };
    if absent {
        format!("{said}, or the key is absent")
    } else {
        said
    }
}

/// The verb of a comparison, and whether it is the complement of another.
fn verb(base: Base) -> (&'static str, bool) {
    match base {
        Base::StringEquals | Base::NumericEquals | Base::Bool | Base::BinaryEquals => ("is", false),
        Base::StringNotEquals | Base::NumericNotEquals => ("is not", true),
        Base::StringEqualsIgnoreCase => ("is, in any case,", false),
        Base::StringNotEqualsIgnoreCase => ("is not, in any case,", true),
        Base::StringLike | Base::ArnEquals | Base::ArnLike => ("matches", false),
        Base::StringNotLike | Base::ArnNotEquals | Base::ArnNotLike => ("does not match", true),
        Base::NumericLessThan => ("is less than", false),
        Base::NumericLessThanEquals => ("is at most", false),
        Base::NumericGreaterThan => ("is more than", false),
        Base::NumericGreaterThanEquals => ("is at least", false),
        Base::DateEquals => ("is at", false),
        Base::DateNotEquals => ("is not at", true),
        Base::DateLessThan => ("is before", false),
        Base::DateLessThanEquals => ("is not after", false),
        Base::DateGreaterThan => ("is after", false),
        Base::DateGreaterThanEquals => ("is not before", false),
        Base::IpAddress => ("lies in", false),
        Base::NotIpAddress => ("lies outside", true),
        Base::Null => ("is absent:", false),
    }
}

#[cfg(test)]
mod tests {
    use super::condition;
    use crate::scp::{Dialect, parse};

    fn words(text: &str) -> String {
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{{text}}}}}}}"#
        );
        let document = parse(&policy, Dialect::Scp).unwrap();
        condition(&document.statements[0].conditions[0])
    }

    #[test]
    fn absent_keys_are_spoken_of() {
        for (text, expected) in [
            (
                r#""ArnNotLike":{"aws:PrincipalArn":["a","b"]}"#,
                "aws:PrincipalArn does not match a or b, or the key is absent",
            ),
            (
                r#""Bool":{"aws:MultiFactorAuthPresent":false}"#,
                "aws:MultiFactorAuthPresent is false",
            ),
            (
                r#""ForAllValues:StringLike":{"aws:PrincipalOrgPaths":"o-1/*"}"#,
                "every value of aws:PrincipalOrgPaths matches o-1/*, or the key is absent",
            ),
            (
                r#""Null":{"aws:SourceVpc":"true"}"#,
                "aws:SourceVpc is absent",
            ),
            (
                r#""NumericLessThanIfExists":{"x":7}"#,
                "x is less than 7, or the key is absent",
            ),
        ] {
            assert_eq!(words(text), expected);
        }
    }
}
