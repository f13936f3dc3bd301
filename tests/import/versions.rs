//! Versions of changed configs and secrets.

use std::time::Duration;

use skep::model::Kind;
use skep::ports::Swarm as _;
use skep::sim::World;
use skep::view::compose::{Selection, draw};

use crate::declared;
use crate::round::{Declared, apply, compared, drawn, text};

fn shop(motd: &str, password: &str, mode: &str) -> Declared {
    let file = format!(
        "services:\n  web:\n    image: registry.test/web:1\n    environment: {{MODE: {mode}}}\n    \
         configs: [motd]\n    secrets: [password]\n    deploy: {{replicas: 1}}\nconfigs:\n  motd: \
         {{file: motd.txt}}\nsecrets:\n  password: {{file: password.txt}}\n"
    );
    declared(&[
        ("shop/compose.yml", file.as_bytes()),
        ("shop/motd.txt", motd.as_bytes()),
        ("shop/password.txt", password.as_bytes()),
    ])
}

async fn names(world: &World, kind: Kind) -> Vec<String> {
    let observed = world.swarm.look().await.expect("a look");
    let names: Vec<&String> = match kind {
        Kind::Secret => observed.secrets.keys().collect(),
        _ => observed.configs.keys().collect(),
    };
    names.into_iter().filter(|name| name.starts_with("shop_")).cloned().collect()
}

/// The mode that was committed last.
const LAST: &str = "f";

/// Content changed, and then something else so often that nothing needs the first version: neither
/// a service nor a set that is kept.
async fn changed() -> World {
    let world = World::new(1);
    let later = ["a", "b", "c", "d", "e", LAST].map(|mode| ("two", mode));
    for (motd, mode) in [("one", "a")].into_iter().chain(later) {
        for _ in 0..3 {
            apply(&world, &shop(motd, motd, mode)).await;
            world.advance(Duration::from_secs(60)).await;
        }
    }
    world
}

#[tokio::test]
async fn a_version_that_is_left_alone_became_the_plain_name_again() {
    let world = changed().await;
    let before = names(&world, Kind::Config).await;
    let files = shop("two", "two", LAST);
    assert_eq!(compared(&world, &files).await, Vec::<String>::new(), "{before:?}");
    apply(&world, &files).await;
    assert_eq!(names(&world, Kind::Config).await, before);
    assert!(before.iter().all(|name| name.starts_with("shop_motd-")), "{before:?}");
}

#[tokio::test]
async fn a_changed_config_keeps_its_key() {
    let world = changed().await;
    let drawings = draw(&world.swarm.look().await.expect("a look"), &Selection::default());
    let text = text(&drawings);
    assert!(text.contains("- motd\n") && text.contains("file: configs/motd\n"), "{text}");
    assert!(text.contains("- password\n"), "{text}");
    assert_eq!(drawings.stacks[0].contents["configs/motd"], b"two");
    assert_eq!(compared(&world, &drawn(&drawings)).await, Vec::<String>::new(), "{text}");
}
