//! Why no session could be opened, and what helps.

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;

use super::error::{Failure, FailureClass, chain, sources};
use crate::model::partition::UnknownPartition;

/// A session could not be opened. [`SessionError::hint`] says what helps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// Nowhere were credentials found.
    #[error("no AWS credentials were found")]
    NoCredentials,
    /// Credentials or a sign-in that are over.
    #[error("the AWS credentials have expired: {message}")]
    Expired {
        /// The SSO profile whose sign-in is over, if it is one.
        sso_profile: Option<String>,
        /// What was said.
        message: String,
    },
    /// AWS does not know the key, or its secret is wrong.
    #[error("AWS does not accept the credentials: {message}")]
    InvalidKey {
        /// What was said.
        message: String,
    },
    /// The profile that was asked for is not in the configuration.
    #[error("there is no AWS profile `{profile}`")]
    ProfileNotFound {
        /// Its name.
        profile: String,
    },
    /// The AWS configuration files or settings cannot be used.
    #[error("the AWS configuration cannot be used: {message}")]
    Configuration {
        /// What was said.
        message: String,
    },
    /// No answer, or not one from AWS.
    #[error("no usable answer from {endpoint}: {message}")]
    Unreachable {
        /// The endpoint override, or "AWS STS in REGION".
        endpoint: String,
        /// What was said.
        message: String,
    },
    /// The caller's ARN names a partition that this version does not know.
    #[error(transparent)]
    UnknownPartition(#[from] UnknownPartition),
    /// The role may not be assumed with these credentials.
    #[error("the role `{role}` could not be assumed: {message}")]
    AssumeRole {
        /// Its ARN.
        role: String,
        /// What was said.
        message: String,
    },
    /// The endpoint answered, but not as STS does.
    #[error("who calls is unknown: {message}")]
    Identity {
        /// What was said.
        message: String,
    },
}

impl SessionError {
    /// What the user can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::NoCredentials => "give a profile with --profile NAME, set AWS_PROFILE or \
                AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in with `aws sso login`"
                .to_owned(),
            Self::Expired {
                sso_profile: Some(profile),
                ..
            } => format!("sign in again with `aws sso login --profile {profile}`"),
            Self::Expired { .. } => {
                "get fresh credentials: temporary ones live for hours only".to_owned()
            }
            Self::InvalidKey { .. } => "check key, secret and session token, and that the \
                region belongs to the account's partition (--region)"
                .to_owned(),
            Self::ProfileNotFound { .. } => {
                "`aws configure list-profiles` shows the profiles of this machine".to_owned()
            }
            Self::Configuration { .. } => {
                "check the AWS config and credentials files, and --region".to_owned()
            }
            Self::Unreachable { .. } => "check network, proxy, --region and --endpoint-url \
                (or AWS_ENDPOINT_URL)"
                .to_owned(),
            Self::UnknownPartition(_) => {
                "a newer version of this tool may know the partition".to_owned()
            }
            Self::AssumeRole { .. } => "check the role's ARN, its trust policy, the external id \
                (--external-id), and that the caller may call sts:AssumeRole on it"
                .to_owned(),
            Self::Identity { .. } => {
                "check that the endpoint (--endpoint-url) serves AWS STS".to_owned()
            }
        }
    }
}

/// Where the credentials were to come from; decides how an error is told.
#[derive(Debug, Clone, Default)]
pub(super) struct Origin {
    /// The profile that was asked for but does not exist.
    pub(super) missing_profile: Option<String>,
    /// The profile in use, if it signs in by SSO.
    pub(super) sso_profile: Option<String>,
    /// The endpoint override, or "AWS STS in REGION".
    pub(super) endpoint: String,
}

impl Origin {
    /// Base credentials could not be had.
    pub(super) fn credentials(&self, error: &CredentialsError) -> SessionError {
        if let Some(profile) = &self.missing_profile {
            return SessionError::ProfileNotFound {
                profile: profile.clone(),
            };
        }
        let message = chain(error);
        match error {
            CredentialsError::CredentialsNotLoaded(_) => SessionError::NoCredentials,
            CredentialsError::InvalidConfiguration(_) => SessionError::Configuration { message },
            CredentialsError::ProviderTimedOut(_) => SessionError::Unreachable {
                endpoint: "the source of the credentials".to_owned(),
                message,
            },
            _ if self.sso_profile.is_some() => SessionError::Expired {
                sso_profile: self.sso_profile.clone(),
                message,
            },
            _ => SessionError::Configuration { message },
        }
    }

    /// `sts:AssumeRole` failed.
    pub(super) fn assume_role(&self, role: &str, error: &CredentialsError) -> SessionError {
        match refusal(role, error) {
            Some(failure) => match self.failed(&failure) {
                SessionError::Identity { message } => SessionError::AssumeRole {
                    role: role.to_owned(),
                    message,
                },
                other => other,
            },
            None => SessionError::AssumeRole {
                role: role.to_owned(),
                message: chain(error),
            },
        }
    }

    /// A call of STS failed.
    pub(super) fn failed(&self, failure: &Failure) -> SessionError {
        let message = failure.words();
        match (failure.class, failure.code.as_deref()) {
            (
                FailureClass::Credentials,
                Some("ExpiredToken" | "ExpiredTokenException" | "RequestExpired"),
            ) => SessionError::Expired {
                sso_profile: self.sso_profile.clone(),
                message,
            },
            (FailureClass::Credentials, _) => SessionError::InvalidKey { message },
            (FailureClass::Unreachable | FailureClass::Throttled, _) => SessionError::Unreachable {
                endpoint: self.endpoint.clone(),
                message,
            },
            _ => SessionError::Identity { message },
        }
    }
}

/// What STS answered, if it did.
fn refusal(role: &str, error: &CredentialsError) -> Option<Failure> {
    sources(error).find_map(|cause| {
        let error = cause.downcast_ref::<SdkError<AssumeRoleError, HttpResponse>>()?;
        Some(Failure::from_sdk("sts:AssumeRole", Some(role), error))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_profile_is_named_before_anything_else() {
        let origin = Origin {
            missing_profile: Some("nope".to_owned()),
            ..Origin::default()
        };
        let error = origin.credentials(&CredentialsError::not_loaded("nothing"));
        assert_eq!(error.to_string(), "there is no AWS profile `nope`");
        assert!(error.hint().contains("list-profiles"));
    }

    #[test]
    fn an_sso_profile_gets_its_own_hint() {
        let origin = Origin {
            sso_profile: Some("prod".to_owned()),
            ..Origin::default()
        };
        let error = origin.credentials(&CredentialsError::provider_error("token expired"));
        assert!(matches!(error, SessionError::Expired { .. }));
        assert!(error.hint().contains("aws sso login --profile prod"));
        let plain = Origin::default().credentials(&CredentialsError::not_loaded("nothing"));
        assert_eq!(plain, SessionError::NoCredentials);
    }
}
