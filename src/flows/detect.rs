//! Records of archives to detections.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use crate::detect::detect_records;
use crate::model::settings::Settings;
use crate::model::{Observer, Timestamp};
use crate::report::DetectionsDocument;
use crate::trail::archive::{Caps, NotScanned, Query, Search, scan};

/// More threads than this wait for the disk.
const MOST_WORKERS: usize = 16;

/// Which archives are searched, for what.
#[derive(Debug)]
pub struct DetectFrom {
    /// Folders or files.
    pub roots: Vec<PathBuf>,
    /// What for.
    pub query: Query,
    /// Every region, also where the events are recorded in one only.
    pub all_regions: bool,
    /// How much is held and read.
    pub caps: Caps,
    /// Waivers.
    pub settings: Settings,
    /// As of when waivers count.
    pub now: Timestamp,
}

/// Searches archives and judges what is found. Blocks; `stop` ends it early.
pub fn detect_archives(
    from: &DetectFrom,
    stop: &AtomicBool,
    observer: &dyn Observer,
) -> Result<DetectionsDocument, NotScanned> {
    let search = Search {
        roots: &from.roots,
        query: &from.query,
        all_regions: from.all_regions,
        caps: from.caps,
        workers: std::thread::available_parallelism()
            .map_or(1, usize::from)
            .min(MOST_WORKERS),
    };
    let scanned = scan(&search, stop, observer)?;
    let records = scanned.found.iter().map(|found| &found.record);
    let detections = detect_records(records, &from.settings, from.now);
    Ok(DetectionsDocument::new(
        &detections,
        scanned,
        &from.query.accounts,
        from.now,
    ))
}
