//! What was detected in records, and what the answer covers.
//!
//! JSON Schema: `docs/schema/detections.schema.json`.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::build::{counts, finding};
use super::document::{Counts, FindingView, Tool};
use super::looked::{Looked, Sources, blind_spots, what_was_looked_at};
use super::page::{Page, Tone};
use super::timeline::{EventView, StoryView};
use super::{Format, timeline};
use crate::audit::Finding;
use crate::detect::{Detection, Story};
use crate::model::{AccountId, Snapshot, Timestamp};
use crate::trail::archive::Found;

/// The version of this form.
const DETECTIONS_VERSION: u32 = 1;

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
    /// Events that belong together, newest first.
    pub stories: Vec<StoryView>,
    /// Waivers of events that have expired or cover nothing, and invitations of other organizations
    /// that wait in members.
    pub findings: Vec<FindingView>,
    /// What was looked at.
    pub coverage: Looked,
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
    /// Files of an archive that hold it.
    pub files: Vec<String>,
    /// Tables in Athena that hold it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<String>,
    /// The account in whose event history it was looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looked_up_in: Option<AccountId>,
}

/// What follows from the records.
#[derive(Debug)]
pub struct Timeline<'a> {
    /// Newest first.
    pub detections: &'a [Detection],
    /// Which belong together.
    pub stories: &'a [Story],
    /// Beside the events: of waivers, and invitations that wait.
    pub findings: &'a [Finding],
}

impl DetectionsDocument {
    /// The document of what sources hold; `accounts` are those asked for, none: all.
    pub fn new(
        timeline: &Timeline<'_>,
        sources: Sources,
        accounts: &BTreeSet<AccountId>,
        taken_at: Timestamp,
    ) -> Self {
        let Timeline {
            detections,
            stories,
            findings,
        } = timeline;
        let blind_spots = blind_spots(&sources, accounts);
        let places = Places::of(&sources);
        let views = detections.iter().map(|detection| DetectionView {
            event: EventView::of(detection),
            records: vec![places.record(detection)],
        });
        let detection_views = views.collect();
        let coverage = Looked::of(sources, accounts);
        Self {
            format_version: DETECTIONS_VERSION,
            tool: Tool::of(env!("CARGO_PKG_VERSION")),
            taken_at,
            detections: detection_views,
            stories: stories
                .iter()
                .map(|story| StoryView::of(story, detections))
                .collect(),
            findings: findings.iter().map(finding).collect(),
            blind_spots,
            counts: counts(findings, detections, &coverage.gaps, coverage.unread()),
            coverage,
        }
    }

    /// The document in a format; `width` in columns counts for tables only.
    pub fn render(&self, format: Format, width: usize) -> String {
        format.lay_out(self, |document| page(document, width))
    }
}

/// In which files and histories the records stand.
struct Places<'a> {
    files: BTreeMap<(&'a str, Timestamp), Vec<&'a Found>>,
    tables: BTreeMap<(&'a str, Timestamp), BTreeSet<&'a str>>,
    histories: BTreeMap<(&'a str, Timestamp), &'a AccountId>,
}

impl<'a> Places<'a> {
    fn of(sources: &'a Sources) -> Self {
        let mut files: BTreeMap<_, Vec<&Found>> = BTreeMap::new();
        for one in sources.archived.iter().flat_map(|scanned| &scanned.found) {
            let key = (one.record.event_id.as_str(), one.record.time);
            files.entry(key).or_default().push(one);
        }
        let mut tables: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
        for queried in &sources.queried {
            for one in &queried.records {
                let held = tables.entry((one.event_id.as_str(), one.time)).or_default();
                held.insert(&queried.coverage.table);
            }
        }
        let histories = sources.live.iter().flat_map(Snapshot::histories);
        let looked_up = histories.flat_map(|history| {
            let records = history.records.iter();
            records.map(|one| ((one.event_id.as_str(), one.time), &history.account))
        });
        Self {
            files,
            tables,
            histories: looked_up.collect(),
        }
    }

    fn record(&self, detection: &Detection) -> RecordRef {
        let key = (detection.event_id.as_str(), detection.time);
        let found = self.files.get(&key).into_iter().flatten();
        let files = found
            .filter(|one| one.record.name == detection.event)
            .flat_map(|one| one.files.iter().cloned());
        RecordRef {
            event_id: detection.event_id.clone(),
            files: files.collect(),
            tables: self
                .tables
                .get(&key)
                .into_iter()
                .flatten()
                .map(|one| (*one).to_owned())
                .collect(),
            looked_up_in: self.histories.get(&key).map(|account| (*account).clone()),
        }
    }
}

fn page(document: &DetectionsDocument, width: usize) -> String {
    let mut page = Page::new(width);
    page.heading("Exits, attempts and changes to the guard");
    if document.detections.is_empty() {
        let found = if document.coverage.is_complete() {
            "no event found"
        } else {
            "no event found in what could be read"
        };
        page.paragraph(0, found);
    }
    for one in &document.detections {
        timeline::one_event(&mut page, &one.event);
        let files = one.records.iter().flat_map(|record| &record.files);
        let tables = one.records.iter().flat_map(|record| &record.tables);
        for place in files.chain(tables) {
            page.paragraph(2, &format!("in {place}"));
        }
    }
    timeline::stories(&mut page, &document.stories);
    findings(&mut page, &document.findings);
    what_was_looked_at(&mut page, &document.coverage);
    page.gap();
    page.heading("What this source cannot show");
    for spot in &document.blind_spots {
        page.item(0, spot);
    }
    page.gap();
    page.heading(&last_line(document));
    page.finish()
}

fn findings(page: &mut Page, findings: &[FindingView]) {
    if !findings.is_empty() {
        page.gap();
        page.heading("Waivers and invitations");
    }
    for finding in findings {
        let severity = finding.severity;
        let (label, tone) = match &finding.waived {
            Some(_) => ("waived", Tone::Plain),
            None => (severity.as_str(), Tone::of(severity)),
        };
        page.labeled(0, label, tone, &finding.summary);
        for line in &finding.evidence {
            page.item(2, line);
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
