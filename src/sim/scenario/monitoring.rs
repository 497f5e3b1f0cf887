//! Trails, rules of the bus and metric filters in a scenario's management account, in the region
//! of Organizations.

use std::collections::BTreeMap;

use serde_json::json;

use super::super::world::{Account, LogGroup, MetricFilter, Rule, Trail, World};
use super::builder::WorldBuilder;

/// What is in the management account, in the region of Organizations.
fn management(world: &mut World) -> Option<(&mut Account, String)> {
    let region = world.partition.organizations_region().to_owned();
    let account = world.accounts.get_mut(&world.management)?;
    Some((account, region))
}

/// ARN of a log group there, as trails name it.
fn log_group_arn(world: &World, name: &str) -> String {
    let (partition, account) = (world.partition, &world.management);
    let region = partition.organizations_region();
    format!("arn:{partition}:logs:{region}:{account}:log-group:{name}:*")
}

impl WorldBuilder {
    /// A trail; `change` sees a multi-region organization trail that logs everything, validated.
    #[must_use]
    pub fn trail(self, name: &str, change: impl FnOnce(&mut Trail)) -> Self {
        let mut trail = Trail {
            bucket: format!("{name}-bucket"),
            multi_region: true,
            organization: true,
            global_events: true,
            logging: true,
            validated: true,
            ..Trail::default()
        };
        change(&mut trail);
        let builder = if trail.organization {
            self.trusted_service("cloudtrail.amazonaws.com")
        } else {
            self
        };
        builder.world(|world| {
            trail.started_at = trail.logging.then_some(world.now);
            trail.log_group = trail.log_group.map(|group| log_group_arn(world, &group));
            if let Some((account, region)) = management(world) {
                let trails = account.trails.entry(region).or_default();
                trails.insert(name.to_owned(), trail);
            }
        })
    }

    /// A log group, unless there is one of that name.
    #[must_use]
    pub fn log_group(self, name: &str) -> Self {
        self.world(|world| {
            if let Some((account, region)) = management(world) {
                let groups = account.log_groups.entry(region).or_default();
                groups.entry(name.to_owned()).or_default();
            }
        })
    }

    /// A metric filter on a log group.
    #[must_use]
    pub fn metric_filter(self, group: &str, name: &str, pattern: &str) -> Self {
        self.log_group(group).world(|world| {
            let filter = MetricFilter {
                pattern: pattern.to_owned(),
                transformations: json!([{
                    "metricName": name,
                    "metricNamespace": "Scenario",
                    "metricValue": "1",
                }]),
                created_at: world.now,
            };
            if let Some((account, region)) = management(world) {
                let groups = account.log_groups.entry(region).or_default();
                let group: &mut LogGroup = groups.entry(group.to_owned()).or_default();
                group.filters.insert(name.to_owned(), filter);
            }
        })
    }

    /// A rule of the default bus, with so many targets.
    #[must_use]
    pub fn rule(self, name: &str, pattern: &str, enabled: bool, targets: usize) -> Self {
        self.world(|world| {
            let (partition, owner) = (world.partition, world.management.clone());
            let target = |number: usize| {
                let id = number.to_string();
                let region = partition.organizations_region();
                let arn = format!("arn:{partition}:sns:{region}:{owner}:alarm-{number}");
                (id.clone(), json!({"Id": id, "Arn": arn}))
            };
            let rule = Rule {
                pattern: pattern.to_owned(),
                state: if enabled { "ENABLED" } else { "DISABLED" }.to_owned(),
                description: None,
                targets: (1..=targets).map(target).collect::<BTreeMap<_, _>>(),
            };
            if let Some((account, region)) = management(world) {
                let rules = account.rules.entry(region).or_default();
                rules.insert(name.to_owned(), rule);
            }
        })
    }
}
