//! The resources that IAM and service control policies see in a call.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_organizations.html>

use super::organizations::resource_arn;
use super::{Call, iam};
use crate::sim::wire::Api;

/// Members of an Organizations request that name a resource type of its action.
const MEMBERS: [&str; 9] = [
    "HandshakeId",
    "PolicyId",
    "TargetId",
    "RootId",
    "ResourceId",
    "AccountId",
    "OrganizationalUnitId",
    "SourceParentId",
    "DestinationParentId",
];

/// At least one: ARNs, or `*` where the action knows no resource types or none was named.
pub(crate) fn resources(call: &Call<'_>) -> Vec<String> {
    let mut found: Vec<String> = match call.request.api {
        Api::Organizations => MEMBERS
            .into_iter()
            .filter_map(|member| resource_arn(call, call.optional(member)?))
            .collect(),
        Api::Sts => sts(call).into_iter().collect(),
        Api::Iam => iam::resource(call).into_iter().collect(),
        Api::Account => vec![account(call)],
        Api::CloudTrail => trail(call).into_iter().collect(),
        Api::Events => rule(call).into_iter().collect(),
        Api::Logs => log_group(call).into_iter().collect(),
        Api::CloudFormation => Vec::new(),
    };
    if found.is_empty() {
        found.push("*".to_owned());
    }
    found
}

fn sts(call: &Call<'_>) -> Option<String> {
    match call.request.operation.as_str() {
        "AssumeRole" => call.optional("RoleArn").map(str::to_owned),
        "AssumeRoot" => {
            let target = call.optional("TargetPrincipal")?;
            Some(format!("arn:{}:iam::{target}:root", call.world.partition))
        }
        _ => None,
    }
}

fn account(call: &Call<'_>) -> String {
    let (partition, own) = (call.world.partition, &call.caller.account);
    match call.optional("AccountId") {
        Some(id) => {
            let organization = call.world.organization_of(own);
            let organization = organization.map_or("o-none", |found| found.id.as_str());
            format!("arn:{partition}:account::{own}:account/{organization}/{id}")
        }
        None => format!("arn:{partition}:account::{own}:account"),
    }
}

fn trail(call: &Call<'_>) -> Option<String> {
    let name = call
        .optional("Name")
        .or_else(|| call.optional("TrailName"))?;
    let (partition, region) = (call.world.partition, &call.request.region);
    let account = &call.caller.account;
    Some(if name.starts_with("arn:") {
        name.to_owned()
    } else {
        format!("arn:{partition}:cloudtrail:{region}:{account}:trail/{name}")
    })
}

fn rule(call: &Call<'_>) -> Option<String> {
    let name = call.optional("Name").or_else(|| call.optional("Rule"))?;
    let (partition, region) = (call.world.partition, &call.request.region);
    let account = &call.caller.account;
    Some(format!(
        "arn:{partition}:events:{region}:{account}:rule/{name}"
    ))
}

fn log_group(call: &Call<'_>) -> Option<String> {
    let name = call.optional("logGroupName")?;
    let (partition, region) = (call.world.partition, &call.request.region);
    let account = &call.caller.account;
    Some(format!(
        "arn:{partition}:logs:{region}:{account}:log-group:{name}"
    ))
}
