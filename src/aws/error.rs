//! Why a call failed: AWS's own code and words, never a dump of the answer.

use std::error::Error;
use std::fmt;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::model::{Gap, GapReason, InvalidId};

/// Messages are cut after this many characters: an answer may be of any size.
const MESSAGE_LIMIT: usize = 400;

const NOT_BUILT_IN: &str = "not built in: ";

/// The kinds of failure that callers tell apart. Decided by code and status, never by message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureClass {
    /// The caller may not call the operation.
    AccessDenied,
    /// The credentials are not, or no longer, accepted.
    Credentials,
    /// Throttled until the patience for one call was used up.
    Throttled,
    /// The calling account is not in an organization.
    NotInOrganization,
    /// No answer, or not one from AWS: network, time-out, proxy page, server fault.
    Unreachable,
    /// An answer that breaks AWS's own description of it.
    Malformed,
    /// The thing asked for does not exist.
    NotFound,
    /// A quota, a waiting period or another rule of AWS forbids it; see [`Failure::reason`].
    Constraint,
    /// It is already so.
    AlreadyDone,
    /// Something else of that name or kind exists.
    Conflict,
    /// AWS is busy with another change to the same organization.
    InProgress,
    /// The endpoint refused the request for another reason.
    Refused,
    /// This build leaves out the part that would ask.
    NotBuiltIn,
}

/// One call that failed, retries included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The IAM action, e.g. `organizations:ListRoots`.
    pub operation: &'static str,
    /// The node, policy or account that was asked about.
    pub target: Option<Box<str>>,
    /// What kind of failure.
    pub class: FailureClass,
    /// AWS's error code, e.g. `AccessDeniedException`.
    pub code: Option<Box<str>>,
    /// The `Reason` of a constraint violation.
    pub reason: Option<Box<str>>,
    /// One line, at most a few hundred characters; untrusted text.
    pub message: String,
    /// AWS's request id.
    pub request_id: Option<Box<str>>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.operation)?;
        if let Some(target) = &self.target {
            write!(f, " on `{target}`")?;
        }
        write!(f, " failed: {}", self.words())?;
        if let Some(id) = &self.request_id {
            write!(f, " (request id {id})")?;
        }
        Ok(())
    }
}

impl Error for Failure {}

impl Failure {
    /// A failure of the answer itself: what is wrong with it.
    pub(super) fn malformed(
        operation: &'static str,
        target: Option<&str>,
        message: impl AsRef<str>,
    ) -> Self {
        Self {
            operation,
            target: target.map(Box::from),
            class: FailureClass::Malformed,
            code: None,
            reason: None,
            message: one_line(message.as_ref()),
            request_id: None,
        }
    }

    /// No answer came, or none could be asked for.
    pub(super) fn unanswered(operation: &'static str, target: &str, message: &str) -> Self {
        Self {
            class: FailureClass::Unreachable,
            ..Self::malformed(operation, Some(target), message)
        }
    }

    /// A feature of the build is off.
    #[cfg(not(all(feature = "alarms", feature = "athena", feature = "stack-sets")))]
    pub(super) fn not_built_in(operation: &'static str, feature: &str) -> Self {
        Self {
            class: FailureClass::NotBuiltIn,
            ..Self::malformed(operation, None, format!("{NOT_BUILT_IN}feature {feature}"))
        }
    }

    /// An answer that holds an id which is none.
    pub(super) fn bad_id(operation: &'static str, target: Option<&str>, error: &InvalidId) -> Self {
        Self::malformed(operation, target, error.to_string())
    }

