//! One question to a stack: of an account, of a file, or of each line of a batch.

use jiff::Timestamp;
use serde_json::Value;

use crate::inspect::{Asked, PinError, Pins, Stack, Whose, ask};
use crate::model::organization::{Account, FeatureSet, PolicyTypeState};
use crate::model::{AccountId, InvalidId, NodeId, Observed, OrganizationId, Partition, Snapshot};
use crate::report::{BatchLine, CheckDocument};
use crate::scp::{levels, levels_in};

/// The account of AWS's own examples, where none is named.
const EXAMPLE_ACCOUNT: &str = "111122223333";

/// A question that cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// Not `service:Action`.
    #[error("`{0}` is not an action: write service:Action, without wildcards")]
    Action(String),
    /// The stack is not what it should be.
    #[error("{0}")]
    Stack(String),
    /// The principal is none of the account's.
    #[error(transparent)]
    Pin(#[from] PinError),
}

/// Is it `service:Action`?
///
/// # Errors
/// If it is not.
fn check_action(action: &str) -> Result<(), CheckError> {
    let sound = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    let parts = action.split_once(':');
    if parts.is_some_and(|(service, name)| sound(service) && sound(name)) {
        Ok(())
    } else {
        Err(CheckError::Action(action.to_owned()))
    }
}

/// The stack of a file: `[[document, …], …]`, root first, nothing implied.
///
/// # Errors
/// What is wrong with it, and where.
pub fn read_chain(text: &str) -> Result<Stack, CheckError> {
    let levels = levels(text).map_err(|problem| CheckError::Stack(problem.to_string()))?;
    stack(&levels)
}

fn stack(levels: &[Vec<String>]) -> Result<Stack, CheckError> {
    if levels.is_empty() {
        let message = "a stack has at least one level".to_owned();
        return Err(CheckError::Stack(message));
    }
    Stack::of_texts(levels).map_err(CheckError::Stack)
}

/// Whose requests a stack without an account is asked about, and what was taken for granted.
///
/// # Errors
/// None, as long as the example's account is one.
pub fn whose_of(
    principal: Option<&str>,
    organization: Option<OrganizationId>,
    now: Timestamp,
) -> Result<(Whose, Vec<String>), CheckError> {
    let named = principal.and_then(|arn| arn.split(':').nth(4)?.parse::<AccountId>().ok());
    let partition = principal.and_then(|arn| Partition::of_arn(arn).ok());
    let mut notes = Vec::new();
    if named.is_none() {
        notes.push(format!(
            "no account is named, so {EXAMPLE_ACCOUNT} stands for it; --principal names one"
        ));
    }
    let whose = Whose {
        partition: partition.unwrap_or(Partition::Aws),
        account: named.map_or_else(example_account, Ok)?,
        organization,
        parents: None,
        now,
    };
    Ok((whose, notes))
}

fn example_account() -> Result<AccountId, CheckError> {
    let id = EXAMPLE_ACCOUNT.parse();
    id.map_err(|error: InvalidId| CheckError::Stack(error.to_string()))
}

/// Asks.
///
/// # Errors
/// If the question makes no sense.
pub fn check(
    stack: &Stack,
    whose: &Whose,
    action: &str,
    pins: Pins,
    notes: Vec<String>,
) -> Result<CheckDocument, CheckError> {
    check_action(action)?;
    pins.check(whose)?;
    let asked = Asked {
        action: action.to_owned(),
        pins,
        foreign: false,
    };
    let answer = ask(stack, whose, &asked);
    Ok(CheckDocument::new(action, stack, whose, &answer, notes))
}

/// Decides one line of a batch; whatever is wrong with it is in the answer.
pub fn check_line(line: &str, now: Timestamp) -> BatchLine {
    let case: Value = match serde_json::from_str(line) {
        Ok(case) => case,
        Err(error) => return BatchLine::error(Value::Null, format!("not valid JSON: {error}")),
    };
    let id = case.get("id").cloned().unwrap_or(Value::Null);
    match case_of(&case, line, now) {
        Ok((stack, whose, asked)) => BatchLine::decided(id, &ask(&stack, &whose, &asked)),
        Err(message) => BatchLine::error(id, message),
    }
}

