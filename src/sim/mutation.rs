//! Changes that others make: by name, so that scenario files and tests can say which.

use serde::{Deserialize, Serialize};

use super::world::{Due, Handshake, PolicyTypeState, ResourcePolicy, World};

/// One change in the scenario's organization, made by somebody else.
///
/// Policies are named by name or id; places by `/`, the path of an OU, the name of an account,
/// or an id. What is not there (any more) stays as it is. It leaves the service events that
/// it would leave in AWS, and no record of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Mutation {
    /// An SCP is attached, above quotas if need be.
    Attach {
        /// The SCP.
        policy: String,
        /// Where.
        target: String,
    },
    /// An SCP is detached, the last one too.
    Detach {
        /// The SCP.
        policy: String,
        /// Where.
        target: String,
    },
    /// An SCP gets another text.
    Rewrite {
        /// The SCP.
        policy: String,
        /// The new text, as it is.
        content: String,
    },
    /// An SCP is detached everywhere and deleted.
    Delete {
        /// The SCP.
        policy: String,
    },
    /// The SCP policy type is disabled, with all attachments.
    DisableScps,
    /// An account is moved.
    Move {
        /// The account.
        account: String,
        /// The root or OU to which.
        to: String,
    },
    /// An account leaves.
    Leave {
        /// The account.
        account: String,
    },
    /// An account joins by invitation, and lands in the root.
    Join {
        /// The account.
        account: String,
    },
    /// An account is removed.
    Remove {
        /// The account.
        account: String,
    },
    /// An account is closed at once.
    Close {
        /// The account.
        account: String,
    },
    /// The delegation policy becomes this text.
    Delegate {
        /// The text, as it is.
        content: String,
    },
    /// The organization invites an account.
    Invite {
        /// The account.
        account: String,
    },
}

/// A change just before a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForeignChange {
    /// As IAM actions are written, e.g. `organizations:AttachPolicy`.
    pub before: String,
    /// Which call of it, retries included, from 1.
    pub call: u32,
    /// What changes.
    pub change: Mutation,
}

impl World {
    /// Makes a change.
    pub fn mutate(&mut self, mutation: &Mutation) {
        match mutation {
            Mutation::Attach { policy, target } => self.hang(policy, target, true),
            Mutation::Detach { policy, target } => self.hang(policy, target, false),
            Mutation::Rewrite { policy, content } => self.rewrite(policy, content),
            Mutation::Delete { policy } => self.delete_policy(policy),
            Mutation::DisableScps => self.disable_scps(),
            Mutation::Move { account, to } => self.move_to(account, to),
            Mutation::Leave { account } => self.part(account, "LEFT"),
            Mutation::Join { account } => self.arrive(account),
            Mutation::Remove { account } => self.part(account, "REMOVED"),
            Mutation::Close { account } => self.close(account),
            Mutation::Delegate { content } => {
                let id = self.draw_id("rp-", 8);
                let content = content.clone();
                self.own(|organization| {
                    organization.resource_policy = Some(ResourcePolicy { id, content });
                });
            }
            Mutation::Invite { account } => self.invite(account),
        }
    }

    /// Changes the scenario's organization, if there is one.
    fn own(&mut self, change: impl FnOnce(&mut super::world::Organization)) {
        let management = self.management.clone();
        if let Some(organization) = self.organization_of_mut(&management) {
            change(organization);
        }
    }

    fn policy_id(&self, name: &str) -> Option<String> {
        let by_name = self.policy_named(name).map(|policy| policy.id.clone());
        let known = |id: &str| {
            self.organization()
                .is_some_and(|o| o.policies.contains_key(id))
        };
        by_name.or_else(|| known(name).then(|| name.to_owned()))
    }

    fn account_id(&self, name: &str) -> Option<String> {
        let found = self.accounts.get(name).or_else(|| self.account_named(name));
        found.map(|account| account.id.clone())
    }

    /// The id of the root, of an OU or of an account.
    fn node_id(&self, place: &str) -> Option<String> {
        let organization = self.organization()?;
        let path = place.trim_matches('/');
        if path.is_empty() {
            return Some(organization.root.clone());
        }
        if organization.has_node(place) {
            return Some(place.to_owned());
        }
        let unit = self.unit_at(path).map(str::to_owned);
        unit.or_else(|| self.account_id(place))
    }

    fn hang(&mut self, policy: &str, place: &str, on: bool) {
        if let (Some(policy), Some(node)) = (self.policy_id(policy), self.node_id(place)) {
            self.own(|organization| {
                if on {
                    organization.attach(&policy, &node);
                } else {
                    organization.attachments.detach(&policy, &node);
                }
            });
        }
    }

    fn rewrite(&mut self, policy: &str, content: &str) {
        let Some(id) = self.policy_id(policy) else {
            return;
        };
        self.own(|organization| {
            if let Some(policy) = organization.policies.get_mut(&id) {
                content.clone_into(&mut policy.content);
            }
        });
    }