    /// From what the SDK returned.
    pub(super) fn from_sdk<E>(
        operation: &'static str,
        target: Option<&str>,
        error: &SdkError<E, HttpResponse>,
    ) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let answer = error.raw_response().map(Answer::read).unwrap_or_default();
        let (class, code, message) = match error {
            SdkError::ServiceError(service) => judge_service(service.err().meta(), &answer),
            SdkError::ResponseError(_) => {
                let (class, message) = judge_unreadable(&answer);
                (class, None, message)
            }
            SdkError::TimeoutError(_) => (
                FailureClass::Unreachable,
                None,
                "no answer in time".to_owned(),
            ),
            other => {
                let class = if is_credentials(other) {
                    FailureClass::Credentials
                } else {
                    FailureClass::Unreachable
                };
                (class, None, chain(other))
            }
        };
        Self {
            operation,
            target: target.map(Box::from),
            class,
            code: code.map(Box::from),
            reason: answer.reason.map(Box::from),
            message: one_line(&message),
            request_id: answer.request_id.map(Box::from),
        }
    }

    /// Code, reason and message, as far as there are any.
    pub fn words(&self) -> String {
        let parts = [self.code.as_deref(), self.reason.as_deref()];
        let mut words: Vec<&str> = parts.into_iter().flatten().collect();
        if !self.message.is_empty() {
            words.push(&self.message);
        }
        words.join(": ")
    }

    /// The gap that this failure leaves in a snapshot.
    pub fn into_gap(self) -> Gap {
        let reason = match self.class {
            FailureClass::AccessDenied => GapReason::AccessDenied,
            FailureClass::Throttled | FailureClass::InProgress => GapReason::Throttled,
            FailureClass::Unreachable => GapReason::Unreachable,
            FailureClass::Malformed => GapReason::Malformed,
            FailureClass::Credentials
            | FailureClass::NotInOrganization
            | FailureClass::NotFound
            | FailureClass::Constraint
            | FailureClass::AlreadyDone
            | FailureClass::Conflict
            | FailureClass::Refused => GapReason::Refused,
            FailureClass::NotBuiltIn => GapReason::NotBuiltIn,
        };
        let words = self.words();
        Gap {
            operation: self.operation.to_owned(),
            // The reason says it already.
            message: words
                .strip_prefix(NOT_BUILT_IN)
                .unwrap_or(&words)
                .to_owned(),
            target: self.target.map(String::from),
            reason,
            request_id: self.request_id.map(String::from),
        }
    }
}

/// Why a write did not return success.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteFailure {
    /// AWS said no: nothing was changed.
    #[error("{0}")]
    Refused(Failure),
    /// No usable answer: it may have happened. Read the state before anything else.
    #[error("{0}; whether it took effect is unknown")]
    OutcomeUnknown(Failure),
}

impl WriteFailure {
    /// The call that failed.
    pub fn failure(&self) -> &Failure {
        match self {
            Self::Refused(failure) | Self::OutcomeUnknown(failure) => failure,
        }
    }

    pub(super) fn from_failure(failure: Failure) -> Self {
        match failure.class {
            FailureClass::Unreachable | FailureClass::Malformed => Self::OutcomeUnknown(failure),
            _ => Self::Refused(failure),
        }
    }
}

/// The parts of a raw answer that may be shown.
#[derive(Debug, Default)]
struct Answer {
    status: Option<u16>,
    content_type: Option<String>,
    html: bool,
    reason: Option<String>,
    request_id: Option<String>,
}

impl Answer {
    fn read(response: &HttpResponse) -> Self {
        let header = |name: &str| response.headers().get(name).map(one_line);
        let body = response.body().bytes().unwrap_or_default();
        let content_type = header("content-type");
        let start = body.get(..64.min(body.len())).unwrap_or_default();
        let start = String::from_utf8_lossy(start)
            .trim_start()
            .to_ascii_lowercase();
        let reason = serde_json::from_slice::<serde_json::Value>(body)
            .ok()
            .and_then(|json| Some(one_line(json.get("Reason")?.as_str()?)));
        Self {
            status: Some(response.status().as_u16()),
            html: content_type.as_deref().is_some_and(|t| t.contains("html"))
                || start.starts_with("<html")
                || start.starts_with("<!doctype html"),
            content_type,
            reason,
            request_id: header("x-amzn-requestid").or_else(|| header("x-amz-request-id")),
        }
    }

