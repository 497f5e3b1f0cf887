//! Metric filter patterns of `CloudWatch` Logs, for JSON log events.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>

use serde_json::Value;

use super::pattern::{all, any};

/// Does a log event match a filter pattern? `None`: the pattern uses something that is not
/// understood.
pub(super) fn matches(pattern: &str, event: &Value) -> Option<bool> {
    let inner = pattern.trim().strip_prefix('{')?.strip_suffix('}')?;
    let tokens = tokens(inner)?;
    let mut reader = Reader {
        tokens: &tokens,
        event,
    };
    let answer = reader.either(0)?;
    reader.tokens.is_empty().then_some(answer)?
}

#[derive(Debug, PartialEq)]
enum Token {
    Open,
    Close,
    And,
    Or,
    /// `$.a.b`
    Selector(String),
    /// `=`, `!=`, …
    Operator(String),
    /// A quoted text or a bare word; a star stands for any text.
    Word(String),
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '&' => (Token::And, rest.starts_with("&&").then_some(2)?),
            '|' => (Token::Or, rest.starts_with("||").then_some(2)?),
            '=' => (Token::Operator("=".to_owned()), 1),
            '!' => (
                Token::Operator("!=".to_owned()),
                rest.starts_with("!=").then_some(2)?,
            ),
            '"' => {
                let body = rest.get(1..)?;
                let end = body.find('"')?;
                let word = body.get(..end)?;
                // An escape within quotes is not understood.
                let plain = !word.contains('\\');
                (Token::Word(plain.then(|| word.to_owned())?), end + 2)
            }
            '$' => {
                let end = word_end(rest);
                let selector = rest.get(..end)?.strip_prefix("$.")?;
                (Token::Selector(selector.to_owned()), end)
            }
            c if c.is_alphanumeric() || c == '*' => {
                let end = word_end(rest);
                (Token::Word(rest.get(..end)?.to_owned()), end)
            }
            // Comparisons of numbers, regular expressions and what is new.
            _ => return None,
        };
        tokens.push(token);
        rest = rest.get(length..)?.trim_start();
    }
    Some(tokens)
}

fn word_end(text: &str) -> usize {
    let ends = |c: char| c.is_whitespace() || "()&|=!\"".contains(c);
    text.find(ends).unwrap_or(text.len())
}

/// Nested deeper than this, it is not read.
const DEEPEST: usize = 64;

struct Reader<'a> {
    tokens: &'a [Token],
    event: &'a Value,
}

/// `None` outside: not a filter; inside: not understood.
type Answer = Option<Option<bool>>;

impl Reader<'_> {
    fn either(&mut self, depth: usize) -> Answer {
        let mut answers = vec![self.both(depth)?];
        while self.take(&Token::Or) {
            answers.push(self.both(depth)?);
        }
        Some(any(answers.into_iter()))
    }

    fn both(&mut self, depth: usize) -> Answer {
        let mut answers = vec![self.term(depth)?];
        while self.take(&Token::And) {
            answers.push(self.term(depth)?);
        }
        Some(all(answers.into_iter()))
    }

    fn term(&mut self, depth: usize) -> Answer {
        if self.take(&Token::Open) {
            let answer = (depth < DEEPEST).then(|| self.either(depth + 1))??;
            return self.take(&Token::Close).then_some(answer);
        }
        let (token, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        let Token::Selector(selector) = token else {
            return None;
        };
        let (token, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        let value = look(self.event, selector);
        match token {
            Token::Operator(operator) => {
                let (Token::Word(wanted), rest) = self.tokens.split_first()? else {
                    return None;
                };
                self.tokens = rest;
                let equal = value.map(|value| like(wanted, value));
                Some(match operator.as_str() {
                    "=" => Some(equal.unwrap_or(false)),
                    // A field that is not there does not differ.
                    _ => Some(equal.is_some_and(|equal| !equal)),
                })
            }
            Token::Word(word) if word == "EXISTS" => Some(Some(value.is_some())),
            Token::Word(word) if word == "NOT" && self.take(&Token::Word("EXISTS".to_owned())) => {
                Some(Some(value.is_none()))
            }
            Token::Word(word) if word == "IS" => {
                let (Token::Word(what), rest) = self.tokens.split_first()? else {
                    return None;
                };
                self.tokens = rest;
                Some(match what.as_str() {
                    "NULL" => Some(value.is_some_and(Value::is_null)),
                    "TRUE" => Some(value == Some(&Value::Bool(true))),
                    "FALSE" => Some(value == Some(&Value::Bool(false))),
                    _ => None,
                })
            }
            _ => None,
        }
    }

    fn take(&mut self, token: &Token) -> bool {
        match self.tokens.split_first() {
            Some((first, rest)) if first == token => {
                self.tokens = rest;
                true
            }
            _ => false,
        }
    }
}

fn look<'a>(event: &'a Value, selector: &str) -> Option<&'a Value> {
    let mut parts = selector.split('.');
    parts.try_fold(event, |value, part| value.get(part))
}

fn like(wanted: &str, value: &Value) -> bool {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    // Only the star is a wildcard here; `?` in a pattern of ours would be one too.
    if wanted.contains('?') {
        return wanted == text;
    }
    crate::scp::Pattern::new(wanted).matches(&text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_match_as_cloudwatch_documents() {
        let event = json!({"eventSource": "organizations.amazonaws.com", "eventName": "LeaveOrganization",
            "errorCode": null, "userIdentity": {"type": "Root"}, "readOnly": false});
        for (pattern, expected) in [
            (r#"{ $.eventName = "LeaveOrganization" }"#, Some(true)),
            ("{ ($.eventName = LeaveOrganization) }", Some(true)),
            (
                r#"{($.eventSource = "organizations.amazonaws.com") && (($.eventName = "A") || ($.eventName = "Leave*"))}"#,
                Some(true),
            ),
            (
                r#"{ $.eventName = "A" || $.eventName = "LeaveOrganization" && $.userIdentity.type = "Root" }"#,
                Some(true),
            ),
            (
                r#"{ ($.eventName = "A" || $.eventName = "LeaveOrganization") && $.userIdentity.type = "IAMUser" }"#,
                Some(false),
            ),
            (r#"{ $.eventName != "LeaveOrganization" }"#, Some(false)),
            (r#"{ $.absent != "x" }"#, Some(false)),
            ("{ $.absent NOT EXISTS }", Some(true)),
            ("{ $.errorCode IS NULL }", Some(true)),
            ("{ $.readOnly IS FALSE }", Some(true)),
            ("{ $.n > 3 }", None),
            ("{ $.eventName = %Leave% }", None),
            ("LeaveOrganization", None),
            (r#"{ $.eventName = "A" "#, None),
            (r#"{ $.eventName = "A" ) }"#, None),
            ("{ }", None),
        ] {
            assert_eq!(matches(pattern, &event), expected, "{pattern}");
        }
        let deep = format!("{{ {}$.a = b{} }}", "(".repeat(5000), ")".repeat(5000));
        assert_eq!(matches(&deep, &event), None);
    }
}
