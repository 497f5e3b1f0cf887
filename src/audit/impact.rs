//! What a departure takes from an account, and leaves in it; from facts alone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::stack_sets::stack_sets_firing;
use crate::model::organization::{Account, FeatureSet, JoinedMethod, PolicyTypeState, StackSet};
use crate::model::{NodeId, PolicyId, Snapshot};
use crate::verdict::hanging;

/// What ends with the trusted access of some services.
///
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_remove.html>
const ENDS: [(&str, &str); 2] = [
    ("ram.amazonaws.com", "shares with the organization end"),
    (
        "sso.amazonaws.com",
        "assignments of Identity Center are removed",
    ),
];

/// What a departure means for one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Impact {
    /// SCPs of the customer that bind it and would no longer, root first.
    pub scps: Vec<Unbound>,
    /// Are those all? Not where the way to the account was not wholly read.
    pub scps_complete: bool,
    /// Services that it administers for the organization; absent if that is not known. AWS lets
    /// no delegated administrator depart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub administers: Option<Vec<String>>,
    /// Services whose trusted access ends for it; absent if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trusted_services: Option<Vec<String>>,
    /// Organization trails that record it and would no longer; absent if those are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_trails: Option<Vec<Recording>>,
    /// `StackSets` that act on it by themselves when it departs; absent if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack_sets: Option<Vec<Deployed>>,
    /// Is there a role by which the management account gets in afterwards?
    pub access_role: AccessRole,
}

/// An SCP that binds an account, and where it hangs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unbound {
    /// Its id.
    pub policy: PolicyId,
    /// Its name: untrusted text.
    pub name: String,
    /// On which node.
    pub node: NodeId,
}

/// An organization trail, and where it delivers to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// Its name: untrusted text.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Its bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
}

/// A `StackSet` whose stacks an account has, or may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deployed {
    /// Its name: untrusted text.
    pub name: String,
    /// In which region it is administered; others were not looked at.
    pub region: String,
    /// Do its stacks and their resources stay in an account that departs?
    pub stays: bool,
}

/// The role that trusts the management account.
///
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_access.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AccessRole {
    /// AWS made it when the account was created; it stays until somebody deletes it.
    MadeAtCreation,
    /// AWS makes none in accounts that were invited.
    NotMade,
    /// How the account joined is not known.
    Unknown,
}

/// What the departure of an account would end, as far as the snapshot has it.
pub fn impact(snapshot: &Snapshot, account: &Account) -> Impact {
    let (scps, scps_complete) = unbound(snapshot, account);
    let administrators = snapshot.delegated_administrators.known();
    let administers = administrators.and_then(|all| {
        let own = all.iter().find(|one| one.account == account.id);
        own.map_or_else(|| Some(Vec::new()), |own| own.services.known().cloned())
    });
    Impact {
        scps,
        scps_complete,
        administers,
        trusted_services: snapshot.trusted_services.known().cloned(),
        organization_trails: recording(snapshot),
        stack_sets: stack_sets(snapshot, account),
        access_role: AccessRole::of(account.joined_method.as_ref()),
    }
}

/// Organization trails of now.
pub(super) fn recording(snapshot: &Snapshot) -> Option<Vec<Recording>> {
    let recording = snapshot.organization_trails()?.map(|trail| Recording {
        name: trail.name.clone(),
        arn: trail.arn.clone(),
        bucket: trail.bucket.clone(),
    });
    Some(recording.collect())
}

fn stack_sets(snapshot: &Snapshot, account: &Account) -> Option<Vec<Deployed>> {
    let parents = account.parents.known()?;
    let firing = stack_sets_firing(snapshot, parents, &[]);
    let firing = firing.known()?;
    let gone = firing.delete.iter().copied().map(Deployed::of(false));
    let left = firing.retain.iter().copied().map(Deployed::of(true));
    Some(gone.chain(left).collect())
}

/// Policies on the way to the account but those that AWS manages, which deny nothing.
fn unbound(snapshot: &Snapshot, account: &Account) -> (Vec<Unbound>, bool) {
    let state = snapshot.root.known().map(|root| &root.scp_state);
    let organization = snapshot.organization.known();
    let billing =
        organization.is_some_and(|one| one.feature_set == FeatureSet::ConsolidatedBilling);
    if billing || state == Some(&PolicyTypeState::NotEnabled) {
        return (Vec::new(), true);
    }
    let (scps, complete) = binding(snapshot, &snapshot.known_chain(account));
    (scps, complete && account.parents.known().is_some())
}

