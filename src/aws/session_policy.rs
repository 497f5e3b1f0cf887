//! Session policies: what an assumed role may do for this tool, whatever it could do.

use serde_json::{Value, json};

use crate::model::operations::{Job, MEMBER_READS, OPERATIONS};

/// What a query reads as its caller: the table's definition, the log files, and where results go.
///
/// <https://docs.aws.amazon.com/athena/latest/ug/security-iam-athena.html>
const READ_BY_A_QUERY: [&str; 8] = [
    "glue:GetDatabase",
    "glue:GetTable",
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "lakeformation:GetDataAccess",
    "s3:GetBucketLocation",
    "s3:GetObject",
    "s3:List*",
];
/// What it writes: its result.
const WRITTEN_BY_A_QUERY: [&str; 2] = ["s3:AbortMultipartUpload", "s3:PutObject"];

/// What a session may do that asks Athena.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AthenaRights {
    /// Where results are written, `s3://…`; `None`: wherever the workgroup says.
    pub results: Option<String>,
}

/// For a role that is assumed for reading: the reads of the table. Only if a role in members is
/// named, that one may be assumed too, and only if Athena is to be asked, a query may be run.
pub(super) fn for_reading(
    role: &str,
    member_role: Option<&str>,
    athena: Option<&AthenaRights>,
) -> String {
    let partition = role.split(':').nth(1).unwrap_or("aws");
    let reads = OPERATIONS.iter().filter(|row| row.reads());
    let reads = reads.filter(|row| row.job != Job::Athena);
    let actions: Vec<&str> = reads.map(|row| row.name).collect();
    let mut statements = vec![allow(&actions, "*")];
    if let Some(rights) = athena {
        let asks = OPERATIONS.iter().filter(|row| row.job == Job::Athena);
        let asks = asks.map(|row| row.name);
        let actions: Vec<&str> = asks.chain(READ_BY_A_QUERY).collect();
        statements.push(allow(&actions, "*"));
        let place = rights.results.as_deref();
        let place = place.and_then(|place| place.strip_prefix("s3://"));
        let results = place.map_or_else(
            || "*".to_owned(),
            |place| format!("arn:{partition}:s3:::{}/*", place.trim_end_matches('/')),
        );
        statements.push(allow(&WRITTEN_BY_A_QUERY, &results));
    }
    if let Some(name) = member_role {
        let roles = format!("arn:{partition}:iam::*:role/{name}");
        statements.push(allow(&["sts:AssumeRole"], &roles));
    }
    policy(&statements)
}

/// For the role in a member: what is read there, and nothing else.
pub(super) fn in_member() -> String {
    policy(&[allow(&MEMBER_READS, "*")])
}

fn allow(actions: &[&str], resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resource})
}

fn policy(statements: &[Value]) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AWS takes 2,048 characters.
    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
    #[test]
    fn roles_in_members_are_for_the_flag_alone_and_all_fits() {
        let role = "arn:aws-cn:iam::111111111111:role/Audit";
        let plain = for_reading(role, None, None);
        assert!(plain.contains("iam:SimulateCustomPolicy"));
        for left_out in ["AssumeRole", "athena:", "s3:", "AttachPolicy"] {
            assert!(!plain.contains(left_out), "{left_out}: {plain}");
        }
        let name = "r".repeat(64);
        let rights = AthenaRights {
            results: Some(format!("s3://{}/{}/", "b".repeat(63), "p".repeat(100))),
        };
        let with = for_reading(role, Some(&name), Some(&rights));
        assert!(
            with.contains(&format!("arn:aws-cn:s3:::{}/", "b".repeat(63))),
            "{with}"
        );
        assert!(with.contains("athena:StopQueryExecution"), "{with}");
        assert!(with.contains(&format!("arn:aws-cn:iam::*:role/{name}")));
        assert!(with.len() <= 2_048, "{}", with.len());
        assert!(!in_member().contains("sts:"));
    }
}
