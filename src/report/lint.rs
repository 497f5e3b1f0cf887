//! What is to be said of SCP files, with excerpts.
//!
//! JSON Schema: `docs/schema/lint.schema.json`.

use schemars::JsonSchema;
use serde::Serialize;

use super::Format;
use super::check::tone;
use super::document::Tool;
use super::page::{Page, Tone};
use crate::inspect::{Linted, Note};
use crate::model::rule::Severity;
use crate::scp::SCP_SIZE_LIMIT;

/// The version of this form.
const LINT_VERSION: u32 = 1;

/// What was found in files.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LintDocument {
    /// Version of this form.
    pub format_version: u32,
    /// What wrote it.
    pub tool: Tool,
    /// In the order in which they were named.
    pub files: Vec<FileView>,
    /// Findings above `info`.
    pub findings: usize,
}

/// One file.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FileView {
    /// Its path as it was named; `-` is the standard input.
    pub file: String,
    /// Length as it stands, in characters.
    pub characters: usize,
    /// Length without white space outside strings.
    pub minified_characters: usize,
    /// The longest SCP that AWS stores.
    pub documented_characters: usize,
    /// By place.
    pub findings: Vec<LintFinding>,
    /// Which ways out it closes on its own, with `FullAWSAccess` elsewhere.
    pub coverage: Vec<CoverageView>,
    /// The text, for excerpts.
    #[serde(skip)]
    pub text: String,
}

/// Something wrong, and where.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LintFinding {
    /// Rule id.
    pub rule: &'static str,
    /// How bad.
    pub severity: Severity,
    /// Line, from one.
    pub line: usize,
    /// Column, from one, in characters.
    pub column: usize,
    /// One sentence.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// What a file does to a way out.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CoverageView {
    /// Path id.
    pub path: &'static str,
    /// `blocked`, `conditional`, `open` or `undetermined`.
    pub verdict: &'static str,
    /// Who gets through, or why it could not be told.
    pub because: Vec<String>,
}

impl FileView {
    /// The view of a file.
    pub fn new(file: String, text: String, linted: &Linted) -> Self {
        let coverage = linted.coverage.iter().map(|one| CoverageView {
            path: one.path.id.as_str(),
            verdict: one.verdict,
            because: one.because.clone(),
        });
        Self {
            file,
            characters: linted.characters,
            minified_characters: linted.minified,
            documented_characters: SCP_SIZE_LIMIT,
            findings: linted.notes.iter().map(finding).collect(),
            coverage: coverage.collect(),
            text,
        }
    }
}

fn finding(note: &Note) -> LintFinding {
    LintFinding {
        rule: note.rule.id,
        severity: note.rule.severity,
        line: note.at.line,
        column: note.at.column,
        message: note.message.clone(),
        help: note.help.clone(),
    }
}

impl LintDocument {
    /// The document of these files.
    pub fn new(version: &str, files: Vec<FileView>) -> Self {
        let all = files.iter().flat_map(|file| &file.findings);
        let findings = all.filter(|one| one.severity > Severity::Info).count();
        Self {
            format_version: LINT_VERSION,
            tool: Tool::of(version),
            files,
            findings,
        }
    }

    /// The worst finding.
    pub fn worst(&self) -> Option<Severity> {
        let all = self.files.iter().flat_map(|file| &file.findings);
        all.map(|one| one.severity).max()
    }

    /// Lays it out.
    pub fn render(&self, format: Format, width: usize) -> String {
        format.lay_out(self, |document| document.page(width))
    }

    fn page(&self, width: usize) -> String {
        let mut page = Page::new(width);
        for file in &self.files {
            for finding in &file.findings {
                one_finding(&mut page, file, finding);
            }
            summary(&mut page, file);
            page.gap();
        }
        let files = match self.files.len() {
            1 => "1 file".to_owned(),
            count => format!("{count} files"),
        };
        let findings = match self.findings {
            0 => "nothing found".to_owned(),
            1 => "1 finding".to_owned(),
            count => format!("{count} findings"),
        };
        page.heading(&format!("{files}, {findings}"));
        page.finish()
    }
}

fn one_finding(page: &mut Page, file: &FileView, finding: &LintFinding) {
    let (word, tone) = match finding.severity {
        Severity::Critical | Severity::High => ("error", Tone::Bad),
        Severity::Medium | Severity::Low => ("warning", Tone::Doubtful),
        Severity::Info => ("note", Tone::Strong),
    };
    let label = format!("{word}[{}]:", finding.rule);
    page.labeled(0, &label, tone, &finding.message);
    let place = format!("--> {}:{}:{}", file.file, finding.line, finding.column);
    page.paragraph(1, &place);
    if let Some(text) = file.text.split('\n').nth(finding.line.saturating_sub(1)) {
        let text = text.strip_suffix('\r').unwrap_or(text);
        page.caret(finding.line, finding.column, text, tone);
    }
    if let Some(help) = &finding.help {
        page.paragraph(1, &format!("= help: {help}"));
    }
    page.gap();
}

fn summary(page: &mut Page, file: &FileView) {
    page.heading(&file.file);
    page.paragraph(
        2,
        &format!(
            "{} of {},{:03} characters, {} without white space",
            file.characters,
            file.documented_characters / 1_000,
            file.documented_characters % 1_000,
            file.minified_characters
        ),
    );
    for one in &file.coverage {
        let because = one.because.join("; ");
        let text = match (one.verdict, because.as_str()) {
            (_, "") => one.path.to_owned(),
            ("conditional", _) => format!("{}, gets through: {because}", one.path),
            _ => format!("{}: {because}", one.path),
        };
        page.labeled(2, one.verdict, tone(one.verdict), &text);
    }
}
