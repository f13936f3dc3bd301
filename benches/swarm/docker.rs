//! `docker stack deploy` on the same files.

use std::time::{Duration, Instant};

use crate::lab::Lab;
use crate::world::World;

/// Deploys all stacks, one after another, as a script would.
pub fn deploy(lab: &Lab, world: &World) -> Duration {
    let start = Instant::now();
    for stack in 0..world.stacks() {
        let file = world.file(stack);
        let file = file.to_str().expect("a plain path");
        let name = World::stack_name(stack);
        let arguments =
            ["stack", "deploy", "--with-registry-auth", "--compose-file", file, name.as_str()];
        lab.docker(lab.manager("one"), &arguments);
    }
    start.elapsed()
}
