//! A distribution registry with TLS and passwords, from the program `docker-registry` that
//! `tests/lab/install` installs, and the operator of a simulated swarm that asks it: what it was asked
//! is counted in the registry's own log.

#![expect(clippy::disallowed_methods, reason = "tests start a registry")]
#![expect(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod distribution;
mod pushed;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use skep::model::{ImageAnswer, RegistryLogins, Repository, SourceName, TagsAnswer};
use skep::ports::Registry as _;
use skep::reconcile::{Doors, NamedSource, Operator};
use skep::registry::{Registries, Settings};
use skep::sim::World;

use distribution::{Distribution, PASSWORD, USER};
use pushed::Push;

/// Services and images of the stack that is counted.
const SERVICES: usize = 200;
const IMAGES: usize = 20;

fn registries(registry: &Distribution, clock: Arc<dyn skep::ports::Clock>) -> Registries {
    let auth = serde_json::json!({ "username": USER, "password": PASSWORD });
    let config = serde_json::json!({ "auths": { &registry.address: auth } }).to_string();
    let logins = RegistryLogins::from_docker_config(config.as_bytes()).unwrap();
    let authorities = vec![registry.ca.clone().into_bytes()];
    let settings = Settings { authorities, ..Settings::default() };
    Registries::new(settings, Arc::new(logins), clock)
}

fn stack(registry: &Distribution) -> String {
    let service = |number: usize| {
        let image = format!("{}/shop/image{}:1", registry.address, number % IMAGES);
        format!(
            "  s{number}:\n    image: {image}\n    pull_policy: always\n    deploy: {{replicas: 0}}\n"
        )
    };
    let services = (0..SERVICES).map(service).collect::<String>();
    format!("services:\n{services}")
}

/// The shape of each question, with how often it was asked: `200 GET manifests`.
fn shapes(lines: &[String]) -> String {
    let shapes = lines.iter().map(|line| {
        let (method, rest) = line.split_once(' ').expect("a method");
        let (path, status) = rest.rsplit_once(' ').expect("a status");
        let what = ["manifests", "blobs", "tags"].into_iter().find(|what| path.contains(what));
        format!("{status} {method} {}", what.unwrap_or(path))
    });
    let mut counts = std::collections::BTreeMap::new();
    for shape in shapes {
        *counts.entry(shape).or_insert(0) += 1;
    }
    counts.iter().map(|(shape, count)| format!("{count}x {shape}")).collect::<Vec<_>>().join(", ")
}

/// The figures of `docs/images.md`.
#[tokio::test]
async fn two_hundred_services_over_twenty_images_are_twenty_questions_and_none_and_twenty() {
    let registry = Distribution::start().await;
    let push = Push::to(&registry);
    for number in 0..IMAGES {
        push.index(&format!("shop/image{number}"), &["1"]).await;
    }
    registry.asked();
    let world = World::new(1);
    let doors = Doors {
        swarm: Arc::new(world.swarm.clone()),
        registry: Arc::new(registries(&registry, Arc::new(world.clock.clone()))),
        clock: Arc::new(world.clock.clone()),
    };
    let source = Arc::new(world.source.clone());
    let named = NamedSource { name: SourceName::new("root").unwrap(), source };
    let settings = skep::reconcile::Settings::default();
    let poll = settings.poll;
    let mut operator = Operator::new(doors, vec![named], settings);
    world.source.commit("first", &[("shop/compose.yml", &stack(&registry))]).unwrap();
    operator.read_sources().await;
    operator.pass().await;
    let services = skep::ports::Swarm::look(&world.swarm).await.unwrap().services;
    assert_eq!(services.len(), SERVICES);
    // One of them greets the registry.
    assert_eq!(shapes(&registry.asked()), "20x 200 GET manifests, 1x 401 GET /v2/");
    for _ in 0..3 {
        operator.read_sources().await;
        operator.pass().await;
    }
    assert_eq!(shapes(&registry.asked()), "");
    world.advance(poll + Duration::from_secs(1)).await;
    operator.pass().await;
    assert_eq!(shapes(&registry.asked()), "20x 304 HEAD manifests");
}

