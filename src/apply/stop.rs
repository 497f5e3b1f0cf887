//! Asking a run that writes to stop: what is under way is finished, nothing new is begun.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// The run that this process opened, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// The run's id.
    pub run: String,
    /// Is it taken back, rather than applied?
    pub undo: bool,
    /// The step under way; `None`: none is.
    pub step: Option<String>,
    /// Has it ended?
    pub ended: bool,
}

/// Whether somebody asked to stop, and what would be stopped. Clones are the same.
#[derive(Debug, Clone)]
pub struct Stop {
    asked: watch::Sender<bool>,
    running: Arc<Mutex<Option<Running>>>,
}

impl Default for Stop {
    fn default() -> Self {
        Self {
            asked: watch::Sender::new(false),
            running: Arc::default(),
        }
    }
}

impl Stop {
    /// Asks to stop after the call under way and its outcome.
    pub fn ask(&self) {
        self.asked.send_replace(true);
    }

    /// Did somebody ask?
    pub fn is_asked(&self) -> bool {
        *self.asked.borrow()
    }

    /// The run whose journal was opened; `None`: nothing was written by this process.
    pub fn running(&self) -> Option<Running> {
        let running = self.running.lock();
        running.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A journal is open from now on.
    pub(super) fn begins(&self, run: &str, undo: bool) {
        self.set(Some(Running {
            run: run.to_owned(),
            undo,
            step: None,
            ended: false,
        }));
    }

    /// The step is under way.
    pub(super) fn at(&self, step: &str) {
        let running = self.running();
        self.set(running.map(|running| Running {
            step: Some(step.to_owned()),
            ..running
        }));
    }

    /// The step under way has its outcome.
    pub(super) fn idle(&self) {
        let running = self.running();
        self.set(running.map(|running| Running {
            step: None,
            ..running
        }));
    }

    /// The run has ended.
    pub(super) fn ends(&self) {
        let running = self.running();
        self.set(running.map(|running| Running {
            ended: true,
            ..running
        }));
    }

    fn set(&self, running: Option<Running>) {
        let mut held = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        *held = running;
    }

    /// Waits, but not once it is asked to stop.
    pub(super) async fn pause(&self, pause: Duration) {
        let mut told = self.asked.subscribe();
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = told.wait_for(|asked| *asked) => {}
        }
    }
}
