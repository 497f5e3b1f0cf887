//! Walks, searches with several workers, and puts together what they found.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::coverage::{Coverage, Damaged, Noted, Pruned};
use super::file::Searcher;
use super::members::{Fault, io_fault};
use super::prefilter::Prefilter;
use super::prune::{Pruning, Rule};
use super::query::Query;
use super::unsearched::{Fates, not_searched};
use super::walk::{Met, Walker, named_gz, named_log};
use crate::model::record::Record;
use crate::model::{Event, Observer, Partition};

/// A scan.
#[derive(Debug)]
pub struct Search<'a> {
    /// Folders or files.
    pub roots: &'a [PathBuf],
    /// What for.
    pub query: &'a Query,
    /// Search every region, also where the events are recorded in one only.
    pub all_regions: bool,
    /// How much is held and read.
    pub caps: Caps,
    /// Threads beside the one that walks; at least 1.
    pub workers: usize,
}

/// Bounds of memory and time, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Longest text that a worker holds; longer ones are read in pieces.
    pub held: usize,
    /// Longest text that is searched of one file.
    pub stream: u64,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            held: 16 << 20,
            stream: 4 << 30,
        }
    }
}

/// Characters of an id or error code that a note shows; AWS's have fewer.
const SHOWN_OF_ID: usize = 64;

/// A record and where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The record.
    pub record: Record,
    /// Files that hold it, sorted.
    pub files: Vec<String>,
}

/// What a scan found.
#[derive(Debug)]
pub struct Scanned {
    /// Newest first, each event once.
    pub found: Vec<Found>,
    /// What was looked at.
    pub coverage: Coverage,
}

/// Why there is no answer at all.
#[derive(Debug, thiserror::Error)]
pub enum NotScanned {
    /// A named path that cannot be used.
    #[error("cannot read archive `{}`: {source}", path.display())]
    Root {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No file in a named path.
    #[error("archive `{}` holds no files", path.display())]
    Nothing {
        /// Which.
        path: PathBuf,
    },
    /// A worker died of a fault in this program.
    #[error("a worker of the archive scan ended by a fault of its own")]
    Worker,
    /// Somebody asked for it.
    #[error("the archive scan was stopped")]
    Stopped,
}

/// Searches archives. `stop` ends it early, `observer` hears how many files are done.
pub fn scan(
    search: &Search<'_>,
    stop: &AtomicBool,
    observer: &dyn Observer,
) -> Result<Scanned, NotScanned> {
    for root in search.roots {
        if let Err(source) = std::fs::metadata(root) {
            let path = root.clone();
            return Err(NotScanned::Root { path, source });
        }
    }
    let pruning = Pruning::new(search.query, search.all_regions);
    let prefilter = Prefilter::of_events(search.query.by_source());
    let (met, tally) = search_all(search, &pruning, &prefilter, stop, observer)?;
    if stop.load(Ordering::Relaxed) {
        return Err(NotScanned::Stopped);
    }
    Ok(put_together(search, &pruning, met, tally))
}

fn search_all(
    search: &Search<'_>,
    pruning: &Pruning<'_>,
    prefilter: &Prefilter,
    stop: &AtomicBool,
    observer: &dyn Observer,
) -> Result<(Met, Tally), NotScanned> {
    let workers = search.workers.max(1);
    let (send, receive) = sync_channel::<Chunk>(2 * workers);
    let receive = Arc::new(Mutex::new(receive));
    let done = AtomicUsize::new(0);
    let work = |receive: Arc<Mutex<Receiver<Chunk>>>| {
        let mut worker = Worker {
            searcher: Searcher::new(search.query, prefilter, search.caps),
            tally: Tally::default(),
        };
        while let Some((root, chunk)) = next(&receive).filter(|_| !stop.load(Ordering::Relaxed)) {
            for path in &chunk {
                worker.file(root, path);
            }
            let count = done.fetch_add(chunk.len(), Ordering::Relaxed) + chunk.len();
            let what = "log files searched";
            observer.on(&Event::Read { what, count });
        }
        worker.tally
    };
    let work = &work;
    std::thread::scope(|scope| {
        let spawn = |receive| scope.spawn(move || work(receive));
        let handles: Vec<_> = (0..workers).map(|_| spawn(receive.clone())).collect();
        // Once no worker is left, sending fails and the walk ends.
        drop(receive);
        // The channel is bounded, so that a long walk does not fill the memory.
        let mut walker = Walker::new(pruning, search.roots, |root, chunk| {
            send.send((root, chunk)).is_ok()
        });
        let mut empty = None;
        for (index, root) in search.roots.iter().enumerate() {
            let before = walker.met.files + walker.met.pruned.len() as u64;
            let go_on = walker.walk(index, root);
            if before == walker.met.files + walker.met.pruned.len() as u64 {
                empty = Some(root.clone());
            }
            if !go_on {
                break;
            }
        }
        let met = std::mem::take(&mut walker.met);
        drop(walker);
        drop(send);
        let mut tally = Tally::default();
        for handle in handles {
            tally.add(handle.join().map_err(|_| NotScanned::Worker)?);
        }
        match empty {
            Some(path) if met.unread.is_empty() => Err(NotScanned::Nothing { path }),
            _ => Ok((met, tally)),
        }
    })
}

/// Files of one root, known by its index.
type Chunk = (usize, Vec<PathBuf>);

/// The next chunk; `None`: there is none any more.
fn next(receive: &Mutex<Receiver<Chunk>>) -> Option<Chunk> {
    let receive = receive.lock().unwrap_or_else(PoisonError::into_inner);
    receive.recv().ok()
}

/// What a worker found.
#[derive(Debug, Default)]
struct Tally {
    found: Vec<(Record, String)>,
    /// Of each root, by its index.
    fates: BTreeMap<usize, Fates>,
    bytes_read: u64,
    bytes_searched: u64,
    not_logs: Vec<String>,
    over_cap: u64,
    damaged: Vec<Damaged>,
    unparsed: Vec<Damaged>,
    noted: Vec<Noted>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.found.extend(other.found);
        for (root, fates) in other.fates {
            self.fates.entry(root).or_default().add(fates);
        }
        self.bytes_read += other.bytes_read;
        self.bytes_searched += other.bytes_searched;
        self.not_logs.extend(other.not_logs);
        self.over_cap += other.over_cap;
        self.damaged.extend(other.damaged);
        self.unparsed.extend(other.unparsed);
        self.noted.extend(other.noted);
    }
}

