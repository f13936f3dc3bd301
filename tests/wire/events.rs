//! The stream of events over bad lines and broken connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::StreamExt;
use skep::ports::{Swarm, SwarmEvent};
use skep::swarm::Options;

use crate::server::{Reply, Server, engine};
use crate::{StoppedClock, connect_with, options};

fn changed(kind: &str, name: &str) -> SwarmEvent {
    let (kind, name) = (kind.to_owned(), name.to_owned());
    SwarmEvent::Changed { kind, name, action: "update".to_owned() }
}

fn line(kind: &str, name: &str) -> String {
    format!(
        "{{\"Type\":\"{kind}\",\"Action\":\"update\",\"Actor\":{{\"ID\":\"1\",\"Attributes\":{{\"name\":\"{name}\"}}}}}}\n"
    )
}

#[tokio::test]
async fn bad_lines_are_hints_and_a_broken_stream_is_joined_again() {
    let times = AtomicUsize::new(0);
    let server = Server::start(engine("1.41", move |seen| {
        if !seen.contains("/events?") {
            return None;
        }
        let text = [line("service", "web"), "nonsense\n".to_owned(), line("config", "own-1")];
        Some(match times.fetch_add(1, Ordering::SeqCst) {
            0 => Reply::Half(text.concat() + &line("node", "n1")),
            1 => Reply::Json(500, String::new()),
            _ => Reply::Open(line("secret", "pw")),
        })
    }))
    .await;
    let clock = Arc::new(StoppedClock::default());
    let swarm = connect_with(
        &server,
        Options { own_config: |name| name.starts_with("own-"), clock: clock.clone(), ..options() },
    );
    let mut events = swarm.events();
    let mut next = async || events.next().await.unwrap();
    assert_eq!(next().await, SwarmEvent::Connected);
    assert_eq!(next().await, changed("service", "web"));
    let hint = SwarmEvent::Changed {
        kind: "unreadable".to_owned(),
        name: String::new(),
        action: String::new(),
    };
    assert_eq!(next().await, hint);
    // It is for the operator itself, and somebody else wrote it: a person who resumes a stack.
    assert_eq!(next().await, changed("config", "own-1"));
    assert_eq!(next().await, changed("node", "n1"));
    assert!(matches!(next().await, SwarmEvent::Broken(_)));
    assert!(matches!(next().await, SwarmEvent::Broken(_)));
    assert_eq!(next().await, SwarmEvent::Connected);
    assert_eq!(next().await, changed("secret", "pw"));
    let waits = [Duration::from_millis(100), Duration::from_millis(200)];
    assert_eq!(*clock.0.lock().unwrap(), waits);
    drop(swarm);
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn an_engine_that_stays_away_is_asked_less_and_less_often() {
    let server = Server::start(|_| Reply::Cut).await;
    let clock = Arc::new(StoppedClock::default());
    let swarm = connect_with(&server, Options { clock: clock.clone(), ..options() });
    let broken: Vec<_> = swarm.events().take(9).collect().await;
    assert!(broken.iter().all(|event| matches!(event, SwarmEvent::Broken(_))), "{broken:?}");
    let waits: Vec<_> = clock.0.lock().unwrap().iter().map(Duration::as_millis).collect();
    assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
}

#[tokio::test]
async fn a_line_without_end_is_given_up() {
    let server = Server::start(engine("1.41", |seen| {
        seen.contains("/events?").then(|| Reply::Open("x".repeat(2 << 20)))
    }))
    .await;
    let swarm = connect_with(&server, options());
    let mut events = swarm.events();
    assert_eq!(events.next().await, Some(SwarmEvent::Connected));
    let expected = SwarmEvent::Broken("an event of more than 1048576 bytes".to_owned());
    assert_eq!(events.next().await, Some(expected));
}

#[tokio::test]
async fn a_look_waited_for_ever_for_a_listener_that_nobody_polled() {
    let (asked, mut first) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(engine("1.41", move |seen| {
        if seen.ends_with("/version") {
            let _ = asked.send(());
        }
        None
    }))
    .await;
    let swarm = connect_with(&server, options());
    let mut events = swarm.events();
    // The listener has asked for the version, and goes on only when it is polled again.
    tokio::select! {
        biased;
        Some(()) = first.recv() => {}
        event = events.next() => panic!("{event:?} before the engine was asked"),
    }
    swarm.look().await.unwrap();
    assert!(matches!(events.next().await, Some(SwarmEvent::Connected | SwarmEvent::Broken(_))));
}
