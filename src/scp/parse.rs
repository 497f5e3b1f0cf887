//! JSON tree to [`Document`]: every fault that AWS would refuse, all at once.

use std::collections::BTreeSet;

use jsonc_parser::ast::{Object, ObjectProp, Value};

use super::document::{Dialect, Document, Effect, PatternList, Position, Statement, Version};
use super::json::{position, read};
use super::operator::{Condition, Operator};
use super::pattern::{Pattern, wildcard_in_resource_type};
use super::statement::Doubt;

/// One thing that AWS would refuse, with its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where.
    pub at: Position,
    /// What, in one line.
    pub message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "line {}, column {}: {}",
            self.at.line, self.at.column, self.message
        )
    }
}

/// A policy that AWS would not store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct ParseError(
    /// At least one, in the order of the text.
    pub Vec<Problem>,
);

/// Parses a policy.
///
/// Texts beyond twice the quota of their kind are refused unread: AWS cannot have stored them.
pub fn parse(text: &str, dialect: Dialect) -> Result<Document, ParseError> {
    let limit = match dialect {
        Dialect::Scp => super::SCP_SIZE_LIMIT,
        Dialect::Delegation => super::DELEGATION_SIZE_LIMIT,
    } * 2;
    if text.len() > limit * 4 || super::size(text) > limit {
        let message = format!("longer than {limit} characters, twice what AWS stores");
        return Err(ParseError(vec![Problem {
            at: Position { line: 1, column: 1 },
            message,
        }]));
    }
    let root = read(text).map_err(|problem| ParseError(vec![problem]))?;
    let mut reader = Reader {
        text,
        dialect,
        problems: Vec::new(),
    };
    let document = reader.document(&root);
    match document {
        Some(document) if reader.problems.is_empty() => Ok(document),
        _ => {
            reader.problems.sort();
            Err(ParseError(reader.problems))
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    dialect: Dialect,
    problems: Vec<Problem>,
}

fn start(value: &Value<'_>) -> usize {
    use jsonc_parser::common::Ranged;
    value.range().start
}

/// Where the string of a member begins, or each string of its list.
fn places(object: &Object<'_>, name: &str) -> Vec<usize> {
    match object.get(name).map(|property| &property.value) {
        Some(Value::Array(array)) => array.elements.iter().map(start).collect(),
        one => one.into_iter().map(start).collect(),
    }
}

/// What a message quotes from the policy does not break its line.
fn on_one_line(message: String) -> String {
    if !message.contains(char::is_control) {
        return message;
    }
    let shown = |c: char| match c {
        control if control.is_control() => control.escape_default().to_string(),
        other => other.to_string(),
    };
    message.chars().map(shown).collect()
}

impl Reader<'_> {
    /// Notes a problem; returns `None` so that callers can end with it.
    fn refuse<T>(&mut self, offset: usize, message: impl Into<String>) -> Option<T> {
        self.problems.push(Problem {
            at: position(self.text, offset),
            message: on_one_line(message.into()),
        });
        None
    }

    /// Notes keys that stand twice or are none of `known`.
    fn check_keys(&mut self, object: &Object<'_>, known: &[&str], what: &str) {
        let mut seen = BTreeSet::new();
        for property in &object.properties {
            let name = property.name.as_str();
            if !seen.insert(name.to_owned()) {
                self.refuse::<()>(
                    property.range.start,
                    format!("`{name}` stands twice in {what}"),
                );
            } else if !known.is_empty() && !known.contains(&name) {
                let message = if name == "Principal" || name == "NotPrincipal" {
                    format!("an SCP has no `{name}`: it binds every principal of an account")
                } else {
                    format!("`{name}` is not an element of {what}")
                };
                self.refuse::<()>(property.range.start, message);
            }
        }
    }

    fn document(&mut self, root: &Value<'_>) -> Option<Document> {
        let Some(object) = root.as_object() else {
            return self.refuse(start(root), "a policy is a JSON object");
        };
        self.check_keys(object, &["Version", "Id", "Statement"], "a policy");
        let version = match object.get("Version").map(|property| &property.value) {
            None => Version::Absent,
            Some(Value::StringLit(text)) if text.value == "2012-10-17" => Version::V2012,
            Some(Value::StringLit(text)) if text.value == "2008-10-17" => Version::V2008,
            Some(other) => {
                return self.refuse(start(other), "`Version` is `2012-10-17` or `2008-10-17`");
            }
        };
        let statements = match object.get("Statement").map(|property| &property.value) {
            None => return self.refuse(object.range.start, "a policy needs a `Statement`"),
            Some(one @ Value::Object(_)) => vec![self.statement(one)],
            Some(Value::Array(many)) => many
                .elements
                .iter()
                .map(|one| self.statement(one))
                .collect(),
            Some(other) => {
                return self.refuse(
                    start(other),
                    "`Statement` is an object or a list of objects",
                );
            }
        };
        Some(Document {
            version,
            statements: statements.into_iter().flatten().collect(),
        })
    }

    fn statement(&mut self, value: &Value<'_>) -> Option<Statement> {
        let Some(object) = value.as_object() else {
            return self.refuse(start(value), "a statement is a JSON object");
        };
        let mut known = vec![
            "Sid",
            "Effect",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Condition",
        ];
        if self.dialect == Dialect::Delegation {
            known.extend(["Principal", "NotPrincipal"]);
        }
        self.check_keys(object, &known, "a statement");
        let sid = match object.get("Sid").map(|property| &property.value) {
            None => None,
            Some(Value::StringLit(text)) => Some(text.value.to_string()),
            Some(other) => return self.refuse(start(other), "`Sid` is a string"),
        };
        let effect = match object.get("Effect").map(|property| &property.value) {
            Some(Value::StringLit(text)) if text.value == "Allow" => Some(Effect::Allow),
            Some(Value::StringLit(text)) if text.value == "Deny" => Some(Effect::Deny),
            Some(other) => self.refuse(start(other), "`Effect` is `Allow` or `Deny`, in this case"),
            None => self.refuse(object.range.start, "a statement needs an `Effect`"),
        };
        let mut doubts = Vec::new();
        let actions = self.list(object, "Action", "NotAction");
        if let Some(actions) = &actions {
            self.check_actions(object, actions, &mut doubts);
        }
        let resources = self.list(object, "Resource", "NotResource");
        for pattern in resources.iter().flat_map(|list| &list.patterns) {
            if !pattern.is_star() && pattern.as_str().splitn(6, ':').count() < 6 {
                doubts.push(Doubt::IncompleteArn(pattern.to_string()));
            } else if wildcard_in_resource_type(pattern) {
                doubts.push(Doubt::WildcardInResourceType(pattern.to_string()));
            }
        }
        let conditions = self.conditions(object.get("Condition"), &mut doubts);
        let principals = match self.dialect {
            Dialect::Scp => None,
            Dialect::Delegation => Some(self.principals(object)?),
        };
        Some(Statement {
            sid,
            effect: effect?,
            actions: actions?,
            resources: resources?,
            conditions: conditions?,
            principals,
            doubts,
            at: position(self.text, object.range.start),
            range: object.range.start..object.range.end,
        })
    }

    /// `name` or `not_name`, exactly one of them, one string or several.
    fn list(&mut self, object: &Object<'_>, name: &str, not_name: &str) -> Option<PatternList> {
        let (property, negated) = match (object.get(name), object.get(not_name)) {
            (Some(property), None) => (property, false),
            (None, Some(property)) => (property, true),
            (Some(_), Some(second)) => {
                let message = format!("a statement has `{name}` or `{not_name}`, not both");
                return self.refuse(second.range.start, message);
            }
            (None, None) => {
                let message = format!("a statement needs `{name}` or `{not_name}`");
                return self.refuse(object.range.start, message);
            }
        };
        let strings = self.strings(&property.value, property.name.as_str())?;
        if strings.is_empty() {
            return self.refuse(property.range.start, format!("`{name}` is empty"));
        }
        Some(PatternList {
            negated,
            patterns: strings.into_iter().map(Pattern::new).collect(),
        })
    }

    /// A string, or a list of strings.
    fn strings(&mut self, value: &Value<'_>, what: &str) -> Option<Vec<String>> {
        match value {
            Value::StringLit(text) => Some(vec![text.value.to_string()]),
            Value::Array(array) => {
                let mut strings = Vec::new();
                for element in &array.elements {
                    match element {
                        Value::StringLit(text) => strings.push(text.value.to_string()),
                        other => {
                            let message = format!("`{what}` is a string or a list of strings");
                            return self.refuse(start(other), message);
                        }
                    }
                }
                Some(strings)
            }
            other => self.refuse(
                start(other),
                format!("`{what}` is a string or a list of strings"),
            ),
        }
    }

    fn check_actions(&mut self, object: &Object<'_>, list: &PatternList, doubts: &mut Vec<Doubt>) {
        let places = places(object, if list.negated { "NotAction" } else { "Action" });
        for (index, pattern) in list.patterns.iter().enumerate() {
            let text = pattern.as_str();
            let place = places.get(index).copied().unwrap_or(object.range.start);
            if text.chars().any(char::is_whitespace) {
                doubts.push(Doubt::BlankInAction(text.to_owned()));
            }
            if pattern.is_star() {
                continue;
            }
            let Some((service, action)) = text.split_once(':') else {
                let message = format!("`{text}` is not an action: it has no service prefix");
                self.refuse::<()>(place, message);
                continue;
            };
            if service.contains(['*', '?']) {
                if service == "*" && action == "*" {
                    doubts.push(Doubt::WildcardService(text.to_owned()));
                } else {
                    let message = format!("wildcard in the service prefix of `{text}`");
                    self.refuse::<()>(place, message);
                }
            }
        }
    }

    /// `Principal: "*"` or `{"AWS": …}`; every kind of principal becomes one list.
    fn principals(&mut self, object: &Object<'_>) -> Option<PatternList> {
        let (property, negated) = match (object.get("Principal"), object.get("NotPrincipal")) {
            (Some(property), None) => (property, false),
            (None, Some(property)) => (property, true),
            _ => return self.refuse(object.range.start, "a statement needs one `Principal`"),
        };
        let mut patterns = Vec::new();
        match &property.value {
            Value::Object(kinds) => {
                self.check_keys(kinds, &[], "a `Principal`");
                for kind in &kinds.properties {
                    patterns.extend(self.strings(&kind.value, "Principal")?);
                }
            }
            other => patterns = self.strings(other, "Principal")?,
        }
        Some(PatternList {
            negated,
            patterns: patterns.into_iter().map(Pattern::new).collect(),
        })
    }

    fn conditions(
        &mut self,
        property: Option<&ObjectProp<'_>>,
        doubts: &mut Vec<Doubt>,
    ) -> Option<Vec<Condition>> {
        let Some(property) = property else {
            return Some(Vec::new());
        };
        let Some(operators) = property.value.as_object() else {
            return self.refuse(start(&property.value), "`Condition` is an object");
        };
        self.check_keys(operators, &[], "`Condition`");
        let mut conditions = Vec::new();
        for entry in &operators.properties {
            let name = entry.name.as_str();
            let Some((operator, exact)) = Operator::read(name) else {
                self.refuse::<()>(
                    entry.range.start,
                    format!("`{name}` is not a condition operator"),
                );
                continue;
            };
            if !exact {
                doubts.push(Doubt::OperatorSpelling(name.to_owned()));
            }
            let Some(keys) = entry.value.as_object() else {
                self.refuse::<()>(start(&entry.value), format!("`{name}` is an object"));
                continue;
            };
            self.check_keys(keys, &[], &format!("`{name}`"));
            if keys.properties.is_empty() {
                doubts.push(Doubt::EmptyCondition(name.to_owned()));
            }
            for key in &keys.properties {
                let values = self.values(&key.value, key.name.as_str())?;
                // Under the others an empty list has a documented meaning.
                if values.is_empty() && operator.set.is_none() && !operator.if_exists {
                    doubts.push(Doubt::EmptyCondition(key.name.as_str().to_owned()));
                }
                conditions.push(Condition {
                    operator,
                    operator_text: name.to_owned(),
                    key: key.name.as_str().to_owned(),
                    values,
                    at: position(self.text, key.range.start),
                });
            }
        }
        Some(conditions)
    }

    /// Condition values: strings, booleans and numbers, one or several.
    fn values(&mut self, value: &Value<'_>, key: &str) -> Option<Vec<String>> {
        let scalar = |value: &Value<'_>| match value {
            Value::StringLit(text) => Some(text.value.to_string()),
            Value::BooleanLit(flag) => Some(flag.value.to_string()),
            Value::NumberLit(number) => Some(number.value.to_owned()),
            Value::Object(_) | Value::Array(_) | Value::NullKeyword(_) => None,
        };
        let read: Option<Vec<String>> = match value {
            Value::Array(array) => array.elements.iter().map(scalar).collect(),
            one => scalar(one).map(|value| vec![value]),
        };
        read.or_else(|| {
            let message = format!("`{key}` is compared with strings, booleans or numbers");
            self.refuse(start(value), message)
        })
    }
}