    fn delete_policy(&mut self, policy: &str) {
        let Some(id) = self.policy_id(policy) else {
            return;
        };
        self.own(|organization| {
            let targets: Vec<String> = organization.attachments.targets(&id).cloned().collect();
            for target in targets {
                organization.attachments.detach(&id, &target);
            }
            organization.policies.remove(&id);
        });
    }

    fn disable_scps(&mut self) {
        let now = self.now;
        self.own(|organization| {
            organization.scp_state = PolicyTypeState::PendingDisable(now);
            organization.settle(now);
        });
    }

    fn move_to(&mut self, account: &str, to: &str) {
        if let (Some(account), Some(node)) = (self.account_id(account), self.node_id(to)) {
            self.own(|organization| {
                if let Some(member) = organization.members.get_mut(&account) {
                    member.parent = node;
                }
            });
        }
    }

    fn part(&mut self, account: &str, method: &str) {
        if let Some(account) = self.account_id(account) {
            self.depart(&account, method);
        }
    }

    fn arrive(&mut self, account: &str) {
        let organization = self.organization().map(|found| found.id.clone());
        if let (Some(account), Some(organization)) = (self.account_id(account), organization) {
            self.join_with_event(&organization, &account, "INVITED");
        }
    }

    fn close(&mut self, account: &str) {
        if let Some(id) = self.account_id(account) {
            let now = self.now;
            self.due.push((now, Due::Closed(id)));
            self.settle_due(now);
        }
    }

    fn invite(&mut self, account: &str) {
        let Some(account) = self.account_id(account) else {
            return;
        };
        let id = self.draw_id("h-", 10);
        let Some(organization) = self.organization() else {
            return;
        };
        let handshake = Handshake::invitation(id, organization, &account, self.now);
        self.handshakes.insert(handshake.id.clone(), handshake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::tests::support::{MEMBER, builder, policy};

    fn world() -> World {
        builder()
            .account("app", "Prod")
            .scp("guard", &policy("Deny", "organizations:*"), &["Prod"])
            .standalone("outside")
            .build()
    }

    fn attached(world: &World, node: &str) -> usize {
        let found = world.organization().unwrap().attachments.get(node);
        found.map_or(0, std::collections::BTreeSet::len)
    }

    #[test]
    fn policies_and_places_are_found_by_name_and_by_id() {
        let mut world = world();
        let unit = world.unit_at("Prod").unwrap().to_owned();
        let guard = world.policy_named("guard").unwrap().id.clone();
        let (policy, target) = ("guard".to_owned(), "Prod".to_owned());
        world.mutate(&Mutation::Detach { policy, target });
        assert_eq!(attached(&world, &unit), 1);
        for target in ["/", "app", MEMBER, unit.as_str()] {
            let (policy, target) = (guard.clone(), target.to_owned());
            world.mutate(&Mutation::Attach { policy, target });
        }
        let targets = world.organization().unwrap().attachments.targets(&guard);
        assert_eq!(targets.count(), 3);
        let (policy, content) = (guard.clone(), "{}".to_owned());
        world.mutate(&Mutation::Rewrite { policy, content });
        assert_eq!(world.policy_named("guard").unwrap().content, "{}");
        world.mutate(&Mutation::Delete { policy: guard });
        assert_eq!(world.policy_named("guard"), None);
        assert_eq!(attached(&world, &unit), 1);
        world.mutate(&Mutation::DisableScps);
        assert_eq!(attached(&world, &unit), 0);
    }

    #[test]
    fn accounts_move_close_leave_and_are_invited() {
        let mut world = world();
        let account = "app".to_owned();
        let to = "/".to_owned();
        let parent = |world: &World| {
            let organization = world.organization().unwrap();
            organization.parent_of(MEMBER).map(str::to_owned)
        };
        world.mutate(&Mutation::Move { account, to });
        let root = world.organization().unwrap().root.clone();
        assert_eq!(parent(&world), Some(root));
        let account = MEMBER.to_owned();
        world.mutate(&Mutation::Close { account });
        assert_eq!(world.accounts[MEMBER].state, "CLOSED");
        let account = "app".to_owned();
        world.mutate(&Mutation::Leave { account });
        assert_eq!(parent(&world), None);
        let account = "outside".to_owned();
        world.mutate(&Mutation::Invite { account });
        assert_eq!(world.handshakes.len(), 1);
        let content = "{}".to_owned();
        world.mutate(&Mutation::Delegate { content });
        let delegated = &world.organization().unwrap().resource_policy;
        assert_eq!(delegated.as_ref().unwrap().content, "{}");
        let before = world.clone();
        let account = "nobody".to_owned();
        world.mutate(&Mutation::Remove { account });
        assert_eq!(world, before);
    }
}
