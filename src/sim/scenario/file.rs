//! Scenario files: a world in readable TOML, or a dumped one. See `docs/scenarios.md`.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;

use crate::model::{Partition, Timestamp};

use super::super::mutation::ForeignChange;
use super::super::world::{Account, Switches, World};
use super::builder::WorldBuilder;
use super::generate::{GeneratorOptions, generate};
use super::listeners::{self, WrittenFilter, WrittenRule, WrittenTrail};

/// Why a scenario cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// TOML that is not a scenario.
    #[error("it is not a scenario: {0}")]
    Toml(#[from] toml::de::Error),
    /// JSON that is not a dump.
    #[error("it is not a dumped world: {0}")]
    Json(#[from] serde_json::Error),
    /// A place or account that the file does not have.
    #[error("`{0}` is neither `/`, nor an OU or account of the scenario")]
    NoSuchPlace(String),
    /// A word where only some are possible.
    #[error("`{0}` is not a known {1}")]
    Word(String, &'static str),
    /// An SCP that says nothing, or too much.
    #[error("SCP `{0}` needs either `content` or `deny`")]
    Content(String),
    /// `generate` beside a written organization.
    #[error(
        "`generate` makes the whole organization: only `seed`, `partition` and `switches` go with it"
    )]
    Mixed,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    seed: Option<u64>,
    partition: Option<Partition>,
    switches: Switches,
    generate: Option<GeneratorOptions>,
    organization: Settings,
    ous: Vec<String>,
    account: Vec<Member>,
    scp: Vec<Scp>,
    standalone: Vec<Outsider>,
    foreign: Vec<Foreign>,
    invitation: Vec<Invitation>,
    trail: Vec<WrittenTrail>,
    rule: Vec<WrittenRule>,
    metric_filter: Vec<WrittenFilter>,
    stack_set: Vec<WrittenStackSet>,
    change: Vec<ForeignChange>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    feature_set: Option<String>,
    scps: Option<bool>,
    account_limit: Option<usize>,
    delegation_policy: Option<String>,
    trusted_services: Vec<String>,
    root_features: Vec<String>,
}

/// A `StackSet` that deploys by itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenStackSet {
    name: String,
    #[serde(default = "root")]
    place: String,
    #[serde(default)]
    retains: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    name: String,
    #[serde(default = "root")]
    ou: String,
    email: Option<String>,
    state: Option<String>,
    joined: Option<String>,
    created_days_ago: Option<i64>,
    closed_days_ago: Option<i64>,
    payment_method: Option<bool>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    administers: Vec<String>,
    #[serde(default)]
    lacks: Vec<String>,
    #[serde(default)]
    without: Vec<String>,
}

