//! What a departure ended of which only the event is known: the account is in no roster.
//!
//! Facts of now tell what holds for every member account; its former place they do not tell.

use schemars::JsonSchema;
use serde::Serialize;

use super::impact::{
    AccessRole, Deployed, Recording, Unbound, binding, recording, trails_told, trusted_told,
};
use crate::model::organization::{FeatureSet, JoinedMethod, PolicyTypeState, StackSet};
use crate::model::{NodeId, Snapshot};

/// What a baseline would tell.
const BASELINE: &str = "the former place and SCPs are not known; give --baseline FILE, a snapshot \
                        from before the departure";

/// What the departure of an account ended, as far as it can be known without its former place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Aftermath {
    /// SCPs that bound it; more than these are not known.
    pub scps: Bound,
    /// Did it administer a service for the organization? Not if it left or was removed, which AWS
    /// grants no delegated administrator; absent if that is not known.
    ///
    /// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_RemoveAccountFromOrganization.html>
    #[serde(skip_serializing_if = "Option::is_none")]
    pub administered: Option<bool>,
    /// Services with trusted access now; absent if that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusted_services: Option<Vec<String>>,
    /// Organization trails of now; absent if those are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_trails: Option<Vec<Recording>>,
    /// `StackSets` of now; absent if those are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stack_sets: Option<Acting>,
    /// Is there a role by which the management account gets in?
    pub access_role: AccessRole,
}

/// Which SCPs bound an account whose former place is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "known", rename_all = "kebab-case")]
pub enum Bound {
    /// None: without all features an organization has no SCPs, and nothing leads back from those.
    None,
    /// The SCP type is not enabled now. Which bound it then is not known.
    NotInForce,
    /// Those on the root, which bind every member account now; those of its place are not known.
    Root {
        /// SCPs of the customer on the root.
        scps: Vec<Unbound>,
        /// Are those all of the root?
        complete: bool,
    },
    /// Nothing was read.
    Nothing,
}

/// `StackSets` that act on accounts by themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Acting {
    /// On every account.
    pub everywhere: Vec<Deployed>,
    /// On accounts of some OUs: whether it lay there is not known.
    pub by_place: Vec<Deployed>,
}

/// What is known of the departure itself.
#[derive(Debug, Clone, Copy)]
pub struct DepartureEvent<'a> {
    /// Did it leave, or was it removed? AWS grants neither to a delegated administrator.
    pub left_or_removed: bool,
    /// How it had joined, if an event tells.
    pub joined: Option<&'a JoinedMethod>,
}

/// What a departure ended of which only the event is known.
pub fn aftermath(snapshot: &Snapshot, event: DepartureEvent<'_>) -> Aftermath {
    Aftermath {
        scps: bound(snapshot),
        administered: event.left_or_removed.then_some(false),
        trusted_services: snapshot.trusted_services.known().cloned(),
        organization_trails: recording(snapshot),
        stack_sets: acting(snapshot),
        access_role: AccessRole::of(event.joined),
    }
}

fn bound(snapshot: &Snapshot) -> Bound {
    let organization = snapshot.organization.known();
    if organization.is_some_and(|one| one.feature_set == FeatureSet::ConsolidatedBilling) {
        return Bound::None;
    }
    let Some(root) = snapshot.root.known() else {
        return Bound::Nothing;
    };
    if root.scp_state == PolicyTypeState::NotEnabled {
        return Bound::NotInForce;
    }
    let (scps, complete) = binding(snapshot, &[NodeId::Root(root.id.clone())]);
    Bound::Root { scps, complete }
}

fn acting(snapshot: &Snapshot) -> Option<Acting> {
    if snapshot.stack_sets_trusted() == Some(false) {
        return Some(Acting::default());
    }
    let all = snapshot.stack_sets.known()?.iter();
    let (everywhere, by_place): (Vec<&StackSet>, Vec<&StackSet>) =
        all.filter(|one| one.auto_deployment).partition(|one| {
            let mut targets = one.targets.iter();
            targets.any(|target| matches!(target, NodeId::Root(_)))
        });
    let told = |sets: Vec<&StackSet>| {
        let sets = sets.into_iter();
        sets.map(|one| Deployed::of(one.retains_stacks)(one))
            .collect()
    };
    Some(Acting {
        everywhere: told(everywhere),
        by_place: told(by_place),
    })
}

