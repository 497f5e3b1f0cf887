//! Session policies: what an assumed role may do for this tool, whatever it could do.

use serde_json::{Value, json};

use crate::model::operations::{Job, MEMBER_READS, OPERATIONS};

/// What Athena does as the caller of a query: it reads the table's definition and the log files, and
/// writes the result.
///
/// <https://docs.aws.amazon.com/athena/latest/ug/security-iam-athena.html>
const AS_CALLER: [&str; 7] = [
    "glue:Get*",
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "s3:AbortMultipartUpload",
    "s3:Get*",
    "s3:List*",
    "s3:PutObject",
];

/// For a role that is assumed for reading: the reads of the table. Only if a role in members is
/// named, that one may be assumed too, and only if Athena is to be asked, a query may be run.
pub(super) fn for_reading(role: &str, member_role: Option<&str>, asks_athena: bool) -> String {
    let reads = OPERATIONS.iter().filter(|row| row.reads());
    let reads = reads.filter(|row| row.job != Job::Athena);
    let actions: Vec<&str> = reads.map(|row| row.name).collect();
    let mut statements = vec![allow(&actions, "*")];
    if asks_athena {
        let asks = OPERATIONS.iter().filter(|row| row.job == Job::Athena);
        let actions: Vec<&str> = asks.map(|row| row.name).chain(AS_CALLER).collect();
        statements.push(allow(&actions, "*"));
    }
    if let Some(name) = member_role {
        let partition = role.split(':').nth(1).unwrap_or("aws");
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
        let plain = for_reading(role, None, false);
        assert!(plain.contains("iam:SimulateCustomPolicy"));
        for left_out in ["AssumeRole", "athena:", "s3:", "AttachPolicy"] {
            assert!(!plain.contains(left_out), "{left_out}: {plain}");
        }
        let name = "r".repeat(64);
        let with = for_reading(role, Some(&name), true);
        assert!(with.contains("athena:StopQueryExecution"), "{with}");
        assert!(with.contains(&format!("arn:aws-cn:iam::*:role/{name}")));
        assert!(with.len() <= 2_048, "{}", with.len());
        assert!(!in_member().contains("sts:"));
    }
}
