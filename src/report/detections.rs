//! What was detected in records, and what the answer covers.
//!
//! JSON Schema: `docs/schema/detections.schema.json`.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::build::{counts, finding};
use super::document::{Counts, EventCoverage, FindingView, Tool};
use super::page::{Page, Tone};
use super::timeline::{EventView, StoryView};
use super::{Format, members, timeline};
use crate::audit::Finding;
use crate::detect::{Detection, Story};
use crate::exits::{EVENTS, EventKind};
use crate::model::{AccountId, Gap, Snapshot, Timestamp};
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
    /// The account in whose event history it was looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looked_up_in: Option<AccountId>,
}

/// What was looked at: the members of the first part are there if an archive was searched.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Looked {
    /// Archives.
    #[serde(flatten)]
    pub archive: Option<Coverage>,
    /// Event histories.
    pub histories: Vec<EventCoverage>,
    /// What could not be read of them.
    pub gaps: Vec<Gap>,
}

impl Looked {
    /// Was everything read?
    pub fn is_complete(&self) -> bool {
        let archive = self.archive.as_ref();
        self.gaps.is_empty()
            && archive.is_none_or(Coverage::is_complete)
            && self.histories.iter().all(|one| one.unparsed.is_empty())
    }
}

/// Where the records came from.
#[derive(Debug, Default)]
pub struct Sources {
    /// Archives that were searched.
    pub archived: Option<Scanned>,
    /// An event history, and what was read beside it.
    pub live: Option<Snapshot>,
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
        let coverage = looked(sources);
        let unparsed = coverage.histories.iter().map(|one| one.unparsed.len());
        let archive = coverage.archive.as_ref();
        let unread = archive.map_or(0, |one| one.damaged.len() + one.unparsed.len());
        let unread = unread + unparsed.sum::<usize>();
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
            counts: counts(findings, detections, &coverage.gaps, unread),
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
    histories: BTreeMap<(&'a str, Timestamp), &'a AccountId>,
}

impl<'a> Places<'a> {
    fn of(sources: &'a Sources) -> Self {
        let mut files: BTreeMap<_, Vec<&Found>> = BTreeMap::new();
        for one in sources.archived.iter().flat_map(|scanned| &scanned.found) {
            let key = (one.record.event_id.as_str(), one.record.time);
            files.entry(key).or_default().push(one);
        }
        let histories = sources.live.iter().flat_map(Snapshot::histories);
        let looked_up = histories.flat_map(|history| {
            let records = history.records.iter();
            records.map(|one| ((one.event_id.as_str(), one.time), &history.account))
        });
        Self {
            files,
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
            looked_up_in: self.histories.get(&key).map(|account| (*account).clone()),
        }
    }
}

fn looked(sources: Sources) -> Looked {
    let gaps = sources.live.as_ref().map(Snapshot::gaps);
    let histories = sources.live.iter().flat_map(Snapshot::histories);
    Looked {
        archive: sources.archived.map(|scanned| scanned.coverage),
        histories: histories.map(EventCoverage::of).collect(),
        gaps: gaps.unwrap_or_default(),
    }
}

/// What the sources cannot show, whatever they hold.
fn blind_spots(sources: &Sources, accounts: &BTreeSet<AccountId>) -> Vec<String> {
    let mut spots = Vec::new();
    if let Some(live) = &sources.live {
        spots.extend(members::blind_spots(live));
        if live.caller_manages() == Some(false) {
            spots.push(
                "departures are recorded in the management account only; this caller is not it"
                    .to_owned(),
            );
        }
    }
    if let Some(scanned) = &sources.archived {
        spots.extend(blind_spots_of_files(&scanned.coverage, accounts));
    }
    spots
}

/// What log files cannot show, whatever they hold.
fn blind_spots_of_files(coverage: &Coverage, accounts: &BTreeSet<AccountId>) -> Vec<String> {
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
        "what root users do on the sign-in page, and calls of IAM, are looked for in the Organizations region only"
            .to_owned(),
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
        timeline::one_event(&mut page, &one.event);
        let files = one.records.iter().flat_map(|record| &record.files);
        for file in files {
            page.paragraph(2, &format!("in {file}"));
        }
    }
    timeline::stories(&mut page, &document.stories);
    findings(&mut page, &document.findings);
    page.gap();
    page.heading("What was looked at");
    histories(&mut page, &document.coverage);
    if let Some(coverage) = &document.coverage.archive {
        horizon(&mut page, coverage);
        unread(&mut page, coverage);
    }
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

fn histories(page: &mut Page, coverage: &Looked) {
    // The caller's comes first; of members there may be thousands.
    if let Some((own, of_members)) = coverage.histories.split_first() {
        let EventCoverage {
            account,
            region,
            from,
            until,
            records,
            ..
        } = own;
        page.paragraph(
            0,
            &format!("event history of account {account} in {region}, {from} to {until}: {records} records"),
        );
        if let Some(text) = members::histories(of_members) {
            page.paragraph(0, &text);
        }
    }
    for one in coverage.histories.iter().flat_map(|one| &one.unparsed) {
        page.item(0, &format!("a record could not be parsed: {one}"));
    }
    for gap in &coverage.gaps {
        page.labeled(0, "unread", Tone::Doubtful, &gap.to_string());
    }
}

fn horizon(page: &mut Page, coverage: &Coverage) {
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
