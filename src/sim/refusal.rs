//! An error as AWS answers it: name, text, `Reason`, HTTP status.

/// Why a call was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The name of the exception without namespace, e.g. `AccessDeniedException`.
    pub code: String,
    /// AWS's text.
    pub message: String,
    /// The `Reason` member, where the exception has one.
    pub reason: Option<String>,
    /// HTTP status.
    pub status: u16,
}

impl Refusal {
    /// A refusal with HTTP status 400, as awsJson services send all of theirs.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            reason: None,
            status: 400,
        }
    }

    /// The same with a `Reason`.
    #[must_use]
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// The same with another HTTP status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Organizations refuses a caller of the wrong kind (a member where the
    /// management account is needed).
    pub(crate) fn wrong_caller() -> Self {
        Self::new(
            "AccessDeniedException",
            "You don't have permissions to access this resource.",
        )
    }

    pub(crate) fn not_in_use() -> Self {
        Self::new(
            "AWSOrganizationsNotInUseException",
            "Your account is not a member of an organization.",
        )
    }

    pub(crate) fn invalid(reason: &str, message: impl Into<String>) -> Self {
        Self::new("InvalidInputException", message).reason(reason)
    }

    pub(crate) fn constraint(reason: &str, message: impl Into<String>) -> Self {
        Self::new("ConstraintViolationException", message).reason(reason)
    }

    pub(crate) fn handshake(reason: &str, message: impl Into<String>) -> Self {
        Self::new("HandshakeConstraintViolationException", message).reason(reason)
    }
}
