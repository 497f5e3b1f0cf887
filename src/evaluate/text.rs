//! Policy text with wildcards and variables, made ready to match one request.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

use super::request::Request;
use crate::scp::Version;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Literal(char),
    AnyRun,
    AnyOne,
}

/// A pattern whose variables have been replaced by this request's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text(Vec<Token>);

impl Text {
    /// `*` and `?` are wildcards, everything else stands for itself.
    pub(super) fn literal_wildcards(text: &str) -> Self {
        Self(text.chars().map(wildcard).collect())
    }

    /// Replaces variables; `None` if one of them has no value.
    pub(super) fn with_variables(text: &str, version: Version, request: &Request) -> Option<Self> {
        if version != Version::V2012 {
            return Some(Self::literal_wildcards(text));
        }
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            tokens.extend(before.chars().map(wildcard));
            let Some((name, behind)) = after.split_once('}') else {
                rest = after;
                tokens.extend("${".chars().map(Token::Literal));
                break;
            };
            tokens.extend(variable(name, request)?.chars().map(Token::Literal));
            rest = behind;
        }
        tokens.extend(rest.chars().map(wildcard));
        Some(Self(tokens))
    }

    /// The six parts of an ARN pattern, each with its own variables replaced, so
    /// that a colon inside `${…}` is not a separator. `None` if a variable has no value.
    pub(super) fn parts(text: &str, version: Version, request: &Request) -> Option<Vec<Self>> {
        split_outside_variables(text, version)
            .into_iter()
            .map(|part| Self::with_variables(part, version, request))
            .collect()
    }

    /// The six parts of a resource. `None` also if a variable stands before the fifth colon:
    /// "You can't use a variable to replace parts of the ARN before the fifth colon", so it
    /// stays `${…}`, which no partition, service, region or account is.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-resourceelement>
    pub(super) fn resource(text: &str, version: Version, request: &Request) -> Option<Vec<Self>> {
        let parts = split_outside_variables(text, version);
        let early = parts.iter().take(5).any(|part| part.contains("${"));
        let parts = parts.into_iter();
        let replaced = parts.map(|part| Self::with_variables(part, version, request));
        if early { None } else { replaced.collect() }
    }

    /// Does the pattern match the whole text?
    ///
    /// A row of reachable positions, one column a character: no backtracking.
    pub(super) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let mut reachable = vec![false; text.len() + 1];
        if let Some(first) = reachable.first_mut() {
            *first = true;
        }
        for token in &self.0 {
            let mut next = vec![false; text.len() + 1];
            let mut run = false;
            for (index, slot) in next.iter_mut().enumerate() {
                let here = reachable.get(index).copied().unwrap_or(false);
                let before = index.checked_sub(1);
                let from = before
                    .and_then(|i| reachable.get(i))
                    .copied()
                    .unwrap_or(false);
                let character = before.and_then(|i| text.get(i)).copied();
                *slot = match token {
                    Token::AnyRun => {
                        run |= here;
                        run
                    }
                    Token::AnyOne => from,
                    Token::Literal(c) => from && character == Some(*c),
                };
            }
            if !next.contains(&true) {
                return false;
            }
            reachable = next;
        }
        reachable.last().copied().unwrap_or(false)
    }

    /// The text if it holds no wildcard of its own; used by the exact operators.
    pub(super) fn plain(text: &str, version: Version, request: &Request) -> Option<String> {
        let replaced = Self::with_variables(text, version, request)?;
        Some(
            replaced
                .0
                .into_iter()
                .map(|token| match token {
                    Token::Literal(c) => c,
                    Token::AnyRun => '*',
                    Token::AnyOne => '?',
                })
                .collect(),
        )
    }
}

fn wildcard(c: char) -> Token {
    match c {
        '*' => Token::AnyRun,
        '?' => Token::AnyOne,
        other => Token::Literal(other),
    }
}

/// The value of `${name}`: an escape, a single-valued key, or the default after a comma.
fn variable(name: &str, request: &Request) -> Option<String> {
    if matches!(name, "*" | "?" | "$") {
        return Some(name.to_owned());
    }
    let (key, default) = match name.split_once(',') {
        Some((key, default)) => (key.trim(), Some(default.trim().trim_matches('\''))),
        None => (name.trim(), None),
    };
    match request.values(key) {
        Some([value]) => Some(value.clone()),
        _ => default.map(str::to_owned),
    }
}

/// Splits at the first five colons that stand outside `${…}`, where that is a variable.
fn split_outside_variables(text: &str, version: Version) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut from, mut inside) = (0, false);
    for (index, c) in text.char_indices() {
        match c {
            '{' => {
                let before = text.get(..index).unwrap_or_default();
                inside |= version == Version::V2012 && before.ends_with('$');
            }
            '}' => inside = false,
            ':' if !inside && parts.len() < 5 => {
                parts.extend(text.get(from..index));
                from = index + 1;
            }
            _ => {}
        }
    }
    parts.extend(text.get(from..));
    parts
}

/// ARNs are compared part by part: a wildcard does not cross the first five colons.
pub(super) fn arn_matches(pattern: &[Text], arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    pattern.len() == 6
        && parts.len() == 6
        && pattern
            .iter()
            .zip(parts)
            .all(|(pattern, part)| pattern.matches(part))
}
