//! The event stream is cut: skep recovers by itself.

use crate::lab::Lab;
use crate::world::World;

fn set_mode(world: &World<'_>, mode: &str) {
    let variable = format!("MODE={mode}");
    let name = world.full("web");
    world.docker(&["service", "update", "--detach", "--env-add", &variable, &name]);
}

#[test]
fn after_the_event_stream_was_cut_what_was_missed_is_found() {
    let lab = Lab::open();
    let world = World::shop(&lab, "cut");
    let mark = world.proxy.mark();
    assert_eq!(world.proxy.cut_events(), 1);
    set_mode(&world, "missed");
    world.proxy.mend_events();
    world.write(mark, "update service web");
    world.converged();
    let mark = world.proxy.mark();
    set_mode(&world, "heard");
    world.write(mark, "update service web");
    world.converged();
}
