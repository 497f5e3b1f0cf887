//! Organizations' structures as its answers carry them.

use serde_json::{Map, Value, json};

use crate::model::Timestamp;
use crate::sim::json::set;
use crate::sim::world::{Handshake, Organization, Policy, PolicyTypeState, Unit, World};

/// Epoch seconds as a number.
pub(super) fn time(time: Timestamp) -> Value {
    json!(time.as_duration().as_secs_f64())
}

fn arn(world: &World, organization: &Organization, kind: &str, id: &str) -> String {
    let resource = format!("{kind}/{}/{id}", organization.id);
    world.arn(&organization.management, &resource)
}

pub(super) fn organization(world: &World, organization: &Organization) -> Value {
    let management = &organization.management;
    let master = format!("account/{}/{management}", organization.id);
    let mut answer = json!({
        "Id": organization.id,
        "Arn": world.arn(management, &format!("organization/{}", organization.id)),
        "FeatureSet": organization.feature_set,
        "MasterAccountId": management,
        "MasterAccountArn": world.arn(management, &master),
        "AvailablePolicyTypes": policy_types(organization),
    });
    if let Some(account) = world.accounts.get(management) {
        set(&mut answer, "MasterAccountEmail", account.email.as_str());
    }
    answer
}

fn policy_types(organization: &Organization) -> Value {
    let status = match organization.scp_state {
        PolicyTypeState::NotEnabled => return json!([]),
        PolicyTypeState::Enabled => "ENABLED",
        PolicyTypeState::PendingEnable(_) => "PENDING_ENABLE",
        PolicyTypeState::PendingDisable(_) => "PENDING_DISABLE",
    };
    json!([{"Type": "SERVICE_CONTROL_POLICY", "Status": status}])
}

pub(super) fn root(world: &World, organization: &Organization) -> Value {
    json!({
        "Id": organization.root,
        "Arn": arn(world, organization, "root", &organization.root),
        "Name": "Root",
        "PolicyTypes": policy_types(organization),
    })
}

/// An account as `ListAccounts` shows it; `null` for one that is no member.
pub(super) fn account(world: &World, organization: &Organization, id: &str) -> Value {
    let member = organization.members.get(id);
    let Some((account, member)) = world.accounts.get(id).zip(member) else {
        return Value::Null;
    };
    let mut answer = Map::from_iter([
        ("Id".to_owned(), json!(id)),
        (
            "Arn".to_owned(),
            json!(arn(world, organization, "account", id)),
        ),
        ("Email".to_owned(), json!(account.email)),
        ("Name".to_owned(), json!(account.name)),
        ("JoinedMethod".to_owned(), json!(member.joined_method)),
        ("JoinedTimestamp".to_owned(), time(member.joined_at)),
    ]);
    if world.switches.status {
        // The older enumeration has neither CLOSED nor PENDING_ACTIVATION.
        let status = match account.state.as_str() {
            "CLOSED" => "SUSPENDED",
            "PENDING_ACTIVATION" => "ACTIVE",
            other => other,
        };
        answer.insert("Status".to_owned(), json!(status));
    }
    if world.switches.state {
        answer.insert("State".to_owned(), json!(account.state));
    }
    if world.switches.paths {
        answer.insert("Paths".to_owned(), json!([organization.path(id)]));
    }
    Value::Object(answer)
}

pub(super) fn unit(world: &World, organization: &Organization, unit: &Unit) -> Value {
    let mut answer = json!({
        "Id": unit.id,
        "Arn": arn(world, organization, "ou", &unit.id),
        "Name": unit.name,
    });
    if world.switches.paths {
        set(&mut answer, "Path", organization.path(&unit.id));
    }
    answer
}

pub(super) fn policy_arn(world: &World, organization: &Organization, policy: &Policy) -> String {
    let id = format!("service_control_policy/{}", policy.id);
    if policy.aws_managed {
        world.arn("aws", &format!("policy/{id}"))
    } else {
        arn(world, organization, "policy", &id)
    }
}

pub(super) fn policy_summary(world: &World, organization: &Organization, policy: &Policy) -> Value {
    json!({
        "Id": policy.id,
        "Arn": policy_arn(world, organization, policy),
        "Name": policy.name,
        "Description": policy.description,
        "Type": "SERVICE_CONTROL_POLICY",
        "AwsManaged": policy.aws_managed,
    })
}

pub(super) fn policy(world: &World, organization: &Organization, policy: &Policy) -> Value {
    json!({
        "PolicySummary": policy_summary(world, organization, policy),
        "Content": policy.content,
    })
}

/// `ACCOUNT`, `ORGANIZATIONAL_UNIT` or `ROOT`.
pub(super) fn node_type(organization: &Organization, id: &str) -> &'static str {
    if organization.root == id {
        "ROOT"
    } else if organization.units.contains_key(id) {
        "ORGANIZATIONAL_UNIT"
    } else {
        "ACCOUNT"
    }
}

pub(super) fn node_arn(world: &World, organization: &Organization, id: &str) -> String {
    let kind = match node_type(organization, id) {
        "ROOT" => "root",
        "ORGANIZATIONAL_UNIT" => "ou",
        _ => "account",
    };
    arn(world, organization, kind, id)
}

/// A node as `ListTargetsForPolicy` shows it.
pub(super) fn target(world: &World, organization: &Organization, id: &str) -> Value {
    let unit = organization.units.get(id).map(|unit| unit.name.as_str());
    let account = || world.accounts.get(id).map(|account| account.name.as_str());
    json!({
        "TargetId": id,
        "Arn": node_arn(world, organization, id),
        "Name": unit.or_else(account).unwrap_or("Root"),
        "Type": node_type(organization, id),
    })
}

pub(super) fn handshake_arn(world: &World, handshake: &Handshake) -> String {
    let action = handshake.action.to_ascii_lowercase();
    let resource = format!(
        "handshake/{}/{action}/{}",
        handshake.organization, handshake.id
    );
    world.arn(&handshake.management, &resource)
}

pub(super) fn handshake(world: &World, handshake: &Handshake) -> Value {
    let inviter = world.accounts.get(&handshake.management);
    let organization = world.organizations.get(&handshake.organization);
    let mut about = Vec::new();
    if let Some(account) = inviter {
        about.push(json!({"Type": "MASTER_EMAIL", "Value": account.email}));
        about.push(json!({"Type": "MASTER_NAME", "Value": account.name}));
    }
    if let Some(found) = organization {
        about.push(json!({"Type": "ORGANIZATION_FEATURE_SET", "Value": found.feature_set}));
    }
    let mut resources =
        vec![json!({"Type": "ORGANIZATION", "Value": handshake.organization, "Resources": about})];
    let mut parties = vec![json!({"Id": handshake.organization, "Type": "ORGANIZATION"})];
    if handshake.target_type != "ORGANIZATION" {
        resources.push(json!({"Type": handshake.target_type, "Value": handshake.target}));
        parties.push(json!({"Id": handshake.target, "Type": handshake.target_type}));
    }
    if let Some(parent) = &handshake.parent {
        resources.push(json!({"Type": "PARENT_HANDSHAKE", "Value": parent}));
    }
    if let Some(notes) = &handshake.notes {
        resources.push(json!({"Type": "NOTES", "Value": notes}));
    }
    json!({
        "Id": handshake.id,
        "Arn": handshake_arn(world, handshake),
        "Parties": parties,
        "State": handshake.state,
        "RequestedTimestamp": time(handshake.requested_at),
        "ExpirationTimestamp": time(handshake.expires_at),
        "Action": handshake.action,
        "Resources": resources,
    })
}