fn root() -> String {
    "/".to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scp {
    name: String,
    content: Option<String>,
    deny: Option<Vec<String>>,
    #[serde(default)]
    attached: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outsider {
    name: String,
    payment_method: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Foreign {
    name: String,
    #[serde(default)]
    members: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Invitation {
    account: String,
    #[serde(default)]
    days_ago: i64,
}

/// The world that a file describes, as of `now`.
///
/// # Errors
/// A file that is neither a scenario nor a dump, or names what it does not have.
pub fn read(text: &str, now: Timestamp) -> Result<World, ScenarioError> {
    if text.trim_start().starts_with('{') {
        let mut world = super::reload(text)?;
        world.advance_to(now);
        return Ok(world);
    }
    let file: File = toml::from_str(text)?;
    let partition = file.partition.unwrap_or(Partition::Aws);
    if let Some(options) = &file.generate {
        let written = !(file.ous.is_empty() && file.account.is_empty() && file.scp.is_empty());
        let listens =
            !(file.trail.is_empty() && file.rule.is_empty() && file.metric_filter.is_empty());
        if written || listens || !file.standalone.is_empty() || !file.foreign.is_empty() {
            return Err(ScenarioError::Mixed);
        }
        let seed = file.seed.unwrap_or(options.seed);
        let mut world = generate(
            &GeneratorOptions {
                seed,
                ..options.clone()
            },
            now,
        );
        // What the generator decided by size stays, unless it was said otherwise.
        let log_reads = world.switches.log_reads && file.switches.log_reads;
        world.switches = Switches {
            log_reads,
            ..file.switches
        };
        world.partition = partition;
        world.changes.clone_from(&file.change);
        return Ok(world);
    }
    build(&file, partition, now)
}

pub(super) fn one_of(word: &str, words: &[&str], what: &'static str) -> Result<(), ScenarioError> {
    if words.contains(&word) {
        Ok(())
    } else {
        Err(ScenarioError::Word(word.to_owned(), what))
    }
}

fn build(file: &File, partition: Partition, now: Timestamp) -> Result<World, ScenarioError> {
    let mut builder = WorldBuilder::seeded(now, file.seed.unwrap_or(1)).partition(partition);
    for path in &file.ous {
        builder = builder.ou(path);
    }
    for member in &file.account {
        builder = account(builder, member, now)?;
    }
    for outsider in &file.standalone {
        let payment = outsider.payment_method;
        builder = builder.standalone(&outsider.name).world(|world| {
            if let Some(account) = world.account_named_mut(&outsider.name) {
                account.payment_method = payment.unwrap_or(true);
            }
        });
    }
    for foreign in &file.foreign {
        let members: Vec<&str> = foreign.members.iter().map(String::as_str).collect();
        for member in &members {
            known_account(&builder, member)?;
        }
        builder = builder.foreign_organization(&foreign.name, &members);
    }
    builder = settings(builder, &file.organization)?;
    for scp in &file.scp {
        builder = attach(builder, scp)?;
    }
    for member in &file.account {
        for policy in &member.without {
            builder = builder.detached(policy, &member.name);
        }
        let services: Vec<&str> = member.administers.iter().map(String::as_str).collect();
        if !services.is_empty() {
            builder = builder.delegated_administrator(&member.name, &services);
        }
        for action in &member.lacks {
            builder = builder.denied(&member.name, action);
        }
        for (key, value) in &member.tags {
            builder = builder.tagged(&member.name, key, value);
        }
    }
    for invitation in &file.invitation {
        known_account(&builder, &invitation.account)?;
        let at = now - SignedDuration::from_hours(24 * invitation.days_ago);
        builder = builder.invitation(&invitation.account, at);
    }
    for set in &file.stack_set {
        builder = builder.stack_set(&set.name, &set.place, set.retains);
    }
    builder = listeners::add(builder, (&file.trail, &file.rule, &file.metric_filter))?;
    let switches = file.switches.clone();
    let mut world = builder.switches(|all| *all = switches).build();
    world.changes.clone_from(&file.change);
    Ok(world)
}

fn settings(mut builder: WorldBuilder, settings: &Settings) -> Result<WorldBuilder, ScenarioError> {
    if let Some(set) = &settings.feature_set {
        one_of(set, &["ALL", "CONSOLIDATED_BILLING"], "feature set")?;
        builder = builder.feature_set(set);
    }
    if settings.scps == Some(false) {
        builder = builder.scps_disabled();
    }
    if let Some(limit) = settings.account_limit {
        builder = builder.organization(|organization| organization.account_limit = limit);
    }
    for service in &settings.trusted_services {
        builder = builder.trusted_service(service);
    }
    for feature in &settings.root_features {
        let features = ["RootCredentialsManagement", "RootSessions"];
        one_of(feature, &features, "root feature")?;
    }
    if !settings.root_features.is_empty() {
        let features: Vec<&str> = settings.root_features.iter().map(String::as_str).collect();
        builder = builder.root_features(&features);
    }
    if let Some(policy) = &settings.delegation_policy {
        builder = builder.delegation_policy(policy);
    }
    Ok(builder)
}

const STATES: [&str; 5] = [
    "ACTIVE",
    "SUSPENDED",
    "PENDING_CLOSURE",
    "CLOSED",
    "PENDING_ACTIVATION",
];

fn account(
    builder: WorldBuilder,
    member: &Member,
    now: Timestamp,
) -> Result<WorldBuilder, ScenarioError> {
    let ago = |days: i64| now - SignedDuration::from_hours(24 * days);
    let state = member.state.as_deref().unwrap_or("ACTIVE");
    one_of(state, &STATES, "account state")?;
    let joined = member.joined.as_deref().unwrap_or("CREATED");
    one_of(joined, &["CREATED", "INVITED"], "way to join")?;
    let change = |account: &mut Account| {
        state.clone_into(&mut account.state);
        if let Some(email) = &member.email {
            email.clone_into(&mut account.email);
        }
        if let Some(days) = member.created_days_ago {
            account.created_at = ago(days);
        }
        if state == "CLOSED" {
            account.closed_at = Some(ago(member.closed_days_ago.unwrap_or(1)));
        }
        account.payment_method = member.payment_method.unwrap_or(true);
    };
    let builder = builder.account_with(&member.name, &member.ou, change);
    Ok(builder.world(|world| {
        let id = world
            .account_named(&member.name)
            .map(|found| found.id.clone());
        let id = id.unwrap_or_default();
        let organization = world.organization_of_mut(&id);
        if let Some(found) = organization.and_then(|found| found.members.get_mut(&id)) {
            joined.clone_into(&mut found.joined_method);
        }
    }))
}

fn attach(builder: WorldBuilder, scp: &Scp) -> Result<WorldBuilder, ScenarioError> {
    let content = match (&scp.content, &scp.deny) {
        (Some(content), None) => content.clone(),
        (None, Some(actions)) => {
            let statement = json!({"Effect": "Deny", "Action": actions, "Resource": "*"});
            json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
        }
        _ => return Err(ScenarioError::Content(scp.name.clone())),
    };
    for place in &scp.attached {
        known_place(&builder, place)?;
    }
    let places: Vec<&str> = scp.attached.iter().map(String::as_str).collect();
    Ok(builder.scp(&scp.name, &content, &places))
}

fn known_account(builder: &WorldBuilder, name: &str) -> Result<(), ScenarioError> {
    let world = builder.so_far();
    if world.account_named(name).is_some() || world.accounts.contains_key(name) {
        Ok(())
    } else {
        Err(ScenarioError::NoSuchPlace(name.to_owned()))
    }
}

fn known_place(builder: &WorldBuilder, place: &str) -> Result<(), ScenarioError> {
    let path = place.trim_matches('/');
    if path.is_empty() || builder.so_far().unit_at(path).is_some() {
        return Ok(());
    }
    known_account(builder, place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-24T10:00:00Z".parse().unwrap()
    }

    const EXAMPLE: &str = include_str!("../../../docs/scenario.toml");

    #[test]
    fn the_documented_example_is_read_and_its_dump_reloads() {
        let world = read(EXAMPLE, now()).unwrap();
        let organization = world.organization().unwrap();
        let payments = world.account_named("payments").unwrap();
        let prod = world.unit_at("Workloads/Prod").unwrap();
        assert_eq!(organization.parent_of(&payments.id), Some(prod));
        let guard = &world.policy_named("deny-exit").unwrap().id;
        assert!(organization.attachments.get(prod).unwrap().contains(guard));
        let again = read(&super::super::dump(&world), world.now).unwrap();
        assert_eq!(again, world);
    }

    #[test]
    fn what_a_file_gets_wrong_is_named() {
        let refused = |text: &str| read(text, now()).unwrap_err().to_string();
        assert!(refused("acount = []").contains("unknown field `acount`"));
        let place = "[[scp]]\nname = 'x'\ndeny = ['s3:*']\nattached = ['Prod']";
        assert!(refused(place).contains("`Prod` is neither"));
        assert!(refused("[[scp]]\nname = 'x'").contains("SCP `x` needs"));
        assert!(refused("partition = 'moon'").contains("moon"));
        let state = "[[account]]\nname = 'a'\nstate = 'GONE'";
        assert!(refused(state).contains("`GONE` is not a known account state"));
        assert!(refused("ous = ['A']\n[generate]").contains("`generate`"));
        assert!(refused("{\"seed\": 1}").contains("dumped world"));
    }

    #[test]
    fn a_file_says_what_others_change_before_which_call() {
        let text =
            "[[change]]\nbefore = 'organizations:ListRoots'\ncall = 2\nchange = 'disable_scps'
[[change]]\nbefore = 'organizations:ListRoots'\ncall = 3\nchange.leave.account = 'app'";
        let world = read(text, now()).unwrap();
        let changes = world.changes.iter().map(|planned| planned.call);
        assert_eq!(changes.collect::<Vec<_>>(), [2, 3]);
        let refused = read(&text.replace("leave", "vanish"), now()).unwrap_err();
        assert!(refused.to_string().contains("vanish"), "{refused}");
    }

    #[test]
    fn a_file_can_ask_for_a_generated_organization() {
        let text = "seed = 9\n[generate]\naccounts = 30\n[switches]\nuneven_pages = true";
        let world = read(text, now()).unwrap();
        assert_eq!(world.organization().unwrap().members.len(), 30);
        assert!(world.switches.uneven_pages);
        assert_eq!(world.seed, 9);
    }
}
