//! Organizations in a few lines.

use jiff::SignedDuration;

use crate::model::{Partition, Timestamp};

use super::super::world::{
    ACCESS_ROLE, Account, DelegatedAdministrator, Handshake, Organization, Policy, PolicyTypeState,
    ResourcePolicy, StackSet, Switches, Unit, World,
};

/// Builds a world around one organization.
///
/// Places are written as paths of OU names (`Workloads/Prod`), `/` is the root;
/// OUs that are not there are made on the way. Where an account is wanted, its
/// name or id will do. The management account is `111111111111`, members count
/// up from `200000000001`, standalone accounts from `300000000001`.
#[derive(Debug, Clone)]
pub struct WorldBuilder {
    world: World,
    organization: String,
    members: u64,
    outsiders: u64,
}

impl WorldBuilder {
    /// An organization with all features and SCPs enabled, whose only account
    /// is the management account, named `Management`.
    pub fn new(now: Timestamp) -> Self {
        Self::seeded(now, 1)
    }

    /// The same, with other ids.
    pub fn seeded(now: Timestamp, seed: u64) -> Self {
        let mut world = World::new(now, seed);
        "111111111111".clone_into(&mut world.management);
        let management = world.management.clone();
        world.add_account(
            management.clone(),
            "Management",
            "aws+management@example.com".to_owned(),
        );
        let organization = found(&mut world, &management, now);
        Self {
            world,
            organization,
            members: 200_000_000_000,
            outsiders: 300_000_000_000,
        }
    }

    /// Sets the partition of every ARN.
    #[must_use]
    pub fn partition(mut self, partition: Partition) -> Self {
        self.world.partition = partition;
        self
    }

    /// Changes how AWS behaves, e.g. `|s| s.paths = false`.
    #[must_use]
    pub fn switches(mut self, change: impl FnOnce(&mut Switches)) -> Self {
        change(&mut self.world.switches);
        self
    }

    /// Changes anything about the organization.
    #[must_use]
    pub fn organization(mut self, change: impl FnOnce(&mut Organization)) -> Self {
        if let Some(organization) = self.world.organizations.get_mut(&self.organization) {
            change(organization);
        }
        self
    }

    /// `ALL` or `CONSOLIDATED_BILLING`; without all features there are no SCPs.
    #[must_use]
    pub fn feature_set(self, feature_set: &str) -> Self {
        let all = feature_set == "ALL";
        let this = self.organization(|organization| {
            feature_set.clone_into(&mut organization.feature_set);
        });
        if all { this } else { this.scps_disabled() }
    }

    /// SCPs are not enabled: nothing is attached anywhere, and nothing can be.
    #[must_use]
    pub fn scps_disabled(self) -> Self {
        self.organization(|organization| {
            organization.scp_state = PolicyTypeState::NotEnabled;
            organization.attachments.clear();
        })
    }

    /// Makes an OU.
    #[must_use]
    pub fn ou(mut self, path: &str) -> Self {
        self.place(path);
        self
    }

    /// Makes a created member account.
    #[must_use]
    pub fn account(self, name: &str, place: &str) -> Self {
        self.account_with(name, place, |_| {})
    }

    /// Makes a created member account and changes it. Its id stays as it is.
    #[must_use]
    pub fn account_with(
        mut self,
        name: &str,
        place: &str,
        change: impl FnOnce(&mut Account),
    ) -> Self {
        self.members += 1;
        let id = self.members.to_string();
        let parent = self.place(place);
        let email = address(name, "example.com");
        change(self.world.add_account(id.clone(), name, email));
        let management = self.world.management.clone();
        self.world.ensure_role(&id, ACCESS_ROLE, &management);
        self.world.join(&self.organization, &id, &parent, "CREATED");
        let created = self
            .world
            .accounts
            .get(&id)
            .map(|account| account.created_at);
        self.organization(|organization| {
            if let Some((member, created)) = organization.members.get_mut(&id).zip(created) {
                member.joined_at = created;
            }
        })
    }

    /// Makes an account outside the organization; the management account can
    /// still assume its access role, as in one that left.
    #[must_use]
    pub fn standalone(mut self, name: &str) -> Self {
        self.outsiders += 1;
        let id = self.outsiders.to_string();
        let email = address(name, "example.com");
        self.world.add_account(id.clone(), name, email);
        let management = self.world.management.clone();
        self.world.ensure_role(&id, ACCESS_ROLE, &management);
        self
    }

