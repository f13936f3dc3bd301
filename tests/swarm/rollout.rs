//! Rollouts: a person's towards another spec is superseded, skep's own is left alone, and a person
//! who says stop is obeyed.

#![expect(clippy::disallowed_methods, reason = "a test measures real time")]

use std::time::{Duration, Instant};

use skep::health::HealthState;
use skep::status::StackReport;

use crate::lab::{Lab, within};
use crate::matrix::Line;
use crate::world::{PATIENCE, SHOP, World};

const THREE: &str = "three (1 manager)";

/// The reasons for which a service is held.
fn held(stack: &StackReport) -> Vec<(String, &'static str)> {
    let held = stack.plan.held.iter();
    held.map(|held| (held.object.name.clone(), held.reason.name())).collect()
}

fn is_held(world: &World<'_>, mark: usize, reason: &'static str) {
    let web = world.full("web");
    world.reported(mark, reason, |stack| held(stack) == [(web.clone(), reason)]);
}

#[test]
fn a_persons_rollout_towards_another_spec_is_superseded_at_once() {
    let lab = Lab::open();
    let world = World::shop(&lab, "theirs");
    let (mark, hand) = (world.proxy.mark(), world.hand.mark());
    // One task now, the other in ten minutes: whatever is written soon is written into a rollout.
    let slowly = ["--update-parallelism", "1", "--update-delay", "10m"];
    let update = ["service", "update", "--detach", "--image", lab.image("2")];
    world.docker(&[&update[..], &slowly, &[&world.full("web")]].concat());
    let repair = world.write(mark, "update service web");
    let hand = world.hand.writes(hand).pop().expect("the person's write");
    let took = repair.at.saturating_duration_since(hand.at);
    println!("a rollout by hand: superseded after {} ms", took.as_millis());
    assert!(took < Duration::from_secs(1), "{took:?}");
    world.converged();
    assert_eq!(world.wrote(mark), ["update service web"]);
    let images = ["service", "ps", "--format", "{{.Image}}", "--filter", "desired-state=running"];
    let images = world.docker(&[&images[..], &[&world.full("web")]].concat());
    assert!(images.lines().all(|image| image.ends_with("program:1")), "{images}");
}

#[test]
fn skeps_own_rollout_is_never_written_to_but_by_a_newer_commit() {
    let lab = Lab::open();
    let world = World::shop(&lab, "ours");
    let (mark, seen) = (world.proxy.mark(), world.skep().mark());
    // Five seconds until each of the two tasks, one after the other, is healthy.
    let slow = SHOP.replacen("IMAGE", lab.image("slow"), 1);
    world.commit_shop(&slow);
    world.write(mark, "update service web");
    for number in 0..5 {
        world.look_again(&format!("look{number}"));
    }
    world.reported(seen, "a rollout that goes on", |stack| {
        stack
            .health
            .get(&world.full("web"))
            .is_some_and(|web| web.state == HealthState::Progressing)
    });
    assert_eq!(world.wrote(mark), ["update service web"]);
    let newer = Instant::now();
    world.commit_shop(&SHOP.replace("fast", "slow"));
    world.converged();
    assert_eq!(world.wrote(mark), ["update service web"; 2]);
    let line = Line {
        scenario: "new commit during a rollout",
        topology: THREE,
        must_hold: "the rollout is left alone until then, and superseded at once, by one write",
    };
    line.held(
        &lab,
        &format!("converged {:.1} s after the newer commit", newer.elapsed().as_secs_f64()),
    );
}

#[test]
fn the_hold_label_stops_writes_to_one_service_until_it_goes() {
    let lab = Lab::open();
    let world = World::shop(&lab, "hold");
    let (mark, seen) = (world.proxy.mark(), world.skep().mark());
    let web = world.full("web");
    let update = ["service", "update", "--detach"];
    let odd = ["--label-add", "skep.hold=looking", "--env-add", "MODE=odd", &web];
    world.docker(&[&update[..], &odd].concat());
    is_held(&world, seen, "Suspended");
    world.commit_shop(&SHOP.replace("replicas: 1", "replicas: 2"));
    world.write(mark, "update service api");
    world.write(mark, "update service worker");
    world.look_again("look");
    let mut wrote = world.wrote(mark);
    wrote.sort();
    assert_eq!(wrote, ["update service api", "update service worker"]);
    let mark = world.proxy.mark();
    world.docker(&[&update[..], &["--label-rm", "skep.hold", &web]].concat());
    world.converged();
    assert_eq!(world.wrote(mark), ["update service web"]);
}