struct Worker<'q> {
    searcher: Searcher<'q>,
    tally: Tally,
}

impl Worker<'_> {
    fn file(&mut self, root: usize, path: &Path) {
        let mut outcome = match File::open(path) {
            Ok(file) => self.searcher.search(file, named_gz(path)),
            Err(error) => super::file::Outcome {
                fault: Some(io_fault(error)),
                ..super::file::Outcome::default()
            },
        };
        if !outcome.is_log && outcome.fault.is_none() {
            outcome.fault = unusable(path, outcome.holds);
            outcome.bytes_searched *= u64::from(outcome.fault.is_none());
        }
        let tally = &mut self.tally;
        let fates = tally.fates.entry(root).or_default();
        let shown = || path.display().to_string();
        tally.bytes_read += outcome.bytes_read;
        tally.bytes_searched += outcome.bytes_searched;
        let damaged = |reason: String| Damaged {
            path: shown(),
            reason,
            bytes_searched: outcome.bytes_searched,
        };
        // A part of a file that holds no list yet may well be that of a log file.
        if outcome.is_log || (outcome.fault.is_some() && outcome.bytes_searched > 0) {
            fates.searched += 1;
        } else if outcome.fault.is_none() {
            fates.not_logs += 1;
            tally.not_logs.push(shown());
        }
        if let Some(fault) = outcome.fault {
            fates.damaged += 1;
            tally.over_cap += u64::from(matches!(fault, Fault::OverCap(_)));
            tally.damaged.push(damaged(fault.to_string()));
        }
        tally
            .unparsed
            .extend(outcome.unparsed.into_iter().map(damaged));
        let notes = outcome.notes.into_iter().map(|what| Noted {
            path: shown(),
            what: what.to_owned(),
        });
        tally.noted.extend(notes);
        let found = outcome.records.into_iter();
        tally.found.extend(found.map(|record| (record, shown())));
    }
}

/// Why a file without a list of records cannot be passed over as somebody's notes.
fn unusable(path: &Path, holds: Option<&'static str>) -> Option<Fault> {
    let named = || named_log(path).then_some(Fault::NoRecords);
    holds.map(Fault::Holds).or_else(named)
}

fn put_together(search: &Search<'_>, pruning: &Pruning<'_>, met: Met, tally: Tally) -> Scanned {
    let total = tally.found.len();
    let found = each_once(tally.found);
    let window = &search.query.window;
    let mut damaged = tally.damaged;
    damaged.extend(met.unread.iter().cloned());
    damaged.sort();
    let (mut unparsed, mut noted) = (tally.unparsed, tally.noted);
    unparsed.sort();
    noted.sort();
    noted.extend(told_twice(&found));
    let mut not_logs = tally.not_logs;
    not_logs.sort();
    let mut coverage = Coverage {
        paths: search
            .roots
            .iter()
            .map(|root| root.display().to_string())
            .collect(),
        since: window.since,
        until: window.until,
        margin_hours: window.margin_hours,
        files_seen: met.files,
        pruned: by_rule(&met),
        searched: tally.fates.values().map(|fates| fates.searched).sum(),
        bytes_read: tally.bytes_read,
        bytes_searched: tally.bytes_searched,
        damaged,
        over_cap: tally.over_cap,
        not_log_files: not_logs.len() as u64,
        not_logs,
        not_searched: not_searched(search.roots, &tally.fates, &met),
        noted,
        unparsed,
        duplicates: (total - found.len()) as u64,
        unplaced: met.unplaced,
        days_without_files: empty_days(
            pruning,
            &met,
            TimeZone::UTC.to_datetime(window.until).date(),
        ),
        accounts_without_files: Vec::new(),
        regions_without_files: empty_regions(&met),
        accounts: met.accounts.into_iter().collect(),
        regions: met.regions.into_iter().collect(),
    };
    coverage.name_missing(search.query.accounts.union(&met.account_folders));
    Scanned { found, coverage }
}

