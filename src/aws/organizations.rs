//! Reads of AWS Organizations.
//!
//! <https://docs.aws.amazon.com/organizations/latest/APIReference/API_Operations.html>

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_sdk_organizations::Client;
use aws_sdk_organizations::types as wire;

use super::convert::Reading;
use super::error::{Failure, FailureClass};
use super::lanes::Port;
use super::pages::{self, Page};
use super::reads::Reads;
use super::session::{Tuning, read_port};
use crate::model::organization::{
    Account, DelegatedAdministrator, Handshake, Organization, OrganizationalUnit, Policy, Root,
};
use crate::model::{AccountId, Event, NodeId, Observed, OuId, PolicyId};

/// The most that any list of Organizations returns in a page.
const PAGE: i32 = 20;
const SCP: wire::PolicyType = wire::PolicyType::ServiceControlPolicy;

/// One client for each operation, so that each has its own retries.
#[derive(Debug)]
pub(super) struct Ports {
    describe_organization: Port<Client>,
    list_roots: Port<Client>,
    list_accounts: Port<Client>,
    list_accounts_for_parent: Port<Client>,
    list_parents: Port<Client>,
    list_units: Port<Client>,
    describe_unit: Port<Client>,
    list_policies: Port<Client>,
    describe_policy: Port<Client>,
    policies_for_target: Port<Client>,
    targets_for_policy: Port<Client>,
    describe_resource_policy: Port<Client>,
    delegated_administrators: Port<Client>,
    delegated_services: Port<Client>,
    service_access: Port<Client>,
    handshakes: Port<Client>,
    handshakes_of_account: Port<Client>,
    tags: Port<Client>,
}

impl Ports {
    pub(super) fn new(config: &SdkConfig, tuning: &Tuning) -> Self {
        macro_rules! port {
            ($operation:literal) => {
                read_port!(aws_sdk_organizations, config, tuning, $operation)
            };
        }
        Self {
            describe_organization: port!("organizations:DescribeOrganization"),
            list_roots: port!("organizations:ListRoots"),
            list_accounts: port!("organizations:ListAccounts"),
            list_accounts_for_parent: port!("organizations:ListAccountsForParent"),
            list_parents: port!("organizations:ListParents"),
            list_units: port!("organizations:ListOrganizationalUnitsForParent"),
            describe_unit: port!("organizations:DescribeOrganizationalUnit"),
            list_policies: port!("organizations:ListPolicies"),
            describe_policy: port!("organizations:DescribePolicy"),
            policies_for_target: port!("organizations:ListPoliciesForTarget"),
            targets_for_policy: port!("organizations:ListTargetsForPolicy"),
            describe_resource_policy: port!("organizations:DescribeResourcePolicy"),
            delegated_administrators: port!("organizations:ListDelegatedAdministrators"),
            delegated_services: port!("organizations:ListDelegatedServicesForAccount"),
            service_access: port!("organizations:ListAWSServiceAccessForOrganization"),
            handshakes: port!("organizations:ListHandshakesForOrganization"),
            handshakes_of_account: port!("organizations:ListHandshakesForAccount"),
            tags: port!("organizations:ListTagsForResource"),
        }
    }
}

/// Reads every page of a list through one port: the SDK's list field and token, page by page.
macro_rules! list {
    ($port:expr, $target:expr, $told:expr, $call:ident, $field:ident, |$request:ident| $args:expr) => {
        list!(all, $port, $target, $told, $call, $field, |$request| $args)
    };
    ($way:ident, $port:expr, $target:expr, $told:expr, $call:ident, $field:ident, |$request:ident| $args:expr) => {{
        let port = $port;
        let target: Option<&str> = $target;
        pages::$way(&port.lane, target, $told, |token| async move {
            let answer = port
                .read(target, |client| {
                    let $request = client
                        .$call()
                        .max_results(PAGE)
                        .set_next_token(token.clone());
                    $args.send()
                })
                .await?;
            Ok(Page {
                items: answer.$field,
                next: answer.next_token,
            })
        })
        .await
    }};
}

