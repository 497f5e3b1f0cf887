//! A concrete request: action, resource, context keys.

use std::collections::BTreeMap;

/// What the request acts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// The operation takes no resource; AWS writes `*`.
    Any,
    /// An ARN.
    Arn(String),
}

/// One request as IAM sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// IAM action, e.g. `organizations:LeaveOrganization`.
    pub action: String,
    /// What it acts on.
    pub resource: Resource,
    context: BTreeMap<String, Vec<String>>,
}

impl Request {
    /// A request without any context key.
    pub fn new(action: impl Into<String>, resource: Resource) -> Self {
        Self {
            action: action.into(),
            resource,
            context: BTreeMap::new(),
        }
    }

    /// Sets a context key that has one value.
    #[must_use]
    pub fn with(self, key: &str, value: impl Into<String>) -> Self {
        self.with_all(key, vec![value.into()])
    }

    /// Sets a context key with all its values; no values means present and empty.
    #[must_use]
    pub fn with_all(mut self, key: &str, values: Vec<String>) -> Self {
        self.context.insert(key.to_ascii_lowercase(), values);
        self
    }

    /// Takes a context key out.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.context.remove(&key.to_ascii_lowercase());
        self
    }

    /// The values of a key, whatever its case; `None` if it is absent.
    pub fn values(&self, key: &str) -> Option<&[String]> {
        self.context
            .get(&key.to_ascii_lowercase())
            .map(Vec::as_slice)
    }

    /// Every key that is present, in lower case, with its values.
    pub fn context(&self) -> &BTreeMap<String, Vec<String>> {
        &self.context
    }
}
