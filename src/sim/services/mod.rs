//! The operations: from an authorized call to its result.

pub(crate) mod account;
mod cloudformation;
pub(crate) mod cloudtrail;
pub(crate) mod events;
pub(crate) mod iam;
pub(crate) mod logs;
pub(crate) mod organizations;
pub(crate) mod paging;
pub(crate) mod record;
pub(crate) mod resources;
pub(crate) mod sts;

use serde_json::Value;

use super::identify::Caller;
use super::refusal::Refusal;
use super::wire::{Api, Request};
use super::world::World;
use crate::model::Timestamp;
use paging::Paging;

/// A call that the caller is permitted to make.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub world: &'a mut World,
    pub caller: &'a Caller,
    pub request: &'a Request,
    pub paging: Paging,
}

pub(crate) type Outcome = Result<Value, Refusal>;
pub(crate) type Handler = fn(&mut Call<'_>) -> Outcome;

impl<'a> Call<'a> {
    pub(crate) fn now(&self) -> Timestamp {
        self.world.now
    }

    /// A member of the input; absent, null and text of another type are all `None`.
    pub(crate) fn optional(&self, name: &str) -> Option<&'a str> {
        self.request.input.get(name).and_then(Value::as_str)
    }

    /// A number in the input, also one that came as text.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        let value = self.request.input.get(name)?;
        value
            .as_i64()
            .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
    }

    /// A flag in the input, also one that came as text.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        let value = self.request.input.get(name)?;
        value
            .as_bool()
            .or_else(|| value.as_str().map(|text| text.eq_ignore_ascii_case("true")))
    }

    /// A required member of the input.
    pub(crate) fn text(&self, name: &str) -> Result<&'a str, Refusal> {
        self.optional(name).ok_or_else(|| {
            Refusal::invalid(
                "INPUT_REQUIRED",
                format!("You must provide a value for `{name}`."),
            )
        })
    }
}

/// The handler of an operation, if there is one.
fn handler(api: Api, operation: &str) -> Option<Handler> {
    match api {
        Api::Organizations => organizations::handler(operation),
        Api::CloudTrail => cloudtrail::handler(operation),
        Api::Iam => iam::handler(operation),
        Api::Sts => sts::handler(operation),
        Api::Account => account::handler(operation),
        Api::Events => events::handler(operation),
        Api::Logs => logs::handler(operation),
        Api::CloudFormation => cloudformation::handler(operation),
    }
}

/// Is there such an operation?
pub(crate) fn known(request: &Request) -> bool {
    handler(request.api, &request.operation).is_some()
}

/// Performs the call.
pub(crate) fn perform(call: &mut Call<'_>) -> Outcome {
    match handler(call.request.api, &call.request.operation) {
        Some(handler) => handler(call),
        None => Err(unknown_operation(call.request)),
    }
}

/// Neither AWS nor the simulator knows the operation, or only AWS does.
pub(crate) fn unknown_operation(request: &Request) -> Refusal {
    if request.api.is_query() {
        let text = format!("Could not find operation {}", request.operation);
        Refusal::new("InvalidAction", text)
    } else if request.api == Api::Account {
        Refusal::new("UnknownOperationException", "").status(404)
    } else {
        Refusal::new("UnknownOperationException", "")
    }
}
