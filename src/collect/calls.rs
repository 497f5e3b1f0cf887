//! The reads, and who hears of what could not be read.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;

use crate::aws::{Failure, Reads};
use crate::model::{Event, Gap, Observed, Observer};

/// What every part of a collection needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Calls<'a> {
    pub(super) reads: &'a Reads,
    pub(super) observer: &'a dyn Observer,
}

impl Calls<'_> {
    /// A fact, or its gap, of which the observer hears.
    pub(super) fn observed<T>(&self, result: Result<T, Failure>) -> Observed<T> {
        let observed = Observed::from(result.map_err(Failure::into_gap));
        if let Some(gap) = observed.gap() {
            self.tell(gap);
        }
        observed
    }

    /// Tells the observer of a gap.
    pub(super) fn tell(&self, gap: &Gap) {
        self.observer.on(&Event::GapFound(gap));
    }

    /// Tells the observer that a phase begins.
    pub(super) fn phase(&self, name: &str) {
        self.observer.on(&Event::Phase(name));
    }

    /// Asks about each item; calls overlap as far as their lane lets them. Keeps the order.
    pub(super) async fn each<K, T, Fut>(
        &self,
        what: &str,
        items: Vec<K>,
        ask: impl Fn(&K) -> Fut,
    ) -> Vec<(K, Result<T, Failure>)>
    where
        Fut: Future<Output = Result<T, Failure>>,
    {
        let done = AtomicUsize::new(0);
        let asked = items.iter().map(|item| {
            let answer = ask(item);
            let done = &done;
            async move {
                let answer = answer.await;
                let count = done.fetch_add(1, Ordering::Relaxed) + 1;
                self.observer.on(&Event::Read { what, count });
                answer
            }
        });
        let answers = join_all(asked).await;
        items.into_iter().zip(answers).collect()
    }
}