    fn not_from_aws(&self) -> String {
        format!(
            "the endpoint answered HTTP {} with {}, which is not an AWS answer",
            self.status.unwrap_or_default(),
            self.content_type.as_deref().unwrap_or("HTML")
        )
    }
}

/// An error answer: by its code, else by its status.
fn judge_service(
    meta: &aws_smithy_types::error::ErrorMetadata,
    answer: &Answer,
) -> (FailureClass, Option<String>, String) {
    if answer.html {
        return (FailureClass::Unreachable, None, answer.not_from_aws());
    }
    let code = meta.code().map(one_line).filter(|code| !code.is_empty());
    let status = answer.status.unwrap_or_default();
    let class = code
        .as_deref()
        .and_then(by_code)
        .unwrap_or_else(|| by_status(status));
    let said = meta.message().unwrap_or_default();
    let message = if said.is_empty() && code.is_none() {
        format!("the endpoint answered HTTP {status} without an AWS error code")
    } else {
        said.to_owned()
    };
    (class, code, message)
}

/// An answer that the SDK could not read.
fn judge_unreadable(answer: &Answer) -> (FailureClass, String) {
    let status = answer.status.unwrap_or_default();
    if answer.html || status >= 500 {
        return (FailureClass::Unreachable, answer.not_from_aws());
    }
    let message = format!("the body of the HTTP {status} answer could not be read");
    (FailureClass::Malformed, message)
}

fn by_status(status: u16) -> FailureClass {
    match status {
        429 => FailureClass::Throttled,
        403 => FailureClass::AccessDenied,
        500.. => FailureClass::Unreachable,
        _ => FailureClass::Refused,
    }
}

/// Codes as AWS's service models and the common errors page list them.
///
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/CommonErrors.html>
fn by_code(code: &str) -> Option<FailureClass> {
    Some(match code {
        "UnauthorizedOperation" | "OptInRequired" => FailureClass::AccessDenied,
        _ if code.starts_with("AccessDenied") => FailureClass::AccessDenied,
        "ExpiredToken"
        | "ExpiredTokenException"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "RequestExpired"
        | "RequestTimeTooSkewed"
        | "AuthFailure" => FailureClass::Credentials,
        "TooManyRequestsException"
        | "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "SlowDown" => FailureClass::Throttled,
        "AWSOrganizationsNotInUseException" => FailureClass::NotInOrganization,
        "InternalException"
        | "ServiceException"
        | "ServiceFailure"
        | "ServiceFailureException"
        | "InternalFailure"
        | "InternalError"
        | "InternalServerError"
        | "InternalServerException"
        | "ServiceUnavailable"
        | "ServiceUnavailableException" => FailureClass::Unreachable,
        "ConstraintViolationException"
        | "HandshakeConstraintViolationException"
        | "LimitExceededException"
        | "PolicyTypeNotEnabledException"
        | "AccountOwnerNotVerifiedException"
        | "MasterCannotLeaveOrganizationException" => FailureClass::Constraint,
        "DuplicatePolicyAttachmentException"
        | "HandshakeAlreadyInStateException"
        | "PolicyTypeAlreadyEnabledException" => FailureClass::AlreadyDone,
        "DuplicatePolicyException"
        | "DuplicateHandshakeException"
        | "DuplicateAccountException"
        | "DuplicateOrganizationalUnitException" => FailureClass::Conflict,
        "ConcurrentModificationException"
        | "PolicyChangesInProgressException"
        | "FinalizingOrganizationException" => FailureClass::InProgress,
        _ if code.ends_with("NotFoundException") || code == "NoSuchEntity" => {
            FailureClass::NotFound
        }
        _ if REFUSALS.contains(&code) => FailureClass::Refused,
        _ => return None,
    })
}

