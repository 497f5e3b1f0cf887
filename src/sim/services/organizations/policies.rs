//! Service control policies: texts, attachments, the policy type.

use serde_json::{Value, json};

use super::super::{Call, Outcome};
use super::{NOTHING, not_found, shapes, tags};
use crate::sim::refusal::Refusal;
use crate::sim::world::{Organization, Policy, PolicyTypeState};

const SCP: &str = "SERVICE_CONTROL_POLICY";

/// The other policy types: known, and never used in the simulator.
const OTHER_TYPES: [&str; 14] = [
    "RESOURCE_CONTROL_POLICY",
    "TAG_POLICY",
    "BACKUP_POLICY",
    "AISERVICES_OPT_OUT_POLICY",
    "CHATBOT_POLICY",
    "DECLARATIVE_POLICY_EC2",
    "SECURITYHUB_POLICY",
    "SECURITYHUB_CSPM_POLICY",
    "INSPECTOR_POLICY",
    "UPGRADE_ROLLOUT_POLICY",
    "BEDROCK_POLICY",
    "S3_POLICY",
    "NETWORK_SECURITY_DIRECTOR_POLICY",
    "GUARDDUTY_POLICY",
];

/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
const MOST_CHARACTERS: usize = 10_240;
const MOST_ATTACHED: usize = 10;
const MOST_POLICIES: usize = 10_000;

/// Is the named policy type SCP? Refuses words that are no policy type.
fn is_scp(word: &str) -> Result<bool, Refusal> {
    if word == SCP || OTHER_TYPES.contains(&word) {
        return Ok(word == SCP);
    }
    let text = format!("`{word}` is not a policy type.");
    Err(Refusal::invalid("INVALID_ENUM_POLICY_TYPE", text))
}

pub(super) fn list_policies(call: &mut Call<'_>) -> Outcome {
    let wanted = is_scp(call.text("Filter")?)?;
    let organization = call.organization()?;
    let policies = organization.policies.values().filter(|_| wanted);
    call.page("Policies", policies, |policy| {
        shapes::policy_summary(call.world, organization, policy)
    })
}

fn find<'a>(organization: &'a Organization, id: &str) -> Result<&'a Policy, Refusal> {
    let found = organization.policies.get(id);
    found.ok_or_else(|| not_found("Policy", id))
}

fn check_target(organization: &Organization, id: &str) -> Result<(), Refusal> {
    if organization.has_node(id) {
        Ok(())
    } else {
        Err(not_found("Target", id))
    }
}

pub(super) fn describe_policy(call: &mut Call<'_>) -> Outcome {
    let organization = call.organization()?;
    let policy = find(organization, call.text("PolicyId")?)?;
    Ok(json!({"Policy": shapes::policy(call.world, organization, policy)}))
}

pub(super) fn list_policies_for_target(call: &mut Call<'_>) -> Outcome {
    let (target, wanted) = (call.text("TargetId")?, is_scp(call.text("Filter")?)?);
    let organization = call.organization()?;
    check_target(organization, target)?;
    let attached = organization.attachments.get(target).into_iter().flatten();
    let policies = attached
        .filter(|_| wanted)
        .filter_map(|id| organization.policies.get(id));
    call.page("Policies", policies, |policy| {
        shapes::policy_summary(call.world, organization, policy)
    })
}

pub(super) fn list_targets_for_policy(call: &mut Call<'_>) -> Outcome {
    let organization = call.organization()?;
    let id = &find(organization, call.text("PolicyId")?)?.id;
    let targets = organization.attachments.targets(id);
    call.page("Targets", targets, |node| {
        shapes::target(call.world, organization, node)
    })
}

/// Refuses a text that AWS would not store. Beyond being JSON with statements
/// that have an effect, the grammar is not checked.
fn check_content(content: &str) -> Result<(), Refusal> {
    if content.chars().count() > MOST_CHARACTERS {
        let text = "You have exceeded the maximum policy size.";
        return Err(Refusal::constraint("POLICY_CONTENT_LIMIT_EXCEEDED", text));
    }
    let parsed: Option<Value> = serde_json::from_str(content).ok();
    let statements = parsed.as_ref().and_then(|policy| policy.get("Statement"));
    let sound = match statements {
        Some(Value::Array(list)) => !list.is_empty() && list.iter().all(is_statement),
        Some(one) => is_statement(one),
        None => false,
    };
    if sound {
        return Ok(());
    }
    Err(Refusal::new(
        "MalformedPolicyDocumentException",
        "The provided policy document does not meet the requirements of the specified policy type.",
    ))
}

