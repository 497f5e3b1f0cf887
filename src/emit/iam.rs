//! Least-privilege IAM policies, made from the operations table.

use serde_json::json;

use crate::model::operations::{Job, OPERATIONS};

/// Which job the policy is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IamPolicy {
    /// `audit`, `snapshot`, `doctor`.
    Audit,
    /// The same, and `remediate --apply` and `resume --apply`.
    Remediation,
    /// The reads of an audit, and `undo --apply`.
    Undo,
}

/// The policy as pretty JSON. `sts:GetCallerIdentity` needs no permission and is left out
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>).
pub fn iam_policy(kind: IamPolicy) -> String {
    let mut statements = vec![statement("ReadForAudit", |job| !job.writes())];
    if kind == IamPolicy::Remediation {
        statements.push(statement("CreateAndAttachTheGuard", |job| {
            job == Job::Guard
        }));
        statements.push(statement("EnableServiceControlPolicies", |job| {
            job == Job::EnableScps
        }));
        statements.push(statement("InviteAccountsBack", |job| job == Job::Reinvite));
    }
    if kind == IamPolicy::Undo {
        statements.push(statement("TakeBackWhatARunDid", |job| job == Job::Undo));
    }
    let policy = json!({ "Version": "2012-10-17", "Statement": statements });
    format!("{policy:#}\n")
}

fn statement(sid: &str, wanted: fn(Job) -> bool) -> serde_json::Value {
    let mut actions: Vec<&str> = OPERATIONS
        .iter()
        .filter(|row| wanted(row.job) && row.name != "sts:GetCallerIdentity")
        .map(|row| row.name)
        .collect();
    actions.sort_unstable();
    json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": "*" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_policies_are_those_of_the_operations_table() {
        let published = [
            (
                IamPolicy::Audit,
                include_str!("../../policies/iam/audit.json"),
            ),
            (
                IamPolicy::Remediation,
                include_str!("../../policies/iam/remediation.json"),
            ),
            (
                IamPolicy::Undo,
                include_str!("../../policies/iam/undo.json"),
            ),
        ];
        for (kind, text) in published {
            assert_eq!(
                iam_policy(kind),
                text,
                "org-exit-guard emit iam-policy writes it anew"
            );
        }
    }

    #[test]
    fn the_audit_policy_allows_nothing_that_writes() {
        let audit = iam_policy(IamPolicy::Audit);
        for row in OPERATIONS.iter().filter(|row| row.job.writes()) {
            assert!(!audit.contains(row.name), "{}", row.name);
        }
    }

    #[test]
    fn only_the_policy_for_undo_allows_to_take_back() {
        for verb in ["DetachPolicy", "DeletePolicy", "CancelHandshake"] {
            assert!(!iam_policy(IamPolicy::Remediation).contains(verb), "{verb}");
            assert!(iam_policy(IamPolicy::Undo).contains(verb), "{verb}");
        }
        assert!(!iam_policy(IamPolicy::Undo).contains("CreatePolicy"));
    }
}
