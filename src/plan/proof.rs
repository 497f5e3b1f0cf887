//! What is proved of a plan before anybody is asked to approve it.
//!
//! Nothing is allowed afterwards that was not allowed before; the guard takes away ways out and
//! nothing else; principals that the configuration names as break-glass keep the rest. A step of
//! which that cannot be proved is not planned.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::predict;
use super::step::{Change, NotDone, Plan, Step};
use crate::exits::ExitPath;
use crate::model::organization::Account;
use crate::model::settings::Settings;
use crate::model::{NodeId, Snapshot};
use crate::scp::{Dialect, Document, Effect, parse};
use crate::verdict::{Narrower, narrower, spares};

/// What was proved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// Member accounts in use for which nothing is allowed afterwards that was not before.
    pub accounts: usize,
    /// Those among them that no SCP binds today.
    pub unbound: usize,
    /// Distinct pairs of stacks, before and after, among the others.
    pub stacks: usize,
    /// Questions that the verdict engine answered for them.
    pub questions: usize,
    /// What each attachment takes away, in the order of the steps.
    pub takes: Vec<Takes>,
}

/// What an attachment takes away, and from whom not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Takes {
    /// The step.
    pub step: String,
    /// The only actions that it denies, all of them ways out; absent: it denies others too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Vec<String>>,
    /// Principals that are proved to keep everything else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keep: Vec<String>,
    /// Findings that are there until this step and gone after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resolves: Vec<String>,
}

/// Proves what it can, and takes out of the plan what it cannot prove.
pub(super) fn prove(plan: &mut Plan, now: &Snapshot, settings: &Settings) {
    let refused = spare(plan, now, settings);
    leave_out(plan, &refused);
    let compared = narrower(now, &predict::after(now, &plan.steps));
    if let Some(first) = compared.not_proved.first() {
        let why = format!(
            "it is not proved that nothing more is allowed afterwards: {}{}: {}; nothing of the plan is done",
            first.account,
            if first.action.is_empty() {
                String::new()
            } else {
                format!(", {}", first.action)
            },
            first.why
        );
        let all = plan.steps.iter().map(|step| (step.id.clone(), why.clone()));
        let all: Vec<(String, String)> = all.collect();
        leave_out(plan, &all);
        plan.proof = None;
        return;
    }
    plan.proof = (!plan.steps.is_empty()).then(|| told(plan, &compared, settings));
}

fn told(plan: &Plan, compared: &Narrower, settings: &Settings) -> Proof {
    let takes = plan.steps.iter().filter_map(|step| {
        let (_, document) = attaches(step)?;
        Some(Takes {
            step: step.id.clone(),
            only: only_exits(&document),
            keep: if is_quarantine(step) {
                // It keeps everybody out but its one role, by intention.
                Vec::new()
            } else {
                settings.break_glass.iter().cloned().collect()
            },
            resolves: Vec::new(),
        })
    });
    Proof {
        accounts: compared.accounts,
        unbound: compared.unbound,
        stacks: compared.stacks,
        questions: compared.questions,
        takes: takes.collect(),
    }
}

fn is_quarantine(step: &Step) -> bool {
    step.id.starts_with("quarantine-")
}

/// Where a step attaches an SCP, and what that says.
fn attaches(step: &Step) -> Option<(&NodeId, Document)> {
    match &step.change {
        Change::AttachPolicy { target, text, .. } => {
            Some((target, parse(text, Dialect::Scp).ok()?))
        }
        _ => None,
    }
}

/// The actions that the document denies, if it denies nothing but ways out, each by its name.
fn only_exits(document: &Document) -> Option<Vec<String>> {
    let exits: BTreeSet<&str> = ExitPath::of_members()
        .flat_map(|path| path.actions)
        .map(|action| action.name)
        .collect();
    let mut denied = BTreeSet::new();
    let statements = document.statements.iter();
    for statement in statements.filter(|statement| statement.effect == Effect::Deny) {
        if statement.actions.negated {
            return None;
        }
        for pattern in &statement.actions.patterns {
            let mut names = exits.iter();
            denied.insert(*names.find(|name| name.eq_ignore_ascii_case(pattern.as_str()))?);
        }
    }
    Some(denied.into_iter().map(str::to_owned).collect())
}

/// Steps after which a break-glass principal is not proved to keep what it has, with the reason.
fn spare(plan: &Plan, now: &Snapshot, settings: &Settings) -> Vec<(String, String)> {
    let mut refused = Vec::new();
    for step in plan.steps.iter().filter(|step| !is_quarantine(step)) {
        let Some((target, document)) = attaches(step) else {
            continue;
        };
        if only_exits(&document).is_some() {
            continue;
        }
        for principal in &settings.break_glass {
            let below = now.members().into_iter().flatten();
            let bound = below
                .filter(|account| account.is_acting() && concerns(principal, account))
                .filter(|account| now.known_chain(account).contains(target))
                .find(|account| !spares(now, account, &document, principal));
            if let Some(account) = bound {
                let why = format!(
                    "it is not proved to leave break-glass principal `{principal}` alone in account {}; \
                     exempt it in the SCP, or take it out of `break_glass`",
                    account.id
                );
                refused.push((step.id.clone(), why));
                break;
            }
        }
    }
    refused
}

/// Can the principal exist in the account?
fn concerns(principal: &str, account: &Account) -> bool {
    let of = principal.split(':').nth(4);
    of.is_some_and(|of| of == "*" || of == account.id.as_str())
}

/// Moves steps, and those that need them, to what is not done.
fn leave_out(plan: &mut Plan, refused: &[(String, String)]) {
    for (id, why) in refused {
        let Some(at) = plan.steps.iter().position(|step| step.id == *id) else {
            continue;
        };
        let step = plan.steps.remove(at);
        plan.not_done.push(NotDone {
            unmet: true,
            what: step.title.clone(),
            why: why.clone(),
        });
        let needing: Vec<(String, String)> = plan
            .steps
            .iter()
            .filter(|other| other.needs(&step))
            .map(|other| (other.id.clone(), format!("step `{id}` is not done")))
            .collect();
        leave_out(plan, &needing);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture::*;

    #[test]
    fn only_a_document_that_names_ways_out_alone_takes_nothing_else() {
        let only = |text: &str| only_exits(&parse(text, Dialect::Scp).unwrap());
        assert_eq!(
            only(DENY_LEAVE),
            Some(vec!["organizations:LeaveOrganization".to_owned()])
        );
        assert_eq!(only(DENY_ALL_EXITS).map(|all| all.len()), Some(3));
        for text in [
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"organizations:*","Resource":"*"}]}"#,
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotAction":"organizations:LeaveOrganization","Resource":"*"}]}"#,
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["organizations:LeaveOrganization","s3:PutObject"],"Resource":"*"}]}"#,
        ] {
            assert_eq!(only(text), None, "{text}");
        }
    }
}
