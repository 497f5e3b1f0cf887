//! Reading journals: every row verified, before anything is concluded from it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::journal::{FILE, directory_of, unseal};
use super::rows::{Entry, Header, JOURNAL_VERSION, Made, Outcome, Row, Sending, StepOutcome};
use crate::model::{PolicyId, Timestamp};
use crate::plan::{PolicyRef, Step};

/// A verified journal.
#[derive(Debug, Clone)]
pub struct History {
    run: String,
    directory: PathBuf,
    rows: Vec<Row>,
    last_hash: String,
    whole: u64,
    torn: Vec<u8>,
}

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// There is no such run.
    #[error("there is no run `{0}`")]
    NoSuchRun(String),
    /// It cannot be read.
    #[error("the journal of run `{run}` cannot be read: {source}")]
    Io {
        /// The run.
        run: String,
        /// Why.
        source: io::Error,
    },
    /// Another version of this tool wrote it.
    #[error(
        "the journal of run `{run}` has format version {found}; this version reads {JOURNAL_VERSION}"
    )]
    Version {
        /// The run.
        run: String,
        /// Its version.
        found: u64,
    },
    /// A row was altered, removed or moved.
    #[error("row {row} of the journal of run `{run}` {what}; nothing in it is believed")]
    Row {
        /// The run.
        run: String,
        /// Which, from 1.
        row: usize,
        /// What is wrong.
        what: &'static str,
    },
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunState {
    /// Every step is done.
    Complete,
    /// It stopped at this step.
    Stopped(String),
    /// It ended without a word: killed, or it runs now.
    Unfinished,
    /// It was taken back: nothing of it is left.
    Undone,
    /// Something of it was taken back; the rest stands.
    UndonePart,
    /// Taking it back did not end.
    UndoUnfinished,
}

impl RunState {
    /// For people.
    pub fn words(&self) -> String {
        match self {
            Self::Complete => "complete".to_owned(),
            Self::Stopped(step) => format!("stopped at step {step}"),
            Self::Unfinished => "unfinished".to_owned(),
            Self::Undone => "undone".to_owned(),
            Self::UndonePart => "undone in part".to_owned(),
            Self::UndoUnfinished => "undo unfinished".to_owned(),
        }
    }
}

/// The ids of the runs below a state directory, oldest first.
pub fn run_ids(state: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(state.join("runs")) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut ids = Vec::new();
    for entry in entries {
        ids.extend(entry?.file_name().into_string());
    }
    ids.sort();
    Ok(ids)
}

