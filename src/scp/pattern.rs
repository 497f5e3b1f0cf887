//! Wildcards: `*` is any run of characters, `?` exactly one.

use std::fmt;

/// A string with IAM wildcards, as written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pattern(String);

impl Pattern {
    /// Takes the text as it stands in the policy.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Only stars, so that it matches everything.
    pub fn is_star(&self) -> bool {
        !self.0.is_empty() && self.0.bytes().all(|b| b == b'*')
    }

    /// Does the pattern match the whole of `text`? Case counts.
    ///
    /// Linear in the product of both lengths, whatever the number of stars.
    pub fn matches(&self, text: &str) -> bool {
        let pattern: Vec<char> = self.0.chars().collect();
        glob(&pattern, &text.chars().collect::<Vec<_>>())
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Does an action pattern cover `action`? Actions are compared without regard to case.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
pub fn action_matches(pattern: &Pattern, action: &str) -> bool {
    Pattern(pattern.0.to_ascii_lowercase()).matches(&action.to_ascii_lowercase())
}

/// The usual greedy match: on a mismatch only the last star is widened.
fn glob(pattern: &[char], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut last_star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                last_star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || Some(c) == text.get(t) => {
                p += 1;
                t += 1;
            }
            _ => match last_star {
                Some((star, from)) => {
                    last_star = Some((star, from + 1));
                    p = star + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern
        .get(p..)
        .is_none_or(|rest| rest.iter().all(|c| *c == '*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbbc", true),
            ("a*c", "abbbd", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("aba*aba", "ababa", false),
            ("a*b*c", "a-b-b-c", true),
            ("", "x", false),
            ("[a]", "a", false),
            ("**", "anything", true),
        ] {
            assert_eq!(
                Pattern::new(pattern).matches(text),
                expected,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn actions_ignore_case_and_many_stars_end() {
        let pattern = Pattern::new("ORGANIZATIONS:leave*");
        assert!(action_matches(&pattern, "organizations:LeaveOrganization"));
        let stars = Pattern::new("*a".repeat(2_000));
        assert!(!stars.matches(&"a".repeat(1_999)));
    }
}
