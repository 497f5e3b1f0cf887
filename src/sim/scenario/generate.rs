//! Organizations of any size, drawn from a seed.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::model::Timestamp;

use super::super::world::{
    ACCESS_ROLE, Handshake, Organization, Policy, Unit, World, unit_interval,
};
use super::builder::found;

const GUARD: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"DenyExit","Effect":"Deny","Action":["organizations:LeaveOrganization","organizations:AcceptHandshake"],"Resource":"*"},{"Sid":"DenySelfClosure","Effect":"Deny","Action":"account:CloseAccount","Resource":"*"}]}"#;
const EXEMPTING: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"DenyExit","Effect":"Deny","Action":["organizations:LeaveOrganization","organizations:AcceptHandshake","account:CloseAccount"],"Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/BreakGlass"}}}]}"#;
const DRIFTED: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"DenyExit","Effect":"Deny","Action":["organizations:LeaveOrganization","organizations:AcceptHandshake"],"Resource":"arn:aws:organizations::*:organization/*"}]}"#;
/// Levels of OUs.
const DEPTH: usize = 5;

/// What an organization is to look like. Shares are out of a thousand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GeneratorOptions {
    /// Members, the management account included.
    pub accounts: usize,
    /// OUs.
    pub ous: usize,
    /// SCPs besides `FullAWSAccess` and the guards.
    pub policies: usize,
    /// Different sets of these SCPs that accounts are under; at most the square of `policies`.
    pub stacks: usize,
    /// The guard hangs on the root.
    pub guarded_root: bool,
    /// OUs of the first level with a guard.
    pub guarded_ous: u32,
    /// Accounts with a guard of their own.
    pub guarded_accounts: u32,
    /// Guards below the root that exempt a role.
    pub exempting: u32,
    /// Guards below the root whose text has become ineffective.
    pub drifted: u32,
    /// Accounts that left in the last 80 days.
    pub departed: usize,
    /// Members that are closed.
    pub closed: usize,
    /// Departed accounts that are invited back.
    pub invited: usize,
    /// What everything is drawn from.
    pub seed: u64,
}

impl Default for GeneratorOptions {
    fn default() -> Self {
        Self {
            accounts: 100,
            ous: 10,
            policies: 10,
            stacks: 5,
            guarded_root: false,
            guarded_ous: 500,
            guarded_accounts: 20,
            exempting: 100,
            drifted: 50,
            departed: 3,
            closed: 2,
            invited: 1,
            seed: 1,
        }
    }
}

impl GeneratorOptions {
    /// As many OUs and SCPs as an organization of that many accounts tends to have.
    pub fn sized(accounts: usize) -> Self {
        let ous = (accounts / 20).clamp(4, 2000);
        let policies = (accounts / 30).clamp(5, 500);
        Self {
            accounts,
            ous,
            policies,
            stacks: (policies / 2).max(3),
            departed: (accounts / 300).clamp(2, 100),
            closed: (accounts / 200).min(200),
            invited: (accounts / 1000).clamp(1, 20),
            ..Self::default()
        }
    }
}

/// Makes the organization; equal options and times give equal worlds.
pub fn generate(options: &GeneratorOptions, now: Timestamp) -> World {
    let mut world = World::new(now, options.seed);
    "111111111111".clone_into(&mut world.management);
    let management = world.management.clone();
    let email = "aws+management@example.com".to_owned();
    world.add_account(management.clone(), "Management", email);
    let id = found(&mut world, &management, now);
    world.ensure_user(&management, super::super::ADMIN_USER);
    let mut draft = Draft { world, id, options };
    let units = draft.units();
    let guards = draft.guards();
    let stacks = draft.stacks();
    draft.hang_on_units(&units, &stacks, &guards);
    draft.accounts(&units, &stacks, &guards);
    draft.past(&management);
    // A long run over many accounts would hold nothing but its own reads.
    draft.world.switches.log_reads = options.accounts <= 2000;
    draft.world
}

struct Draft<'a> {
    world: World,
    id: String,
    options: &'a GeneratorOptions,
}

