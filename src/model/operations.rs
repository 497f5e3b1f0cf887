//! One row for every AWS operation that the tool calls.
//!
//! Pacing, `doctor`, the least-privilege policies, the simulator's token
//! buckets and the documentation all read this table. Rates are those that AWS
//! publishes for one calling account
//! (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>).

/// Who needs the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Job {
    /// Without it there is no audit.
    Audit,
    /// The audit says less without it.
    AuditDetail,
    /// Only `audit --verify-with-aws` asks for it.
    Verify,
    /// Only `--member-role` asks for it, of an audit or of `remediate --accept-in-account`.
    Member,
    /// Only `detect --source athena:` asks for it.
    Athena,
    /// Creating and attaching the guard.
    Guard,
    /// Enabling the SCP policy type, where it is asked for.
    EnableScps,
    /// Bringing accounts back.
    Reinvite,
    /// The same, inside the account.
    AcceptInAccount,
    /// Taking back what a run did.
    Undo,
}

impl Job {
    /// Is it a job of `remediate`, `resume` or `undo`, which may write?
    pub fn writes(self) -> bool {
        !matches!(
            self,
            Self::Audit | Self::AuditDetail | Self::Verify | Self::Member | Self::Athena
        )
    }

    /// Does every audit make use of it?
    pub fn is_for_every_audit(self) -> bool {
        matches!(self, Self::Audit | Self::AuditDetail)
    }
}

/// A token bucket: calls per second, and how many may come at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Tokens per second.
    pub per_second: f64,
    /// Size of the bucket.
    pub burst: f64,
}

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Operation {
    /// The IAM action that allows it, which is also how gaps name it.
    pub name: &'static str,
    /// What needs it.
    pub job: Job,
    /// AWS's published rate, or a careful one where AWS publishes none.
    pub rate: Rate,
    /// Whether AWS publishes `rate`.
    pub published: bool,
    /// What is lost without the permission, for `doctor`.
    pub cost: &'static str,
}

impl Operation {
    /// Can the operation change nothing in AWS? A query in Athena is no read: its result is written.
    pub fn reads(&self) -> bool {
        let name = self
            .name
            .split_once(':')
            .map_or(self.name, |(_, name)| name);
        let verbs = ["Describe", "Get", "List", "Lookup", "Simulate"];
        verbs.iter().any(|verb| name.starts_with(verb))
    }
}

const fn op(
    name: &'static str,
    job: Job,
    per_second: f64,
    burst: f64,
    cost: &'static str,
) -> Operation {
    Operation {
        name,
        job,
        rate: Rate { per_second, burst },
        published: true,
        cost,
    }
}

const fn unpublished(name: &'static str, job: Job, cost: &'static str) -> Operation {
    Operation {
        name,
        job,
        rate: Rate {
            per_second: 5.0,
            burst: 5.0,
        },
        published: false,
        cost,
    }
}

use Job::{
    AcceptInAccount, Athena, Audit, AuditDetail, EnableScps, Guard, Member, Reinvite, Undo, Verify,
};