fn is_statement(statement: &Value) -> bool {
    let has = |name: &str| statement.get(name).is_some();
    let effect = statement.get("Effect").and_then(Value::as_str);
    matches!(effect, Some("Allow" | "Deny"))
        && has("Action") != has("NotAction")
        && has("Resource") != has("NotResource")
        && !has("Principal")
}

fn check_name(organization: &Organization, name: &str, own: Option<&str>) -> Result<(), Refusal> {
    let taken = organization
        .policies
        .values()
        .any(|policy| policy.name == name && Some(policy.id.as_str()) != own);
    if taken {
        let text = "A policy with the same name already exists.";
        return Err(Refusal::new("DuplicatePolicyException", text));
    }
    Ok(())
}

pub(super) fn create(call: &mut Call<'_>) -> Outcome {
    let (name, content) = (call.text("Name")?, call.text("Content")?);
    let (description, kind) = (call.text("Description")?, call.text("Type")?);
    let tags = tags::input(call)?;
    let organization = call.organization()?;
    if !is_scp(kind)? || organization.feature_set != "ALL" {
        let code = "PolicyTypeNotAvailableForOrganizationException";
        let text = "You can't use the specified policy type with this organization.";
        return Err(Refusal::new(code, text));
    }
    if name.is_empty() || name.chars().count() > 128 {
        let text = "The name must have 1 to 128 characters.";
        return Err(Refusal::invalid("MAX_LENGTH_EXCEEDED", text));
    }
    check_content(content)?;
    check_name(organization, name, None)?;
    if organization.policies.len() >= MOST_POLICIES {
        let text = "You have exceeded the number of policies.";
        return Err(Refusal::constraint("POLICY_NUMBER_LIMIT_EXCEEDED", text));
    }
    let policy = Policy {
        id: call.world.draw_id("p-", 8),
        name: name.to_owned(),
        description: description.to_owned(),
        content: content.to_owned(),
        aws_managed: false,
    };
    let organization = call.organization_mut()?;
    if !tags.is_empty() {
        organization.tags.insert(policy.id.clone(), tags);
    }
    let id = policy.id.clone();
    organization.policies.insert(id.clone(), policy);
    shown(call, &id)
}

fn shown(call: &Call<'_>, id: &str) -> Outcome {
    let organization = call.organization()?;
    let policy = find(organization, id)?;
    Ok(json!({"Policy": shapes::policy(call.world, organization, policy)}))
}

fn check_editable(policy: &Policy) -> Result<(), Refusal> {
    if policy.aws_managed {
        let text = "You can't change an AWS managed policy.";
        return Err(Refusal::invalid("IMMUTABLE_POLICY", text));
    }
    Ok(())
}

pub(super) fn update(call: &mut Call<'_>) -> Outcome {
    let id = call.text("PolicyId")?;
    let (name, content) = (call.optional("Name"), call.optional("Content"));
    let description = call.optional("Description");
    let organization = call.organization_mut()?;
    check_editable(find(organization, id)?)?;
    if let Some(content) = content {
        check_content(content)?;
    }
    if let Some(name) = name {
        check_name(organization, name, Some(id))?;
    }
    if let Some(policy) = organization.policies.get_mut(id) {
        let set = |field: &mut String, value: Option<&str>| {
            if let Some(value) = value {
                value.clone_into(field);
            }
        };
        set(&mut policy.name, name);
        set(&mut policy.content, content);
        set(&mut policy.description, description);
    }
    shown(call, id)
}

pub(super) fn delete(call: &mut Call<'_>) -> Outcome {
    let id = call.text("PolicyId")?;
    let organization = call.organization_mut()?;
    check_editable(find(organization, id)?)?;
    if organization.attachments.targets(id).next().is_some() {
        let text = "The policy is attached to one or more entities.";
        return Err(Refusal::new("PolicyInUseException", text));
    }
    organization.policies.remove(id);
    organization.tags.remove(id);
    Ok(NOTHING)
}

fn check_enabled(organization: &Organization) -> Result<(), Refusal> {
    match organization.scp_state {
        PolicyTypeState::Enabled => Ok(()),
        PolicyTypeState::NotEnabled => Err(Refusal::new(
            "PolicyTypeNotEnabledException",
            "This operation can be performed only for enabled policy types.",
        )),
        PolicyTypeState::PendingEnable(_) | PolicyTypeState::PendingDisable(_) => {
            Err(Refusal::new(
                "PolicyChangesInProgressException",
                "Changes to the effective policy are in progress, and its contents can't be returned. Try the operation again later.",
            ))
        }
    }
}

