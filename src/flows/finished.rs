//! Members that were read before a run was interrupted: the next one need not enter them again.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::private_file::write_private;
use crate::collect::Finished;
use crate::model::snapshot::{EventHistory, MemberFacts};
use crate::model::{AccountId, OrganizationId, Timestamp};

/// The version of [`MemberFile`].
pub const MEMBER_VERSION: u32 = 1;
/// What was read longer ago is read again.
const USABLE: SignedDuration = SignedDuration::from_hours(1);
/// The facts of one member are never larger.
const SIZE_LIMIT: u64 = 64 << 20;

/// What was read inside one member.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberFile {
    /// Version of this form.
    pub format_version: u32,
    /// The facts; when they were read is the end of their history.
    pub facts: MemberFacts,
}

/// Below the state directory: one file a member, mode 0600, for as long as a run lasts.
#[derive(Debug)]
pub struct FinishedMembers {
    directory: PathBuf,
    fresh: bool,
    used: AtomicUsize,
    problem: Mutex<Option<String>>,
}

impl FinishedMembers {
    /// Of an organization; `fresh`: what an earlier run left is not used.
    pub fn of(state: &Path, organization: &OrganizationId, fresh: bool) -> Self {
        Self {
            directory: state.join(organization.as_str()).join("members"),
            fresh,
            used: AtomicUsize::new(0),
            problem: Mutex::new(None),
        }
    }

    /// The run has come to its end: nothing is kept. Returns what the user should know.
    pub fn end(self) -> Vec<String> {
        let mut told = Vec::new();
        match self.used.into_inner() {
            0 => {}
            1 => told.push("1 member had been read by a run that was interrupted".to_owned()),
            used => told.push(format!(
                "{used} members had been read by a run that was interrupted"
            )),
        }
        if let Some(hint) = told.last_mut() {
            hint.push_str("; --fresh reads all of them again");
        }
        let problem = self.problem.into_inner();
        told.extend(problem.unwrap_or_default());
        if self.directory.exists()
            && let Err(error) = std::fs::remove_dir_all(&self.directory)
        {
            let place = self.directory.display();
            told.push(format!("warning: `{place}` cannot be removed: {error}"));
        }
        told
    }

    fn file(&self, account: &AccountId) -> PathBuf {
        self.directory.join(format!("{account}.json"))
    }
}

impl Finished for FinishedMembers {
    fn found(&self, wanted: &EventHistory, role: &str) -> Option<MemberFacts> {
        if self.fresh {
            return None;
        }
        // A file that cannot be used costs one more reading, nothing else.
        let facts = read(&self.file(&wanted.account))?;
        let history = facts.history.known()?;
        let near = |earlier: Timestamp, later: Timestamp| {
            let between = later.duration_since(earlier);
            !between.is_negative() && between <= USABLE
        };
        let usable = facts.role == role
            && history.account == wanted.account
            && history.region == wanted.region
            && near(history.from, wanted.from)
            && near(history.until, wanted.until);
        usable.then(|| {
            self.used.fetch_add(1, Ordering::Relaxed);
            facts
        })
    }

    fn keep(&self, account: &AccountId, facts: &MemberFacts) {
        let file = MemberFile {
            format_version: MEMBER_VERSION,
            facts: facts.clone(),
        };
        let written = std::fs::create_dir_all(&self.directory).and_then(|()| {
            write_private(&self.file(account), |output| {
                Ok(serde_json::to_writer(output, &file)?)
            })
        });
        if let (Err(error), Ok(mut problem)) = (written, self.problem.lock()) {
            let place = self.directory.display();
            *problem = Some(format!(
                "warning: members that were finished could not be kept in `{place}`: {error}"
            ));
        }
    }
}

fn read(path: &Path) -> Option<MemberFacts> {
    if std::fs::metadata(path).ok()?.len() > SIZE_LIMIT {
        return None;
    }
    let file: MemberFile = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    (file.format_version == MEMBER_VERSION).then_some(file.facts)
}