fn reading<'a>(port: &Port<Client>, target: Option<&'a str>) -> Reading<'a> {
    Reading {
        operation: port.lane.name(),
        target,
    }
}

impl Reads {
    /// `DescribeOrganization`.
    pub async fn describe_organization(&self) -> Result<Organization, Failure> {
        let port = &self.organizations().describe_organization;
        let answer = port
            .read(None, |client| client.describe_organization().send())
            .await?;
        let reading = reading(port, None);
        reading.organization(&reading.need(answer.organization, "organization")?)
    }

    /// `ListRoots`: today always one.
    pub async fn list_roots(&self) -> Result<Vec<Root>, Failure> {
        let port = &self.organizations().list_roots;
        let roots = list!(port, None, |_| {}, list_roots, roots, |r| r)?;
        let reading = reading(port, None);
        roots.iter().map(|root| reading.root(root)).collect()
    }

    /// `ListAccounts`, handing over each page as it comes; what was handed over counts for
    /// nothing if this fails. `parents` is a gap where AWS sent no path: fill it by walking
    /// the OUs.
    pub async fn list_accounts(&self, mut take: impl FnMut(Vec<Account>)) -> Result<(), Failure> {
        let port = &self.organizations().list_accounts;
        let reading = reading(port, None);
        let mut count = 0;
        let page = |rows: Vec<wire::Account>| {
            count += rows.len();
            self.observer().on(&Event::Read {
                what: "accounts",
                count,
            });
            let rows: Result<_, _> = rows.iter().map(|row| reading.account(row)).collect();
            rows.map(&mut take)
        };
        list!(each, port, None, page, list_accounts, accounts, |r| r)
    }

    /// `ListAccountsForParent`: the accounts directly under a root or OU.
    pub async fn list_accounts_for_parent(
        &self,
        parent: &NodeId,
    ) -> Result<Vec<AccountId>, Failure> {
        let port = &self.organizations().list_accounts_for_parent;
        let target = Some(parent.as_str());
        let accounts = list!(
            port,
            target,
            |_| {},
            list_accounts_for_parent,
            accounts,
            |r| r.parent_id(parent.as_str())
        )?;
        let reading = reading(port, target);
        accounts
            .iter()
            .map(|row| reading.id(row.id(), "account id"))
            .collect()
    }