    /// Makes another organization around a new management account `name`, and
    /// moves the named standalone accounts into it.
    #[must_use]
    pub fn foreign_organization(mut self, name: &str, members: &[&str]) -> Self {
        self.outsiders += 1;
        let id = self.outsiders.to_string();
        let email = address(name, "example.net");
        self.world.add_account(id.clone(), name, email);
        let now = self.world.now;
        let organization = found(&mut self.world, &id, now);
        let root = self.world.organizations.get(&organization);
        let root = root.map(|found| found.root.clone()).unwrap_or_default();
        for member in members {
            let member = self.account_id(member);
            self.world.join(&organization, &member, &root, "INVITED");
        }
        self
    }

    /// Makes an SCP and attaches it to each place: `/`, an account, or an OU.
    #[must_use]
    pub fn scp(mut self, name: &str, content: &str, places: &[&str]) -> Self {
        let policy = Policy {
            id: self.world.draw_id("p-", 8),
            name: name.to_owned(),
            description: String::new(),
            content: content.to_owned(),
            aws_managed: false,
        };
        let nodes: Vec<String> = places.iter().map(|place| self.node(place)).collect();
        self.organization(|organization| {
            let id = policy.id.clone();
            organization.policies.insert(id.clone(), policy);
            if organization.scps_enabled() {
                for node in &nodes {
                    organization.attach(&id, node);
                }
            }
        })
    }

    /// Detaches a policy, by name, from a place.
    #[must_use]
    pub fn detached(mut self, name: &str, place: &str) -> Self {
        let node = self.node(place);
        self.organization(|organization| {
            let policies = organization.policies.values();
            let ids: Vec<String> = policies
                .filter(|policy| policy.name == name)
                .map(|policy| policy.id.clone())
                .collect();
            for id in &ids {
                organization.attachments.detach(id, &node);
            }
        })
    }

    /// Sets the delegation policy's text.
    #[must_use]
    pub fn delegation_policy(mut self, content: &str) -> Self {
        let id = self.world.draw_id("rp-", 8);
        let content = content.to_owned();
        self.organization(|organization| {
            organization.resource_policy = Some(ResourcePolicy { id, content });
        })
    }

    /// Gives a service trusted access.
    #[must_use]
    pub fn trusted_service(self, service: &str) -> Self {
        let since = self.long_ago();
        self.organization(|organization| {
            organization
                .trusted_services
                .insert(service.to_owned(), since);
        })
    }

    /// Tags an account.
    #[must_use]
    pub fn tagged(self, account: &str, key: &str, value: &str) -> Self {
        let id = self.account_id(account);
        self.organization(|organization| {
            let tags = organization.tags.entry(id).or_default();
            tags.insert(key.to_owned(), value.to_owned());
        })
    }

    /// A `StackSet` that deploys by itself to what is below a place; it gets trusted access.
    #[must_use]
    pub fn stack_set(mut self, name: &str, place: &str, retains: bool) -> Self {
        let target = self.place(place);
        let region = self.world.partition.organizations_region().to_owned();
        let set = StackSet {
            name: name.to_owned(),
            id: format!("{name}:00000000-0000-4000-8000-{:012x}", name.len()),
            region,
            auto_deployment: true,
            retains_stacks: retains,
            targets: vec![target],
        };
        self.trusted_service("member.org.stacksets.cloudformation.amazonaws.com")
            .organization(|organization| organization.stack_sets.push(set))
    }

    /// Registers a member as delegated administrator of services, which get
    /// trusted access.
    #[must_use]
    pub fn delegated_administrator(mut self, account: &str, services: &[&str]) -> Self {
        let (since, id) = (self.long_ago(), self.account_id(account));
        for service in services {
            self = self.trusted_service(service);
        }
        let services = services.iter().map(|name| ((*name).to_owned(), since));
        let by = DelegatedAdministrator {
            since,
            services: services.collect(),
        };
        self.organization(|organization| {
            organization.delegated_administrators.insert(id, by);
        })
    }

    /// Turns central root access features on, with the trusted access they need.
    #[must_use]
    pub fn root_features(self, features: &[&str]) -> Self {
        let this = self.trusted_service("iam.amazonaws.com");
        this.organization(|organization| {
            let features = features.iter().map(|name| (*name).to_owned());
            organization.root_features = features.collect();
        })
    }

