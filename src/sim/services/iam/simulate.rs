//! `SimulateCustomPolicy`, answered by the room `evaluate`.
//!
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html>

use serde_json::{Value, json};

use super::super::{Call, Outcome};
use super::invalid;
use crate::evaluate::{Decision, Request, Resource, evaluate};
use crate::scp::{self, Dialect, Document};
use crate::sim::json::set;
use crate::sim::refusal::Refusal;

/// Root, five levels of OUs, account.
const MOST_LEVELS: usize = 7;

pub(super) fn custom(call: &mut Call<'_>) -> Outcome {
    let input = &call.request.input;
    let own = documents(input.get("PolicyInputList"))?;
    let levels = levels(input.get("OrderedOrganizationPolicyInputList"))?;
    let actions = texts(input.get("ActionNames"));
    if actions.is_empty() {
        return Err(invalid("ActionNames must not be empty"));
    }
    let mut resources = texts(input.get("ResourceArns"));
    if resources.is_empty() {
        resources.push("*");
    }
    let results: Vec<Value> = actions
        .into_iter()
        .map(|action| {
            let decided = resources.iter().map(|resource| {
                let request = request(input, action, resource);
                (*resource, Decided::of(&own, levels.as_deref(), &request))
            });
            result(action, &decided.collect::<Vec<_>>())
        })
        .collect();
    Ok(json!({"EvaluationResults": results, "IsTruncated": false}))
}

fn texts(list: Option<&Value>) -> Vec<&str> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).collect()
}

fn documents(list: Option<&Value>) -> Result<Vec<Document>, Refusal> {
    let parse = |text: &str| {
        scp::parse(text, Dialect::Scp).map_err(|error| {
            let text = format!("The policy is not valid: {error}");
            Refusal::new("InvalidInput", text)
        })
    };
    texts(list).into_iter().map(parse).collect()
}

/// `None` if no hierarchy was given at all.
fn levels(list: Option<&Value>) -> Result<Option<Vec<Vec<Document>>>, Refusal> {
    let Some(items) = list.and_then(Value::as_array) else {
        return Ok(None);
    };
    if items.len() > MOST_LEVELS {
        return Err(invalid(
            "OrderedOrganizationPolicyInputList has at most 7 levels",
        ));
    }
    let level = |item: &Value| documents(item.get("ServiceControlPolicyInputList"));
    items.iter().map(level).collect::<Result<_, _>>().map(Some)
}

fn request(input: &Value, action: &str, resource: &str) -> Request {
    let resource = match resource {
        "*" => Resource::Any,
        arn => Resource::Arn(arn.to_owned()),
    };
    let entries = input.get("ContextEntries").and_then(Value::as_array);
    let entries = entries.into_iter().flatten();
    entries.fold(Request::new(action, resource), |request, entry| {
        let Some(key) = entry.get("ContextKeyName").and_then(Value::as_str) else {
            return request;
        };
        let values = texts(entry.get("ContextKeyValues")).into_iter();
        request.with_all(key, values.map(str::to_owned).collect())
    })
}

/// The decision on one resource. The more restrictive is the lesser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    ExplicitDeny,
    ImplicitDeny,
    Allowed,
}

impl Word {
    fn text(self) -> &'static str {
        match self {
            Self::ExplicitDeny => "explicitDeny",
            Self::ImplicitDeny => "implicitDeny",
            Self::Allowed => "allowed",
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Decided {
    word: Word,
    /// What the hierarchy says, if one was given.
    organizations: Option<bool>,
}

impl Decided {
    fn of(own: &[Document], levels: Option<&[Vec<Document>]>, request: &Request) -> Self {
        let own = evaluate(&[own.iter().collect()], request);
        let scps = levels.map(|levels| {
            let levels = levels.iter().map(|at| at.iter().collect());
            evaluate(&levels.collect::<Vec<Vec<&Document>>>(), request)
        });
        let denied = |decision: &Decision| matches!(decision, Decision::ExplicitDeny(_));
        let organizations = scps.map(|decision| decision == Decision::Allowed);
        let word = if denied(&own) || scps.as_ref().is_some_and(denied) {
            Word::ExplicitDeny
        } else if organizations != Some(false) && own == Decision::Allowed {
            Word::Allowed
        } else {
            Word::ImplicitDeny
        };
        Self {
            word,
            organizations,
        }
    }
}

/// One result an action, whatever the number of resources; each resource's own
/// decision stands below. Which SCP statement decided is never told, "for security
/// reasons".
///
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html>
fn result(action: &str, decided: &[(&str, Decided)]) -> Value {
    let word = decided.iter().map(|(_, one)| one.word).min();
    let word = word.unwrap_or(Word::ImplicitDeny);
    let mut answer = json!({
        "EvalActionName": action,
        "EvalResourceName": "*",
        "EvalDecision": word.text(),
        "MatchedStatements": [],
        "MissingContextValues": [],
    });
    let passed = decided.iter().map(|(_, one)| one.organizations);
    if let Some(passed) = passed.collect::<Option<Vec<bool>>>() {
        let detail = json!({"AllowedByOrganizations": passed.iter().all(|passed| *passed)});
        set(&mut answer, "OrganizationsDecisionDetail", detail);
    }
    if decided.iter().any(|(resource, _)| *resource != "*") {
        let each = decided.iter().map(|(resource, one)| {
            json!({
                "EvalResourceName": resource,
                "EvalResourceDecision": one.word.text(),
                "MatchedStatements": [],
                "MissingContextValues": [],
            })
        });
        set(
            &mut answer,
            "ResourceSpecificResults",
            each.collect::<Value>(),
        );
    }
    answer
}
