//! What was detected in records, and what the answer covers.
//!
//! JSON Schema: `docs/schema/detections.schema.json`.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::build::{counts, event};
use super::document::{Counts, EventView, Tool};
use super::page::{Page, Tone};
use super::{Format, table};
use crate::detect::Detection;
use crate::exits::{EVENTS, EventKind};
use crate::model::{AccountId, Timestamp};
use crate::trail::archive::{Coverage, Found, Scanned};

/// The version of this form.
const DETECTIONS_VERSION: u32 = 1;
/// Lines of one kind on a page; JSON has them all.
const SHOWN: usize = 20;

/// Detections of one run.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DetectionsDocument {
    /// Version of this form.
    pub format_version: u32,
    /// What wrote it.
    pub tool: Tool,
    /// As of when waivers count.
    #[schemars(with = "String")]
    pub taken_at: Timestamp,
    /// Newest first.
    pub detections: Vec<DetectionView>,
    /// What was looked at.
    pub coverage: Coverage,
    /// What this source cannot show, in sentences.
    pub blind_spots: Vec<String>,
    /// The last line.
    pub counts: Counts,
}

/// A detection and the records that it rests on.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DetectionView {
    /// What happened.
    #[serde(flatten)]
    pub event: EventView,
    /// The records.
    pub records: Vec<RecordRef>,
}

/// A record and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RecordRef {
    /// `eventID`.
    pub event_id: String,
    /// Files that hold it.
    pub files: Vec<String>,
}

impl DetectionsDocument {
    /// The document of what archives hold; `accounts` are those asked for, none: all.
    pub fn new(
        detections: &[Detection],
        scanned: Scanned,
        accounts: &BTreeSet<AccountId>,
        taken_at: Timestamp,
    ) -> Self {
        let Scanned { found, coverage } = scanned;
        let mut files: BTreeMap<(&str, Timestamp), Vec<&Found>> = BTreeMap::new();
        for one in &found {
            let key = (one.record.event_id.as_str(), one.record.time);
            files.entry(key).or_default().push(one);
        }
        let views = detections.iter().map(|detection| {
            let known = files.get(&(detection.event_id.as_str(), detection.time));
            let records = known.into_iter().flatten();
            DetectionView {
                event: event(detection),
                records: records
                    .filter(|one| one.record.name == detection.event)
                    .map(|one| RecordRef {
                        event_id: one.record.event_id.clone(),
                        files: one.files.clone(),
                    })
                    .collect(),
            }
        });
        let unread = coverage.damaged.len() + coverage.unparsed.len();
        Self {
            format_version: DETECTIONS_VERSION,
            tool: Tool::of(env!("CARGO_PKG_VERSION")),
            taken_at,
            detections: views.collect(),
            blind_spots: blind_spots(&coverage, accounts),
            counts: counts(&[], detections, &[], unread),
            coverage,
        }
    }

    /// The document in a format; `width` in columns counts for tables only.
    pub fn render(&self, format: Format, width: usize) -> String {
        format.lay_out(self, |document| page(document, width))
    }
}

/// What log files cannot show, whatever they hold.
fn blind_spots(coverage: &Coverage, accounts: &BTreeSet<AccountId>) -> Vec<String> {
    let names = |wanted: &dyn Fn(EventKind, bool) -> bool| {
        let events = EVENTS
            .iter()
            .filter(|event| wanted(event.kind, event.in_member));
        let names: Vec<&str> = events.map(|event| event.name).collect();
        names.join(" and ")
    };
    let service = names(&|kind, _| matches!(kind, EventKind::Departure | EventKind::Joining));
    let member = names(&|_, in_member| in_member);
    let mut spots = vec![
        format!(
            "{service} exist since May 2026, in the management account only; AWS documents them for its event \
             history, not for log files. An archive may hold none although accounts left"
        ),
        format!(
            "a member's own {member} lies in that member's folder; AWS does not document whether the call by \
             which an account left still reaches the organization trail"
        ),
        "an account that left delivers nothing here from then on".to_owned(),
        format!(
            "records delivered more than {} hours after the window's end were not looked for",
            coverage.margin_hours
        ),
    ];
    if !accounts.is_empty() {
        spots.push(
            "other accounts' folders were not looked at: what the management account did to the accounts asked \
             for is logged in its own folder"
                .to_owned(),
        );
    }
    spots
}

