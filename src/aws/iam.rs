//! Reads of IAM: central root access.

use aws_config::SdkConfig;
use aws_sdk_iam::Client;
use aws_sdk_iam::types::FeatureType;

use super::error::Failure;
use super::lanes::Port;
use super::reads::Reads;
use super::session::{Tuning, read_port};
use crate::model::organization::RootFeatures;

pub(super) fn port(config: &SdkConfig, tuning: &Tuning) -> Port<Client> {
    read_port!(aws_sdk_iam, config, tuning, "iam:ListOrganizationsFeatures")
}

impl Reads {
    /// `iam:ListOrganizationsFeatures`.
    ///
    /// IAM answers `ServiceAccessNotEnabled` when trusted access of IAM was
    /// never given: then no feature can be on.
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOrganizationsFeatures.html>
    pub async fn organizations_features(&self) -> Result<RootFeatures, Failure> {
        let port = self.iam();
        let answer = port
            .read(None, |client| client.list_organizations_features().send())
            .await;
        let features = match answer {
            Ok(answer) => answer.enabled_features.unwrap_or_default(),
            Err(failure)
                if failure
                    .code
                    .as_deref()
                    .is_some_and(|code| code.starts_with("ServiceAccessNotEnabled")) =>
            {
                Vec::new()
            }
            Err(failure) => return Err(failure),
        };
        Ok(RootFeatures {
            root_credentials_management: features.contains(&FeatureType::RootCredentialsManagement),
            root_sessions: features.contains(&FeatureType::RootSessions),
        })
    }
}