/// Policies on some nodes but those that AWS manages, and whether those are all.
pub(super) fn binding(snapshot: &Snapshot, nodes: &[NodeId]) -> (Vec<Unbound>, bool) {
    let nodes = hanging(snapshot, nodes);
    let complete = nodes
        .iter()
        .all(|node| node.denies_missing.is_empty() && node.allows_missing.is_empty());
    let scps = nodes.iter().flat_map(|node| {
        let bad = node.bad.iter().map(|(id, _)| id);
        node.policies.iter().chain(bad).filter_map(|id| {
            let policy = snapshot.policies.get(id)?;
            (!policy.aws_managed).then(|| Unbound {
                policy: id.clone(),
                name: policy.name.clone(),
                node: node.node.clone(),
            })
        })
    });
    (scps.collect(), complete)
}

/// Which organization trails stop recording it, in sentences.
pub(super) fn trails_told(trails: Option<&[Recording]>) -> Vec<String> {
    let Some(trails) = trails else {
        return vec!["which organization trail records it is not known".to_owned()];
    };
    if trails.is_empty() {
        return vec!["no organization trail records it, so none ends".to_owned()];
    }
    let told = trails.iter().map(|one| {
        let Recording { name, arn, bucket } = one;
        let stays = bucket.as_ref().map_or_else(
            || "delivered logs stay".to_owned(),
            |bucket| format!("delivered logs stay in the bucket `{bucket}`"),
        );
        format!("organization trail `{name}` ({arn}) records it no longer; {stays}")
    });
    told.collect()
}

/// Which services' trusted access ends, in sentences.
pub(super) fn trusted_told(services: Option<&[String]>) -> Vec<String> {
    let Some(services) = services else {
        return vec!["which services have trusted access is not known".to_owned()];
    };
    if services.is_empty() {
        return Vec::new();
    }
    let mut told = vec![format!(
        "trusted access ends for it: {}",
        services.join(", ")
    )];
    let ends = ENDS.iter();
    let ends = ends.filter(|(name, _)| services.iter().any(|one| one == name));
    told.extend(ends.map(|(name, what)| format!("{name}: {what}")));
    told
}

impl Deployed {
    /// A `StackSet` whose stacks stay in an account that departs, or do not.
    pub(super) fn of(stays: bool) -> impl Fn(&StackSet) -> Self {
        move |one| Self {
            name: one.name.clone(),
            region: one.region.clone(),
            stays,
        }
    }

    /// What it does to an account that departs.
    pub(super) fn ends(&self) -> &'static str {
        if self.stays {
            "lets go of its stacks in it, and their resources stay"
        } else {
            "deletes its stacks in it, and their resources with them"
        }
    }

    /// In a sentence.
    pub(super) fn sentence(&self) -> String {
        let Self { name, region, .. } = self;
        let ends = self.ends();
        format!("StackSet `{name}` in {region} {ends}; other regions were not looked at")
    }
}

impl AccessRole {
    /// The role of an account that joined so.
    pub(super) fn of(joined: Option<&JoinedMethod>) -> Self {
        match joined {
            Some(JoinedMethod::Created) => Self::MadeAtCreation,
            Some(JoinedMethod::Invited) => Self::NotMade,
            _ => Self::Unknown,
        }
    }

    /// In a sentence.
    pub(super) fn sentence(self) -> &'static str {
        match self {
            Self::MadeAtCreation => {
                "the access role made at its creation stays (OrganizationAccountAccessRole, if no other name was \
                 given) and trusts the management account, unless somebody deleted it"
            }
            Self::NotMade => {
                "it was invited, so AWS made no access role: only one that somebody made there leads back in"
            }
            Self::Unknown => "whether AWS made an access role in it is not known",
        }
    }
}

