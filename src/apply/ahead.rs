//! The journal's word before a call: what the step sets was not there. With it a change whose
//! answer was lost is proved to be ours.

use super::journal::Journal;
use super::rows::{Entry, Made, Sending};
use super::sending::StepFailure;
use crate::model::Timestamp;

/// The journal, for the step that is being taken.
#[derive(Debug)]
pub(super) struct Ahead<'a> {
    pub(super) journal: &'a mut Journal,
    pub(super) step: &'a str,
}

impl Ahead<'_> {
    /// Writes down that the call goes out next.
    pub(super) fn sends(self, lacking: Option<Made>) -> Result<(), StepFailure> {
        let row = Sending {
            step: self.step.to_owned(),
            lacking,
        };
        let written = self.journal.write(Timestamp::now(), Entry::Sending(row));
        written.map_err(|error| {
            StepFailure::Refused(format!("the journal cannot be written: {error}"))
        })
    }
}
