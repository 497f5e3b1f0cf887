//! Reads of IAM: central root access, and the simulator of policies.

use aws_config::SdkConfig;
use aws_sdk_iam::Client;
use aws_sdk_iam::types::{
    ContextEntry, ContextKeyTypeEnum, FeatureType, OrderedOrganizationPolicyType,
    PolicyEvaluationDecisionType,
};

use super::error::Failure;
use super::lanes::Port;
use super::pages::{self, Page};
use super::reads::Reads;
use super::session::{Tuning, read_port};
use crate::model::organization::RootFeatures;

pub(super) fn port(config: &SdkConfig, tuning: &Tuning) -> Port<Client> {
    read_port!(aws_sdk_iam, config, tuning, "iam:ListOrganizationsFeatures")
}

pub(super) fn simulator_port(config: &SdkConfig, tuning: &Tuning) -> Port<Client> {
    read_port!(aws_sdk_iam, config, tuning, "iam:SimulateCustomPolicy")
}

pub(super) fn roles_port(config: &SdkConfig, tuning: &Tuning) -> Port<Client> {
    read_port!(aws_sdk_iam, config, tuning, "iam:ListRoles")
}

/// An identity policy that allows everything, so that only SCPs decide.
const EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// A condition key of a simulated request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedKey {
    /// The key.
    pub name: String,
    /// Its values.
    pub values: Vec<String>,
    /// Its type in AWS's words, e.g. `string` or `stringList`.
    pub kind: &'static str,
}

/// A request to be simulated against SCPs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulation {
    /// IAM action.
    pub action: String,
    /// `*` or an ARN.
    pub resource: String,
    /// Every condition key that the SCPs name.
    pub context: Vec<SimulatedKey>,
    /// Texts by level, root first, the account last.
    pub levels: Vec<Vec<String>>,
}

impl Simulation {
    /// The smallest request, to see whether it is answered.
    pub fn smallest() -> Self {
        Self {
            action: "organizations:LeaveOrganization".to_owned(),
            resource: "*".to_owned(),
            context: Vec::new(),
            levels: vec![vec![EVERYTHING.to_owned()]],
        }
    }
}

impl Reads {
    /// `iam:ListRoles`: ARNs of the roles of the calling account, sorted.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html>
    pub async fn list_roles(&self) -> Result<Vec<String>, Failure> {
        let port = self.roles();
        let rows = pages::all(
            &port.lane,
            None,
            |_| {},
            |token| async move {
                let answer = port
                    .read(None, |client| {
                        client.list_roles().set_marker(token.clone()).send()
                    })
                    .await?;
                Ok(Page {
                    items: Some(answer.roles),
                    next: answer.marker.filter(|_| answer.is_truncated),
                })
            },
        )
        .await?;
        let mut arns: Vec<String> = rows.into_iter().map(|role| role.arn).collect();
        arns.sort();
        Ok(arns)
    }

    /// `iam:SimulateCustomPolicy` with a hierarchy of SCPs: do they let the request through?
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html>
    pub async fn simulate_scps(&self, simulation: &Simulation) -> Result<bool, Failure> {
        const OPERATION: &str = "iam:SimulateCustomPolicy";
        let target = Some(simulation.action.as_str());
        let levels: Vec<_> = simulation.levels.iter().map(|texts| level(texts)).collect();
        let context: Vec<_> = simulation.context.iter().map(entry).collect();
        let resources = (simulation.resource != "*").then(|| vec![simulation.resource.clone()]);
        let answer = self
            .simulator()
            .read(target, |client| {
                client
                    .simulate_custom_policy()
                    .policy_input_list(EVERYTHING)
                    .action_names(simulation.action.as_str())
                    .set_resource_arns(resources.clone())
                    .set_context_entries((!context.is_empty()).then(|| context.clone()))
                    .set_ordered_organization_policy_input_list(Some(levels.clone()))
                    .send()
            })
            .await?;
        let results = answer.evaluation_results.unwrap_or_default();
        let Some(result) = results.first() else {
            let what = "the answer holds no evaluation result";
            return Err(Failure::malformed(OPERATION, target, what));
        };
        Ok(match &result.organizations_decision_detail {
            Some(detail) => detail.allowed_by_organizations,
            None => result.eval_decision == PolicyEvaluationDecisionType::Allowed,
        })
    }

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

fn level(texts: &[String]) -> OrderedOrganizationPolicyType {
    OrderedOrganizationPolicyType::builder()
        .set_service_control_policy_input_list(Some(texts.to_vec()))
        .build()
}

fn entry(key: &SimulatedKey) -> ContextEntry {
    ContextEntry::builder()
        .context_key_name(key.name.as_str())
        .set_context_key_values(Some(key.values.clone()))
        .context_key_type(ContextKeyTypeEnum::from(key.kind))
        .build()
}
