//! One file a command.

pub(super) mod alarm;
pub(super) mod athena;
pub(super) mod audit;
pub(super) mod catalog;
pub(super) mod check;
pub(super) mod demo;
pub(super) mod detect;
pub(super) mod doctor;
pub(super) mod emit;
pub(super) mod explain;
pub(super) mod lint;
pub(super) mod remediate;
pub(super) mod resume;
pub(super) mod runs;
pub(super) mod snapshot;
pub(super) mod undo;