/// A commit whose image behaves like this is put back by skep, once, and held.
fn is_put_back((test, image): (&str, &str), shop: &str) {
    let lab = Lab::open();
    let mut world = World::new(&lab, test);
    world.commit_shop(shop);
    world.start();
    world.converged();
    let (mark, seen) = (world.proxy.mark(), world.skep().mark());
    let began = Instant::now();
    world.commit_shop(&shop.replacen("IMAGE", lab.image(image), 1));
    is_held(&world, seen, "Quarantined");
    world.reported(seen, "the old tasks, healthy again", |stack| {
        let web = stack.health.get(&world.full("web"));
        let rolled_back = held(stack) == [(world.full("web"), "Quarantined")];
        rolled_back
            && stack.plan.is_empty()
            && web.is_some_and(|web| web.state == HealthState::Healthy)
    });
    let took = began.elapsed();
    for name in ["one", "two"] {
        world.look_again(name);
    }
    assert_eq!(world.wrote(mark), ["update service web"; 2]);
    let line = Line {
        scenario: if image == "crash" { "crash at once" } else { "crash after 8 s" },
        topology: THREE,
        must_hold: "rolled back to the last healthy spec, once, and held",
    };
    line.held(&lab, &format!("2 writes, healthy again after {:.1} s", took.as_secs_f64()));
    let images = ["service", "ps", "--format", "{{.Image}}", "--filter", "desired-state=running"];
    let images = world.docker(&[&images[..], &[&world.full("web")]].concat());
    assert!(images.lines().all(|image| image.ends_with("program:1")), "{images}");
    world.commit_shop(shop);
    world.converged();
    assert_eq!(world.wrote(mark), ["update service web"; 2]);
}

#[test]
fn what_crashes_at_once_is_put_back_and_held() {
    is_put_back(("crash", "crash"), SHOP);
}

#[test]
fn what_crashes_after_the_engine_called_it_good_is_put_back_and_held() {
    // Tests count a task after a second, unless the service says otherwise.
    let longer = "    environment: {MODE: fast}\n    x-skep: {rollout: {min_healthy: 10s}}\n";
    is_put_back(("crash8", "crash8"), &SHOP.replace("    environment: {MODE: fast}\n", longer));
}

#[test]
fn two_bad_commits_in_a_row_end_on_the_good_spec() {
    let lab = Lab::open();
    let mut world = World::new(&lab, "twobad");
    // Whether the engine pauses or rolls back by itself, and to what: the end is the same.
    let shop = SHOP.replace(
        "    environment: {MODE: fast}\n",
        "    environment: {MODE: fast}\n    x-skep: {rollout: {on_failure: rollback}}\n",
    );
    let shop = shop.replacen("monitor: 1s", "monitor: 1s, failure_action: rollback", 1);
    world.commit_shop(&shop);
    world.start();
    world.converged();
    let (mark, seen) = (world.proxy.mark(), world.skep().mark());
    let bad = shop.replacen("IMAGE", lab.image("crash"), 1);
    world.commit_shop(&bad);
    world.write(mark, "update service web");
    world.commit_shop(&bad.replace("fast", "worse"));
    world.reported(seen, "the old tasks, healthy again and as declared", |stack| {
        let web = stack.health.get(&world.full("web"));
        let rolled_back = held(stack) == [(world.full("web"), "Quarantined")];
        let well = web.is_some_and(|web| web.state == HealthState::Healthy);
        rolled_back && stack.plan.is_empty() && well
    });
    let spec = ["service", "inspect", "--format"];
    let spec = |what: &str| world.docker(&[&spec[..], &[what, &world.full("web")]].concat());
    let settled = || {
        let image = spec("{{.Spec.TaskTemplate.ContainerSpec.Image}}");
        let action = spec("{{.Spec.UpdateConfig.FailureAction}}");
        image.contains("program:1") && action.trim() == "rollback"
    };
    assert!(within(PATIENCE, settled), "{}", spec("{{json .Spec}}"));
    let mark = world.proxy.mark();
    world.look_again("look");
    assert_eq!(world.wrote(mark), Vec::<String>::new());
    world.commit_shop(&shop);
    world.converged();
    assert_eq!(world.wrote(mark), Vec::<String>::new(), "that runs already");
}

#[test]
fn a_persons_rollback_holds_the_service_until_git_says_something_new() {
    let lab = Lab::open();
    let world = World::shop(&lab, "rollback");
    world.commit_shop(&SHOP.replace("fast", "slow"));
    world.converged();
    let (mark, seen) = (world.proxy.mark(), world.skep().mark());
    world.docker(&["service", "rollback", "--detach", &world.full("web")]);
    is_held(&world, seen, "Quarantined");
    for name in ["one", "two"] {
        world.look_again(name);
    }
    assert_eq!(world.wrote(mark), Vec::<String>::new());
    world.commit_shop(&SHOP.replace("fast", "steady"));
    world.converged();
    assert_eq!(world.wrote(mark), ["update service web"]);
}

#[test]
fn a_fight_over_a_replica_count_ends_by_standing_back() {
    let lab = Lab::open();
    let world = World::shop(&lab, "fight");
    let scale = || {
        let to = format!("{}=3", world.full("web"));
        world.docker(&["service", "scale", "--detach", &to]);
    };
    for _ in 0..3 {
        let mark = world.proxy.mark();
        scale();
        world.write(mark, "update service web");
        world.converged();
    }
    let (mark, seen) = (world.proxy.mark(), world.skep().mark());
    scale();
    is_held(&world, seen, "Contested");
    world.look_again("look");
    assert_eq!(world.wrote(mark), Vec::<String>::new());
}