/// Ids of the guards.
struct Guards {
    sound: String,
    exempting: String,
    drifted: String,
}

/// The OUs, and how many of them are on the first level.
struct Units {
    all: Vec<String>,
    first: usize,
}

impl Draft<'_> {
    fn organization(&mut self, change: impl FnOnce(&mut Organization)) {
        if let Some(organization) = self.world.organizations.get_mut(&self.id) {
            change(organization);
        }
    }

    /// A number from 0 up to 1 for a purpose and a number.
    fn drawn(&self, purpose: u64, number: usize) -> f64 {
        let seed = self.options.seed.wrapping_mul(0x1000_0000_01b3);
        unit_interval(seed ^ (purpose << 48) ^ number as u64)
    }

    fn hits(&self, purpose: u64, number: usize, share: u32) -> bool {
        self.drawn(purpose, number) * 1000.0 < f64::from(share)
    }

    /// One of so many.
    fn pick(&self, purpose: u64, number: usize, among: usize) -> usize {
        let among = among.max(1);
        let wide = u32::try_from(among).unwrap_or(u32::MAX);
        let at = self.drawn(purpose, number) * f64::from(wide);
        // Halving finds the whole part without converting a float.
        let (mut low, mut high) = (0, wide);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if f64::from(middle) <= at {
                low = middle;
            } else {
                high = middle;
            }
        }
        usize::try_from(low).unwrap_or_default()
    }

    /// A fifth of the OUs, and no fewer than there are stacks, on the first
    /// level; the others below them.
    fn units(&mut self) -> Units {
        let count = self.options.ous;
        let first = (count / 5).max(self.options.stacks).max(1).min(count);
        let root = self.world.organizations.get(&self.id);
        let root = root.map(|found| found.root.clone()).unwrap_or_default();
        let prefix = format!("ou-{}-", root.trim_start_matches("r-"));
        let mut all: Vec<(String, usize)> = Vec::with_capacity(count);
        for number in 0..count {
            let (parent, level) = if number < first {
                (root.clone(), 1)
            } else {
                let above = all.get(self.pick(1, number, number));
                let above = above.filter(|(_, level)| *level < DEPTH).or(all.first());
                above.map_or((root.clone(), 1), |(id, level)| (id.clone(), level + 1))
            };
            let id = self.world.draw_id(&prefix, 8);
            let unit = Unit {
                id: id.clone(),
                name: format!("unit-{number:04}"),
                parent,
            };
            self.organization(|organization| {
                organization.attach_full_access(&id);
                organization.units.insert(id.clone(), unit);
            });
            all.push((id, level));
        }
        Units {
            all: all.into_iter().map(|(id, _)| id).collect(),
            first,
        }
    }

    fn scp(&mut self, name: String, content: String) -> String {
        let id = self.world.draw_id("p-", 8);
        let policy = Policy {
            id: id.clone(),
            name,
            description: String::new(),
            content,
            aws_managed: false,
        };
        self.organization(|organization| {
            organization.policies.insert(policy.id.clone(), policy);
        });
        id
    }

    fn guards(&mut self) -> Guards {
        let mut scp = |name: &str, text: &str| self.scp(name.to_owned(), text.to_owned());
        let guards = Guards {
            sound: scp("exit-guard", GUARD),
            exempting: scp("exit-guard-break-glass", EXEMPTING),
            drifted: scp("exit-guard-old", DRIFTED),
        };
        if self.options.guarded_root {
            let id = guards.sound.clone();
            self.organization(|organization| {
                let root = organization.root.clone();
                organization.attach(&id, &root);
            });
        }
        guards
    }

    /// Sets of SCPs: the first hold one each, the next two, none the same.
    fn stacks(&mut self) -> Vec<Vec<String>> {
        let policies: Vec<String> = (0..self.options.policies)
            .map(|number| {
                let text = json!({
                    "Version": "2012-10-17",
                    "Statement": [{
                        "Sid": format!("Deny{number}"),
                        "Effect": "Deny",
                        "Action": format!("ec2:Forbidden{number}*"),
                        "Resource": "*",
                    }],
                });
                self.scp(format!("baseline-{number:04}"), text.to_string())
            })
            .collect();
        let pairs = policies.iter().enumerate().flat_map(|(at, first)| {
            let rest = policies.iter().skip(at + 1);
            rest.map(move |second| vec![first.clone(), second.clone()])
        });
        let single = policies.iter().map(|id| vec![id.clone()]);
        let stacks = single.chain(pairs).take(self.options.stacks);
        stacks.collect()
    }

    fn guard<'a>(&self, number: usize, guards: &'a Guards) -> &'a str {
        if self.hits(2, number, self.options.drifted) {
            &guards.drifted
        } else if self.hits(3, number, self.options.exempting) {
            &guards.exempting
        } else {
            &guards.sound
        }
    }

    fn hang_on_units(&mut self, units: &Units, stacks: &[Vec<String>], guards: &Guards) {
        for (number, unit) in units.all.iter().take(units.first).enumerate() {
            let stack = stacks.get(number % stacks.len().max(1));
            let guarded = self.hits(4, number, self.options.guarded_ous);
            let guard = guarded.then(|| self.guard(number, guards).to_owned());
            self.organization(|organization| {
                for id in stack.into_iter().flatten().chain(&guard) {
                    organization.attach(id, unit);
                }
            });
        }
    }

    fn accounts(&mut self, units: &Units, stacks: &[Vec<String>], guards: &Guards) {
        let management = self.world.management.clone();
        let (now, members) = (self.world.now, self.options.accounts.saturating_sub(1));
        let root = self.world.organizations.get(&self.id);
        let root = root.map(|found| found.root.clone()).unwrap_or_default();
        let organization = self.id.clone();
        for number in 0..members {
            let id = (200_000_000_001 + number as u64).to_string();
            let email = format!("aws+account-{number:05}@example.com");
            let name = format!("account-{number:05}");
            let account = self.world.add_account(id.clone(), &name, email);
            if number < self.options.closed {
                "CLOSED".clone_into(&mut account.state);
                account.closed_at = Some(now - SignedDuration::from_hours(24 * 10));
            }
            self.world.ensure_role(&id, ACCESS_ROLE, &management);
            // One OU of the first level after the other, so that each stack is used.
            let at = if number < units.first {
                number
            } else {
                self.pick(5, number, units.all.len())
            };
            let parent = units.all.get(at).unwrap_or(&root).clone();
            self.world.join(&organization, &id, &parent, "CREATED");
            let own = self.hits(6, number, self.options.guarded_accounts);
            let guard = own.then(|| self.guard(number + 1_000_000, guards).to_owned());
            // Stacks for which there is no OU hang on accounts.
            let beyond = number
                .checked_add(units.first)
                .filter(|_| number < stacks.len());
            let stack = beyond.and_then(|at| stacks.get(at));
            self.organization(|organization| {
                if let Some(member) = organization.members.get_mut(&id) {
                    member.joined_at = now - SignedDuration::from_hours(24 * 400);
                }
                for policy in stack.into_iter().flatten().chain(&guard) {
                    organization.attach(policy, &id);
                }
            });
        }
    }

    /// Departures, spread over the last 80 days, and invitations to some who left.
    fn past(&mut self, management: &str) {
        let now = self.world.now;
        for number in 0..self.options.departed {
            let id = (300_000_000_001 + number as u64).to_string();
            let name = format!("departed-{number:04}");
            let email = format!("aws+{name}@example.com");
            self.world.add_account(id.clone(), &name, email);
            self.world.ensure_role(&id, ACCESS_ROLE, management);
            let hours = i64::try_from(self.pick(7, number, 80 * 24)).unwrap_or_default();
            let at = now - SignedDuration::from_hours(hours + 1);
            let method = if self.hits(8, number, 700) {
                "LEFT"
            } else {
                "REMOVED"
            };
            let details = json!({
                "accountId": id,
                "departureMethod": method,
                "departureTime": super::super::world::seconds(at).to_string(),
            });
            self.world.now = at;
            self.world
                .service_event(management, "AccountDepartedOrganization", &details);
            self.world.now = now;
            if number < self.options.invited {
                self.invite(&id, now - SignedDuration::from_hours(24));
            }
        }
    }

    fn invite(&mut self, account: &str, at: Timestamp) {
        let id = self.world.draw_id("h-", 10);
        if let Some(organization) = self.world.organizations.get(&self.id) {
            let handshake = Handshake::invitation(id.clone(), organization, account, at);
            self.world.handshakes.insert(id, handshake);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-24T10:00:00Z".parse().unwrap()
    }

    fn organization(world: &World) -> &Organization {
        world.organization().unwrap()
    }

    #[test]
    fn equal_options_give_equal_worlds_and_another_seed_another() {
        let options = GeneratorOptions::sized(200);
        let world = generate(&options, now());
        assert_eq!(world, generate(&options, now()));
        let other = GeneratorOptions { seed: 2, ..options };
        assert_ne!(world, generate(&other, now()));
    }

    #[test]
    fn counts_are_those_asked_for() {
        let options = GeneratorOptions {
            accounts: 300,
            ous: 40,
            policies: 12,
            closed: 7,
            departed: 5,
            invited: 2,
            ..GeneratorOptions::default()
        };
        let world = generate(&options, now());
        let found = organization(&world);
        assert_eq!(found.members.len(), 300);
        assert_eq!(found.units.len(), 40);
        // FullAWSAccess and the three guards besides.
        assert_eq!(found.policies.len(), 12 + 4);
        let closed = world.accounts.values().filter(|a| a.state == "CLOSED");
        assert_eq!(closed.count(), 7);
        assert_eq!(world.handshakes.len(), 2);
        let past = &world.accounts["111111111111"].trail["us-east-1"];
        assert_eq!(past.len(), 5);
        let deepest = found.units.keys().map(|id| found.line(id).len()).max();
        assert!(deepest.unwrap() <= DEPTH + 1, "five levels below the root");
        assert!(deepest.unwrap() > 2, "not all on one level");
        for unit in found.units.keys() {
            assert!(found.attachments.get(unit).unwrap().len() <= 10);
        }
    }

    #[test]
    fn accounts_are_under_as_many_different_stacks_as_asked_for() {
        for stacks in [1, 4, 30] {
            let options = GeneratorOptions {
                accounts: 400,
                ous: 20,
                policies: 10,
                stacks,
                guarded_ous: 0,
                guarded_accounts: 0,
                ..GeneratorOptions::default()
            };
            let world = generate(&options, now());
            let found = organization(&world);
            let members = found.members.keys().filter(|id| **id != found.management);
            let different: BTreeSet<Vec<&String>> = members
                .map(|id| {
                    let line = found.line(id);
                    let on_line = line
                        .iter()
                        .flat_map(|node| found.attachments.get(node).unwrap());
                    let filler = on_line.filter(|id| found.policies[*id].name.starts_with("base"));
                    filler.collect()
                })
                .collect();
            assert_eq!(different.len(), stacks);
        }
    }

    #[test]
    fn shares_of_guards_are_kept_and_come_with_exemptions_and_drift() {
        let options = GeneratorOptions {
            accounts: 1000,
            ous: 10,
            guarded_ous: 0,
            guarded_accounts: 500,
            exempting: 200,
            drifted: 100,
            ..GeneratorOptions::default()
        };
        let world = generate(&options, now());
        let count = |name: &str| {
            let id = &world.policy_named(name).unwrap().id;
            organization(&world).attachments.targets(id).count()
        };
        let all = count("exit-guard") + count("exit-guard-break-glass") + count("exit-guard-old");
        assert!((430..570).contains(&all), "{all}");
        assert!((20..90).contains(&count("exit-guard-old")));
        assert!((50..150).contains(&count("exit-guard-break-glass")));
        let none = GeneratorOptions {
            guarded_accounts: 0,
            guarded_root: true,
            ..options
        };
        let world = generate(&none, now());
        let id = &world.policy_named("exit-guard").unwrap().id;
        let found = organization(&world);
        assert_eq!(
            found.attachments.targets(id).collect::<Vec<_>>(),
            [&found.root]
        );
    }
}
