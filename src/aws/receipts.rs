//! What AWS answered to each attempt of a write: for the journal.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use super::session::operation;

/// One attempt of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// IAM action of the call.
    pub action: String,
    /// By which AWS names the request, in CloudTrail too; `None`: no answer came.
    pub request_id: Option<String>,
    /// HTTP status; `None`: no answer came.
    pub status: Option<u16>,
}

/// The attempts of a session's writes since they were last asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Receipts(Arc<Mutex<Vec<Receipt>>>);

impl Receipts {
    /// Takes them out, in order.
    pub(super) fn take(&self) -> Vec<Receipt> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[dyn_dispatch_hint]
impl Intercept for Receipts {
    fn name(&self) -> &'static str {
        "receipts"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(action) = bag.load::<Metadata>().map(operation) else {
            return Ok(());
        };
        let answer = context.response();
        let id = answer.and_then(|answer| answer.headers().get("x-amzn-requestid"));
        let receipt = Receipt {
            action,
            request_id: id.map(str::to_owned),
            status: answer.map(|answer| answer.status().as_u16()),
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(receipt);
        Ok(())
    }
}
