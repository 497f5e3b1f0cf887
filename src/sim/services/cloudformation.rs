//! `CloudFormation`: service-managed `StackSets` of the organization. They are told, and nothing is
//! deployed.

use serde_json::{Map, Value, json};

use super::{Call, Handler, Outcome};
use crate::sim::refusal::Refusal;
use crate::sim::world::StackSet;

/// The most that `ListStackSets` has in a page.
const PAGE: i64 = 100;
/// Who may act on accounts of the organization.
const SERVICE: &str = "member.org.stacksets.cloudformation.amazonaws.com";

pub(super) fn handler(operation: &str) -> Option<Handler> {
    Some(match operation {
        "ListStackSets" => list,
        "DescribeStackSet" => describe,
        _ => return None,
    })
}

fn invalid(text: &str) -> Refusal {
    Refusal::new("ValidationError", text)
}

/// The `StackSets` that the caller sees in its region, as whom it calls.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-delegated-admin.html>
fn seen(call: &Call<'_>) -> Result<Vec<StackSet>, Refusal> {
    let account = call.caller.account.as_str();
    let organization = call.world.organization_of(account);
    let manages = organization.is_some_and(|found| found.management == account);
    let administers = organization.is_some_and(|found| {
        let own = found.delegated_administrators.get(account);
        own.is_some_and(|own| own.services.contains_key(SERVICE))
    });
    let all = match call.optional("CallAs").unwrap_or("SELF") {
        "SELF" if manages => organization,
        "SELF" => None,
        "DELEGATED_ADMIN" if administers => organization,
        "DELEGATED_ADMIN" => {
            let text = "Account used is not a delegated administrator";
            return Err(invalid(text));
        }
        _ => return Err(invalid("CallAs must be SELF or DELEGATED_ADMIN")),
    };
    let all = all.into_iter().flat_map(|found| &found.stack_sets);
    let here = all.filter(|one| one.region == call.request.region);
    Ok(here.cloned().collect())
}

/// What both operations tell of one.
fn told(one: &StackSet) -> Map<String, Value> {
    let told = json!({
        "StackSetName": one.name,
        "StackSetId": one.id,
        "Status": "ACTIVE",
        "AutoDeployment": {
            "Enabled": one.auto_deployment,
            "RetainStacksOnAccountRemoval": one.retains_stacks,
        },
        "PermissionModel": "SERVICE_MANAGED",
    });
    match told {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn list(call: &mut Call<'_>) -> Outcome {
    let size = match call.number("MaxResults") {
        None => PAGE,
        Some(size @ 1..=PAGE) => size,
        Some(_) => return Err(invalid("MaxResults must be between 1 and 100")),
    };
    let start = call.start().ok_or_else(|| invalid("Invalid NextToken"))?;
    let items: Vec<Value> = match call.optional("Status") {
        None | Some("ACTIVE") => seen(call)?
            .iter()
            .map(|one| Value::Object(told(one)))
            .collect(),
        // What was deleted is not kept.
        Some("DELETED") => Vec::new(),
        Some(_) => return Err(invalid("Status must be ACTIVE or DELETED")),
    };
    let size = usize::try_from(size).unwrap_or(1);
    let (page, next) = call.slice(items.into_iter(), start, size);
    Ok(call.answer("Summaries", page, next))
}

fn describe(call: &mut Call<'_>) -> Outcome {
    let name = call.optional("StackSetName");
    let name = name.ok_or_else(|| invalid("StackSetName is required"))?;
    let all = seen(call)?;
    let found = all.iter().find(|one| one.name == name || one.id == name);
    let found = found.ok_or_else(|| {
        let text = format!("StackSet {name} not found");
        Refusal::new("StackSetNotFoundException", &text).status(404)
    })?;
    let mut set = told(found);
    let organization = call.world.organization_of(&call.caller.account);
    if let Some(organization) = organization {
        let (partition, account) = (call.world.partition, &organization.management);
        let StackSet { region, id, .. } = found;
        let arn = format!("arn:{partition}:cloudformation:{region}:{account}:stackset/{id}");
        set.insert("StackSetARN".to_owned(), json!(arn));
    }
    set.insert("OrganizationalUnitIds".to_owned(), json!(found.targets));
    Ok(json!({ "StackSet": set }))
}
