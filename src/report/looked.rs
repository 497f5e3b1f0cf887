//! What was looked at for events, and what could not be seen there.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::document::EventCoverage;
use super::members;
use super::page::{Page, Tone, counted};
use crate::exits::{EVENTS, EventKind};
use crate::model::{AccountId, Gap, Snapshot};
use crate::trail::archive::{Coverage, Scanned};
use crate::trail::{Queried, TableCoverage};

/// Lines of one kind on a page; JSON has them all.
const SHOWN: usize = 20;

/// Where the records came from.
#[derive(Debug, Default)]
pub struct Sources {
    /// Archives that were searched.
    pub archived: Option<Scanned>,
    /// An event history, and what was read beside it.
    pub live: Option<Snapshot>,
    /// Tables in Athena that were asked.
    pub queried: Vec<Queried>,
    /// What was read beside tables and is no source: whose folders to ask about, whose invitations
    /// were accepted.
    pub beside: Option<Snapshot>,
    /// What could not be read of the accounts to ask about.
    pub gaps: Vec<Gap>,
}

/// What was looked at: the members of the first part are there if an archive was searched.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Looked {
    /// Archives.
    #[serde(flatten)]
    pub archive: Option<Coverage>,
    /// Event histories.
    pub histories: Vec<EventCoverage>,
    /// The history in which it was looked up who departed, to ask tables about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub departures: Option<EventCoverage>,
    /// Tables in Athena.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<TableCoverage>,
    /// What could not be read of them.
    pub gaps: Vec<Gap>,
}

impl Looked {
    /// `accounts` are those asked for; none: all, so that who departed was looked up.
    pub(super) fn of(sources: Sources, accounts: &BTreeSet<AccountId>) -> Self {
        let read = sources.live.iter().chain(&sources.beside);
        let mut gaps: Vec<Gap> = read.flat_map(Snapshot::gaps).collect();
        gaps.extend(sources.gaps);
        let beside = sources.beside.iter().filter(|_| accounts.is_empty());
        let departures = beside.map(|one| EventCoverage::of(&one.events)).next();
        let histories = sources.live.iter().flat_map(Snapshot::histories);
        let histories = histories.map(EventCoverage::of).collect();
        let mut tables = Vec::new();
        for queried in sources.queried {
            gaps.extend(queried.gaps);
            tables.push(queried.coverage);
        }
        Self {
            archive: sources.archived.map(|scanned| scanned.coverage),
            histories,
            departures,
            tables,
            gaps,
        }
    }

    /// Was everything read?
    pub fn is_complete(&self) -> bool {
        let archive = self.archive.as_ref();
        self.gaps.is_empty() && archive.is_none_or(Coverage::is_complete) && self.unread() == 0
    }

    /// How many files and records could not be read.
    pub(super) fn unread(&self) -> usize {
        let histories = self.histories.iter().chain(&self.departures);
        let histories = histories.map(|one| one.unparsed.len());
        let tables = self.tables.iter().map(|one| one.unparsed.len());
        let archive = self.archive.as_ref();
        let files = archive.map_or(0, Coverage::unread);
        files + histories.chain(tables).sum::<usize>()
    }
}

/// What the sources cannot show, whatever they hold.
pub(super) fn blind_spots(sources: &Sources, accounts: &BTreeSet<AccountId>) -> Vec<String> {
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
    let files = sources
        .archived
        .iter()
        .map(|scanned| scanned.coverage.margin_hours);
    let tables = sources.queried.iter().map(|one| one.coverage.margin_hours);
    // The margin is one for a whole run.
    if let Some(margin_hours) = files.chain(tables).next() {
        spots.extend(blind_spots_of_files(margin_hours, accounts));
    }
    if let (Some(beside), false) = (&sources.beside, sources.queried.is_empty()) {
        let from = beside.events.from;
        let who = if accounts.is_empty() {
            format!(
                "accounts that departed before {from} were asked about only if --snapshot or an earlier run knows them; "
            )
        } else {
            String::new()
        };
        spots.push(format!(
            "{who}a table that was made with a list of accounts, or that begins later than the window, answers for \
             no other; files that Athena cannot read are for it to tell"
        ));
    }
    spots
}

/// What log files cannot show, whatever they hold.
fn blind_spots_of_files(margin_hours: u32, accounts: &BTreeSet<AccountId>) -> Vec<String> {
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
            "records delivered more than {margin_hours} hours after the window's end were not looked for"
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

pub(super) fn what_was_looked_at(page: &mut Page, coverage: &Looked) {
    page.gap();
    page.heading("What was looked at");
    histories(page, coverage);
    if let Some(coverage) = &coverage.archive {
        horizon(page, coverage);
        unread(page, coverage);
    }
    for coverage in &coverage.tables {
        table(page, coverage);
    }
    if let Some(one) = &coverage.departures {
        let EventCoverage {
            account,
            region,
            from,
            until,
            ..
        } = one;
        page.paragraph(
            0,
            &format!(
                "who departed from {from} to {until}: by the event history of {account} in {region}"
            ),
        );
        unparsed(page, one);
    }
}

fn unparsed(page: &mut Page, history: &EventCoverage) {
    for one in &history.unparsed {
        page.item(0, &format!("a record could not be parsed: {one}"));
    }
}

fn table(page: &mut Page, coverage: &TableCoverage) {
    let TableCoverage {
        table,
        region,
        since,
        until,
        margin_hours,
        queries,
        rows,
        ..
    } = coverage;
    let scanned = coverage.bytes_scanned.map_or_else(
        || "Athena did not say how much they scanned".to_owned(),
        |bytes| format!("{:.1} MB scanned", megabytes(bytes)),
    );
    page.paragraph(
        0,
        &format!(
            "table {table} in Athena, {since} to {until}, folders of {region} and up to {margin_hours} hours later: \
             {}, {}, {scanned}",
            counted(*queries, "query", "queries"),
            counted(*rows, "row", "rows"),
        ),
    );
    let accounts: Vec<&str> = coverage.accounts.iter().map(AccountId::as_str).collect();
    page.paragraph(0, &listed("accounts", &accounts));
    for one in &coverage.unparsed {
        page.item(0, &format!("a record could not be parsed: {one}"));
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
    for one in &coverage.histories {
        unparsed(page, one);
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
    let others: Vec<&str> = coverage.not_logs.iter().map(String::as_str).collect();
    for (what, names) in [
        ("not log files", others),
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
        for one in &coverage.not_searched {
            let text = format!("{}: {}", one.path, one.reason);
            page.labeled(0, "unread", Tone::Doubtful, &text);
        }
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
