//! Condition operators.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use super::document::Position;

/// The comparison of an operator, without its set prefix and `IfExists`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Base {
    /// Exact text.
    StringEquals,
    /// Not the exact text.
    StringNotEquals,
    /// Exact text, any case.
    StringEqualsIgnoreCase,
    /// Not the exact text, in any case.
    StringNotEqualsIgnoreCase,
    /// Text with wildcards.
    StringLike,
    /// Not the text with wildcards.
    StringNotLike,
    /// Equal numbers.
    NumericEquals,
    /// Different numbers.
    NumericNotEquals,
    /// Less.
    NumericLessThan,
    /// Less or equal.
    NumericLessThanEquals,
    /// Greater.
    NumericGreaterThan,
    /// Greater or equal.
    NumericGreaterThanEquals,
    /// Same time.
    DateEquals,
    /// Another time.
    DateNotEquals,
    /// Before.
    DateLessThan,
    /// Not after.
    DateLessThanEquals,
    /// After.
    DateGreaterThan,
    /// Not before.
    DateGreaterThanEquals,
    /// `true` or `false`.
    Bool,
    /// Base64 text.
    BinaryEquals,
    /// Address in a range.
    IpAddress,
    /// Address outside a range.
    NotIpAddress,
    /// ARN with wildcards, part by part.
    ArnEquals,
    /// The same as [`Base::ArnEquals`].
    ArnLike,
    /// Not the ARN.
    ArnNotEquals,
    /// The same as [`Base::ArnNotEquals`].
    ArnNotLike,
    /// Whether the key is absent.
    Null,
}

const NAMES: [(&str, Base); 27] = [
    ("StringEquals", Base::StringEquals),
    ("StringNotEquals", Base::StringNotEquals),
    ("StringEqualsIgnoreCase", Base::StringEqualsIgnoreCase),
    ("StringNotEqualsIgnoreCase", Base::StringNotEqualsIgnoreCase),
    ("StringLike", Base::StringLike),
    ("StringNotLike", Base::StringNotLike),
    ("NumericEquals", Base::NumericEquals),
    ("NumericNotEquals", Base::NumericNotEquals),
    ("NumericLessThan", Base::NumericLessThan),
    ("NumericLessThanEquals", Base::NumericLessThanEquals),
    ("NumericGreaterThan", Base::NumericGreaterThan),
    ("NumericGreaterThanEquals", Base::NumericGreaterThanEquals),
    ("DateEquals", Base::DateEquals),
    ("DateNotEquals", Base::DateNotEquals),
    ("DateLessThan", Base::DateLessThan),
    ("DateLessThanEquals", Base::DateLessThanEquals),
    ("DateGreaterThan", Base::DateGreaterThan),
    ("DateGreaterThanEquals", Base::DateGreaterThanEquals),
    ("Bool", Base::Bool),
    ("BinaryEquals", Base::BinaryEquals),
    ("IpAddress", Base::IpAddress),
    ("NotIpAddress", Base::NotIpAddress),
    ("ArnEquals", Base::ArnEquals),
    ("ArnLike", Base::ArnLike),
    ("ArnNotEquals", Base::ArnNotEquals),
    ("ArnNotLike", Base::ArnNotLike),
    ("Null", Base::Null),
];

/// How an operator treats a key with several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Set {
    /// `ForAllValues:`, true when the key is absent.
    ForAllValues,
    /// `ForAnyValue:`, false when the key is absent.
    ForAnyValue,
}

/// A condition operator taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operator {
    /// `ForAllValues:` or `ForAnyValue:`.
    pub set: Option<Set>,
    /// The comparison.
    pub base: Base,
    /// `…IfExists`: true when the key is absent.
    pub if_exists: bool,
}

impl Operator {
    /// Reads an operator; the flag says whether it is spelled as documented.
    ///
    /// `None`: AWS knows no such operator.
    pub fn read(text: &str) -> Option<(Self, bool)> {
        let read = |text: &str, fold: fn(&str) -> String| {
            let text = fold(text);
            let (set, rest) = if let Some(rest) = text.strip_prefix(&fold("ForAllValues:")) {
                (Some(Set::ForAllValues), rest)
            } else if let Some(rest) = text.strip_prefix(&fold("ForAnyValue:")) {
                (Some(Set::ForAnyValue), rest)
            } else {
                (None, text.as_str())
            };
            let (name, if_exists) = rest
                .strip_suffix(&fold("IfExists"))
                .map_or((rest, false), |name| (name, true));
            let base = NAMES.iter().find(|row| fold(row.0) == name)?.1;
            // There is no NullIfExists: the check itself is about existence.
            (base != Base::Null || !if_exists).then_some(Self {
                set,
                base,
                if_exists,
            })
        };
        read(text, str::to_owned)
            .map(|operator| (operator, true))
            .or_else(|| read(text, str::to_ascii_lowercase).map(|operator| (operator, false)))
    }
}

/// One key under one operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The operator.
    pub operator: Operator,
    /// The operator as written.
    pub operator_text: String,
    /// The condition key as written; keys are compared without regard to case.
    pub key: String,
    /// Values as text, booleans and numbers included.
    pub values: Vec<String>,
    /// Where the key stands.
    pub at: Position,
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} [", self.operator_text, self.key)?;
        for (index, value) in self.values.iter().enumerate() {
            write!(f, "{}{value}", if index == 0 { "" } else { ", " })?;
        }
        f.write_str("]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_read_with_prefix_and_suffix() {
        let (operator, exact) = Operator::read("ForAllValues:StringNotLikeIfExists").unwrap();
        assert_eq!(operator.set, Some(Set::ForAllValues));
        assert_eq!(operator.base, Base::StringNotLike);
        assert!(operator.if_exists && exact);
        assert!(!Operator::read("stringnotlike").unwrap().1);
        assert_eq!(Operator::read("StringNotLikes"), None);
        assert_eq!(Operator::read("NullIfExists"), None);
    }
}