impl History {
    /// Reads and verifies the journal of a run.
    ///
    /// # Errors
    /// No such run, or a row that is not what was written.
    pub fn read(state: &Path, run: &str) -> Result<Self, HistoryError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if run.is_empty() || !run.chars().all(plain) {
            return Err(HistoryError::NoSuchRun(run.to_owned()));
        }
        let directory = directory_of(state, run);
        let bytes = std::fs::read(directory.join(FILE)).map_err(|source| {
            if source.kind() == io::ErrorKind::NotFound {
                return HistoryError::NoSuchRun(run.to_owned());
            }
            HistoryError::Io {
                run: run.to_owned(),
                source,
            }
        })?;
        Self::verify(run, directory, &bytes)
    }

    fn verify(run: &str, directory: PathBuf, bytes: &[u8]) -> Result<Self, HistoryError> {
        let mut history = Self {
            run: run.to_owned(),
            directory,
            rows: Vec::new(),
            last_hash: String::new(),
            whole: 0,
            torn: Vec::new(),
        };
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let Some((b'\n', line)) = line.split_last() else {
                // The last row has no end: the process died while it was written.
                line.clone_into(&mut history.torn);
                break;
            };
            history.take(line)?;
            // INVARIANT: a file's size fits into 64 bits.
            history.whole += u64::try_from(line.len()).unwrap_or(u64::MAX) + 1;
        }
        Ok(history)
    }

    fn take(&mut self, line: &[u8]) -> Result<(), HistoryError> {
        let number = self.rows.len() + 1;
        let wrong = |what| HistoryError::Row {
            run: self.run.clone(),
            row: number,
            what,
        };
        let text = std::str::from_utf8(line).map_err(|_| wrong("was altered"))?;
        if number == 1 {
            self.check_version(text)?;
        }
        let (row, hash) = unseal(text).ok_or_else(|| wrong("was altered"))?;
        let row: Row = serde_json::from_str(&row).map_err(|_| wrong("is not understood"))?;
        if row.previous != self.last_hash || row.sequence != self.next_sequence() {
            return Err(wrong(
                "does not follow the one before it: a row was removed or moved",
            ));
        }
        if matches!(row.entry, Entry::RunOpen(_)) != (number == 1) {
            return Err(wrong("is not in its place"));
        }
        self.rows.push(row);
        self.last_hash = hash;
        Ok(())
    }

    /// Journals of other versions are told apart before their rows are judged.
    fn check_version(&self, first: &str) -> Result<(), HistoryError> {
        let value: Option<serde_json::Value> = serde_json::from_str(first).ok();
        let found = value.and_then(|row| row.get("format_version")?.as_u64());
        match found {
            Some(found) if found != u64::from(JOURNAL_VERSION) => Err(HistoryError::Version {
                run: self.run.clone(),
                found,
            }),
            _ => Ok(()),
        }
    }

    /// The run's id.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// What the run is; `None` if it ended before its first row was on disk, and so before
    /// anything was written to AWS.
    pub fn header(&self) -> Option<&Header> {
        match &self.rows.first()?.entry {
            Entry::RunOpen(header) => Some(header),
            _ => None,
        }
    }

    /// Was the last row cut off while it was written?
    pub fn is_torn(&self) -> bool {
        !self.torn.is_empty()
    }

    /// The rows, in order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Where the run is kept.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn torn(&self) -> &[u8] {
        &self.torn
    }

    pub(super) fn whole(&self) -> u64 {
        self.whole
    }

    pub(super) fn next_sequence(&self) -> u64 {
        self.rows.last().map_or(0, |row| row.sequence + 1)
    }

    pub(super) fn last_hash(&self) -> &str {
        &self.last_hash
    }

    /// Where the run stands.
    pub fn state(&self) -> RunState {
        match self.rows.last().map(|row| &row.entry) {
            Some(Entry::RunClose) => RunState::Complete,
            Some(Entry::UndoOpen(_) | Entry::UndoIntent(_) | Entry::UndoOutcome(_)) => {
                RunState::UndoUnfinished
            }
            Some(Entry::UndoClose) => RunState::Undone,
            Some(Entry::UndoPartClose) => RunState::UndonePart,
            // Other branches may have gone on after the step that failed.
            Some(Entry::Outcome(_)) => match self.failed() {
                Some(step) => RunState::Stopped(step.to_owned()),
                None => RunState::Unfinished,
            },
            _ => RunState::Unfinished,
        }
    }

    /// The first step, in the order of the plan, that was taken and does not stand.
    fn failed(&self) -> Option<&str> {
        let outcomes = self.outcomes();
        let mut steps = self.begun();
        let failed = steps.find(|step| {
            let outcome = outcomes.get(step.id.as_str());
            outcome.is_some_and(|outcome| !outcome.outcome.stands())
        });
        failed.map(|step| step.id.as_str())
    }

    /// Was the step begun?
    pub fn intended(&self, step: &str) -> bool {
        let mut entries = self.rows.iter().map(|row| &row.entry);
        entries.any(|entry| matches!(entry, Entry::Intent(intent) if intent.step == step))
    }

    /// The last outcome of every step that has one.
    pub fn outcomes(&self) -> BTreeMap<&str, &Outcome> {
        let outcomes = self.rows.iter().filter_map(|row| match &row.entry {
            Entry::Outcome(outcome) => Some((outcome.step.as_str(), outcome)),
            _ => None,
        });
        outcomes.collect()
    }

    /// What calls of the step may have set, though no outcome says so: each went out after a read
    /// that did not show it, and AWS neither refused it nor said that it was there.
    pub(super) fn sent(&self, step: &str) -> Vec<&Sending> {
        let (mut sent, mut open) = (Vec::new(), Vec::new());
        for row in &self.rows {
            match &row.entry {
                Entry::Sending(sending) if sending.step == step => {
                    // What is lacking still, no call before this one has set; no call went out
                    // between two rows of one attempt.
                    sent.retain(|before: &&Sending| before.lacking != sending.lacking);
                    open = vec![sending];
                }
                // Another attempt: the one before ended without a word.
                Entry::Intent(intent) if intent.step == step => sent.append(&mut open),
                Entry::Outcome(outcome) if outcome.step == step => match outcome.outcome {
                    StepOutcome::Done | StepOutcome::Unknown => sent.append(&mut open),
                    StepOutcome::AlreadyDone | StepOutcome::Failed => open.clear(),
                    // Whatever is there later, somebody else set it.
                    StepOutcome::Reverted => {
                        sent.clear();
                        open.clear();
                    }
                },
                _ => {}
            }
        }
        sent.append(&mut open);
        sent
    }

    /// Was what the step wrote taken back since, by an undo of this run?
    pub(super) fn taken_back(&self, step: &str) -> bool {
        let place = |of: &dyn Fn(&Entry) -> bool| self.rows.iter().rposition(|row| of(&row.entry));
        let back = place(&|entry| {
            matches!(entry, Entry::UndoOutcome(outcome)
                if outcome.step == step && outcome.outcome == StepOutcome::Done)
        });
        let written = place(&|entry| match entry {
            Entry::Sending(sending) => sending.step == step,
            Entry::Outcome(outcome) => outcome.step == step,
            _ => false,
        });
        back > written
    }

    /// When a call of the step last went out, or was answered.
    pub(super) fn written_at(&self, step: &str) -> Option<Timestamp> {
        let of = |row: &&Row| match &row.entry {
            Entry::Sending(sending) => sending.step == step,
            Entry::Outcome(outcome) => outcome.step == step && outcome.outcome == StepOutcome::Done,
            _ => false,
        };
        self.rows.iter().rev().find(of).map(|row| row.time)
    }

    /// The SCP that a step created or found.
    pub(super) fn created_by(&self, step: &str) -> Option<PolicyId> {
        match self.outcomes().get(step)?.made.clone()? {
            Made::Policy(id) => Some(id),
            Made::Invitation(_) | Made::Tags(_) => None,
        }
    }

    /// The SCP that a step speaks of, as far as the journal knows it.
    pub(super) fn resolve(&self, policy: &PolicyRef) -> Option<PolicyId> {
        match policy {
            PolicyRef::Existing(id) => Some(id.clone()),
            PolicyRef::Created(step) => self.created_by(step),
        }
    }

    /// The plan's steps that were begun.
    pub(super) fn begun(&self) -> impl Iterator<Item = &Step> {
        let steps = self.header().map(|header| header.plan.steps.as_slice());
        let steps = steps.unwrap_or_default().iter();
        steps.filter(|step| self.intended(&step.id))
    }

    /// Does the step stand?
    pub(super) fn stands(&self, step: &Step) -> bool {
        let outcomes = self.outcomes();
        let outcome = outcomes.get(step.id.as_str());
        outcome.is_some_and(|outcome| outcome.outcome.stands())
    }
}