/// The table, in the order in which an audit meets the operations.
pub const OPERATIONS: &[Operation] = &[
    unpublished(
        "sts:GetCallerIdentity",
        Audit,
        "nothing works: who calls is unknown",
    ),
    op(
        "organizations:DescribeOrganization",
        Audit,
        1.0,
        2.0,
        "nothing can be judged",
    ),
    op(
        "organizations:ListRoots",
        Audit,
        1.0,
        2.0,
        "whether SCPs bind at all is unknown",
    ),
    op(
        "organizations:ListAccounts",
        Audit,
        8.0,
        12.0,
        "no account can be judged",
    ),
    op(
        "organizations:ListPoliciesForTarget",
        Audit,
        5.0,
        8.0,
        "which SCPs hang on a node is unknown",
    ),
    op(
        "organizations:ListPolicies",
        Audit,
        5.0,
        8.0,
        "SCPs below the root cannot be found by policy",
    ),
    op(
        "organizations:ListTargetsForPolicy",
        Audit,
        5.0,
        8.0,
        "where an SCP hangs is unknown",
    ),
    op(
        "organizations:DescribePolicy",
        Audit,
        2.0,
        2.0,
        "the text of SCPs is unknown: no verdict",
    ),
    op(
        "organizations:ListOrganizationalUnitsForParent",
        AuditDetail,
        5.0,
        8.0,
        "accounts cannot be placed when AWS sends no paths",
    ),
    op(
        "organizations:ListAccountsForParent",
        AuditDetail,
        5.0,
        8.0,
        "accounts cannot be placed when AWS sends no paths",
    ),
    op(
        "organizations:DescribeOrganizationalUnit",
        AuditDetail,
        2.0,
        2.0,
        "OUs are shown by id only",
    ),
    unpublished(
        "organizations:DescribeResourcePolicy",
        AuditDetail,
        "whether a member may lift the guard by delegation is unknown",
    ),
    op(
        "organizations:ListDelegatedAdministrators",
        AuditDetail,
        5.0,
        8.0,
        "delegated administrators are unknown",
    ),
    op(
        "organizations:ListDelegatedServicesForAccount",
        AuditDetail,
        1.0,
        3.0,
        "what a delegated administrator administers is unknown",
    ),
    op(
        "organizations:ListAWSServiceAccessForOrganization",
        AuditDetail,
        1.0,
        3.0,
        "Control Tower cannot be recognized",
    ),
    op(
        "organizations:ListHandshakesForOrganization",
        AuditDetail,
        5.0,
        8.0,
        "open invitations are unknown",
    ),
    op(
        "organizations:ListTagsForResource",
        AuditDetail,
        10.0,
        15.0,
        "tags of accounts are unknown, for the way back of a departed one too (snapshot, audit --tags); undo cannot \
         tell whether a guard is ours, so it takes none back",
    ),
    unpublished(
        "cloudformation:ListStackSets",
        AuditDetail,
        "which StackSets act on accounts that come or go is unknown",
    ),
    unpublished(
        "cloudformation:DescribeStackSet",
        AuditDetail,
        "where StackSets are aimed, and whether they delete on departure, is unknown",
    ),
    unpublished(
        "iam:ListOrganizationsFeatures",
        AuditDetail,
        "whether root access is managed centrally is unknown",
    ),
    op(
        "cloudtrail:LookupEvents",
        AuditDetail,
        2.0,
        2.0,
        "recent exits and guard changes are unknown",
    ),
    unpublished(
        "cloudtrail:DescribeTrails",
        AuditDetail,
        "whether an organization trail records every account is unknown",
    ),
    unpublished(
        "cloudtrail:GetTrailStatus",
        AuditDetail,
        "whether the organization trail logs now is unknown",
    ),
    unpublished(
        "cloudtrail:GetEventSelectors",
        AuditDetail,
        "which management events the organization trail records is unknown",
    ),
    unpublished(
        "events:ListRules",
        AuditDetail,
        "whether anybody would hear of a departure is unknown",
    ),
    unpublished(
        "events:ListTargetsByRule",
        AuditDetail,
        "whether rules that hear of departures tell anybody is unknown",
    ),
    unpublished(
        "logs:DescribeMetricFilters",
        AuditDetail,
        "whether anybody would hear of a member's attempt is unknown",
    ),
    unpublished(
        "iam:SimulateCustomPolicy",
        Verify,
        "verdicts cannot be put to AWS's own policy simulator (audit --verify-with-aws)",
    ),
    unpublished(
        "sts:AssumeRole",
        Member,
        "nothing inside the members can be read (--member-role)",
    ),
    unpublished(
        "iam:ListRoles",
        Member,
        "whether principals exist in a member whom a guard lets through is unknown (--member-role)",
    ),
    op(
        "organizations:ListHandshakesForAccount",
        Member,
        5.0,
        8.0,
        "invitations of other organizations that wait in a member are unknown (--member-role)",
    ),
    unpublished(
        "athena:StartQueryExecution",
        Athena,
        "the logs of a trail cannot be searched in Athena (detect --source athena:)",
    ),
    unpublished(
        "athena:GetQueryExecution",
        Athena,
        "whether a query in Athena has come to its end is unknown",
    ),
    unpublished(
        "athena:GetQueryResults",
        Athena,
        "what a query in Athena found is unknown",
    ),
    unpublished(
        "athena:StopQueryExecution",
        Athena,
        "a query that nobody waits for goes on, and is billed",
    ),
    op(
        "organizations:CreatePolicy",
        Guard,
        2.0,
        3.0,
        "the guard cannot be created",
    ),
    op(
        "organizations:AttachPolicy",
        Guard,
        2.0,
        3.0,
        "the guard cannot be attached",
    ),
    unpublished(
        "organizations:TagResource",
        Guard,
        "the guard cannot be tagged as ours, so it is not created; accounts that came back do not get their tags",
    ),
    unpublished(
        "organizations:EnablePolicyType",
        EnableScps,
        "the SCP policy type cannot be enabled, without which no guard binds",
    ),
    op(
        "organizations:InviteAccountToOrganization",
        Reinvite,
        3.0,
        5.0,
        "departed accounts cannot be invited back",
    ),
    op(
        "organizations:ListParents",
        Reinvite,
        5.0,
        8.0,
        "where an account arrived is unknown, so it is not quarantined",
    ),
    op(
        "organizations:DescribeHandshake",
        Reinvite,
        1.0,
        2.0,
        "where an invitation stands is unknown",
    ),
    op(
        "organizations:MoveAccount",
        Reinvite,
        2.0,
        3.0,
        "an account that came back stays in the root",
    ),
    op(
        "organizations:AcceptHandshake",
        AcceptInAccount,
        1.0,
        2.0,
        "invitations cannot be accepted inside the account",
    ),
    unpublished(
        "iam:GetRole",
        AcceptInAccount,
        "the responder's role inside the account is not known, so its quarantine is not begun",
    ),
    op(
        "organizations:DetachPolicy",
        Undo,
        2.0,
        3.0,
        "our guard cannot be detached again",
    ),
    op(
        "organizations:DeletePolicy",
        Undo,
        2.0,
        3.0,
        "our guard cannot be deleted again",
    ),
    unpublished(
        "organizations:UntagResource",
        Undo,
        "tags that a run gave to an account stay",
    ),
    op(
        "organizations:CancelHandshake",
        Undo,
        3.0,
        5.0,
        "our invitation cannot be cancelled",
    ),
];

/// What `--member-role` reads inside a member: the whole session policy there.
pub const MEMBER_READS: [&str; 3] = [
    "cloudtrail:LookupEvents",
    "iam:ListRoles",
    "organizations:ListHandshakesForAccount",
];

/// The row of an operation, by its IAM action.
pub fn operation(name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|row| row.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_stands_once() {
        for row in OPERATIONS {
            assert_eq!(
                OPERATIONS
                    .iter()
                    .filter(|other| other.name == row.name)
                    .count(),
                1,
                "{}",
                row.name
            );
            assert!(row.rate.per_second > 0.0 && row.rate.burst >= 1.0);
        }
    }
}
