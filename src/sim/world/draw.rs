//! Ids drawn from the world's seed: the same seed and the same calls give the same ids.

use super::World;

const LOWER: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const UPPER: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const HEX: &[u8; 16] = b"0123456789abcdef";

/// The last step of `SplitMix64`: spreads a number over all 64 bits.
pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A number from 0 up to, not including, 1 for a seed.
pub(crate) fn unit_interval(seed: u64) -> f64 {
    const STEPS: u32 = 1 << 31;
    let drawn = u32::try_from(mix(seed) >> 33).unwrap_or_default();
    f64::from(drawn) / f64::from(STEPS)
}

impl World {
    /// `SplitMix64`: the n-th value depends on seed and n only.
    fn draw(&mut self) -> u64 {
        self.drawn = self.drawn.wrapping_add(1);
        let step = self.drawn.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mix(self.seed.wrapping_add(step))
    }

    fn letters(&mut self, count: usize, alphabet: &[u8]) -> String {
        let size = alphabet.len() as u64;
        (0..count)
            .filter_map(|_| {
                let at = usize::try_from(self.draw() % size).unwrap_or_default();
                alphabet.get(at).map(|letter| char::from(*letter))
            })
            .collect()
    }

    /// A prefix and `count` lower-case letters or digits, as Organizations ids are.
    pub(crate) fn draw_id(&mut self, prefix: &str, count: usize) -> String {
        format!("{prefix}{}", self.letters(count, LOWER))
    }

    /// A prefix and 16 upper-case letters or digits, as IAM ids are: `AKIA`, `AIDA`, `AROA`, `ASIA`.
    pub(crate) fn draw_unique_id(&mut self, prefix: &str) -> String {
        format!("{prefix}{}", self.letters(16, UPPER))
    }

    /// Twelve digits that no account has.
    pub(crate) fn draw_account_id(&mut self) -> String {
        loop {
            // From 4… on, so that nobody takes them for a scenario's own.
            let id = 400_000_000_000 + self.draw() % 600_000_000_000;
            let id = id.to_string();
            if !self.accounts.contains_key(&id) {
                return id;
            }
        }
    }

    /// Digits, as one-time passwords have.
    pub(crate) fn draw_digits(&mut self, count: usize) -> String {
        self.letters(count, b"0123456789")
    }

    /// A secret of 40 characters.
    pub(crate) fn draw_secret(&mut self) -> String {
        self.letters(40, LOWER)
    }

    /// An id in the shape of a UUID, for events and requests.
    pub(crate) fn draw_uuid(&mut self) -> String {
        [8, 4, 4, 4, 12]
            .map(|count| self.letters(count, HEX))
            .join("-")
    }
}
