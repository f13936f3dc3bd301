//! Events: hints that the swarm changed, on a stream that mends itself.
//!
//! A manager tells of services, nodes, networks, secrets and configs, never of tasks, and may lose
//! events. So each (re)connection is told too: whoever listens looks again then, and on a timer.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::echoes::Echoes;
use super::link::{Call, Link};
use crate::ports::{Clock, SwarmEvent};

/// `{"scope":["swarm"]}`, percent-encoded.
const EVENTS: &str = "/events?filters=%7B%22scope%22%3A%5B%22swarm%22%5D%7D";
/// Wait before the second attempt to connect; doubles up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Longest event, in bytes.
const LONGEST_EVENT: usize = 1 << 20;

/// Listens to one engine.
pub(super) struct Listener {
    link: Arc<Link>,
    clock: Arc<dyn Clock>,
    echoes: Arc<Echoes>,
    state: State,
}

enum State {
    /// Connect after this wait.
    Apart(Duration),
    /// Read on.
    Joined(Lines),
}

impl Listener {
    pub(super) fn new(link: Arc<Link>, clock: Arc<dyn Clock>, echoes: Arc<Echoes>) -> Self {
        Self { link, clock, echoes, state: State::Apart(Duration::ZERO) }
    }

    /// The events, until `alive` is cancelled.
    pub(super) fn events(self, alive: CancellationToken) -> BoxStream<'static, SwarmEvent> {
        let ended = async move { alive.cancelled_owned().await };
        stream::unfold(self, |mut listener| async move {
            let event = listener.next().await;
            Some((event, listener))
        })
        .take_until(ended)
        .boxed()
    }

    async fn next(&mut self) -> SwarmEvent {
        loop {
            match &mut self.state {
                State::Apart(wait) => {
                    let wait = *wait;
                    return self.connect(wait).await;
                }
                State::Joined(lines) => match lines.next().await {
                    Ok(line) => {
                        if let Some(event) = read(&line, |name| self.echoes.drops(name)) {
                            return event;
                        }
                    }
                    Err(cause) => {
                        self.link.forget();
                        self.state = State::Apart(FIRST_WAIT);
                        return SwarmEvent::Broken(cause);
                    }
                },
            }
        }
    }

    async fn connect(&mut self, wait: Duration) -> SwarmEvent {
        // Set before anything is awaited: a listener that is dropped half-way goes on from here.
        self.state = State::Apart((wait * 2).clamp(FIRST_WAIT, LONGEST_WAIT));
        if !wait.is_zero() {
            self.clock.sleep(wait).await;
        }
        match self.link.stream(Call::get("listen to events", EVENTS)).await {
            Ok(body) => {
                self.echoes.forget();
                self.state = State::Joined(Lines { body, read: BytesMut::new() });
                SwarmEvent::Connected
            }
            Err(cause) => SwarmEvent::Broken(chain(&cause)),
        }
    }
}

/// An error with its causes, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// The engine writes one JSON object per line.
struct Lines {
    body: Incoming,
    read: BytesMut,
}

impl Lines {
    /// The next line, or why there is none.
    async fn next(&mut self) -> Result<BytesMut, String> {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                return Ok(self.read.split_to(end + 1));
            }
            if self.read.len() > LONGEST_EVENT {
                return Err(format!("an event of more than {LONGEST_EVENT} bytes"));
            }
            match self.body.frame().await {
                Some(Ok(frame)) => {
                    let data = frame.into_data().unwrap_or_default();
                    self.read.extend_from_slice(&data);
                }
                Some(Err(cause)) => return Err(chain(&cause)),
                None => return Err("the engine ended the stream".to_owned()),
            }
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Message {
    #[serde(rename = "Type")]
    kind: String,
    #[serde(rename = "Action")]
    action: String,
    #[serde(rename = "Actor")]
    actor: Actor,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Actor {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "Attributes")]
    attributes: Attributes,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Attributes {
    name: String,
}

/// Reads an event. One that can't be read is still a hint, of kind `unreadable`; `None` is one
/// that tells of the operator's own doing, or an empty line.
fn read(line: &[u8], is_echo: impl FnOnce(&str) -> bool) -> Option<SwarmEvent> {
    if line.trim_ascii().is_empty() {
        return None;
    }
    let message: Message = serde_json::from_slice(line)
        .unwrap_or_else(|_| Message { kind: "unreadable".to_owned(), ..Message::default() });
    let Actor { id, attributes: Attributes { name } } = message.actor;
    if message.kind == "config" && is_echo(&name) {
        return None;
    }
    let name = if name.is_empty() { id } else { name };
    Some(SwarmEvent::Changed { kind: message.kind, name, action: message.action })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<(&str, &str, &str)>) {
        let seen = read(line.as_bytes(), |name| name.starts_with("skep-ledger-"));
        let expected = expected.map(|(kind, name, action)| SwarmEvent::Changed {
            kind: kind.to_owned(),
            name: name.to_owned(),
            action: action.to_owned(),
        });
        assert_eq!(seen, expected, "{line}");
    }

    #[test]
    fn an_event_says_what_changed() {
        check(
            r#"{"Type":"service","Action":"update","Actor":{"ID":"1","Attributes":{"name":"shop_web","updatestate.new":"updating"}},"scope":"swarm","time":1,"timeNano":1}"#,
            Some(("service", "shop_web", "update")),
        );
        check(
            r#"{"Type":"network","Action":"remove","Actor":{"ID":"n1","Attributes":{}}}"#,
            Some(("network", "n1", "remove")),
        );
    }

    #[test]
    fn an_event_that_cannot_be_read_is_still_a_hint() {
        check("{", Some(("unreadable", "", "")));
        check(r#"{"Type":7}"#, Some(("unreadable", "", "")));
        check(r#"{"Type":"galaxy","Action":"spin"}"#, Some(("galaxy", "", "spin")));
    }

    #[test]
    fn the_operators_own_writes_are_no_events() {
        let line = |kind: &str, name: &str| {
            format!(
                r#"{{"Type":"{kind}","Action":"update","Actor":{{"ID":"1","Attributes":{{"name":"{name}"}}}}}}"#
            )
        };
        check(&line("config", "skep-ledger-shop"), None);
        check(&line("config", "shop_web"), Some(("config", "shop_web", "update")));
        check(
            &line("service", "skep-ledger-shop"),
            Some(("service", "skep-ledger-shop", "update")),
        );
        check("\n", None);
    }
}