pub(super) fn attach(call: &mut Call<'_>) -> Outcome {
    let (policy, target) = (call.text("PolicyId")?, call.text("TargetId")?);
    let organization = call.organization_mut()?;
    find(organization, policy)?;
    check_target(organization, target)?;
    check_enabled(organization)?;
    let attached = organization.attachments.get(target);
    if attached.is_some_and(|attached| attached.contains(policy)) {
        let text = "The selected policy is already attached to the specified target.";
        return Err(Refusal::new("DuplicatePolicyAttachmentException", text));
    }
    if attached.is_some_and(|attached| attached.len() >= MOST_ATTACHED) {
        let text = "You have attached the maximum number of policies of that type to the target.";
        let reason = "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED";
        return Err(Refusal::constraint(reason, text));
    }
    organization.attach(policy, target);
    Ok(NOTHING)
}

pub(super) fn detach(call: &mut Call<'_>) -> Outcome {
    let (policy, target) = (call.text("PolicyId")?, call.text("TargetId")?);
    let organization = call.organization_mut()?;
    find(organization, policy)?;
    check_target(organization, target)?;
    let attached = organization.attachments.get(target);
    let attached = attached.filter(|attached| attached.contains(policy));
    let Some(attached) = attached else {
        let text = "The policy isn't attached to the specified target in the specified root.";
        return Err(Refusal::new("PolicyNotAttachedException", text));
    };
    if attached.len() == 1 {
        let text = "You must have at least one policy of that type attached to the target.";
        let reason = "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED";
        return Err(Refusal::constraint(reason, text));
    }
    organization.attachments.detach(policy, target);
    Ok(NOTHING)
}

/// Works for management policies only, and those are never used here.
///
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeEffectivePolicy.html>
pub(super) fn describe_effective(call: &mut Call<'_>) -> Outcome {
    let kind = call.text("PolicyType")?;
    if is_scp(kind)? || kind == "RESOURCE_CONTROL_POLICY" {
        let text = format!("`{kind}` has no effective policy.");
        return Err(Refusal::invalid("INVALID_ENUM_POLICY_TYPE", text));
    }
    let organization = call.organization()?;
    let target = call.optional("TargetId").unwrap_or(&call.caller.account);
    if !organization.members.contains_key(target) {
        return Err(not_found("Target", target));
    }
    let text = "The effective policy of the target was not found.";
    Err(Refusal::new("EffectivePolicyNotFoundException", text))
}

/// The root, if it is the caller's and the type is SCP.
fn check_root(call: &Call<'_>) -> Result<(), Refusal> {
    let (root, kind) = (call.text("RootId")?, call.text("PolicyType")?);
    let organization = call.organization()?;
    if organization.root != root {
        return Err(not_found("Root", root));
    }
    if !is_scp(kind)? || organization.feature_set != "ALL" {
        let code = "PolicyTypeNotAvailableForOrganizationException";
        let text = "You can't use the specified policy type with this organization.";
        return Err(Refusal::new(code, text));
    }
    Ok(())
}

pub(super) fn enable_type(call: &mut Call<'_>) -> Outcome {
    check_root(call)?;
    let (now, settles) = (call.now(), settles(call));
    let organization = call.organization_mut()?;
    if organization.scp_state != PolicyTypeState::NotEnabled {
        let text = "The specified policy type is already enabled in the specified root.";
        return Err(Refusal::new("PolicyTypeAlreadyEnabledException", text));
    }
    organization.scp_state = PolicyTypeState::PendingEnable(settles);
    organization.settle(now);
    let organization = call.organization()?;
    Ok(json!({"Root": shapes::root(call.world, organization)}))
}

pub(super) fn disable_type(call: &mut Call<'_>) -> Outcome {
    check_root(call)?;
    let (now, settles) = (call.now(), settles(call));
    let organization = call.organization_mut()?;
    check_enabled(organization)?;
    organization.scp_state = PolicyTypeState::PendingDisable(settles);
    organization.settle(now);
    let organization = call.organization()?;
    Ok(json!({"Root": shapes::root(call.world, organization)}))
}

fn settles(call: &Call<'_>) -> crate::model::Timestamp {
    let delay = i64::from(call.world.switches.policy_type_delay);
    call.now() + jiff::SignedDuration::from_secs(delay)
}
