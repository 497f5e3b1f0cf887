//! One document for every format: [`document::AuditDocument`]. A format only lays it out.

pub mod document;
mod json;
mod page;
mod remediation;
mod runs;
mod table;
pub mod text;

pub use document::{AuditDocument, PathRow};
pub use page::{Page, Tone};
pub use remediation::{AppliedView, NotDoneView, RemediationDocument};
pub use runs::{ReversalView, RunView, RunsDocument, UndoDocument};

/// The formats of an audit report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people, at a terminal.
    Table,
    /// For machines; see `docs/schema/audit-report.schema.json`.
    Json,
}

impl std::str::FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "table" => Ok(Self::Table),
            "json" => Ok(Self::Json),
            other => Err(format!("unknown format `{other}` (expected table or json)")),
        }
    }
}

/// Lays out a report; `width` in columns counts for tables only.
pub fn render(document: &AuditDocument, format: Format, width: usize) -> String {
    match format {
        Format::Table => table::render(document, width),
        Format::Json => json::render(document),
    }
}
