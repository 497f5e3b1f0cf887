//! Least-privilege IAM policies, made from the operations table.

use serde_json::json;

use crate::model::operations::{Job, MEMBER_READS, OPERATIONS};

/// Which job the policy is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IamPolicy {
    /// `audit`, `snapshot`, `doctor`.
    Audit,
    /// The same, and `remediate --apply` and `resume --apply`.
    Remediation,
    /// The reads of an audit, and `undo --apply`.
    Undo,
    /// What the role of `--member-role` needs inside each member.
    Member,
    /// What `detect --source athena:` needs beside the reads of an audit.
    Athena,
}

/// The policy as pretty JSON. `sts:GetCallerIdentity` needs no permission and is left out
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>).
///
/// With the name of a role in members, assuming it is allowed too.
pub fn iam_policy(kind: IamPolicy, member_role: Option<&str>) -> String {
    if kind == IamPolicy::Member {
        return pretty(&[allow("ReadInMember", &MEMBER_READS, "*")]);
    }
    if kind == IamPolicy::Athena {
        return pretty(&athena());
    }
    let mut statements = vec![statement("ReadForAudit", |job| {
        !job.writes() && !matches!(job, Job::Member | Job::Athena)
    })];
    if let Some(name) = member_role {
        let role = format!("arn:*:iam::*:role/{name}");
        statements.push(allow("AssumeTheRoleInMembers", &["sts:AssumeRole"], &role));
    }
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
        let back = ["organizations:MoveAccount"];
        statements.push(allow("MoveAccountsBackToTheRoot", &back, "*"));
    }
    pretty(&statements)
}

/// A query runs with the rights of who asks: the table's definition, the log files, the place of
/// the results. Both buckets are to be filled in, and KMS where they are encrypted with a key.
///
/// <https://docs.aws.amazon.com/athena/latest/ug/security-iam-athena.html>
fn athena() -> [serde_json::Value; 5] {
    let (logs, results) = ("arn:*:s3:::TRAIL-BUCKET", "arn:*:s3:::RESULTS-BUCKET");
    let tables = [
        "glue:GetDatabase",
        "glue:GetTable",
        "lakeformation:GetDataAccess",
    ];
    let bucket = ["s3:GetBucketLocation", "s3:ListBucket"];
    let write = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"];
    [
        statement("AskAthena", |job| job == Job::Athena),
        allow("ReadTheDefinitionOfTheTable", &tables, "*"),
        json!({ "Sid": "FindBothBuckets", "Effect": "Allow", "Action": bucket, "Resource": [logs, results] }),
        allow("ReadLogFiles", &["s3:GetObject"], &format!("{logs}/*")),
        allow("KeepResults", &write, &format!("{results}/*")),
    ]
}

fn pretty(statements: &[serde_json::Value]) -> String {
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
    allow(sid, &actions, "*")
}

fn allow(sid: &str, actions: &[&str], resource: &str) -> serde_json::Value {
    json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_policies_are_those_of_the_operations_table() {
        let published = [
            (
                IamPolicy::Athena,
                include_str!("../../policies/iam/athena.json"),
            ),
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
            (
                IamPolicy::Member,
                include_str!("../../policies/iam/member.json"),
            ),
        ];
        for (kind, text) in published {
            assert_eq!(
                iam_policy(kind, None),
                text,
                "org-exit-guard emit iam-policy writes it anew"
            );
        }
    }

    #[test]
    fn the_audit_policy_allows_nothing_that_writes() {
        let audit = iam_policy(IamPolicy::Audit, None);
        for row in OPERATIONS.iter().filter(|row| row.job.writes()) {
            assert!(!audit.contains(row.name), "{}", row.name);
        }
    }

    #[test]
    fn only_the_policy_for_undo_allows_to_take_back() {
        for verb in ["DetachPolicy", "DeletePolicy", "CancelHandshake"] {
            assert!(
                !iam_policy(IamPolicy::Remediation, None).contains(verb),
                "{verb}"
            );
            assert!(iam_policy(IamPolicy::Undo, None).contains(verb), "{verb}");
        }
        assert!(!iam_policy(IamPolicy::Undo, None).contains("CreatePolicy"));
    }

    #[test]
    fn roles_in_members_may_be_assumed_only_where_one_is_named() {
        assert!(!iam_policy(IamPolicy::Audit, None).contains("sts:"));
        let with = iam_policy(IamPolicy::Audit, Some("Look"));
        assert!(with.contains("arn:*:iam::*:role/Look"), "{with}");
    }
}
