//! The states of a search, kept apart without an allocation for each.

/// Distinct states in the order in which they were met, side by side.
pub(super) struct States {
    words: usize,
    bits: Vec<u64>,
    /// Open addressing: one more than the number of a state, or 0.
    slots: Vec<usize>,
}

impl States {
    /// None yet, of so many words each.
    pub(super) fn new(words: usize) -> Self {
        Self {
            words,
            bits: Vec::new(),
            slots: vec![0; 64],
        }
    }

    /// How many.
    pub(super) fn len(&self) -> usize {
        self.bits.len() / self.words
    }

    /// The state that was met as this one.
    pub(super) fn get(&self, number: usize) -> &[u64] {
        let from = number * self.words;
        self.bits.get(from..from + self.words).unwrap_or_default()
    }

    /// The slot at which a state is, or should be.
    fn slot(&self, state: &[u64]) -> usize {
        let mix = |hash: u64, word: &u64| {
            let hash = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            hash ^ (hash >> 32)
        };
        let hash = state.iter().fold(0, mix);
        let last = self.slots.len() - 1;
        let mut slot = usize::try_from(hash & last as u64).unwrap_or(0);
        while let Some(number) = self.slots.get(slot).and_then(|one| one.checked_sub(1))
            && self.get(number) != state
        {
            slot = (slot + 1) & last;
        }
        slot
    }

    /// Adds a state; was it new?
    pub(super) fn insert(&mut self, state: &[u64]) -> bool {
        let slot = self.slot(state);
        let number = self.len() + 1;
        match self.slots.get_mut(slot) {
            Some(free) if *free == 0 => *free = number,
            _ => return false,
        }
        self.bits.extend(state);
        if number * 2 > self.slots.len() {
            self.slots = vec![0; self.slots.len() * 4];
            for number in 0..self.len() {
                let slot = self.slot(self.get(number));
                if let Some(free) = self.slots.get_mut(slot) {
                    *free = number + 1;
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_is_kept_once_in_the_order_met() {
        let mut states = States::new(2);
        let state = |number: u64| [number % 7, number.wrapping_mul(0x1_0000_0001)];
        for number in 0..1_000 {
            assert!(states.insert(&state(number)), "{number}");
            assert!(!states.insert(&state(number / 2)), "{number}");
        }
        assert_eq!(states.len(), 1_000);
        for (number, expected) in (0..1_000).map(state).enumerate() {
            assert_eq!(states.get(number), expected);
        }
    }
}
