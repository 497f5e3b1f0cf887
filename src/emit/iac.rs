//! A plan as code for Terraform or CloudFormation, in JSON.
//!
//! What neither can say (invitations, moves, enabling the policy type, an order of stages) is
//! listed beside the code, with the step's title.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::model::PolicyId;
use crate::plan::{Change, Existing, PlanDocument, PolicyRef, Step};

/// Which language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Iac {
    /// Terraform's JSON syntax, provider `hashicorp/aws`.
    Terraform,
    /// A CloudFormation template.
    CloudFormation,
}

/// The plan as pretty JSON; policies that exist are taken over under the names that it knows.
pub fn code(plan: &PlanDocument, language: Iac) -> String {
    let value = match language {
        Iac::Terraform => terraform(plan),
        Iac::CloudFormation => cloudformation(plan),
    };
    format!("{value:#}\n")
}

const TITLE: &str = "The plan of org-exit-guard, as code";

/// Attachments that the plan's own stages take back are no part of the end state.
fn lasting<'a>(plan: &'a PlanDocument, step: &Step) -> Option<(&'a Step, &'a PolicyRef, String)> {
    let step = plan.steps.iter().find(|one| one.id == step.id)?;
    let Change::AttachPolicy { policy, target, .. } = &step.change else {
        return None;
    };
    let released = plan.steps.iter().any(|later| later.releases(step));
    (!released).then(|| (step, policy, target.to_string()))
}

/// What the language has no word for, and when: before the code is applied, or after it.
fn order(plan: &PlanDocument) -> Vec<String> {
    let of = |first: bool| {
        let steps = plan.steps.iter().filter(|step| match step.change {
            Change::CreatePolicy { .. } | Change::AttachPolicy { .. } => false,
            // Nothing can be attached before these; the rest waits for what the code attaches.
            Change::EnablePolicyType { .. }
            | Change::InviteAccount { .. }
            | Change::AcceptInvitation { .. } => first,
            Change::DetachPolicy { .. }
            | Change::MoveAccount { .. }
            | Change::TagAccount { .. } => !first,
        });
        steps.map(|step| step.title.as_str()).collect::<Vec<_>>()
    };
    let (before, after) = (of(true), of(false));
    if before.is_empty() && after.is_empty() {
        return Vec::new();
    }
    let mut order: Vec<String> = Vec::new();
    let mut say = |words: String| order.push(format!("{}. {words}", order.len() + 1));
    for title in before {
        say(format!("by hand: {title}"));
    }
    say("this code, at once".to_owned());
    for title in after {
        say(format!("by hand, once it is attached: {title}"));
    }
    order
}

fn terraform(plan: &PlanDocument) -> Value {
    let (mut policies, mut attachments) = (Map::new(), Map::new());
    let mut imports = Vec::new();
    for step in &plan.steps {
        if let Change::CreatePolicy { name, text } = &step.change {
            let policy = terraform_policy(name, step.description(), text);
            policies.insert(label(&step.id), policy);
        }
        let Some((step, policy, target)) = lasting(plan, step) else {
            continue;
        };
        let id = match policy {
            PolicyRef::Created(made) => {
                format!("${{aws_organizations_policy.{}.id}}", label(made))
            }
            PolicyRef::Existing(id) => {
                // Only a policy of which all is known can be taken over unchanged.
                if let (Some(name), Some(existing)) = (plan.names.get(id), plan.existing.get(id)) {
                    let label = label(id.as_str());
                    let import =
                        json!({"to": format!("aws_organizations_policy.{label}"), "id": id});
                    if !imports.contains(&import) {
                        imports.push(import);
                        policies.insert(label, imported_policy(name, existing));
                    }
                }
                id.to_string()
            }
        };
        let attachment = json!({"policy_id": id, "target_id": target});
        attachments.insert(label(&step.id), attachment);
    }
    let mut code = json!({
        "//": comment(plan),
        "terraform": {
            "required_version": ">= 1.5",
            "required_providers": {"aws": {"source": "hashicorp/aws"}},
        },
    });
    if !imports.is_empty() {
        put(&mut code, "import", Value::Array(imports));
    }
    let mut resources = Map::new();
    let kinds = [
        ("aws_organizations_policy", policies),
        ("aws_organizations_policy_attachment", attachments),
    ];
    for (kind, all) in kinds {
        if !all.is_empty() {
            resources.insert(kind.to_owned(), Value::Object(all));
        }
    }
    if !resources.is_empty() {
        put(&mut code, "resource", Value::Object(resources));
    }
    code
}

fn terraform_policy(name: &str, description: &str, text: &str) -> Value {
    json!({
        "name": literal(name),
        "description": literal(description),
        "type": "SERVICE_CONTROL_POLICY",
        "content": literal(text),
    })
}

/// One that exists: its own values, and none of them is ever rewritten.
///
/// <https://developer.hashicorp.com/terraform/language/meta-arguments/lifecycle#ignore_changes>
fn imported_policy(name: &str, existing: &Existing) -> Value {
    let description = existing.description.as_deref().unwrap_or_default();
    let mut policy = terraform_policy(name, description, &existing.text);
    let ignored = ["name", "description", "content", "tags", "tags_all"];
    put(
        &mut policy,
        "lifecycle",
        json!({"ignore_changes": ignored, "prevent_destroy": true}),
    );
    policy
}

