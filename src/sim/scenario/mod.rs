//! Worlds to start from.

mod builder;
mod demo;
mod file;
mod generate;
mod history;
mod listeners;
mod monitoring;

pub use builder::WorldBuilder;
pub use demo::demo;
pub use file::{ScenarioError, read};
pub use generate::{GeneratorOptions, generate};

use crate::model::Timestamp;

use super::world::World;

/// One account without an organization, which is also the scenario's
/// "management" account: the emptiest world in which somebody can call.
pub fn empty(now: Timestamp) -> World {
    let mut world = World::new(now, 0);
    "111111111111".clone_into(&mut world.management);
    let id = world.management.clone();
    world.add_account(id, "Standalone", "standalone@example.com".to_owned());
    world
}

/// The world as JSON, from which [`reload`] makes the same world again.
pub fn dump(world: &World) -> String {
    // Every map key is text, so this cannot fail.
    serde_json::to_string_pretty(world).unwrap_or_default()
}

/// A dumped world.
///
/// # Errors
/// JSON that is not a dump.
pub fn reload(text: &str) -> serde_json::Result<World> {
    serde_json::from_str(text)
}
