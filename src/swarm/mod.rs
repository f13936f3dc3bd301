//! The engine: looks, writes, events.
//!
//! bollard is the client where its models hold everything that the engine says: version, swarm
//! information, removals, registry questions. Listings and bodies go beside it over the same
//! connections, as JSON of our own types: bollard 0.21.1 loses fields of services and tasks
//! (health checks among them), fails a whole list for one unknown word, and writes payloads to
//! its debug log.

mod echoes;
mod events;
mod fault;
mod link;
mod logs;
mod look;
mod transport;
mod write;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use bollard::Docker;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use http::HeaderValue;
use serde::Serialize;
use tokio_util::sync::{CancellationToken, DropGuard};
use zeroize::Zeroizing;

use self::echoes::Echoes;
use self::events::Listener;
use self::link::Link;
use self::look::Looker;
use self::transport::Transport;
use self::write::Writer;
use crate::model::engine::LiveConfig;
use crate::model::{Credential, LastWords, Observed, RegistryLogin, RegistryLogins};
use crate::ports::{
    Clock, Logins, OneConfig, Swarm, SwarmError, SwarmEvent, TaskLogs, Write, Written,
};

pub use link::{NEWEST, OLDEST};
pub use transport::{Host, HostError, Tls, TlsError, TransportError};

/// How to talk to an engine.
#[derive(Clone)]
pub struct Options {
    /// Certificates; `None` is without TLS.
    pub tls: Option<Tls>,
    /// Longest wait for one answer. The engine itself gives up after 20 s.
    pub time_out: Duration,
    /// Logins that go with services whose image is in such a registry.
    pub logins: Arc<dyn Logins>,
    /// The `ssh` program, for hosts that are reached by it.
    pub ssh: PathBuf,
    /// Configs that the operator writes for itself, by name: the events of its own writes to
    /// them are dropped.
    pub own_config: fn(&str) -> bool,
    /// Configs that say nothing about drift, by name: no event of them is told, whoever wrote.
    pub unheard_config: fn(&str) -> bool,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl Options {
    /// Without TLS and logins, 30 s for an answer, no event dropped.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            tls: None,
            time_out: Duration::from_secs(30),
            logins: Arc::new(RegistryLogins::default()),
            ssh: PathBuf::from("ssh"),
            own_config: |_| false,
            unheard_config: |_| false,
            clock,
        }
    }
}

/// A swarm behind one of its managers.
pub struct EngineSwarm {
    link: Arc<Link>,
    looker: Looker,
    writer: Writer,
    clock: Arc<dyn Clock>,
    echoes: Arc<Echoes>,
    alive: CancellationToken,
    _end: DropGuard,
}

/// Prepares to talk to the engine at `host`. Nothing is dialled before the first call, so an
/// engine that is down is an error of that call, and no reason not to start.
///
/// # Errors
/// The certificates or the host's name can't be used.
pub fn connect(host: &Host, options: Options) -> Result<EngineSwarm, TransportError> {
    let transport = Transport::new(host, options.tls.as_ref(), options.ssh)?;
    let link = Link::new(transport, options.time_out);
    let alive = CancellationToken::new();
    Ok(EngineSwarm {
        writer: Writer { link: link.clone(), docker: link.docker()?, logins: options.logins },
        link,
        looker: Looker::default(),
        clock: options.clock,
        echoes: Arc::new(Echoes::new(options.own_config, options.unheard_config)),
        _end: alive.clone().drop_guard(),
        alive,
    })
}

impl EngineSwarm {
    /// A bollard client over the same connections, with the API version that was agreed on.
    #[must_use]
    pub fn docker(&self) -> Docker {
        self.writer.docker.clone()
    }
}

impl Swarm for EngineSwarm {
    fn look(&self) -> BoxFuture<'_, Result<Observed, SwarmError>> {
        Box::pin(self.looker.look(&self.link, self.clock.now()))
    }

    fn write<'a>(&'a self, write: &'a Write) -> BoxFuture<'a, Result<Written, SwarmError>> {
        Box::pin(async move {
            self.echoes.sending(write);
            let written = self.writer.write(write).await;
            if written.is_err() {
                self.echoes.failed(write);
            }
            written
        })
    }

    fn events(&self) -> BoxStream<'static, SwarmEvent> {
        let listener = Listener::new(self.link.clone(), self.clock.clone(), self.echoes.clone());
        listener.events(self.alive.clone())
    }
}

impl OneConfig for EngineSwarm {
    fn config<'a>(
        &'a self,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<LiveConfig>, SwarmError>> {
        Box::pin(look::config(&self.link, name))
    }
}

impl TaskLogs for EngineSwarm {
    fn last_words<'a>(&'a self, task: &'a str) -> BoxFuture<'a, Result<LastWords, SwarmError>> {
        Box::pin(logs::last_words(&self.link, task))
    }
}

/// `X-Registry-Auth` for a login: base64url of the JSON that moby calls `AuthConfig`.
fn login_header(login: &RegistryLogin) -> Option<HeaderValue> {
    #[derive(Default, Serialize)]
    struct AuthConfig<'a> {
        #[serde(skip_serializing_if = "str::is_empty")]
        username: &'a str,
        #[serde(skip_serializing_if = "str::is_empty")]
        password: &'a str,
        #[serde(skip_serializing_if = "str::is_empty")]
        identitytoken: &'a str,
        serveraddress: &'a str,
    }
    let serveraddress = &login.server;
    let auth = match &login.credential {
        Credential::Password { user, password } => AuthConfig {
            username: user,
            password: std::str::from_utf8(password.reveal()).ok()?,
            serveraddress,
            ..AuthConfig::default()
        },
        Credential::IdentityToken(token) => AuthConfig {
            identitytoken: std::str::from_utf8(token.reveal()).ok()?,
            serveraddress,
            ..AuthConfig::default()
        },
    };
    let text = Zeroizing::new(serde_json::to_vec(&auth).ok()?);
    let mut header = HeaderValue::try_from(URL_SAFE.encode(&*text)).ok()?;
    header.set_sensitive(true);
    Some(header)
}
