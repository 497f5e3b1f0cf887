//! How long the writes of one session wait for throttling to end, all of them together.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Waits after a throttled write: doubled each time up to the longest, each drawn between its
/// half and the whole, so that runs that were throttled together do not come back together.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// A budget that the writes of a session use up.
#[derive(Debug, Clone)]
pub(super) struct Waits(Arc<Mutex<Duration>>);

impl Waits {
    pub(super) fn new(budget: Duration) -> Self {
        Self(Arc::new(Mutex::new(budget)))
    }

    /// The pause before the next attempt after `attempt` of them; `None`: the budget is used up.
    pub(super) fn pause(&self, attempt: u32) -> Option<Duration> {
        let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
        let longest = FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE);
        let pause = longest.mul_f64(0.5 + fastrand::f64() / 2.0);
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *left = left.checked_sub(pause)?;
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_differ_and_end_with_the_budget() {
        let budget = Duration::from_mins(5);
        let waits = Waits::new(budget);
        let mut pauses = Vec::new();
        while let Some(pause) = waits.pause(u32::try_from(pauses.len()).unwrap() + 1) {
            pauses.push(pause);
        }
        let total: Duration = pauses.iter().sum();
        assert!(
            total <= budget && total + LONGEST_PAUSE > budget,
            "{total:?}"
        );
        for (number, pause) in pauses.iter().enumerate() {
            let whole =
                LONGEST_PAUSE.min(FIRST_PAUSE * 2_u32.pow(u32::try_from(number).unwrap().min(8)));
            assert!(
                *pause >= whole / 2 && *pause <= whole,
                "{number}: {pause:?}"
            );
        }
        let late: std::collections::BTreeSet<_> = pauses.iter().skip(5).collect();
        assert!(late.len() > 5, "drawn: {late:?}");
    }
}
