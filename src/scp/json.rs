//! JSON text to a tree that keeps places and duplicate keys.

use jsonc_parser::ast::Value;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::document::Position;
use super::parse::Problem;

/// JSON as RFC 8259 has it, nothing looser.
const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// The line and column of a byte offset.
pub(super) fn position(text: &str, offset: usize) -> Position {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |index| index + 1);
    Position {
        line: before.matches('\n').count() + 1,
        column: before
            .get(line_start..)
            .map_or(0, |line| line.chars().count())
            + 1,
    }
}

/// Reads strict JSON.
pub(super) fn read(text: &str) -> Result<Value<'_>, Problem> {
    // serde_json first: it bounds the depth and is strict about escapes.
    if let Err(error) = serde_json::from_str::<serde_json::Value>(text) {
        let line_text = text
            .split('\n')
            .nth(error.line().saturating_sub(1))
            .unwrap_or("");
        let bytes = line_text.as_bytes().get(..error.column().saturating_sub(1));
        let column = bytes.map_or(1, |bytes| {
            String::from_utf8_lossy(bytes).chars().count() + 1
        });
        let words = error.to_string();
        let words = words.split(" at line ").next().unwrap_or("").to_owned();
        return Err(Problem {
            at: Position {
                line: error.line().max(1),
                column,
            },
            message: format!("not valid JSON: {words}"),
        });
    }
    let parsed =
        parse_to_ast(text, &CollectOptions::default(), &STRICT).map_err(|error| Problem {
            at: position(text, error.range().start),
            message: format!("not valid JSON: {}", error.kind()),
        })?;
    parsed.value.ok_or_else(|| Problem {
        at: Position { line: 1, column: 1 },
        message: "the policy is empty".to_owned(),
    })
}