impl Bound {
    fn sentences(&self) -> Vec<String> {
        match self {
            Self::None => {
                vec![
                    "no SCP bound it: the organization has no SCPs without all features".to_owned(),
                ]
            }
            Self::NotInForce => vec![format!(
                "SCPs are not in force now; which bound it then could not be told: {BASELINE}"
            )],
            Self::Nothing => vec![format!("which SCPs bound it could not be told: {BASELINE}")],
            Self::Root { scps, complete } => {
                let mut told: Vec<String> = scps
                    .iter()
                    .map(|one| {
                        let Unbound { policy, name, node } = one;
                        format!(
                            "SCP `{name}` ({policy}) on {node} binds every member account now, and \
                             it no longer"
                        )
                    })
                    .collect();
                if scps.is_empty() && *complete {
                    told.push("no SCP but AWS's own is on the root now".to_owned());
                }
                if !complete {
                    told.push("which further SCPs are on the root was not read".to_owned());
                }
                told.push(format!(
                    "which SCPs of its place bound it could not be told: {BASELINE}"
                ));
                told
            }
        }
    }
}

impl Acting {
    fn sentences(&self) -> Vec<String> {
        if self == &Self::default() {
            return vec!["no StackSet of the home region acts on accounts that depart now; other regions were not looked at".to_owned()];
        }
        let everywhere = self.everywhere.iter().map(Deployed::sentence);
        let by_place = self.by_place.iter().map(|one| {
            let Deployed { name, region, .. } = one;
            let ends = one.ends();
            format!(
                "StackSet `{name}` in {region} {ends}, if it lay in a target of it, which could \
                 not be told without a baseline"
            )
        });
        everywhere.chain(by_place).collect()
    }
}

impl Aftermath {
    /// In sentences; may hold untrusted text.
    pub fn sentences(&self) -> Vec<String> {
        let mut told = self.scps.sentences();
        told.push(
            match self.administered {
                Some(_) => {
                    "it administered nothing for the organization when it departed: AWS lets no \
                     delegated administrator go"
                }
                None => "what it administered for the organization is not known",
            }
            .to_owned(),
        );
        told.extend(trusted_told(self.trusted_services.as_deref()));
        told.extend(trails_told(self.organization_trails.as_deref()));
        match &self.stack_sets {
            None => told.push("which StackSets act on it is not known".to_owned()),
            Some(acting) => told.extend(acting.sentences()),
        }
        told.push(self.access_role.sentence().to_owned());
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Observed;
    use crate::model::fixture::{self, DENY_ALL_EXITS, attach, gap};
    use crate::model::snapshot::STACK_SETS;

    const LEFT: DepartureEvent<'static> = DepartureEvent {
        left_or_removed: true,
        joined: None,
    };

    fn words(snapshot: &Snapshot) -> String {
        aftermath(snapshot, LEFT).sentences().join("\n")
    }

    fn root(snapshot: &mut Snapshot, state: PolicyTypeState) {
        if let Observed::Known(root) = &mut snapshot.root {
            root.scp_state = state;
        }
    }