/// What else AWS's models list for the operations of the table: nothing that waiting or reading
/// would change. A code that stands nowhere here is judged by its status, and fails a test.
const REFUSALS: [&str; 28] = [
    "AccountNotManagementOrDelegatedAdministratorException",
    "AccountNotRegisteredException",
    "CloudTrailARNInvalidException",
    "InvalidEventCategoryException",
    "InvalidHandshakeTransitionException",
    "InvalidInput",
    "InvalidInputException",
    "InvalidLookupAttributesException",
    "InvalidMaxResultsException",
    "InvalidNextTokenException",
    "InvalidParameterException",
    "InvalidRequestException",
    "InvalidTimeRangeException",
    "InvalidTrailNameException",
    "MalformedPolicyDocument",
    "MalformedPolicyDocumentException",
    "NoManagementAccountSLRExistsException",
    "OperationNotPermittedException",
    "OrganizationNotInAllFeaturesModeException",
    "PackedPolicyTooLarge",
    "PolicyEvaluation",
    "PolicyInUseException",
    "PolicyNotAttachedException",
    "PolicyTypeNotAvailableForOrganizationException",
    "RegionDisabledException",
    "ServiceAccessNotEnabledException",
    "UnsupportedAPIEndpointException",
    "UnsupportedOperationException",
];

/// Did the call fail before it was sent, for lack of usable credentials?
fn is_credentials(error: &(dyn Error + 'static)) -> bool {
    sources(error).any(<dyn Error>::is::<CredentialsError>)
}

/// An error and its causes, outermost first.
pub(super) fn sources<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |cause| (*cause).source())
}

/// The words of an error and its causes; those of network and credentials hold no secrets.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut words: Vec<String> = Vec::new();
    for cause in sources(error).take(8) {
        let word = cause.to_string();
        if !words.iter().any(|known| known.contains(&word)) {
            words.push(word);
        }
    }
    one_line(&words.join(": "))
}

/// One line of bounded length; other control characters stay and are escaped at output.
pub(super) fn one_line(text: &str) -> String {
    let mut line: String = text
        .chars()
        .take(MESSAGE_LIMIT)
        .map(|c| if matches!(c, '\n' | '\r') { ' ' } else { c })
        .collect();
    if text.chars().nth(MESSAGE_LIMIT).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_decide_the_class() {
        for (code, class) in [
            ("AccessDeniedException", FailureClass::AccessDenied),
            (
                "AccessDeniedForDependencyException",
                FailureClass::AccessDenied,
            ),
            ("TooManyRequestsException", FailureClass::Throttled),
            (
                "AWSOrganizationsNotInUseException",
                FailureClass::NotInOrganization,
            ),
            ("PolicyNotFoundException", FailureClass::NotFound),
            ("ExpiredTokenException", FailureClass::Credentials),
            (
                "DuplicatePolicyAttachmentException",
                FailureClass::AlreadyDone,
            ),
        ] {
            assert_eq!(by_code(code), Some(class), "{code}");
        }
        assert_eq!(by_code("SomethingNewException"), None);
        assert_eq!(by_status(400), FailureClass::Refused);
        assert_eq!(by_status(503), FailureClass::Unreachable);
    }

    /// `tests/judges/error_shapes.py` holds the list to botocore's models.
    #[test]
    fn every_error_that_the_models_list_is_classified() {
        let listed = include_str!("../../tests/it/data/error-shapes.json");
        let listed: std::collections::BTreeMap<String, Vec<String>> =
            serde_json::from_str(listed).unwrap();
        for row in crate::model::operations::OPERATIONS {
            for code in &listed[row.name] {
                assert!(by_code(code).is_some(), "{}: {code}", row.name);
            }
        }
        assert!(listed.values().map(Vec::len).sum::<usize>() > 200);
    }

    #[test]
    fn a_message_is_one_bounded_line() {
        let line = one_line(&format!("a\nb\u{1b}{}", "x".repeat(10_000)));
        assert!(line.starts_with("a b\u{1b}x"));
        assert_eq!(line.chars().count(), MESSAGE_LIMIT + 1);
    }
}
