//! Which events raise an alarm.
//!
//! JSON Schema: `docs/schema/alarm.schema.json`.

use schemars::JsonSchema;
use serde::Serialize;

use super::Format;
use super::document::Tool;
use super::page::{Page, Tone};
use crate::alarm::{Fires, Raised};

/// The version of this form.
const ALARM_VERSION: u32 = 1;

/// Every event that should raise an alarm.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AlarmDocument {
    /// Version of this form.
    pub format_version: u32,
    /// What wrote it.
    pub tool: Tool,
    /// Files that were read.
    pub files: Vec<String>,
    /// By event.
    pub events: Vec<RaisedView>,
}

/// One event.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RaisedView {
    /// `eventSource`.
    pub source: &'static str,
    /// `eventName`.
    pub name: &'static str,
    /// Where AWS delivers it.
    pub delivered: &'static str,
    /// `yes`, `no` or `could-not-tell`.
    pub fires: &'static str,
    /// By what; or what comes closest, or what it hangs on.
    pub because: Vec<String>,
}

impl AlarmDocument {
    /// The document of these answers.
    pub fn new(read: Vec<String>, raised: &[Raised]) -> Self {
        let view = |one: &Raised| {
            let (fires, because) = match &one.fires {
                Fires::Yes(by) => ("yes", vec![by.clone()]),
                Fires::No(near) => ("no", near.clone()),
                Fires::CouldNotTell(what) => ("could-not-tell", what.clone()),
            };
            RaisedView {
                source: one.event.source,
                name: one.event.name,
                delivered: one.delivered,
                fires,
                because,
            }
        };
        Self {
            format_version: ALARM_VERSION,
            tool: Tool::of(env!("CARGO_PKG_VERSION")),
            files: read,
            events: raised.iter().map(view).collect(),
        }
    }

    /// How many answers have this word.
    pub fn count(&self, word: &str) -> usize {
        self.events.iter().filter(|one| one.fires == word).count()
    }

    /// The document in a format; `width` in columns counts for tables only.
    pub fn render(&self, format: Format, width: usize) -> String {
        format.lay_out(self, |document| document.page(width))
    }

    fn page(&self, width: usize) -> String {
        let mut page = Page::new(width);
        page.heading("Would an alarm fire?");
        for one in &self.events {
            let tone = match one.fires {
                "yes" => Tone::Good,
                "no" => Tone::Bad,
                _ => Tone::Doubtful,
            };
            page.labeled(
                0,
                one.fires,
                tone,
                &format!("{} of {}", one.name, one.source),
            );
            if one.fires != "yes" {
                page.paragraph(2, &format!("delivered to {}", one.delivered));
            }
            for why in &one.because {
                page.item(2, why);
            }
        }
        page.gap();
        page.heading(&format!(
            "{} raise an alarm, {} do not, {} could not be told",
            self.count("yes"),
            self.count("no"),
            self.count("could-not-tell")
        ));
        page.finish()
    }
}