    #[test]
    fn what_is_on_the_root_bound_it_and_the_rest_could_not_be_told() {
        let mut snapshot = fixture::organization();
        attach(&mut snapshot, "p-exits000", DENY_ALL_EXITS, &["r-ab12"]);
        attach(
            &mut snapshot,
            "p-place000",
            DENY_ALL_EXITS,
            &["ou-ab12-11111111"],
        );
        let Bound::Root { scps, complete } = aftermath(&snapshot, LEFT).scps else {
            panic!("the root was read");
        };
        assert!(complete);
        let ids: Vec<&str> = scps.iter().map(|one| one.policy.as_str()).collect();
        assert_eq!(
            ids,
            ["p-exits000"],
            "nothing of a place that may not be its"
        );
        let told = words(&snapshot);
        assert!(
            told.contains("(p-exits000) on r-ab12 binds every member"),
            "{told}"
        );
        assert!(
            told.contains("which SCPs of its place bound it could not be told"),
            "{told}"
        );
        assert!(told.contains("give --baseline FILE"), "{told}");
        let bare = words(&fixture::organization());
        assert!(
            bare.contains("no SCP but AWS's own is on the root now"),
            "{bare}"
        );
        snapshot.attachments.by_node.clear();
        snapshot.attachments.by_policy.clear();
        snapshot.policies_listed = Observed::Unknown(gap("organizations:ListPolicies"));
        let unread = words(&snapshot);
        assert!(
            unread.contains("further SCPs are on the root was not read"),
            "{unread}"
        );
        assert!(!unread.contains("no SCP"), "{unread}");
    }

    #[test]
    fn scps_that_are_not_in_force_now_may_have_been() {
        let mut snapshot = fixture::organization();
        root(&mut snapshot, PolicyTypeState::NotEnabled);
        let told = words(&snapshot);
        assert!(
            told.contains("not in force now; which bound it then could not be told"),
            "{told}"
        );
        if let Observed::Known(organization) = &mut snapshot.organization {
            organization.feature_set = FeatureSet::ConsolidatedBilling;
        }
        let told = words(&snapshot);
        assert!(told.contains("no SCP bound it"), "{told}");
        assert!(!told.contains("could not be told"), "{told}");
        snapshot = fixture::organization();
        snapshot.root = Observed::Unknown(gap("organizations:ListRoots"));
        assert_eq!(aftermath(&snapshot, LEFT).scps, Bound::Nothing);
    }

    #[test]
    fn stack_sets_of_the_root_acted_and_those_of_units_could_not_be_told() {
        let set = |name: &str, target: &str, auto_deployment: bool| StackSet {
            name: name.to_owned(),
            id: format!("{name}:1"),
            region: "us-east-1".to_owned(),
            auto_deployment,
            retains_stacks: false,
            targets: [fixture::node(target)].into(),
        };
        let mut snapshot = fixture::organization();
        snapshot.trusted_services = Observed::Known(vec![STACK_SETS.to_owned()]);
        snapshot.stack_sets = Observed::Known(vec![
            set("baseline", "r-ab12", true),
            set("of-unit", "ou-ab12-11111111", true),
            set("by-hand", "r-ab12", false),
        ]);
        let told = words(&snapshot);
        assert!(
            told.contains("StackSet `baseline` in us-east-1 deletes its stacks in it, and their resources with them; "),
            "{told}"
        );
        assert!(
            told.contains("StackSet `of-unit` in us-east-1 deletes its stacks in it, and their resources with them, if it lay"),
            "{told}"
        );
        assert!(!told.contains("by-hand"), "{told}");
        snapshot.stack_sets = Observed::Unknown(gap("cloudformation:ListStackSets"));
        let told = words(&snapshot);
        assert!(
            told.contains("which StackSets act on it is not known"),
            "{told}"
        );
        snapshot.trusted_services = Observed::Known(Vec::new());
        let told = words(&snapshot);
        assert!(
            told.contains("no StackSet of the home region acts on accounts that depart"),
            "{told}"
        );
    }

    #[test]
    fn the_event_tells_of_administration_and_of_the_access_role() {
        let snapshot = fixture::organization();
        let of = |left_or_removed, joined| {
            aftermath(
                &snapshot,
                DepartureEvent {
                    left_or_removed,
                    joined,
                },
            )
        };
        let gone = of(true, Some(&JoinedMethod::Created));
        assert_eq!(gone.administered, Some(false));
        assert_eq!(gone.access_role, AccessRole::MadeAtCreation);
        let cleaned = of(false, None);
        assert_eq!(cleaned.administered, None);
        assert_eq!(cleaned.access_role, AccessRole::Unknown);
        let told = cleaned.sentences().join("\n");
        assert!(
            told.contains("what it administered for the organization is not known"),
            "{told}"
        );
    }
}
