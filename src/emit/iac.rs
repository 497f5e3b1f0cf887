//! A plan as code for Terraform or CloudFormation, in JSON.
//!
//! What neither can say (invitations, moves, enabling the policy type, an order of stages) is
//! listed beside the code, with the step's title.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::model::PolicyId;
use crate::plan::{Change, PlanDocument, PolicyRef, Step};

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
    let released = plan.steps.iter().any(
        |later| matches!(&later.change, Change::DetachPolicy { target: node, .. } if node == target),
    );
    (!released).then(|| (step, policy, target.to_string()))
}

/// Titles of steps that the language has no word for.
fn by_hand(plan: &PlanDocument) -> Vec<&str> {
    let steps = plan.steps.iter().filter(|step| {
        !matches!(
            step.change,
            Change::CreatePolicy { .. } | Change::AttachPolicy { .. }
        )
    });
    steps.map(|step| step.title.as_str()).collect()
}

fn terraform(plan: &PlanDocument) -> Value {
    let (mut policies, mut attachments) = (Map::new(), Map::new());
    let mut imports = Vec::new();
    for step in &plan.steps {
        if let Change::CreatePolicy { name, text } = &step.change {
            let policy = terraform_policy(name, Some(step.description()), text);
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
                // Only a policy whose name is known can be taken over unchanged.
                if let (Some(name), Change::AttachPolicy { text, .. }) =
                    (plan.names.get(id), &step.change)
                {
                    let label = label(id.as_str());
                    let import =
                        json!({"to": format!("aws_organizations_policy.{label}"), "id": id});
                    if !imports.contains(&import) {
                        imports.push(import);
                        policies.insert(label, terraform_policy(name, None, text));
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

fn terraform_policy(name: &str, description: Option<&str>, text: &str) -> Value {
    let mut policy = json!({
        "name": literal(name),
        "type": "SERVICE_CONTROL_POLICY",
        "content": literal(text),
    });
    if let Some(description) = description {
        put(&mut policy, "description", description.into());
    } else {
        // That of an imported one is not known, and must not be taken away.
        let ignored = json!({"ignore_changes": ["description", "tags"]});
        put(&mut policy, "lifecycle", ignored);
    }
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
    let by_hand = by_hand(plan);
    if by_hand.is_empty() {
        return TITLE.to_owned();
    }
    format!("{TITLE}. Not in it: {}", by_hand.join("; "))
}

/// A name that both languages take.
fn label(id: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    id.chars().map(plain).collect()
}

fn cloudformation(plan: &PlanDocument) -> Value {
    let mut targets: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut own: BTreeMap<PolicyId, (&str, Vec<String>)> = BTreeMap::new();
    for step in &plan.steps {
        let Some((step, policy, target)) = lasting(plan, step) else {
            continue;
        };
        match (policy, &step.change) {
            (PolicyRef::Created(made), _) => targets.entry(made.clone()).or_default().push(target),
            (PolicyRef::Existing(id), Change::AttachPolicy { text, .. }) => {
                let entry = own.entry(id.clone()).or_insert((text, Vec::new()));
                entry.1.push(target);
            }
            _ => {}
        }
    }
    let mut resources = Map::new();
    for step in &plan.steps {
        if let Change::CreatePolicy { name, text } = &step.change {
            let mut policy = stack_policy(name, text, targets.get(&step.id));
            if let Some(properties) = policy.get_mut("Properties") {
                put(properties, "Description", step.description().into());
            }
            resources.insert(logical(&step.id), policy);
        }
    }
    let mut import = Vec::new();
    let mut left: Vec<String> = by_hand(plan).into_iter().map(str::to_owned).collect();
    for (id, (text, targets)) in &own {
        let Some(name) = plan.names.get(id) else {
            left.push(format!("attach SCP {id} to {}", targets.join(", ")));
            continue;
        };
        let logical = logical(id.as_str());
        import.push(json!({
            "ResourceType": "AWS::Organizations::Policy",
            "LogicalResourceId": logical,
            "ResourceIdentifier": {"Id": id},
        }));
        resources.insert(logical, stack_policy(name, text, Some(targets)));
    }
    let mut metadata = json!({"Notes": left});
    if !import.is_empty() {
        // For `aws cloudformation create-change-set --change-set-type IMPORT --resources-to-import`.
        put(&mut metadata, "ResourcesToImport", Value::Array(import));
    }
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": TITLE,
        "Metadata": {"OrgExitGuard": metadata},
        "Resources": resources,
    })
}

fn stack_policy(name: &str, text: &str, targets: Option<&Vec<String>>) -> Value {
    let content: Value = serde_json::from_str(text).unwrap_or_else(|_| text.into());
    json!({
        "Type": "AWS::Organizations::Policy",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "Name": name,
            "Type": "SERVICE_CONTROL_POLICY",
            "Content": content,
            "TargetIds": targets.cloned().unwrap_or_default(),
        },
    })
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