fn by_rule(met: &Met) -> Vec<Pruned> {
    let mut rules: BTreeMap<&Rule, (u64, u64)> = BTreeMap::new();
    for ((_, rule), (folders, files)) in &met.pruned {
        let sum = rules.entry(rule).or_default();
        *sum = (sum.0 + folders, sum.1 + files);
    }
    let pruned = rules.into_iter().map(|(rule, (folders, files))| Pruned {
        rule: rule.word(),
        folders,
        files,
    });
    pruned.collect()
}

/// Newest first. Delivered twice counts once; but not if only the event id is the same, which
/// would let a forged record take the place of a real one.
fn each_once(records: Vec<(Record, String)>) -> Vec<Found> {
    let mut by_id: BTreeMap<String, Vec<Found>> = BTreeMap::new();
    for (record, file) in records {
        let same = by_id.entry(record.event_id.clone()).or_default();
        match same.iter_mut().find(|known| known.record == record) {
            Some(known) if !record.event_id.is_empty() => known.files.push(file),
            _ => same.push(Found {
                record,
                files: vec![file],
            }),
        }
    }
    let mut found: Vec<Found> = by_id.into_values().flatten().collect();
    for one in &mut found {
        one.files.sort();
        one.files.dedup();
    }
    found.sort_by(|a, b| {
        let later = b.record.time.cmp(&a.record.time);
        later
            .then_with(|| a.record.event_id.cmp(&b.record.event_id))
            // Who takes one record for each id must not get the harmless one.
            .then_with(|| {
                a.record
                    .error_code
                    .is_some()
                    .cmp(&b.record.error_code.is_some())
            })
            .then_with(|| a.files.cmp(&b.files))
            // Records without an id, from one file.
            .then_with(|| a.record.name.cmp(&b.record.name))
    });
    found
}

/// Ids that stand in records of different content: one of them may be forged. `found` is sorted
/// so that those of one time stand together; a twin of another time is told all the same.
fn told_twice(found: &[Found]) -> Vec<Noted> {
    let mut by_id: BTreeMap<&str, Vec<&Found>> = BTreeMap::new();
    for one in found.iter().filter(|one| !one.record.event_id.is_empty()) {
        by_id.entry(&one.record.event_id).or_default().push(one);
    }
    by_id.retain(|_, same| same.len() > 1);
    let each = by_id.into_iter().map(|(id, same)| {
        let files: BTreeSet<&str> = same
            .iter()
            .flat_map(|one| one.files.iter().map(String::as_str))
            .collect();
        let ends: Vec<String> = same.iter().map(|one| end_of(&one.record)).collect();
        let id: String = id.chars().take(SHOWN_OF_ID).collect();
        Noted {
            path: files.into_iter().collect::<Vec<_>>().join(" and "),
            what: format!(
                "event id `{id}` stands in {} different records: {}",
                same.len(),
                ends.join("; ")
            ),
        }
    });
    each.collect()
}

/// What an event was and how it ended, in words.
fn end_of(record: &Record) -> String {
    let end = record.error_code.as_deref().unwrap_or("no error");
    let (name, end) = (
        &record.name,
        end.chars().take(SHOWN_OF_ID).collect::<String>(),
    );
    format!("{name} at {}, {end}", record.time)
}

/// Days of the window without a file, neighbors together.
fn empty_days(pruning: &Pruning<'_>, met: &Met, last: Date) -> Vec<String> {
    let mut ranges: Vec<(Date, Date)> = Vec::new();
    let days = pruning.days_searched().take_while(|day| *day <= last);
    for day in days.filter(|day| !met.days.contains(day)) {
        match ranges.last_mut() {
            Some((_, end)) if end.tomorrow().is_ok_and(|next| next == day) => *end = day,
            _ => ranges.push((day, day)),
        }
    }
    ranges
        .into_iter()
        .map(|(first, last)| {
            if first == last {
                first.to_string()
            } else {
                format!("{first}/{last}")
            }
        })
        .collect()
}

/// Regions with a folder but no file, and the Organizations region if it has none.
fn empty_regions(met: &Met) -> Vec<String> {
    let mut empty: Vec<String> = met
        .region_folders
        .difference(&met.regions)
        .cloned()
        .collect();
    let is_home = |region: &str| Partition::of_region(region).organizations_region() == region;
    let met_any = met.regions.iter().any(|region| is_home(region));
    if !met_any && met.unplaced == 0 {
        let partition = met.regions.first().map(String::as_str).unwrap_or_default();
        empty.push(
            Partition::of_region(partition)
                .organizations_region()
                .to_owned(),
        );
    }
    empty.sort();
    empty.dedup();
    empty
}
