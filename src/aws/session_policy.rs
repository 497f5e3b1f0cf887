//! Session policies: what an assumed role may do for this tool, whatever it could do.

use serde_json::{Value, json};

use crate::model::operations::{MEMBER_READS, OPERATIONS};

/// For a role that is assumed for reading: the reads of the table. Only if a role in members is
/// named, that one may be assumed too.
pub(super) fn for_reading(role: &str, member_role: Option<&str>) -> String {
    let reads = OPERATIONS.iter().filter(|row| row.reads());
    let actions: Vec<&str> = reads.map(|row| row.name).collect();
    let mut statements = vec![allow(&actions, "*")];
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
        assert!(!for_reading(role, None).contains("AssumeRole"));
        assert!(for_reading(role, None).contains("iam:SimulateCustomPolicy"));
        let name = "r".repeat(64);
        let with = for_reading(role, Some(&name));
        assert!(with.contains(&format!("arn:aws-cn:iam::*:role/{name}")));
        assert!(with.len() <= 2_048, "{}", with.len());
        assert!(!in_member().contains("sts:"));
    }
}