fn case_of(case: &Value, line: &str, now: Timestamp) -> Result<(Stack, Whose, Asked), String> {
    let action = case.get("action").and_then(Value::as_str);
    let action = action.ok_or("there is no `action`")?;
    check_action(action).map_err(|error| error.to_string())?;
    let levels = levels_in(line, "scps_by_level").map_err(|problem| problem.to_string())?;
    let stack = stack(&levels).map_err(|error| error.to_string())?;
    let account = match case.get("account") {
        None | Some(Value::Null) => example_account().map_err(|error| error.to_string())?,
        Some(Value::String(text)) => text.parse().map_err(|error: InvalidId| error.to_string())?,
        Some(_) => return Err("`account` is a string of 12 digits".to_owned()),
    };
    let (organization, parents) = organization(case.get("organization"))?;
    let whose = Whose {
        partition: Partition::Aws,
        account,
        organization,
        parents,
        now,
    };
    let asked = Asked {
        action: action.to_owned(),
        pins: Pins::default(),
        foreign: false,
    };
    Ok((stack, whose, asked))
}

type Place = (Option<OrganizationId>, Option<Vec<NodeId>>);

/// `o-…`, the whole place of the account as `aws:PrincipalOrgPaths` has it (`o-…/r-…/ou-…/`), or
/// an object with `id` and `path`.
fn organization(value: Option<&Value>) -> Result<Place, String> {
    const SHAPE: &str =
        "`organization` is `o-…`, `o-…/r-…/ou-…/`, or an object with `id` and `path`";
    let text = match value {
        None | Some(Value::Null) => return Ok((None, None)),
        Some(Value::String(text)) => text,
        Some(Value::Object(fields)) => {
            let (id, path) = (fields.get("id"), fields.get("path"));
            let text = path.and_then(Value::as_str).or(id.and_then(Value::as_str));
            return place(text.ok_or(SHAPE)?);
        }
        Some(_) => return Err(SHAPE.to_owned()),
    };
    place(text)
}

fn place(text: &str) -> Result<Place, String> {
    let wrong = |error: InvalidId| error.to_string();
    let mut parts = text.split('/').filter(|part| !part.is_empty());
    let id = parts.next().unwrap_or_default().parse().map_err(wrong)?;
    let parents: Vec<NodeId> = parts
        .map(|part| part.parse().map_err(wrong))
        .collect::<Result<_, _>>()?;
    Ok((Some(id), (!parents.is_empty()).then_some(parents)))
}

/// What binds an account of a snapshot, and what is to be known about it.
pub fn binding(snapshot: &Snapshot, account: &Account) -> (Stack, Vec<String>) {
    let organization = snapshot.organization.known();
    let free = |why: &str| (Stack::unbound(), vec![why.to_owned()]);
    if organization.is_some_and(|one| one.management_account == account.id) {
        return free("no SCP binds the management account");
    }
    if organization.is_some_and(|one| one.feature_set == FeatureSet::ConsolidatedBilling) {
        return free("the organization has consolidated billing only, so no SCP binds");
    }
    let state = snapshot.root.known().map(|root| &root.scp_state);
    if state == Some(&PolicyTypeState::NotEnabled) {
        return free("the SCP policy type is not enabled on the root, so no SCP binds");
    }
    let mut stack = Stack::of_account(snapshot, account);
    let reason = match (&snapshot.organization, &snapshot.root) {
        (Observed::Unknown(gap), _) | (_, Observed::Unknown(gap)) => Some(gap.to_string()),
        (_, Observed::Known(root)) if root.scp_state != PolicyTypeState::Enabled => Some(format!(
            "the SCP policy type is in state {}",
            root.scp_state.as_str()
        )),
        _ => None,
    };
    if let Some(reason) = reason {
        // Whether anything binds at all is not known, so not even a deny is certain.
        stack = Stack::unknown(&reason);
    }
    (stack, Vec::new())
}
