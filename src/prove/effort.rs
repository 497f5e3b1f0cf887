//! How much work a decision may cost: counted in steps, never in time, so that the same
//! question always gets the same answer.

use std::cell::RefCell;

/// Steps that one decision may take: a fraction of a second, whatever the policies say.
pub const DECISION_STEPS: u64 = 12_000_000;

/// A budget of steps, and what has been spent of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effort {
    limit: u64,
    spent: u64,
}

impl Default for Effort {
    fn default() -> Self {
        Self::of(DECISION_STEPS)
    }
}

impl Effort {
    /// A budget of `limit` steps.
    pub fn of(limit: u64) -> Self {
        Self { limit, spent: 0 }
    }

    /// Steps spent, at most a little over the limit.
    pub fn spent(&self) -> u64 {
        self.spent
    }

    /// Is nothing left?
    pub fn is_over(&self) -> bool {
        self.spent >= self.limit
    }

    /// Does something that may take at most `limit` of the steps that are left.
    pub fn part<T>(&mut self, limit: u64, work: impl FnOnce(&mut Self) -> T) -> T {
        let mut part = Self::of(limit.min(self.limit.saturating_sub(self.spent)));
        let done = work(&mut part);
        self.spent = self.spent.saturating_add(part.spent);
        done
    }

    /// Spends steps; `false` once the limit is reached.
    pub(super) fn spend(&mut self, steps: usize) -> bool {
        self.spent = self.spent.saturating_add(steps as u64);
        !self.is_over()
    }
}

/// What several decisions may take together.
#[derive(Debug)]
pub struct Budget(RefCell<Effort>);

impl Budget {
    /// A budget of `limit` steps.
    pub fn of(limit: u64) -> Self {
        Self(RefCell::new(Effort::of(limit)))
    }

    /// Makes one decision: with the steps of one, or with what is left.
    pub fn decision<T>(&self, work: impl FnOnce(&mut Effort) -> T) -> T {
        self.0.borrow_mut().part(DECISION_STEPS, work)
    }

    /// Is nothing left?
    pub fn is_over(&self) -> bool {
        self.0.borrow().is_over()
    }
}
