//! What an earlier snapshot tells: who vanished, which guards went. The last one of every
//! organization is kept in the state directory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::audit::Audited;
use super::private_file::{private_directory, write_private};
use super::snapshot_file::{SnapshotError, read_snapshot, write_snapshot};
use crate::audit::{
    BASELINE_INCOMPLETE, Changes, Context, Finding, Former, Judged, Outcome, changes,
    since_baseline, vanished,
};
use crate::detect::latest_departures;
use crate::model::organization::Account;
use crate::model::settings::Settings;
use crate::model::{AccountId, Observed, OrganizationId, Snapshot};
use crate::report::ChangesDocument;
use crate::verdict::Judgement;

/// The version of [`DepartedFile`].
const DEPARTED_VERSION: u32 = 1;
/// A file of former accounts is never larger.
const SIZE_LIMIT: u64 = 256 << 20;

/// Accounts that vanished in earlier runs, until they are back.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DepartedFile {
    /// Version of this form.
    pub format_version: u32,
    /// By id.
    pub departed: BTreeMap<AccountId, Former>,
}

/// What earlier runs left.
#[derive(Debug, Default)]
pub struct Earlier {
    /// An earlier snapshot.
    pub baseline: Option<Snapshot>,
    /// Accounts that vanished before it.
    pub departed: BTreeMap<AccountId, Former>,
    /// What could not be used of it, in sentences.
    pub problems: Vec<String>,
}

impl Earlier {
    /// Every account that was in the organization then, or had been.
    pub fn everybody(&self) -> impl Iterator<Item = AccountId> + '_ {
        let listed = self.baseline.iter().flat_map(super::athena::everybody);
        listed.chain(self.departed.keys().cloned())
    }
}

/// Two snapshots of different organizations.
#[derive(Debug, thiserror::Error)]
#[error("the baseline is of organization `{baseline}`, the facts are of `{facts}`")]
pub struct OtherOrganization {
    baseline: OrganizationId,
    facts: OrganizationId,
}

/// Where the roster of an organization is kept.
#[derive(Debug)]
pub struct Roster {
    directory: PathBuf,
}

impl Roster {
    /// Below a state directory.
    pub fn of(state: &Path, organization: &OrganizationId) -> Self {
        Self {
            directory: state.join(organization.as_str()),
        }
    }

    /// Its snapshot.
    pub fn baseline(&self) -> PathBuf {
        self.directory.join("baseline.json")
    }

    fn departed(&self) -> PathBuf {
        self.directory.join("departed.json")
    }

    /// What earlier runs left; what cannot be used is told, never taken for nothing.
    pub fn read(&self) -> Earlier {
        let mut earlier = Earlier::default();
        let path = self.baseline();
        if path.exists() {
            match read_snapshot(&path) {
                Ok(snapshot) => earlier.baseline = Some(snapshot),
                Err(error) => earlier.problems.push(error.to_string()),
            }
        }
        let path = self.departed();
        if path.exists() {
            match read_departed(&path) {
                Ok(file) => earlier.departed = file.departed,
                Err(why) => {
                    let text = format!("cannot use `{}`: {why}", path.display());
                    earlier.problems.push(text);
                }
            }
        }
        earlier
    }

    /// Keeps a snapshot, and who departed. Tags that this run did not read stay as the earlier
    /// snapshot had them.
    ///
    /// # Errors
    /// When a file cannot be written; then the old one stands.
    pub fn keep(&self, audited: &Audited) -> Result<(), SnapshotError> {
        let failed = |path: &Path, source| SnapshotError::Write {
            path: path.to_owned(),
            source,
        };
        // Whatever the umask: journals lie beside it, and refuse what others can write to.
        private_directory(&self.directory).map_err(|error| failed(&self.directory, error))?;
        // Who departed first: a run that ends between the two forgets nobody.
        let path = self.departed();
        let file = DepartedFile {
            format_version: DEPARTED_VERSION,
            departed: audited
                .departed
                .iter()
                .map(|one| (one.id.clone(), one.clone()))
                .collect(),
        };
        write_private(&path, |output| {
            serde_json::to_writer_pretty(&mut *output, &file)?;
            output.write_all(b"\n")
        })
        .map_err(|error| failed(&path, error))?;
        write_snapshot(&self.baseline(), &with_former_tags(audited))
    }
}

