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

/// Services of which every ARN names a resource type. Others, such as S3 and SQS, begin the
/// sixth part with the resource's own name, where a wildcard is documented.
const TYPED: [&str; 4] = ["organizations", "account", "iam", "sts"];

/// Does the pattern have a wildcard where an ARN names the type of its resource, such as
/// `arn:aws:iam::123456789012:u*`? A whole `*` there is documented.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
pub fn wildcard_in_resource_type(pattern: &Pattern) -> bool {
    let wild = |text: &str| text.contains(['*', '?']);
    let mut parts = pattern.as_str().splitn(6, ':');
    let service = parts.nth(2).unwrap_or_default();
    let Some(resource) = parts.nth(2) else {
        return false;
    };
    // Without variables: `${…}` stands behind the type, and a wildcard in it is none.
    let kind = resource.split(['/', ':', '$']).next().unwrap_or_default();
    wild(kind) && kind != "*" && (TYPED.contains(&service) || wild(service))
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
    fn a_wildcard_in_the_resource_type_is_seen_where_there_is_a_type() {
        for (pattern, expected) in [
            ("arn:aws:organizations::*:hand*/*", true),
            ("arn:aws:iam::123456789012:u*", true),
            ("arn:aws:account::*:accoun?", true),
            ("arn:aws:*::*:hand*/*", true),
            ("arn:aws:organizations::*:*", false),
            ("arn:aws:organizations::*:handshake/*", false),
            ("arn:aws:iam::*:role/Admin*", false),
            ("arn:aws:s3:::bucket*/*", false),
            ("arn:aws:sns:*:*:topic*", false),
            ("arn:aws:organizations", false),
            ("*", false),
        ] {
            let found = wildcard_in_resource_type(&Pattern::new(pattern));
            assert_eq!(found, expected, "{pattern}");
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
