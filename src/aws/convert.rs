//! AWS's answers → model types. An id that does not parse makes the answer
//! malformed, by name; nothing is dropped in silence.

use std::str::FromStr;

use aws_sdk_organizations::types as wire;
use aws_smithy_types::DateTime;

use super::error::Failure;
use crate::model::organization::{
    Account, AccountState, DelegatedAdministrator, Handshake, Organization, Policy,
    PolicyTypeState, Root, tags_not_read,
};
use crate::model::{AccountId, Gap, GapReason, InvalidId, NodeId, Observed, OrganizationId};
use crate::model::{OuId, RootId, Timestamp};

/// Names the operation and target of an answer while it is taken apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) operation: &'static str,
    pub(super) target: Option<&'a str>,
}

impl Reading<'_> {
    pub(super) fn malformed(self, what: impl AsRef<str>) -> Failure {
        Failure::malformed(self.operation, self.target, what)
    }

    /// A field that AWS always sends.
    pub(super) fn need<T>(self, value: Option<T>, what: &str) -> Result<T, Failure> {
        value.ok_or_else(|| self.malformed(format!("the answer holds no {what}")))
    }

    /// An id that AWS always sends.
    pub(super) fn id<T: FromStr<Err = InvalidId>>(
        self,
        value: Option<&str>,
        what: &str,
    ) -> Result<T, Failure> {
        self.need(value, what)?
            .parse()
            .map_err(|error| Failure::bad_id(self.operation, self.target, &error))
    }

    pub(super) fn organization(self, answer: &wire::Organization) -> Result<Organization, Failure> {
        Ok(Organization {
            id: self.id(answer.id(), "organization id")?,
            arn: self.need(answer.arn.clone(), "organization ARN")?,
            feature_set: self
                .need(answer.feature_set(), "feature set")?
                .as_str()
                .into(),
            management_account: self.id(answer.master_account_id(), "management account")?,
            management_email: answer.master_account_email.clone(),
        })
    }

    pub(super) fn root(self, answer: &wire::Root) -> Result<Root, Failure> {
        let types = self.need(answer.policy_types.as_deref(), "list of policy types")?;
        let scp = types
            .iter()
            .find(|row| row.r#type() == Some(&wire::PolicyType::ServiceControlPolicy));
        let scp_state = match scp {
            None => PolicyTypeState::NotEnabled,
            Some(row) => self
                .need(row.status(), "policy type state")?
                .as_str()
                .into(),
        };
        Ok(Root {
            id: self.id(answer.id(), "root id")?,
            scp_state,
        })
    }

    pub(super) fn account(self, answer: &wire::Account) -> Result<Account, Failure> {
        let id: AccountId = self.id(answer.id(), "account id")?;
        let state = answer.state().map(wire::AccountState::as_str);
        let status = answer.status().map(wire::AccountStatus::as_str);
        let parents = match answer.paths.as_deref().unwrap_or_default() {
            [] => Observed::Unknown(self.gap(&id, GapReason::NotRead, "AWS sent no path")),
            [path] => match parents_of_path(path, &id) {
                Ok(parents) => Observed::Known(parents),
                Err(what) => Observed::Unknown(self.gap(&id, GapReason::Malformed, &what)),
            },
            _ => {
                let what = "AWS sent more than one path";
                Observed::Unknown(self.gap(&id, GapReason::Malformed, what))
            }
        };
        Ok(Account {
            name: answer.name.clone().unwrap_or_default(),
            email: answer.email.clone().unwrap_or_default(),
            // `Status` was to be retired on 9 September 2026; `State` tells more.
            state: state.or(status).map(AccountState::from),
            joined_method: answer.joined_method().map(|word| word.as_str().into()),
            joined_at: answer.joined_timestamp().and_then(time),
            parents,
            tags: tags_not_read(),
            id,
        })
    }

    fn gap(self, id: &AccountId, reason: GapReason, message: &str) -> Gap {
        Gap {
            operation: self.operation.to_owned(),
            target: Some(id.to_string()),
            reason,
            message: message.to_owned(),
            request_id: None,
        }
    }

    /// A policy without its text, as lists tell it.
    pub(super) fn policy(self, answer: &wire::PolicySummary) -> Result<Policy, Failure> {
        let id: crate::model::PolicyId = self.id(answer.id(), "policy id")?;
        Ok(Policy {
            arn: answer.arn.clone().unwrap_or_default(),
            name: answer.name.clone().unwrap_or_default(),
            aws_managed: answer.aws_managed,
            content: Observed::Unknown(Gap {
                operation: "organizations:DescribePolicy".to_owned(),
                target: Some(id.to_string()),
                reason: GapReason::NotRead,
                message: String::new(),
                request_id: None,
            }),
            description: answer.description.clone(),
            tags: tags_not_read(),
            id,
        })
    }

    pub(super) fn delegated_administrator(
        self,
        answer: &wire::DelegatedAdministrator,
    ) -> Result<DelegatedAdministrator, Failure> {
        let account: AccountId = self.id(answer.id(), "account id")?;
        Ok(DelegatedAdministrator {
            since: answer.delegation_enabled_date().and_then(time),
            services: Observed::Unknown(Gap {
                operation: "organizations:ListDelegatedServicesForAccount".to_owned(),
                target: Some(account.to_string()),
                reason: GapReason::NotRead,
                message: String::new(),
                request_id: None,
            }),
            account,
        })
    }

    pub(super) fn handshake(self, answer: &wire::Handshake) -> Result<Handshake, Failure> {
        let parties = answer.parties();
        let party = |kind: wire::HandshakePartyType| {
            parties
                .iter()
                .find(move |party| party.r#type == kind)
                .map(|party| party.id.as_str())
        };
        let resource = |kind: wire::HandshakeResourceType| {
            answer
                .resources()
                .iter()
                .find(move |resource| resource.r#type() == Some(&kind))
                .and_then(|resource| resource.value())
        };
        let account = party(wire::HandshakePartyType::Account)
            .or_else(|| resource(wire::HandshakeResourceType::Account))
            .map(|id| self.id(Some(id), "account id"))
            .transpose()?;
        Ok(Handshake {
            id: self.id(answer.id(), "handshake id")?,
            action: self
                .need(answer.action(), "handshake action")?
                .as_str()
                .to_owned(),
            state: self
                .need(answer.state(), "handshake state")?
                .as_str()
                .into(),
            account,
            email: party(wire::HandshakePartyType::Email)
                .or_else(|| resource(wire::HandshakeResourceType::Email))
                .map(str::to_owned),
            organization: party(wire::HandshakePartyType::Organization)
                .or_else(|| resource(wire::HandshakeResourceType::Organization))
                .and_then(organization_id),
            requested_at: answer.requested_timestamp().and_then(time),
            expires_at: answer.expiration_timestamp().and_then(time),
        })
    }
}

/// AWS's examples write the organization of a party with and without its `o-`.
fn organization_id(text: &str) -> Option<OrganizationId> {
    text.parse().or_else(|_| format!("o-{text}").parse()).ok()
}

/// `o-…/r-…/ou-…/…/123456789012/` → root and OUs, root first.
///
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html>
fn parents_of_path(path: &str, account: &AccountId) -> Result<Vec<NodeId>, String> {
    let bad = || format!("`{path}` is not the path of account {account}");
    let mut parts = path.strip_suffix('/').unwrap_or(path).split('/');
    let organization = parts.next().ok_or_else(bad)?;
    organization.parse::<OrganizationId>().map_err(|_| bad())?;
    let root: RootId = parts.next().ok_or_else(bad)?.parse().map_err(|_| bad())?;
    if parts.next_back() != Some(account.as_str()) {
        return Err(bad());
    }
    let mut parents = vec![NodeId::Root(root)];
    for part in parts {
        let unit: OuId = part.parse().map_err(|_| bad())?;
        parents.push(NodeId::Ou(unit));
    }
    Ok(parents)
}

/// A time of the SDK; one that no calendar holds is left out.
pub(super) fn time(time: &DateTime) -> Option<Timestamp> {
    let nanos = i32::try_from(time.subsec_nanos()).ok()?;
    Timestamp::new(time.secs(), nanos).ok()
}

/// A time for the SDK.
pub(super) fn to_sdk(time: Timestamp) -> DateTime {
    DateTime::from_secs(time.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_gives_root_and_units_and_nothing_else_passes() {
        let id: AccountId = "111122223333".parse().unwrap();
        let path = "o-exampleorg1/r-ab12/ou-ab12-11111111/111122223333/";
        let parents = parents_of_path(path, &id).unwrap();
        let words: Vec<&str> = parents.iter().map(NodeId::as_str).collect();
        assert_eq!(words, ["r-ab12", "ou-ab12-11111111"]);
        for bad in [
            "",
            "o-exampleorg1/r-ab12/",
            "o-exampleorg1/r-ab12/444455556666/",
            "o-exampleorg1/ou-ab12-11111111/111122223333/",
            "o-exampleorg1/r-ab12/x/111122223333/",
        ] {
            assert!(parents_of_path(bad, &id).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_organization_is_known_with_and_without_its_prefix() {
        assert_eq!(
            organization_id("exampleorg1"),
            organization_id("o-exampleorg1")
        );
        assert!(organization_id("exampleorg1").is_some());
        assert!(organization_id("").is_none());
    }
}
