//! Progress on a terminal: an observer that draws a line on stderr.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::model::{Event, Observer};

/// Draws on a terminal, and nowhere else.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    calls: AtomicUsize,
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
        }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for Progress {
    fn on(&self, event: &Event<'_>) {
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
