//! Progress on a terminal: an observer that draws a line on stderr.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::model::{Event, Observer};

/// Draws on a terminal, and nowhere else.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    calls: AtomicUsize,
    /// Every event as a JSON line on stderr instead.
    events: AtomicBool,
}

impl Progress {
    pub(super) fn new(wanted: bool) -> Self {
        let shown = wanted && std::io::stderr().is_terminal() && std::env::var_os("CI").is_none();
        let bar = if shown {
            ProgressBar::new_spinner()
        } else {
            ProgressBar::hidden()
        };
        if shown {
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        Self {
            bar,
            calls: AtomicUsize::new(0),
            events: AtomicBool::new(false),
        }
    }

    /// From now on writes every event to stderr, one JSON object a line.
    pub(super) fn stream_events(&self) {
        self.bar.finish_and_clear();
        self.events.store(true, Ordering::Relaxed);
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for Progress {
    fn on(&self, event: &Event<'_>) {
        if self.events.load(Ordering::Relaxed) {
            super::streams::note(&line(event).to_string());
            return;
        }
        match event {
            Event::Called { operation, .. } => {
                let calls = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
                self.bar
                    .set_message(format!("{calls} calls, last {operation}"));
            }
            Event::Read { what, count } => self.bar.set_message(format!("{count} {what}")),
            Event::Phase(phase) => self.bar.set_message((*phase).to_owned()),
            Event::StepStarted { title, .. } => {
                self.bar.set_message(crate::report::text::terminal(title));
            }
            _ => {}
        }
    }
}

/// The event as it goes into the stream.
fn line(event: &Event<'_>) -> Value {
    match event {
        Event::Called { operation, status } => {
            json!({ "event": "called", "operation": operation, "status": status })
        }
        Event::Phase(phase) => json!({ "event": "phase", "phase": phase }),
        Event::Read { what, count } => json!({ "event": "read", "what": what, "count": count }),
        Event::GapFound(gap) => json!({ "event": "gap", "gap": gap }),
        Event::StepStarted { step, title } => {
            json!({ "event": "step-started", "step": step, "title": title })
        }
        Event::StepEnded { step, outcome } => {
            json!({ "event": "step-ended", "step": step, "outcome": outcome })
        }
    }
}