    /// Sends an invitation to an account, open from `at` on.
    #[must_use]
    pub fn invitation(mut self, account: &str, at: Timestamp) -> Self {
        let (id, target) = (self.world.draw_id("h-", 10), self.account_id(account));
        if let Some(organization) = self.world.organizations.get(&self.organization) {
            let handshake = Handshake::invitation(id.clone(), organization, &target, at);
            self.world.handshakes.insert(id, handshake);
        }
        self
    }

    /// Takes an IAM action from the user and the access role of an account.
    #[must_use]
    pub fn denied(mut self, account: &str, action: &str) -> Self {
        let id = self.account_id(account);
        self.world.ensure_user(&id, super::super::ADMIN_USER);
        if let Some(account) = self.world.accounts.get_mut(&id) {
            let users = account.users.values_mut().map(|u| &mut u.permissions);
            let roles = account.roles.values_mut().map(|r| &mut r.permissions);
            for permissions in users.chain(roles) {
                permissions.lacks.insert(action.to_owned());
            }
        }
        self
    }

    /// Changes anything at all.
    #[must_use]
    pub fn world(mut self, change: impl FnOnce(&mut World)) -> Self {
        change(&mut self.world);
        self
    }

    /// The world as it is until now.
    pub(super) fn so_far(&self) -> &World {
        &self.world
    }

    /// The world.
    pub fn build(mut self) -> World {
        let now = self.world.now;
        self.world.advance_to(now);
        self.world
    }

    fn long_ago(&self) -> Timestamp {
        self.world.now - SignedDuration::from_hours(24 * 300)
    }

    fn account_id(&self, name: &str) -> String {
        let found = self.world.account_named(name);
        found.map_or_else(|| name.to_owned(), |account| account.id.clone())
    }

    fn node(&mut self, place: &str) -> String {
        let id = self.account_id(place);
        if self.world.accounts.contains_key(&id) {
            id
        } else {
            self.place(place)
        }
    }

    /// The id of the root or OU at a path, made if it is not there.
    fn place(&mut self, path: &str) -> String {
        let root = self.world.organizations.get(&self.organization);
        let mut parent = root.map(|found| found.root.clone()).unwrap_or_default();
        for name in path.split('/').filter(|name| !name.is_empty()) {
            parent = self.unit(&parent, name);
        }
        parent
    }

    fn unit(&mut self, parent: &str, name: &str) -> String {
        let organization = self.world.organizations.get(&self.organization);
        let existing = organization.and_then(|organization| {
            let units = &mut organization.units.values();
            let found = units.find(|unit| unit.parent == parent && unit.name == name)?;
            Some(found.id.clone())
        });
        if let Some(id) = existing {
            return id;
        }
        let letters = organization.map(|found| found.root.trim_start_matches("r-").to_owned());
        let prefix = format!("ou-{}-", letters.unwrap_or_default());
        let id = self.world.draw_id(&prefix, 8);
        if let Some(organization) = self.world.organizations.get_mut(&self.organization) {
            let unit = Unit {
                id: id.clone(),
                name: name.to_owned(),
                parent: parent.to_owned(),
            };
            organization.units.insert(id.clone(), unit);
            if organization.scps_enabled() {
                organization.attach_full_access(&id);
            }
        }
        id
    }
}

/// Founds an organization around a management account and returns its id.
pub(super) fn found(world: &mut World, management: &str, now: Timestamp) -> String {
    let (id, root) = (world.draw_id("o-", 10), world.draw_id("r-", 4));
    let since = now - SignedDuration::from_hours(24 * 500);
    let organization = Organization::new(&id, &root, management, since);
    world.organizations.insert(id.clone(), organization);
    world.join(&id, management, &root, "INVITED");
    let founded = world.organizations.get_mut(&id);
    if let Some(member) = founded.and_then(|found| found.members.get_mut(management)) {
        member.joined_at = since;
    }
    id
}

/// `aws+some-name@DOMAIN`
fn address(name: &str, domain: &str) -> String {
    let letters = name.chars().map(|letter| {
        if letter.is_ascii_alphanumeric() {
            letter.to_ascii_lowercase()
        } else {
            '-'
        }
    });
    let local: String = letters.take(40).collect();
    format!("aws+{}@{domain}", local.trim_matches('-'))
}
