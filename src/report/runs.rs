//! The runs of a state directory, and what taking one back does.

use schemars::JsonSchema;
use serde::Serialize;

use super::Format;
use super::page::{Page, Tone};
use super::remediation::NotDoneView;
use crate::model::OrganizationId;

/// The version of these forms.
const RUNS_VERSION: u32 = 1;

/// Every run.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RunsDocument {
    /// Version of this form.
    pub format_version: u32,
    /// Oldest first.
    pub runs: Vec<RunView>,
}

/// A run; of one whose journal cannot be used only the id and why.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RunView {
    /// Its id.
    pub run: String,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// ARN of who applied it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// Why: untrusted text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrganizationId>,
    /// `complete`, `stopped at step …`, `unfinished`, `undone`, `undone in part, as asked`,
    /// `undo unfinished`, `unusable`.
    pub state: String,
    /// Its steps, each with how it stands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
    /// What is wrong with the journal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl RunsDocument {
    /// The document of these runs.
    pub fn new(runs: Vec<RunView>) -> Self {
        Self {
            format_version: RUNS_VERSION,
            runs,
        }
    }

    /// Lays it out.
    pub fn render(&self, format: Format, width: usize) -> String {
        format.lay_out(self, |document| document.page(width))
    }

    fn page(&self, width: usize) -> String {
        let mut page = Page::new(width);
        page.heading(&format!("{} run(s)", self.runs.len()));
        for run in &self.runs {
            page.gap();
            let tone = match run.state.as_str() {
                "complete" | "undone" => Tone::Good,
                _ => Tone::Doubtful,
            };
            page.labeled(0, &run.run, tone, &run.state);
            let steps = Some(run.steps.join(", ")).filter(|steps| !steps.is_empty());
            let rows = [
                ("at", run.time.as_deref()),
                ("by", run.caller.as_deref()),
                ("reason", run.reason.as_deref()),
                ("steps", steps.as_deref()),
                (
                    "organization",
                    run.organization.as_ref().map(OrganizationId::as_str),
                ),
                ("problem", run.problem.as_deref()),
            ];
            for (label, text) in rows {
                if let Some(text) = text {
                    page.labeled(4, &format!("{label}:"), Tone::Plain, text);
                }
            }
        }
        page.finish()
    }
}

/// What taking a run back does.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct UndoDocument {
    /// Version of this form.
    pub format_version: u32,
    /// The run.
    pub run: String,
    /// Its organization.
    pub organization: OrganizationId,
    /// When it was applied, by whom and why: untrusted text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<String>,
    /// In the order in which they are made.
    pub reversals: Vec<ReversalView>,
    /// What is taken back only when its step is named with `--only`.
    pub held: Vec<ReversalView>,
    /// What of the run stays, and why.
    pub left: Vec<NotDoneView>,
    /// What need not be taken back.
    pub not_done: Vec<NotDoneView>,
    /// Was it carried out?
    pub applied: bool,
    /// Why it did not come to its end; empty otherwise.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stopped: String,
    /// The command that carries it out, quoted for a shell; empty once it was, and where there is
    /// nothing to take back.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub next: String,
}

/// One thing that is taken back.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ReversalView {
    /// The run's step.
    pub step: String,
    /// In one line.
    pub title: String,
    /// How it ended, once carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// The command that takes it back, quoted for a shell, where only that does.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub next: String,
}

impl UndoDocument {
    /// The document of a run that is not taken back yet.
    pub fn new(
        run: String,
        organization: OrganizationId,
        reversals: Vec<ReversalView>,
        held: Vec<ReversalView>,
        (left, not_done): (Vec<NotDoneView>, Vec<NotDoneView>),
    ) -> Self {
        Self {
            format_version: RUNS_VERSION,
            run,
            organization,
            of: Vec::new(),
            reversals,
            held,
            left,
            not_done,
            applied: false,
            stopped: String::new(),
            next: String::new(),
        }
    }

    /// Lays it out.
    pub fn render(&self, format: Format, width: usize) -> String {
        format.lay_out(self, |document| document.page(width))
    }

    fn page(&self, width: usize) -> String {
        let mut page = Page::new(width);
        page.heading(&format!(
            "Taking back run {} of organization {}",
            self.run, self.organization
        ));
        for line in &self.of {
            page.paragraph(0, line);
        }
        for one in &self.reversals {
            page.gap();
            page.labeled(
                0,
                "-",
                Tone::Doubtful,
                &format!("{}: {}", one.step, one.title),
            );
            if let Some(outcome) = &one.outcome {
                page.paragraph(4, outcome);
            }
        }
        if self.reversals.is_empty() {
            page.gap();
            page.paragraph(0, "Nothing to take back.");
        }
        for one in &self.held {
            page.gap();
            page.labeled(
                0,
                "!",
                Tone::Doubtful,
                &format!("stays, for it was not named: {}", one.title),
            );
            page.paragraph(4, "once whoever is shut out is dealt with:");
            page.verbatim(4, &one.next);
        }
        for one in &self.left {
            page.gap();
            page.labeled(0, "!", Tone::Doubtful, &format!("stays: {}", one.what));
            page.paragraph(4, &one.why);
        }
        for one in &self.not_done {
            page.gap();
            page.labeled(
                0,
                "!",
                Tone::Doubtful,
                &format!("not taken back: {}", one.what),
            );
            page.paragraph(4, &one.why);
        }
        page.gap();
        if !self.stopped.is_empty() {
            page.paragraph(0, &self.stopped);
        } else if self.applied && (!self.held.is_empty() || !self.left.is_empty()) {
            page.heading("Taken back in part; what stays is listed above.");
        } else if self.applied {
            page.heading("Taken back.");
        } else if self.next.is_empty() {
            page.heading("No changes were made.");
        } else {
            page.heading("No changes were made. To make them:");
            page.verbatim(2, &self.next);
        }
        page.finish()
    }
}