impl Impact {
    /// In sentences; may hold untrusted text.
    pub fn sentences(&self) -> Vec<String> {
        let mut told: Vec<String> = self
            .scps
            .iter()
            .map(|one| {
                let Unbound { policy, name, node } = one;
                format!("SCP `{name}` ({policy}) on {node} no longer binds it")
            })
            .collect();
        if self.scps.is_empty() && self.scps_complete {
            told.push("no SCP but AWS's own binds it, so none ends".to_owned());
        }
        if !self.scps_complete {
            told.push("which further SCPs bind it was not read".to_owned());
        }
        match self.administers.as_deref() {
            Some([]) => {}
            Some(services) => told.push(format!(
                "it administers {} for the organization: it can depart only once that is deregistered, and then that ends",
                services.join(", ")
            )),
            None => told.push("what it administers for the organization is not known".to_owned()),
        }
        told.extend(trusted_told(self.trusted_services.as_deref()));
        told.extend(trails_told(self.organization_trails.as_deref()));
        match &self.stack_sets {
            None => told.push("which StackSets act on it is not known".to_owned()),
            Some(all) => told.extend(all.iter().map(Deployed::sentence)),
        }
        told.push(self.access_role.sentence().to_owned());
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture::{self, DENY_ALL_EXITS, attach, gap};
    use crate::model::organization::DelegatedAdministrator;
    use crate::model::snapshot::STACK_SETS;
    use crate::model::{AccountId, Observed};

    fn of(snapshot: &Snapshot, id: &AccountId) -> Impact {
        impact(snapshot, &snapshot.accounts.known().unwrap()[id])
    }

    #[test]
    fn what_binds_it_now_ends_and_what_is_not_known_is_told() {
        let mut snapshot = fixture::organization();
        let id = fixture::account_id("222222222222");
        attach(&mut snapshot, "p-exits000", DENY_ALL_EXITS, &["r-ab12"]);
        snapshot.trusted_services = Observed::Known(vec!["cloudtrail.amazonaws.com".to_owned()]);
        snapshot.delegated_administrators = Observed::Known(vec![DelegatedAdministrator {
            account: id.clone(),
            since: None,
            services: Observed::Known(vec!["guardduty.amazonaws.com".to_owned()]),
        }]);
        let told = of(&snapshot, &id);
        let ids: Vec<&str> = told.scps.iter().map(|one| one.policy.as_str()).collect();
        assert_eq!(ids, ["p-exits000"]);
        assert_eq!(
            told.administers.as_deref(),
            Some(&["guardduty.amazonaws.com".to_owned()][..])
        );
        let words = told.sentences().join("\n");
        assert!(
            words.contains("organization trail `everything` (arn:aws:cloudtrail:us-east-1:111111111111:trail/everything) records it no longer; delivered logs stay in the bucket `example-trail`"),
            "{words}"
        );
        snapshot.trails = Observed::Known(Vec::new());
        let words = of(&snapshot, &id).sentences().join("\n");
        assert!(
            words.contains("no organization trail records it"),
            "{words}"
        );
        snapshot.trails = Observed::Unknown(gap("cloudtrail:DescribeTrails"));
        let words = of(&snapshot, &id).sentences().join("\n");
        assert!(
            words.contains("which organization trail records it is not known"),
            "{words}"
        );
        snapshot.stack_sets = Observed::Known(vec![StackSet {
            name: "baseline".to_owned(),
            id: "baseline:1".to_owned(),
            region: "us-east-1".to_owned(),
            auto_deployment: true,
            retains_stacks: false,
            targets: [fixture::node("r-ab12")].into(),
        }]);
        snapshot.trusted_services = Observed::Known(vec![STACK_SETS.to_owned()]);
        let words = of(&snapshot, &id).sentences().join("\n");
        assert!(
            words.contains("StackSet `baseline` in us-east-1 deletes its stacks in it"),
            "{words}"
        );
        snapshot.stack_sets = Observed::Unknown(gap("cloudformation:ListStackSets"));
        let words = of(&snapshot, &id).sentences().join("\n");
        assert!(
            words.contains("which StackSets act on it is not known"),
            "{words}"
        );
        snapshot.trusted_services =
            Observed::Unknown(gap("organizations:ListAWSServiceAccessForOrganization"));
        snapshot.delegated_administrators =
            Observed::Unknown(gap("organizations:ListDelegatedAdministrators"));
        let told = of(&snapshot, &id);
        assert_eq!((told.administers, told.trusted_services), (None, None));
    }

    #[test]
    fn an_invited_account_has_no_role_of_aws() {
        let mut snapshot = fixture::organization();
        let id = fixture::account_id("222222222222");
        for (method, role) in [
            (Some(JoinedMethod::Created), AccessRole::MadeAtCreation),
            (Some(JoinedMethod::Invited), AccessRole::NotMade),
            (None, AccessRole::Unknown),
        ] {
            if let Observed::Known(accounts) = &mut snapshot.accounts {
                accounts.get_mut(&id).unwrap().joined_method = method;
            }
            assert_eq!(of(&snapshot, &id).access_role, role);
        }
    }
}
