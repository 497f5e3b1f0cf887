//! How long answers take: not at all, always the same, or now and then much longer.

use std::time::Duration;

/// How long answers take.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Latency {
    /// Answers come at once.
    #[default]
    None,
    /// Each answer takes as long.
    Fixed(Duration),
    /// Half of the answers take `median` or less, one in a hundred ten times as
    /// long or longer, none more than a hundred times.
    LongTailed {
        /// The time that half of the answers stay under.
        median: Duration,
        /// What is drawn depends on it and on nothing else.
        seed: u64,
    },
}

impl Latency {
    /// The next answer's time; a long-tailed one moves its seed on.
    pub(crate) fn next(&mut self) -> Duration {
        match self {
            Self::None => Duration::ZERO,
            Self::Fixed(time) => *time,
            Self::LongTailed { median, seed } => {
                *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
                median.mul_f64(quantile(super::world::unit_interval(*seed)))
            }
        }
    }
}

/// A Pareto tail over the median: the share of answers above `x` falls with
/// `x` to the power of 1.7, so that one in a hundred takes ten times as long.
fn quantile(at: f64) -> f64 {
    const TAIL: f64 = 1.0 / 1.7;
    let scale = 0.5_f64.powf(TAIL);
    (scale * (1.0 - at).max(1e-9).powf(-TAIL)).min(100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_tail_keeps_its_median_and_its_seed() {
        let median = Duration::from_millis(30);
        let draw = |seed| {
            let mut latency = Latency::LongTailed { median, seed };
            (0..2_000).map(|_| latency.next()).collect::<Vec<_>>()
        };
        let mut times = draw(7);
        assert_eq!(times, draw(7));
        assert_ne!(times, draw(8));
        times.sort();
        let near = |at: usize, expected: u64| {
            let found = times[at].as_millis();
            let expected = u128::from(expected);
            assert!(
                found > expected / 2 && found < expected * 2,
                "{at}: {found} is not near {expected}"
            );
        };
        near(1_000, 30);
        near(1_980, 300);
        assert!(times[1_999] <= median * 100);
    }
}
