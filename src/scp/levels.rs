//! Stacks of policies in a file: lists of lists of documents, each kept as raw text.
//!
//! A document that is an object is cut out of the file as it stands, so that duplicate keys and
//! places survive; one that is a string holds the raw text of a document.

use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged;

use super::json::{position, read};
use super::parse::Problem;

/// The texts of a stack, root first, the account last.
pub type Levels = Vec<Vec<String>>;

/// Reads `[[document, …], …]`.
///
/// # Errors
/// What is wrong and where, in the file's own lines.
pub fn levels(text: &str) -> Result<Levels, Problem> {
    of_value(text, &read(text)?)
}

/// Reads the member `name` of an object, which is a stack.
///
/// # Errors
/// As [`levels`]; also if there is no such member.
pub fn levels_in(text: &str, name: &str) -> Result<Levels, Problem> {
    let root = read(text)?;
    let member = root.as_object().and_then(|object| object.get(name));
    match member {
        Some(property) => of_value(text, &property.value),
        None => Err(problem(text, &root, &format!("there is no `{name}`"))),
    }
}

fn problem(text: &str, value: &Value<'_>, message: &str) -> Problem {
    Problem {
        at: position(text, value.range().start),
        message: message.to_owned(),
    }
}

fn of_value(text: &str, value: &Value<'_>) -> Result<Levels, Problem> {
    elements(text, value)?
        .iter()
        .map(|level| {
            let documents = elements(text, level)?.iter();
            documents.map(|one| document(text, one)).collect()
        })
        .collect()
}

fn elements<'v, 't>(text: &str, value: &'v Value<'t>) -> Result<&'v [Value<'t>], Problem> {
    match value {
        Value::Array(array) => Ok(&array.elements),
        other => Err(problem(
            text,
            other,
            "a stack is a list of levels, root first, and a level is a list of documents",
        )),
    }
}

fn document(text: &str, value: &Value<'_>) -> Result<String, Problem> {
    match value {
        Value::StringLit(raw) => Ok(raw.value.to_string()),
        Value::Object(object) => {
            let raw = text.get(object.range.start..object.range.end);
            Ok(raw.unwrap_or_default().to_owned())
        }
        other => Err(problem(
            text,
            other,
            "a document is an object, or a string that holds its text",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_stay_as_they_stand_and_strings_are_unwrapped() {
        let read = levels("[[{\"a\":1,\"a\":2}],\n [\"{}\"]]").unwrap();
        assert_eq!(read, [["{\"a\":1,\"a\":2}"], ["{}"]]);
        assert_eq!(levels_in("{\"s\":[[]]}", "s").unwrap(), [[""; 0]]);
        for (text, line) in [("[[],\n{}]", 2), ("[[\n7]]", 2), ("{}", 1), ("[[", 1)] {
            assert_eq!(levels(text).unwrap_err().at.line, line, "{text}");
        }
        assert!(levels_in("{}", "s").is_err());
    }
}
