//! Records of every source to detections and stories.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use super::audit::{of_events, unused_event_waivers};
use crate::audit::{expired_waiver, foreign_invitations, unused_waiver};
use crate::detect::{Home, detect, stories};
use crate::model::settings::Settings;
use crate::model::{AccountId, Observer, OrganizationId, Snapshot, Timestamp};
use crate::report::{DetectionsDocument, Sources, Timeline};
use crate::trail::archive::{Caps, NotScanned, Query, Scanned, Search, scan};

/// More threads than this wait for the disk.
const MOST_WORKERS: usize = 16;

/// Which archives are searched, for what.
#[derive(Debug)]
pub struct SearchArchives {
    /// Folders or files.
    pub roots: Vec<PathBuf>,
    /// What for.
    pub query: Query,
    /// Every region, also where the events are recorded in one only.
    pub all_regions: bool,
    /// How much is held and read.
    pub caps: Caps,
}

/// Searches archives. Blocks; `stop` ends it early.
pub fn search_archives(
    from: &SearchArchives,
    stop: &AtomicBool,
    observer: &dyn Observer,
) -> Result<Scanned, NotScanned> {
    let search = Search {
        roots: &from.roots,
        query: &from.query,
        all_regions: from.all_regions,
        caps: from.caps,
        workers: std::thread::available_parallelism()
            .map_or(1, usize::from)
            .min(MOST_WORKERS),
    };
    scan(&search, stop, observer)
}

/// What is known of the organization beside the records.
#[derive(Debug, Default)]
pub struct KnownHome {
    /// Its id, if it was named.
    pub organization: Option<OrganizationId>,
    /// Its facts, if a snapshot was named.
    pub snapshot: Option<Snapshot>,
}

/// Judges the records of `sources` that the query takes; waivers count as of `now`.
pub fn detect_in(
    mut sources: Sources,
    query: &Query,
    known: &KnownHome,
    settings: &Settings,
    now: Timestamp,
) -> DetectionsDocument {
    let judgement = known.snapshot.as_ref().map(crate::verdict::judge);
    let read = sources.live.as_ref().or(sources.beside.as_ref());
    let facts = known.snapshot.as_ref().or(read);
    let organization = facts.and_then(|facts| facts.organization.known());
    let home = Home {
        organization: known
            .organization
            .as_ref()
            .or(organization.map(|organization| &organization.id)),
        snapshot: facts,
        judgement: judgement.as_ref(),
    };
    let archived = sources.archived.iter().flat_map(|scanned| &scanned.found);
    let looked_up = sources.live.iter().flat_map(Snapshot::records);
    let queried = sources.queried.iter().flat_map(|one| &one.records);
    let records = archived.map(|found| &found.record).chain(
        looked_up
            .chain(queried)
            .filter(|record| query.takes(record)),
    );
    let detections = detect(records, &home, settings, now);
    let stories = stories(&detections, &home);
    let expired = of_events(settings).filter(|waiver| waiver.expires <= now);
    let unused = unused_event_waivers(settings, &detections, now);
    let invited = sources.live.iter();
    let invited = invited.flat_map(|live| foreign_invitations(live, settings));
    let findings: Vec<_> = expired
        .map(expired_waiver)
        .chain(unused.map(unused_waiver))
        .chain(invited)
        .collect();
    let members = facts.and_then(|facts| facts.accounts.known());
    let members: Vec<AccountId> = members
        .into_iter()
        .flat_map(BTreeMap::keys)
        .filter(|id| query.accounts.is_empty() || query.accounts.contains(*id))
        .cloned()
        .collect();
    if let Some(scanned) = &mut sources.archived {
        scanned.coverage.name_missing(&members);
    }
    DetectionsDocument::new(
        &Timeline {
            detections: &detections,
            stories: &stories,
            findings: &findings,
        },
        sources,
        &query.accounts,
        now,
    )
}
