//! The document as JSON, one value, with a final line break.

use serde::Serialize;

/// Pretty JSON.
pub(super) fn render<T: Serialize>(document: &T) -> String {
    // INVARIANT: the documents hold only maps with string keys, so this cannot fail.
    let mut text = serde_json::to_string_pretty(document)
        .unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"));
    text.push('\n');
    text
}