#[tokio::test]
async fn single_manifests_cost_their_configuration_once() {
    let registry = Distribution::start().await;
    let push = Push::to(&registry);
    let digest = push.image("shop/single", &["1", "2"]).await;
    registry.asked();
    let registries = registries(&registry, Arc::new(skep::clock::SystemClock));
    for tag in ["1", "2", "1", "2"] {
        let image = format!("{}/shop/single:{tag}", registry.address).parse().unwrap();
        let ImageAnswer::Pinned(pinned) = registries.resolve(&image).await else { panic!() };
        assert_eq!(pinned.image.digest(), Some(digest.as_str()));
        assert_eq!(pinned.platforms.len(), 1);
    }
    let expected = "1x 200 GET blobs, 2x 200 GET manifests, 2x 304 HEAD manifests, 1x 401 GET /v2/";
    assert_eq!(shapes(&registry.asked()), expected);
}

#[tokio::test]
async fn tags_are_listed_and_what_is_not_there_is_refused() {
    let registry = Distribution::start().await;
    let push = Push::to(&registry);
    let tags: Vec<String> = (0..25).map(|number| format!("v{number}")).collect();
    push.index("shop/many", &tags.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let tags = tags.into_iter().chain(["single".to_owned()]);
    let registries = registries(&registry, Arc::new(skep::clock::SystemClock));
    let many: Repository = format!("{}/shop/many", registry.address).parse().unwrap();
    let listed = registries.tags(&many).await;
    assert_eq!(listed, TagsAnswer::Listed(tags.collect::<BTreeSet<_>>()));
    let none: Repository = format!("{}/shop/none", registry.address).parse().unwrap();
    let refused = registries.tags(&none).await;
    assert!(
        matches!(&refused, TagsAnswer::Refused(why) if why.contains("name unknown")),
        "{refused:?}"
    );
    let image = format!("{}/shop/many:none", registry.address).parse().unwrap();
    let refused = registries.resolve(&image).await;
    let unknown = |why: &str| why.contains("manifest unknown");
    assert!(matches!(&refused, ImageAnswer::Refused(why) if unknown(why)), "{refused:?}");
}

/// What stories and properties are played on answers as the real one does.
#[tokio::test]
async fn the_simulators_registry_answers_as_a_real_one() {
    let distribution = Distribution::start().await;
    let push = Push::to(&distribution);
    push.index("shop/web", &["1.0", "1.1"]).await;
    let simulated = skep::sim::SimRegistry::default();
    let image = |tag: &str| -> skep::model::ImageRef {
        format!("{}/shop/web:{tag}", distribution.address).parse().unwrap()
    };
    for tag in ["1.0", "1.1", "single"] {
        simulated.push(&image(tag), "content");
    }
    simulated.refuse(&image("2.0"), "manifest unknown");
    let none: Repository = format!("{}/shop/none", distribution.address).parse().unwrap();
    simulated.refuse_tags(&none, "name unknown");
    let real = registries(&distribution, Arc::new(skep::clock::SystemClock));
    let both: [&dyn skep::ports::Registry; 2] = [&real, &simulated];
    for registry in both {
        let pinned = |tag: &'static str| async move {
            let asked = image(tag);
            match registry.resolve(&asked).await {
                ImageAnswer::Pinned(pinned) => {
                    assert_eq!(pinned.image.without_digest(), asked);
                    Some((pinned.image.digest().unwrap().to_owned(), pinned.platforms))
                }
                ImageAnswer::Refused(why) if why.contains("manifest unknown") => None,
                other => panic!("{other:?}"),
            }
        };
        let first = pinned("1.0").await.expect("an image");
        assert_eq!(first.1.len(), 1);
        assert_eq!(pinned("1.1").await.as_ref(), Some(&first), "one content, one digest");
        assert_eq!(pinned("2.0").await, None);
        let tags = ["1.0", "1.1", "single"].map(str::to_owned);
        let listed = registry.tags(&image("1.0").repository()).await;
        assert_eq!(listed, TagsAnswer::Listed(tags.into()));
        let refused = registry.tags(&none).await;
        assert!(matches!(&refused, TagsAnswer::Refused(why) if why.contains("name unknown")));
    }
}
