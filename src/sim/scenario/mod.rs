//! Worlds to start from.

mod builder;
mod demo;
mod history;

pub use builder::WorldBuilder;
pub use demo::demo;

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
