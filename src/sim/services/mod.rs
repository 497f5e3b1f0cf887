//! The operations: from an authorized call to its result.

pub(crate) mod cloudtrail;
pub(crate) mod iam;
pub(crate) mod organizations;
pub(crate) mod paging;
pub(crate) mod record;
pub(crate) mod sts;

use serde_json::Value;

use super::authorize::Caller;
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

/// Is there such an operation?
pub(crate) fn known(request: &Request) -> bool {
    match request.api {
        Api::Organizations => organizations::operation(&request.operation).is_some(),
        Api::CloudTrail => request.operation == "LookupEvents",
        Api::Iam => request.operation == "ListOrganizationsFeatures",
        Api::Sts => matches!(
            request.operation.as_str(),
            "GetCallerIdentity" | "AssumeRole"
        ),
    }
}

/// Performs the call.
pub(crate) fn perform(call: &mut Call<'_>) -> Outcome {
    match (call.request.api, call.request.operation.as_str()) {
        (Api::Organizations, name) => match organizations::operation(name) {
            Some(row) => organizations::perform(call, row),
            None => Err(unknown_operation(call.request)),
        },
        (Api::CloudTrail, "LookupEvents") => cloudtrail::lookup_events(call),
        (Api::Iam, "ListOrganizationsFeatures") => iam::list_organizations_features(call),
        (Api::Sts, "GetCallerIdentity") => Ok(sts::get_caller_identity(call)),
        (Api::Sts, "AssumeRole") => sts::assume_role(call),
        _ => Err(unknown_operation(call.request)),
    }
}

/// Neither AWS nor the simulator knows the operation, or only AWS does.
pub(crate) fn unknown_operation(request: &Request) -> Refusal {
    if request.api.is_query() {
        let text = format!("Could not find operation {}", request.operation);
        Refusal::new("InvalidAction", text)
    } else {
        Refusal::new("UnknownOperationException", "")
    }
}
