//! Token buckets: AWS's published rates for one calling account.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use crate::model::operations::{self, Rate};

use super::refusal::Refusal;
use super::wire::Api;

/// Rate of operations that are not in the product's table.
const OTHER: Rate = Rate {
    per_second: 5.0,
    burst: 5.0,
};

/// One bucket for each operation and calling account.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    levels: BTreeMap<(String, String), (f64, SystemTime)>,
}

impl Buckets {
    /// Takes a token; false if there is none.
    pub(crate) fn take(&mut self, action: &str, account: &str, now: SystemTime) -> bool {
        let rate = operations::operation(action).map_or(OTHER, |row| row.rate);
        let key = (action.to_owned(), account.to_owned());
        let (level, last) = self.levels.entry(key).or_insert((rate.burst, now));
        let passed = now.duration_since(*last).unwrap_or(Duration::ZERO);
        *level = (*level + passed.as_secs_f64() * rate.per_second).min(rate.burst);
        *last = now;
        if *level < 1.0 {
            return false;
        }
        *level -= 1.0;
        true
    }
}

/// How each service says that it throttles.
pub(crate) fn throttled(api: Api) -> Refusal {
    match api {
        Api::Organizations => Refusal::new(
            "TooManyRequestsException",
            "You have sent too many requests in too short a period of time.",
        ),
        Api::CloudTrail | Api::Events => Refusal::new("ThrottlingException", "Rate exceeded"),
        Api::Account => Refusal::new("TooManyRequestsException", "Rate exceeded").status(429),
        Api::Iam | Api::Sts => Refusal::new("Throttling", "Rate exceeded"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_refills_at_the_published_rate() {
        let mut buckets = Buckets::default();
        let start = SystemTime::UNIX_EPOCH;
        let mut take = |account: &str, millis: u64| {
            let now = start + Duration::from_millis(millis);
            buckets.take("organizations:DescribePolicy", account, now)
        };
        assert_eq!([0, 0, 0].map(|at| take("a", at)), [true, true, false]);
        assert!(take("b", 0), "another account has its own bucket");
        assert!(!take("a", 400));
        assert!(take("a", 600), "2 a second: one token after half a second");
    }
}