fn read_departed(path: &Path) -> Result<DepartedFile, String> {
    let length = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if length.len() > SIZE_LIMIT {
        return Err(format!("it is larger than {} MiB", SIZE_LIMIT >> 20));
    }
    let text = std::fs::read(path).map_err(|error| error.to_string())?;
    let file: DepartedFile = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    if file.format_version > DEPARTED_VERSION {
        return Err("a later version wrote it".to_owned());
    }
    Ok(file)
}

/// Adds to an audit what an earlier snapshot tells.
pub fn compare_with(
    audited: &mut Audited,
    earlier: Earlier,
    settings: &Settings,
) -> Result<(), OtherOrganization> {
    let Earlier {
        baseline,
        departed,
        problems,
    } = earlier;
    let changes = baseline
        .as_ref()
        .map(|baseline| compared(baseline, &audited.snapshot, &audited.judgement))
        .transpose()?;
    audited.former_tags = baseline.map(tags).unwrap_or_default();
    let snapshot = &audited.snapshot;
    let mut gone = departed;
    for former in changes.iter().flat_map(|changes| &changes.vanished) {
        gone.insert(former.id.clone(), former.clone());
    }
    if let Some(listed) = snapshot.accounts.known() {
        gone.retain(|id, _| !listed.contains_key(id));
    }
    let departed: Vec<Former> = gone.into_values().collect();
    let told = latest_departures(snapshot)
        .into_iter()
        .map(|(id, (method, time))| (id, format!("{} at {time}", method.word())));
    let mut found = vanished(&departed, &told.collect());
    found.extend(changes.iter().flat_map(since_baseline));
    found.extend(problems.into_iter().map(unusable));
    let cx = Context {
        snapshot,
        judgement: &audited.judgement,
        settings,
    };
    audited.findings.extend(crate::audit::waived(found, &cx));
    crate::audit::sort(&mut audited.findings);
    audited.departed = departed;
    audited.changes = changes;
    Ok(())
}

/// The tags of every account of which they are known.
fn tags(snapshot: Snapshot) -> BTreeMap<AccountId, BTreeMap<String, String>> {
    let Observed::Known(accounts) = snapshot.accounts else {
        return BTreeMap::new();
    };
    let known = |(id, account): (AccountId, Account)| match account.tags {
        Observed::Known(tags) => Some((id, tags)),
        Observed::Unknown(_) => None,
    };
    accounts.into_iter().filter_map(known).collect()
}

/// The snapshot with the tags of an earlier one where they were not asked for now.
fn with_former_tags(audited: &Audited) -> Snapshot {
    let mut snapshot = audited.snapshot.clone();
    if let Observed::Known(accounts) = &mut snapshot.accounts {
        for (id, tags) in &audited.former_tags {
            if let Some(account) = accounts.get_mut(id)
                && account.tags.is_not_read()
            {
                account.tags = Observed::Known(tags.clone());
            }
        }
    }
    snapshot
}

fn compared(
    baseline: &Snapshot,
    facts: &Snapshot,
    verdicts: &Judgement,
) -> Result<Changes, OtherOrganization> {
    let id = |snapshot: &Snapshot| {
        let organization = snapshot.organization.known();
        organization.map(|organization| organization.id.clone())
    };
    if let (Some(old), Some(new)) = (id(baseline), id(facts))
        && old != new
    {
        return Err(OtherOrganization {
            baseline: old,
            facts: new,
        });
    }
    let judgement = crate::verdict::judge(baseline);
    let before = Judged {
        snapshot: baseline,
        judgement: &judgement,
    };
    let after = Judged {
        snapshot: facts,
        judgement: verdicts,
    };
    Ok(changes(before, after))
}

fn unusable(problem: String) -> Finding {
    Finding {
        outcome: Outcome::CouldNotTell,
        remedy: "remove that file, or give --baseline FILE; until then the last snapshot is not replaced"
            .to_owned(),
        ..Finding::failed(&BASELINE_INCOMPLETE, "baseline", problem)
    }
}

/// Compares two snapshots; who vanished between them is told with what the later one's events say.
pub fn diff(before: &Snapshot, after: &Snapshot) -> Result<ChangesDocument, OtherOrganization> {
    let changes = compared(before, after, &crate::verdict::judge(after))?;
    let told = latest_departures(after)
        .into_iter()
        .map(|(id, (method, time))| (id, (method.word().to_owned(), time)));
    Ok(ChangesDocument::new(
        (before.taken_at, after.taken_at),
        changes,
        told.collect(),
        after,
    ))
}
