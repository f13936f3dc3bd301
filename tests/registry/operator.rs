//! What a registry in trouble makes of a swarm: nothing.

use std::sync::Arc;
use std::time::Duration;

use skep::model::{HeldReason, RegistryLogins, SourceName};
use skep::reconcile::{Doors, NamedSource, Operator, Settings};
use skep::registry::Registries;
use skep::sim::World;
use skep::status::Report;

use crate::server::{Asked, Server, digest, endless, given, index, reply, silence, status};
use crate::settings;

fn stack(server: &Server, tag: &str) -> String {
    let image = format!("{}/web:{tag}", server.address);
    format!("services:\n  web:\n    image: {image}\n    deploy: {{replicas: 2}}\n")
}

fn operator(server: &Server, world: &World) -> Operator {
    let time_out = Duration::from_millis(500);
    let settings = skep::registry::Settings { time_out, ..settings(server) };
    let clock = Arc::new(world.clock.clone());
    let registry = Registries::new(settings, Arc::new(RegistryLogins::default()), clock);
    let doors = Doors {
        swarm: Arc::new(world.swarm.clone()),
        registry: Arc::new(registry),
        clock: Arc::new(world.clock.clone()),
    };
    let source = Arc::new(world.source.clone());
    let named = NamedSource { name: SourceName::new("root").unwrap(), source };
    Operator::new(doors, vec![named], Settings::default())
}

async fn pass(operator: &mut Operator, world: &World) -> Report {
    operator.read_sources().await;
    let report = operator.pass().await;
    world.advance(Duration::from_secs(120)).await;
    report
}

fn holds(report: &Report) -> Vec<&HeldReason> {
    let held = report.stacks.values().flat_map(|stack| &stack.plan.held);
    held.map(|held| &held.reason).collect()
}

type Answers = fn(&Asked) -> axum::response::Response;

#[tokio::test]
async fn a_registry_in_trouble_changes_nothing_that_runs_and_quarantines_nothing() {
    let server = Server::http().await;
    let world = World::new(1);
    server.answer(|asked| given(asked, &index("one")));
    let mut operator = operator(&server, &world);
    world.source.commit("first", &[("shop/compose.yml", &stack(&server, "1"))]).unwrap();
    for _ in 0..3 {
        pass(&mut operator, &world).await;
    }
    let running = |world: &World| world.swarm.log().len();
    let before = running(&world);
    world.source.commit("second", &[("shop/compose.yml", &stack(&server, "2"))]).unwrap();
    let troubles: [(&str, Answers); 8] = [
        ("429", |_| reply(429, &[("retry-after", "60")], "")),
        ("500", |_| status(500)),
        ("HTML", |_| reply(404, &[("content-type", "text/html")], "<html>")),
        ("larger", |_| endless()),
        ("instead of", |_| {
            let other = digest("other");
            reply(200, &[("docker-content-digest", other.as_str())], index("two"))
        }),
        ("redirects", |_| reply(302, &[("location", "http://10.0.0.1/")], "")),
        ("private", |_| {
            reply(401, &[("www-authenticate", "Bearer realm=\"http://10.0.0.1/\"")], "")
        }),
        ("no answer", |_| silence()),
    ];
    for (word, answers) in troubles {
        server.answer(answers);
        let report = pass(&mut operator, &world).await;
        let held = holds(&report);
        let text = held.iter().map(|reason| reason.to_string()).collect::<Vec<_>>().join("; ");
        let waits = held.iter().all(|reason| matches!(reason, HeldReason::Waiting { .. }));
        assert!(!held.is_empty() && waits, "{word}: {text}");
        assert!(text.contains(&server.address), "{word}: {text}");
        assert!(text.contains(word) || word == "private", "{word}: {text}");
        assert_eq!(running(&world), before, "{word}: something was written");
    }
    server.answer(|asked| given(asked, &index("two")));
    let report = pass(&mut operator, &world).await;
    assert!(holds(&report).is_empty(), "{:?}", holds(&report));
    assert!(running(&world) > before);
}
