//! Policy text to patterns: variables replaced by what is constant for the account.

use super::domain::{Scene, Variable};
use super::glob::{Glob, Set, Token};
use crate::scp::{Base, Version};

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Exact,
    AnyCase,
    Wild,
    Arn,
    Flag,
    Number(Order),
    Time(Order),
    Address,
    Presence,
}

/// An order between a request's value and a policy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Equal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Order {
    pub(super) fn holds(self, found: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => found.is_eq(),
            Self::Less => found.is_lt(),
            Self::LessEqual => found.is_le(),
            Self::Greater => found.is_gt(),
            Self::GreaterEqual => found.is_ge(),
        }
    }
}

/// The family of an operator, and whether it is the complement of its positive form.
pub(super) fn family(base: Base) -> (Family, bool) {
    match base {
        Base::StringEquals | Base::BinaryEquals => (Family::Exact, false),
        Base::StringNotEquals => (Family::Exact, true),
        Base::StringEqualsIgnoreCase => (Family::AnyCase, false),
        Base::StringNotEqualsIgnoreCase => (Family::AnyCase, true),
        Base::StringLike => (Family::Wild, false),
        Base::StringNotLike => (Family::Wild, true),
        Base::ArnEquals | Base::ArnLike => (Family::Arn, false),
        Base::ArnNotEquals | Base::ArnNotLike => (Family::Arn, true),
        Base::Bool => (Family::Flag, false),
        Base::NumericEquals => (Family::Number(Order::Equal), false),
        Base::NumericNotEquals => (Family::Number(Order::Equal), true),
        Base::NumericLessThan => (Family::Number(Order::Less), false),
        Base::NumericLessThanEquals => (Family::Number(Order::LessEqual), false),
        Base::NumericGreaterThan => (Family::Number(Order::Greater), false),
        Base::NumericGreaterThanEquals => (Family::Number(Order::GreaterEqual), false),
        Base::DateEquals => (Family::Time(Order::Equal), false),
        Base::DateNotEquals => (Family::Time(Order::Equal), true),
        Base::DateLessThan => (Family::Time(Order::Less), false),
        Base::DateLessThanEquals => (Family::Time(Order::LessEqual), false),
        Base::DateGreaterThan => (Family::Time(Order::Greater), false),
        Base::DateGreaterThanEquals => (Family::Time(Order::GreaterEqual), false),
        Base::IpAddress => (Family::Address, false),
        Base::NotIpAddress => (Family::Address, true),
        Base::Null => (Family::Presence, false),
    }
}

/// The pattern of a policy value; `None` if it cannot be told for all requests at once:
/// a variable that differs from request to request. A variable that has no value makes the
/// whole value match nothing, and so does an ARN of fewer than six parts.
pub(super) fn pattern(
    family: Family,
    text: &str,
    version: Version,
    scene: &Scene<'_>,
) -> Option<Glob> {
    match family {
        Family::Exact => tokens(text, version, scene, Set::One, false).map(Glob),
        Family::AnyCase => tokens(text, version, scene, Set::Fold, false).map(Glob),
        Family::Wild => tokens(text, version, scene, Set::One, true).map(Glob),
        Family::Arn => arn(text, version, scene),
        Family::Flag => {
            let flag = text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false");
            // Anything else equals nothing.
            Some(if flag {
                Glob(text.chars().map(|c| Token::One(Set::Fold(c))).collect())
            } else {
                Glob::never()
            })
        }
        Family::Number(_) | Family::Time(_) | Family::Address | Family::Presence => None,
    }
}

/// Does a variable stand before the fifth colon of a resource?
///
/// "You can't use a variable to replace parts of the ARN before the fifth colon, such as the
/// service or account": it stays as it stands there, and names no resource.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-resourceelement>
pub(super) fn variable_too_early(text: &str) -> bool {
    let parts = parts(text, Version::V2012);
    parts.iter().take(5).any(|part| part.contains("${"))
}

/// What literal colons part, at most six.
fn parts(text: &str, version: Version) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut from, mut variable) = (0, false);
    for (index, c) in text.char_indices() {
        match c {
            '$' => {
                let behind = text.get(index + 1..).unwrap_or_default();
                variable |= version == Version::V2012 && behind.starts_with('{');
            }
            '}' => variable = false,
            ':' if !variable && parts.len() < 5 => {
                parts.extend(text.get(from..index));
                from = index + 1;
            }
            _ => {}
        }
    }
    parts.extend(text.get(from..));
    parts
}

/// Six parts at literal colons; a wildcard of the first five does not cross one.
fn arn(text: &str, version: Version, scene: &Scene<'_>) -> Option<Glob> {
    let parts = parts(text, version);
    if parts.len() != 6 {
        return Some(Glob::never());
    }
    let mut all = Vec::new();
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 {
            all.push(Token::One(Set::One(':')));
        }
        let inside = |token| match token {
            Token::One(Set::Any) if index < 5 => Token::One(Set::NotColon),
            Token::Run(Set::Any) if index < 5 => Token::Run(Set::NotColon),
            other => other,
        };
        all.extend(
            tokens(part, version, scene, Set::One, true)?
                .into_iter()
                .map(inside),
        );
    }
    Some(Glob(all))
}

/// The keys of the variables in a policy value, in lower case.
pub(super) fn variables(text: &str, version: Version) -> Vec<String> {
    if version != Version::V2012 {
        return Vec::new();
    }
    let inside = text
        .split("${")
        .skip(1)
        .filter_map(|rest| rest.split_once('}'));
    inside
        .map(|(name, _)| name.split(',').next().unwrap_or(name).trim())
        .filter(|name| !matches!(*name, "*" | "?" | "$"))
        .map(str::to_ascii_lowercase)
        .collect()
}

fn tokens(
    text: &str,
    version: Version,
    scene: &Scene<'_>,
    literal: fn(char) -> Set,
    wild: bool,
) -> Option<Vec<Token>> {
    let plain = |c: char| match c {
        '*' if wild => Token::Run(Set::Any),
        '?' if wild => Token::One(Set::Any),
        other => Token::One(literal(other)),
    };
    let mut tokens = Vec::new();
    let mut rest = text;
    while version == Version::V2012
        && let Some((before, after)) = rest.split_once("${")
    {
        tokens.extend(before.chars().map(plain));
        let Some((name, behind)) = after.split_once('}') else {
            tokens.extend("${".chars().map(|c| Token::One(literal(c))));
            rest = after;
            break;
        };
        let value = match scene.variable(name) {
            Variable::Value(value) => value,
            Variable::None => return Some(Glob::never().0),
            Variable::Differs => return None,
        };
        tokens.extend(value.chars().map(|c| Token::One(literal(c))));
        rest = behind;
    }
    tokens.extend(rest.chars().map(plain));
    // Two stars are one.
    tokens.dedup_by(|one, other| one == other && matches!(one, Token::Run(_)));
    Some(tokens)
}
