//! Events arrive, and go on after the engine was away.

use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use skep::ports::{Swarm, SwarmEvent, Write};

use crate::lab::Lab;
use crate::{bytes, connect, create, new_data, service};

/// The next event that `wanted` accepts.
async fn next(
    events: &mut BoxStream<'static, SwarmEvent>,
    wanted: impl Fn(&SwarmEvent) -> bool,
) -> SwarmEvent {
    let found = async {
        loop {
            let event = events.next().await.expect("the stream goes on");
            if wanted(&event) {
                return event;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), found).await.expect("an event in time")
}

fn of(name: &str) -> impl Fn(&SwarmEvent) -> bool {
    move |event| matches!(event, SwarmEvent::Changed { name: n, .. } if n == name)
}

#[tokio::test]
async fn each_change_is_told_with_its_kind_and_name() {
    let lab = Lab::open();
    let claim = lab.claim("one", "events");
    let (swarm, name) = (connect(claim.node), claim.prefix.as_str());
    let mut events = swarm.events();
    assert_eq!(events.next().await, Some(SwarmEvent::Connected));
    create(&swarm, service(&lab, name, 0)).await.unwrap();
    let created = |kind: &str| SwarmEvent::Changed {
        kind: kind.to_owned(),
        name: name.to_owned(),
        action: "create".to_owned(),
    };
    assert_eq!(next(&mut events, of(name)).await, created("service"));
    swarm.write(&Write::CreateSecret { new: new_data(name), bytes: bytes("1") }).await.unwrap();
    assert_eq!(next(&mut events, of(name)).await, created("secret"));
    drop(swarm);
    while events.next().await.is_some() {}
}

#[tokio::test]
async fn events_and_looks_go_on_after_the_engine_was_restarted() {
    let lab = Lab::alone();
    let claim = lab.claim("one", "restart");
    let swarm = connect(claim.node);
    let mut events = swarm.events();
    assert_eq!(events.next().await, Some(SwarmEvent::Connected));
    swarm.look().await.unwrap();
    lab.change(&["engine", "one", "stop"]);
    next(&mut events, |event| matches!(event, SwarmEvent::Broken(_))).await;
    let down = swarm.look().await;
    assert!(matches!(down, Err(skep::ports::SwarmError::Unavailable { .. })), "{down:?}");
    lab.change(&["engine", "one", "start"]);
    next(&mut events, |event| *event == SwarmEvent::Connected).await;
    create(&swarm, service(&lab, &claim.prefix, 0)).await.unwrap();
    next(&mut events, of(&claim.prefix)).await;
    assert!(swarm.look().await.unwrap().services.contains_key(&claim.prefix));
}
