//! One document for every format: [`document::AuditDocument`]. A format only lays it out.

mod aftermath;
mod alarm;
mod build;
mod changes;
mod check;
mod detections;
pub mod document;
mod explain;
mod json;
mod lint;
mod looked;
mod members;
mod page;
mod remediation;
mod remediation_page;
mod runs;
mod table;
pub mod text;
mod timeline;

pub use alarm::AlarmDocument;
pub use changes::ChangesDocument;
pub use check::{BatchLine, CheckDocument, Values, WitnessView};
pub use detections::{DetectionsDocument, RecordRef, Timeline};
pub use document::{AuditDocument, PathRow, Verification};
pub use explain::ExplainDocument;
pub use lint::{FileView, LintDocument};
pub use looked::Sources;
pub use page::{Page, Tone};
pub use remediation::{AppliedView, CheckView, ENFORCED, NotDoneView, RemediationDocument};
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

impl Format {
    /// A document in this format; `page` lays it out for people.
    fn lay_out<T: serde::Serialize>(self, document: &T, page: impl FnOnce(&T) -> String) -> String {
        match self {
            Self::Table => page(document),
            Self::Json => json::render(document),
        }
    }
}

/// Lays out a report; `width` in columns counts for tables only.
pub fn render(document: &AuditDocument, format: Format, width: usize) -> String {
    format.lay_out(document, |document| table::render(document, width))
}
