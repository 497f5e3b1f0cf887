//! Token buckets: AWS's published rates for a calling account, and for all of
//! an organization's accounts together.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use crate::model::operations::{self, Rate};

use super::refusal::Refusal;
use super::wire::Api;

/// Rate of operations for which AWS publishes none.
const OTHER: Rate = rate(5.0, 5.0);

const fn rate(per_second: f64, burst: f64) -> Rate {
    Rate { per_second, burst }
}

/// One account's rates of operations that are not in the product's own table.
///
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>,
/// <https://docs.aws.amazon.com/accounts/latest/reference/quotas.html>
const ACCOUNT: [(&str, Rate); 17] = [
    ("organizations:ListChildren", rate(6.0, 10.0)),
    ("organizations:DescribeAccount", rate(20.0, 30.0)),
    ("organizations:ListTagsForResource", rate(10.0, 15.0)),
    ("organizations:ListHandshakesForAccount", rate(5.0, 8.0)),
    ("organizations:DeletePolicy", rate(2.0, 3.0)),
    ("organizations:DetachPolicy", rate(2.0, 3.0)),
    ("organizations:UpdatePolicy", rate(2.0, 3.0)),
    ("organizations:EnablePolicyType", rate(1.0, 1.0)),
    ("organizations:DisablePolicyType", rate(1.0, 1.0)),
    ("organizations:MoveAccount", rate(2.0, 3.0)),
    ("organizations:AcceptHandshake", rate(1.0, 2.0)),
    ("organizations:CancelHandshake", rate(2.0, 3.0)),
    ("organizations:LeaveOrganization", rate(1.0, 1.0)),
    (
        "organizations:RemoveAccountFromOrganization",
        rate(2.0, 2.0),
    ),
    ("organizations:CloseAccount", rate(0.05, 1.0)),
    ("account:GetPrimaryEmail", rate(3.0, 3.0)),
    ("account:StartPrimaryEmailUpdate", rate(1.0, 1.0)),
];

/// What all accounts of an organization share.
const ORGANIZATION: [(&str, Rate); 20] = [
    ("organizations:ListAccounts", rate(9.0, 15.0)),
    ("organizations:ListParents", rate(6.0, 10.0)),
    ("organizations:ListAccountsForParent", rate(6.0, 10.0)),
    (
        "organizations:ListOrganizationalUnitsForParent",
        rate(6.0, 10.0),
    ),
    ("organizations:ListChildren", rate(7.0, 12.0)),
    ("organizations:ListPolicies", rate(6.0, 10.0)),
    ("organizations:ListPoliciesForTarget", rate(6.0, 10.0)),
    ("organizations:ListTargetsForPolicy", rate(6.0, 10.0)),
    ("organizations:DescribePolicy", rate(2.0, 3.0)),
    ("organizations:ListRoots", rate(1.0, 3.0)),
    ("organizations:DescribeAccount", rate(24.0, 36.0)),
    ("organizations:DescribeOrganizationalUnit", rate(2.0, 3.0)),
    ("organizations:ListTagsForResource", rate(12.0, 18.0)),
    ("organizations:ListHandshakesForAccount", rate(6.0, 10.0)),
    (
        "organizations:ListHandshakesForOrganization",
        rate(6.0, 10.0),
    ),
    ("organizations:ListDelegatedAdministrators", rate(6.0, 10.0)),
    (
        "organizations:ListDelegatedServicesForAccount",
        rate(1.0, 4.0),
    ),
    (
        "organizations:ListAWSServiceAccessForOrganization",
        rate(1.0, 4.0),
    ),
    ("organizations:AcceptHandshake", rate(5.0, 5.0)),
    ("organizations:LeaveOrganization", rate(5.0, 5.0)),
];

/// One account's rate of an operation.
fn of_account(action: &str) -> Rate {
    let product = operations::operation(action).map(|row| row.rate);
    let own = || ACCOUNT.iter().find(|(name, _)| *name == action);
    product
        .or_else(|| own().map(|(_, rate)| *rate))
        .unwrap_or(OTHER)
}

/// One bucket for each operation and calling account or organization.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    levels: BTreeMap<(String, String), (f64, SystemTime)>,
}

impl Buckets {
    /// Takes a token of the caller (its account, for `CloudTrail` with the region) and
    /// one of its organization; takes none and is false if either has none.
    pub(crate) fn take(
        &mut self,
        action: &str,
        caller: &str,
        organization: Option<&str>,
        now: SystemTime,
    ) -> bool {
        let mut buckets = vec![(caller, of_account(action))];
        let shared = ORGANIZATION.iter().find(|(name, _)| *name == action);
        if let Some((organization, (_, rate))) = organization.zip(shared) {
            buckets.push((organization, *rate));
        }
        let full = buckets
            .iter()
            .all(|(owner, rate)| self.level(action, owner, *rate, now) >= 1.0);
        if full {
            for (owner, _) in buckets {
                let key = (action.to_owned(), owner.to_owned());
                if let Some((level, _)) = self.levels.get_mut(&key) {
                    *level -= 1.0;
                }
            }
        }
        full
    }

    /// The tokens in a bucket after it was refilled up to now.
    fn level(&mut self, action: &str, owner: &str, rate: Rate, now: SystemTime) -> f64 {
        let key = (action.to_owned(), owner.to_owned());
        let (level, last) = self.levels.entry(key).or_insert((rate.burst, now));
        let passed = now.duration_since(*last).unwrap_or(Duration::ZERO);
        *level = (*level + passed.as_secs_f64() * rate.per_second).min(rate.burst);
        *last = now;
        *level
    }
}

/// How each service says that it throttles.
pub(crate) fn throttled(api: Api) -> Refusal {
    match api {
        Api::Organizations => Refusal::new(
            "TooManyRequestsException",
            "You have sent too many requests in too short a period of time.",
        ),
        Api::CloudTrail | Api::Events | Api::Logs => {
            Refusal::new("ThrottlingException", "Rate exceeded")
        }
        Api::Account => Refusal::new("TooManyRequestsException", "Rate exceeded").status(429),
        Api::Iam | Api::Sts | Api::CloudFormation => Refusal::new("Throttling", "Rate exceeded"),
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
            buckets.take("organizations:DescribePolicy", account, None, now)
        };
        assert_eq!([0, 0, 0].map(|at| take("a", at)), [true, true, false]);
        assert!(take("b", 0), "another account has its own bucket");
        assert!(!take("a", 400));
        assert!(take("a", 600), "2 a second: one token after half a second");
    }

    #[test]
    fn an_organizations_accounts_share_a_larger_bucket() {
        let mut buckets = Buckets::default();
        let mut take = |account: &str| {
            let now = SystemTime::UNIX_EPOCH;
            buckets.take("organizations:DescribePolicy", account, Some("o-1"), now)
        };
        assert_eq!(["a", "a"].map(&mut take), [true, true]);
        assert_eq!(["b", "b"].map(take), [true, false]);
        let other = buckets.take(
            "organizations:DescribePolicy",
            "b",
            Some("o-2"),
            SystemTime::UNIX_EPOCH,
        );
        assert!(other, "a refused call took no token of its account");
    }
}