fn page(document: &DetectionsDocument, width: usize) -> String {
    let mut page = Page::new(width);
    page.heading("Exits, attempts and changes to the guard");
    if document.detections.is_empty() {
        page.paragraph(0, "no event found");
    }
    for one in &document.detections {
        table::one_event(&mut page, &one.event);
        let files = one.records.iter().flat_map(|record| &record.files);
        for file in files {
            page.paragraph(2, &format!("in {file}"));
        }
    }
    horizon(&mut page, &document.coverage);
    unread(&mut page, &document.coverage);
    page.gap();
    page.heading("What this source cannot show");
    for spot in &document.blind_spots {
        page.item(0, spot);
    }
    page.gap();
    page.heading(&last_line(document));
    page.finish()
}

fn horizon(page: &mut Page, coverage: &Coverage) {
    page.gap();
    page.heading("What was looked at");
    page.paragraph(
        0,
        &format!(
            "records from {} to {}, in files delivered up to {} hours later, in {}",
            coverage.since,
            coverage.until,
            coverage.margin_hours,
            coverage.paths.join(" and ")
        ),
    );
    let accounts: Vec<&str> = coverage.accounts.iter().map(AccountId::as_str).collect();
    page.paragraph(0, &listed("accounts", &accounts));
    let regions: Vec<&str> = coverage.regions.iter().map(String::as_str).collect();
    page.paragraph(0, &listed("regions", &regions));
    page.paragraph(
        0,
        &format!(
            "{} files met: {} searched ({:.1} MB, {:.1} MB inflated), {} not log files, {} damaged",
            coverage.files_seen,
            coverage.searched,
            megabytes(coverage.bytes_read),
            megabytes(coverage.bytes_searched),
            coverage.not_log_files,
            coverage.damaged.len()
        ),
    );
    for pruned in &coverage.pruned {
        page.item(
            0,
            &format!(
                "not looked into by rule {}: {} folders, {} files",
                pruned.rule, pruned.folders, pruned.files
            ),
        );
    }
    let missing: Vec<&str> = coverage
        .accounts_without_files
        .iter()
        .map(AccountId::as_str)
        .collect();
    let days: Vec<&str> = coverage
        .days_without_files
        .iter()
        .map(String::as_str)
        .collect();
    let regions: Vec<&str> = coverage
        .regions_without_files
        .iter()
        .map(String::as_str)
        .collect();
    for (what, names) in [
        ("days without a file", days),
        ("accounts without a file", missing),
        ("regions without a file", regions),
    ] {
        if !names.is_empty() {
            page.item(0, &listed(what, &names));
        }
    }
    if coverage.unplaced > 0 {
        page.item(
            0,
            &format!(
                "{} files searched whose name and folder tell neither account nor day",
                coverage.unplaced
            ),
        );
    }
    if coverage.duplicates > 0 {
        page.item(
            0,
            &format!("{} records delivered more than once", coverage.duplicates),
        );
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "one decimal of a count of megabytes is shown"
)]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// The count and the first names.
fn listed(what: &str, names: &[&str]) -> String {
    let first: Vec<&str> = names.iter().take(SHOWN).copied().collect();
    let more = match names.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{what}: {} {}{more}", names.len(), first.join(" "))
        .trim_end()
        .to_owned()
}

fn unread(page: &mut Page, coverage: &Coverage) {
    if !coverage.is_complete() {
        page.gap();
        page.heading("Could not be read");
        for damaged in coverage.damaged.iter().chain(&coverage.unparsed) {
            page.labeled(
                0,
                "unread",
                Tone::Doubtful,
                &format!(
                    "{}: {} ({} bytes searched)",
                    damaged.path, damaged.reason, damaged.bytes_searched
                ),
            );
        }
    }
    if !coverage.noted.is_empty() {
        page.gap();
        page.heading("Searched, but odd");
        for noted in coverage.noted.iter().take(SHOWN) {
            page.item(0, &format!("{}: {}", noted.path, noted.what));
        }
        if coverage.noted.len() > SHOWN {
            let more = coverage.noted.len() - SHOWN;
            page.item(0, &format!("{more} more (--format json lists all)"));
        }
    }
}

fn last_line(document: &DetectionsDocument) -> String {
    let counts = document.counts;
    format!(
        "{} events that count, {} could not be read, {} waived, {} for information",
        counts.failed, counts.could_not_tell, counts.waived, counts.info
    )
}