    /// `ListParents`: the root or OU directly above an account or OU; `None` if it is not in the
    /// organization.
    ///
    /// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListParents.html>
    pub async fn parent_of(&self, child: &NodeId) -> Result<Option<NodeId>, Failure> {
        let port = &self.organizations().list_parents;
        let target = Some(child.as_str());
        let parents = list!(port, target, |_| {}, list_parents, parents, |r| r
            .child_id(child.as_str()));
        let reading = reading(port, target);
        match parents {
            Ok(parents) => parents
                .first()
                .map(|row| reading.id(row.id(), "parent id"))
                .transpose(),
            Err(failure) if failure.class == FailureClass::NotFound => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// The same of an account.
    ///
    /// # Errors
    /// As [`Reads::parent_of`].
    pub async fn place_of(&self, account: &AccountId) -> Result<Option<NodeId>, Failure> {
        self.parent_of(&NodeId::Account(account.clone())).await
    }

    /// `ListOrganizationalUnitsForParent`: ids and names of the OUs directly under a root or OU.
    pub async fn list_organizational_units_for_parent(
        &self,
        parent: &NodeId,
    ) -> Result<Vec<(OuId, Option<String>)>, Failure> {
        let port = &self.organizations().list_units;
        let target = Some(parent.as_str());
        let units = list!(
            port,
            target,
            |_| {},
            list_organizational_units_for_parent,
            organizational_units,
            |r| r.parent_id(parent.as_str())
        )?;
        let reading = reading(port, target);
        units
            .iter()
            .map(|unit| Ok((reading.id(unit.id(), "OU id")?, unit.name.clone())))
            .collect()
    }

    /// `DescribeOrganizationalUnit`: its name. `parents` is handed through.
    pub async fn describe_organizational_unit(
        &self,
        unit: &OuId,
        parents: Vec<NodeId>,
    ) -> Result<OrganizationalUnit, Failure> {
        let port = &self.organizations().describe_unit;
        let target = Some(unit.as_str());
        let answer = port
            .read(target, |client| {
                client
                    .describe_organizational_unit()
                    .organizational_unit_id(unit.as_str())
                    .send()
            })
            .await?;
        let answer = reading(port, target).need(answer.organizational_unit, "OU")?;
        Ok(OrganizationalUnit {
            id: unit.clone(),
            name: answer.name,
            parents,
        })
    }

    /// `ListPolicies` of type SCP; texts are not in the list.
    pub async fn list_policies(&self) -> Result<Vec<Policy>, Failure> {
        let port = &self.organizations().list_policies;
        let told = |count| {
            self.observer().on(&Event::Read {
                what: "policies",
                count,
            });
        };
        let policies = list!(port, None, told, list_policies, policies, |r| r.filter(SCP))?;
        let reading = reading(port, None);
        policies.iter().map(|row| reading.policy(row)).collect()
    }

    /// `DescribePolicy`: the policy with its text.
    pub async fn describe_policy(&self, policy: &PolicyId) -> Result<Policy, Failure> {
        let port = &self.organizations().describe_policy;
        let target = Some(policy.as_str());
        let answer = port
            .read(target, |client| {
                client.describe_policy().policy_id(policy.as_str()).send()
            })
            .await?;
        let reading = reading(port, target);
        let answer = reading.need(answer.policy, "policy")?;
        let summary = reading.need(answer.policy_summary, "policy summary")?;
        let content = reading.need(answer.content, "policy text")?;
        let described = reading.policy(&summary)?;
        if described.id != *policy {
            let what = format!("the answer describes policy `{}`", described.id);
            return Err(reading.malformed(what));
        }
        Ok(Policy {
            content: Observed::Known(content),
            ..described
        })
    }

    /// `ListPoliciesForTarget` of type SCP: what hangs directly on a node; texts are not in it.
    pub async fn list_policies_for_target(&self, node: &NodeId) -> Result<Vec<Policy>, Failure> {
        let port = &self.organizations().policies_for_target;
        let target = Some(node.as_str());
        let policies = list!(
            port,
            target,
            |_| {},
            list_policies_for_target,
            policies,
            |r| r.target_id(node.as_str()).filter(SCP)
        )?;
        let reading = reading(port, target);
        policies.iter().map(|row| reading.policy(row)).collect()
    }

    /// `ListTargetsForPolicy`: every node on which a policy hangs.
    pub async fn list_targets_for_policy(&self, policy: &PolicyId) -> Result<Vec<NodeId>, Failure> {
        let port = &self.organizations().targets_for_policy;
        let target = Some(policy.as_str());
        let targets = list!(
            port,
            target,
            |_| {},
            list_targets_for_policy,
            targets,
            |r| { r.policy_id(policy.as_str()) }
        )?;
        let reading = reading(port, target);
        targets
            .iter()
            .map(|row| reading.id(row.target_id(), "target id"))
            .collect()
    }

    /// `DescribeResourcePolicy`: the delegation policy's text, `None` if there is none.
    pub async fn describe_resource_policy(&self) -> Result<Option<String>, Failure> {
        let port = &self.organizations().describe_resource_policy;
        let answer = port
            .read(None, |client| client.describe_resource_policy().send())
            .await;
        match answer {
            Err(failure) if failure.code.as_deref() == Some("ResourcePolicyNotFoundException") => {
                Ok(None)
            }
            Err(failure) => Err(failure),
            Ok(answer) => {
                let reading = reading(port, None);
                let policy = reading.need(answer.resource_policy, "resource policy")?;
                reading.need(policy.content, "policy text").map(Some)
            }
        }
    }

    /// `ListDelegatedAdministrators`; their services are not in the list.
    pub async fn list_delegated_administrators(
        &self,
    ) -> Result<Vec<DelegatedAdministrator>, Failure> {
        let port = &self.organizations().delegated_administrators;
        let rows = list!(
            port,
            None,
            |_| {},
            list_delegated_administrators,
            delegated_administrators,
            |r| r
        )?;
        let reading = reading(port, None);
        rows.iter()
            .map(|row| reading.delegated_administrator(row))
            .collect()
    }

    /// `ListDelegatedServicesForAccount`: service principals, sorted.
    pub async fn list_delegated_services_for_account(
        &self,
        account: &AccountId,
    ) -> Result<Vec<String>, Failure> {
        let port = &self.organizations().delegated_services;
        let target = Some(account.as_str());
        let rows = list!(
            port,
            target,
            |_| {},
            list_delegated_services_for_account,
            delegated_services,
            |r| r.account_id(account.as_str())
        )?;
        let reading = reading(port, target);
        sorted(rows.into_iter().map(|row| row.service_principal), reading)
    }

    /// `ListAWSServiceAccessForOrganization`: service principals with trusted access, sorted.
    pub async fn list_aws_service_access(&self) -> Result<Vec<String>, Failure> {
        let port = &self.organizations().service_access;
        let rows = list!(
            port,
            None,
            |_| {},
            list_aws_service_access_for_organization,
            enabled_service_principals,
            |r| r
        )?;
        let reading = reading(port, None);
        sorted(rows.into_iter().map(|row| row.service_principal), reading)
    }

    /// `ListTagsForResource` of an SCP.
    pub async fn list_tags(&self, policy: &PolicyId) -> Result<BTreeMap<String, String>, Failure> {
        self.tags_of(policy.as_str()).await
    }

    /// `ListTagsForResource` of an account.
    pub async fn list_account_tags(
        &self,
        account: &AccountId,
    ) -> Result<BTreeMap<String, String>, Failure> {
        self.tags_of(account.as_str()).await
    }

    async fn tags_of(&self, resource: &str) -> Result<BTreeMap<String, String>, Failure> {
        let port = &self.organizations().tags;
        let target = Some(resource);
        let take = |token| async move {
            let send = |client: &Client| {
                client
                    .list_tags_for_resource()
                    .resource_id(resource)
                    .set_next_token(Option::clone(&token))
                    .send()
            };
            let answer = port.read(target, send).await?;
            Ok(Page {
                items: answer.tags,
                next: answer.next_token,
            })
        };
        let tags = pages::all(&port.lane, target, |_| {}, take).await?;
        let pairs = tags.into_iter().map(|tag| (tag.key, tag.value));
        Ok(pairs.collect())
    }

    /// `ListHandshakesForOrganization`: open ones, and ended ones for 30 days.
    pub async fn list_handshakes_for_organization(&self) -> Result<Vec<Handshake>, Failure> {
        let port = &self.organizations().handshakes;
        let rows = list!(
            port,
            None,
            |_| {},
            list_handshakes_for_organization,
            handshakes,
            |r| r
        )?;
        let reading = reading(port, None);
        rows.iter().map(|row| reading.handshake(row)).collect()
    }

    /// `ListHandshakesForAccount`: those that the calling account sees, invitations of other
    /// organizations included, where no event tells of them.
    /// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListHandshakesForAccount.html>
    pub async fn list_handshakes_for_account(&self) -> Result<Vec<Handshake>, Failure> {
        let port = &self.organizations().handshakes_of_account;
        let rows = list!(
            port,
            None,
            |_| {},
            list_handshakes_for_account,
            handshakes,
            |r| r
        )?;
        let reading = reading(port, None);
        rows.iter().map(|row| reading.handshake(row)).collect()
    }
}

fn sorted(
    principals: impl Iterator<Item = Option<String>>,
    reading: Reading<'_>,
) -> Result<Vec<String>, Failure> {
    let mut names = principals
        .map(|name| reading.need(name, "service principal"))
        .collect::<Result<Vec<_>, _>>()?;
    names.sort();
    Ok(names)
}