/// Text in which Terraform reads no template: SCPs have variables of the same form.
///
/// <https://developer.hashicorp.com/terraform/language/expressions/strings#escape-sequences>
fn literal(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

fn put(value: &mut Value, key: &str, new: Value) {
    if let Some(fields) = value.as_object_mut() {
        fields.insert(key.to_owned(), new);
    }
}

fn comment(plan: &PlanDocument) -> String {
    let order = order(plan);
    if order.is_empty() {
        return TITLE.to_owned();
    }
    format!("{TITLE}. In this order: {}", order.join("; "))
}

/// A name that both languages take.
fn label(id: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    id.chars().map(plain).collect()
}

/// One template; where SCPs that exist are attached, two for the same stack: an import takes nothing
/// but what exists, exactly as it is, and only then an update changes it.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources.html>
fn cloudformation(plan: &PlanDocument) -> Value {
    let mut targets: BTreeMap<&PolicyRef, Vec<String>> = BTreeMap::new();
    for step in &plan.steps {
        if let Some((_, policy, target)) = lasting(plan, step) {
            targets.entry(policy).or_default().push(target);
        }
    }
    let mut notes = order(plan);
    let (mut as_it_is, mut then, mut import) = (Map::new(), Map::new(), Vec::new());
    for step in &plan.steps {
        if let Change::CreatePolicy { name, text } = &step.change {
            let new = targets.get(&PolicyRef::Created(step.id.clone()));
            let policy = stack_policy(name, step.description(), text, new.cloned());
            then.insert(logical(&step.id), policy);
        }
    }
    for (policy, new) in &targets {
        let PolicyRef::Existing(id) = policy else {
            continue;
        };
        let Some((name, existing, today)) = whole(plan, id) else {
            notes.push(format!(
                "by hand: attach SCP {id} to {}; what else it is attached to was not read, and a stack would detach it \
                 there",
                new.join(", ")
            ));
            continue;
        };
        let description = existing.description.as_deref().unwrap_or_default();
        let policy = |targets| stack_policy(name, description, &existing.text, Some(targets));
        import.push(json!({
            "ResourceType": "AWS::Organizations::Policy",
            "LogicalResourceId": logical(id.as_str()),
            "ResourceIdentifier": {"Id": id},
        }));
        as_it_is.insert(logical(id.as_str()), policy(today.clone()));
        let missing = new.iter().filter(|node| !today.contains(node)).cloned();
        let all = today.iter().cloned().chain(missing).collect();
        then.insert(logical(id.as_str()), policy(all));
    }
    if import.is_empty() {
        return template(&then, &notes);
    }
    json!({
        "Order": [
            "1. save `Import` as a template, and create a change set of type IMPORT with `ResourcesToImport`; it \
             changes nothing",
            "2. save `Update` as a template, and update the same stack with it",
        ],
        "ResourcesToImport": import,
        "Import": template(&as_it_is, &[]),
        "Update": template(&then, &notes),
    })
}

/// An SCP of which everything is known that a stack would set: the handler of
/// `AWS::Organizations::Policy` detaches whatever target the template had before and has not now.
fn whole<'a>(
    plan: &'a PlanDocument,
    id: &PolicyId,
) -> Option<(&'a String, &'a Existing, Vec<String>)> {
    let existing = plan.existing.get(id)?;
    let targets = existing.targets.as_ref()?.iter();
    let targets = targets.map(ToString::to_string).collect();
    Some((plan.names.get(id)?, existing, targets))
}

fn template(resources: &Map<String, Value>, notes: &[String]) -> Value {
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": TITLE,
        "Metadata": {"OrgExitGuard": {"Notes": notes}},
        "Resources": resources,
    })
}

fn stack_policy(name: &str, description: &str, text: &str, targets: Option<Vec<String>>) -> Value {
    let content: Value = serde_json::from_str(text).unwrap_or_else(|_| text.into());
    let mut policy = json!({
        "Type": "AWS::Organizations::Policy",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "Name": name,
            "Type": "SERVICE_CONTROL_POLICY",
            "Content": content,
            "TargetIds": targets.unwrap_or_default(),
        },
    });
    // An empty one is none.
    if let (Some(properties), false) = (policy.get_mut("Properties"), description.is_empty()) {
        put(properties, "Description", description.into());
    }
    policy
}

/// A logical id: letters and digits only.
fn logical(id: &str) -> String {
    let parts = id.split(|c: char| !c.is_ascii_alphanumeric());
    let capital = |part: &str| {
        let mut chars = part.chars();
        let first = chars.next().map(|c| c.to_ascii_uppercase());
        first.into_iter().chain(chars).collect::<String>()
    };
    parts.map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_variables_are_no_templates_and_labels_are_words() {
        assert_eq!(literal("a ${aws:x} %{if}"), "a $${aws:x} %%{if}");
        assert_eq!(label("attach-p-1-ou-2"), "attach_p_1_ou_2");
        assert_eq!(logical("create-guard"), "CreateGuard");
    }
}
