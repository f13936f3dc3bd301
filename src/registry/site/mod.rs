//! One registry, or one mirror, as it is reached directly.

mod login;
mod manifest;
mod resolve;
mod send;
mod tags;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, Method, NoProxy, Proxy, StatusCode};
use tokio::sync::Semaphore;
use url::Url;

use super::lock;
use super::settings::Settings;
use crate::ports::{Clock, Logins};
use login::{Challenge, Tokens, challenge};
use manifest::Platforms;
use resolve::Known;
use send::Gate;

pub(super) use send::Fault;

/// Questions to one registry at a time.
const AT_ONCE: usize = 8;

/// One registry.
pub(super) struct Site {
    /// As images, logins and certificates name it.
    name: String,
    /// Where it may be: the first that answers counts.
    addresses: Vec<Url>,
    settings: Settings,
    logins: Arc<dyn Logins>,
    clock: Arc<dyn Clock>,
    places: Semaphore,
    /// What it said when it was greeted. Whoever comes meanwhile waits for that.
    hello: tokio::sync::Mutex<Option<Hello>>,
    /// How often it was out of reach or silent, and how it was the last time.
    trouble: Mutex<(u64, Option<Fault>)>,
    /// Until when it wants to be left alone, in the clock's time and in words.
    hold: Mutex<Option<(Duration, String)>>,
    tokens: Tokens,
    known: Mutex<Known>,
    platforms: Mutex<Platforms>,
}

/// How a registry is talked to.
#[derive(Clone)]
struct Hello {
    base: Url,
    challenge: Challenge,
    gate: Gate,
    /// For the registry itself.
    own: Client,
    /// For where it leads to.
    other: Client,
}

impl Hello {
    /// The client for an address. Whatever trust was widened for the registry is for it alone.
    fn client_for(&self, url: &Url) -> &Client {
        if send::same_origin(url, &self.base) { &self.own } else { &self.other }
    }
}

impl Site {
    pub(super) fn new(
        name: &str,
        addresses: &[Url],
        settings: &Settings,
        (logins, clock): (Arc<dyn Logins>, Arc<dyn Clock>),
    ) -> Self {
        Self {
            name: name.to_owned(),
            addresses: addresses.to_vec(),
            settings: settings.clone(),
            logins,
            clock,
            places: Semaphore::new(AT_ONCE),
            hello: tokio::sync::Mutex::default(),
            trouble: Mutex::default(),
            hold: Mutex::default(),
            tokens: Tokens::default(),
            known: Mutex::default(),
            platforms: Mutex::default(),
        }
    }

    /// Does some work when there is a place for it. What was found out about a registry that is out of
    /// reach, while this waited, holds for this too: one that is silent costs its time once, and not
    /// for each image.
    async fn in_turn<T>(
        &self,
        longest: Duration,
        work: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        let before = self.troubles();
        // Only a closed semaphore gives no place, and this one is never closed.
        let _place = self.places.acquire().await;
        self.check_trouble(before)?;
        self.within(longest, work).await.map_err(|fault| {
            let fault = self.tokens.clean(fault.of(&self.name));
            if matches!(fault, Fault::Closed(_) | Fault::Silent(_)) {
                let mut trouble = lock(&self.trouble);
                *trouble = (trouble.0 + 1, Some(fault.clone()));
                // When it is there again, it may be so with another certificate.
                if let Ok(mut hello) = self.hello.try_lock() {
                    *hello = None;
                }
            }
            fault
        })
    }

    fn troubles(&self) -> u64 {
        lock(&self.trouble).0
    }

    fn check_trouble(&self, before: u64) -> Result<(), Fault> {
        match &*lock(&self.trouble) {
            (count, Some(fault)) if *count > before => Err(fault.clone()),
            _ => Ok(()),
        }
    }

    /// How it is talked to. Asked once, at `/v2/`, as the specification has it.
    async fn hello(&self) -> Result<Hello, Fault> {
        let before = self.troubles();
        let mut hello = self.hello.lock().await;
        if let Some(hello) = hello.as_ref() {
            return Ok(hello.clone());
        }
        self.check_trouble(before)?;
        let mut last = Fault::Wrong("its address can't be used".to_owned());
        for address in &self.addresses {
            match self.greet(address).await {
                Ok(found) => return Ok(hello.insert(found).clone()),
                Err(fault @ Fault::Closed(_)) => last = fault,
                Err(fault) => return Err(fault),
            }
        }
        Err(last)
    }

    async fn greet(&self, address: &Url) -> Result<Hello, Fault> {
        let gate = Gate::new(address, self.settings.proxies.hosts());
        let client = |builder: ClientBuilder| {
            let unusable = |error| send::failed(&self.name, error);
            builder.build().map_err(unusable)
        };
        let insecure = self.settings.insecure.contains(&self.name);
        let own = self.builder(&gate)?.tls_danger_accept_invalid_certs(insecure);
        let (own, other) = (client(own)?, client(self.builder(&gate)?)?);
        let base = address.clone();
        let hello = Hello { base, challenge: Challenge::Open, gate, own, other };
        let url = send::join(address, "v2/")?;
        let answer = self.travel(&hello, (&Method::GET, url, HeaderMap::new()), None).await?;
        // Any other answer says nothing about logins; the questions will tell.
        let asked = answer.status == StatusCode::UNAUTHORIZED;
        let challenge = if asked { challenge(&answer.headers) } else { None };
        Ok(Hello { challenge: challenge.unwrap_or(Challenge::Open), ..hello })
    }
}

/// Clients.
impl Site {
    fn builder(&self, gate: &Gate) -> Result<ClientBuilder, Fault> {
        let settings = &self.settings;
        let mut builder = Client::builder()
            .redirect(Policy::none())
            .no_gzip()
            .connect_timeout(settings.time_out / 2)
            .user_agent(concat!("skep/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(gate.clone())
            // The environment was read already, once.
            .no_proxy();
        for (proxy, all) in [(&settings.proxies.https, true), (&settings.proxies.http, false)] {
            let Some(address) = proxy else { continue };
            let made = if all { Proxy::https(address) } else { Proxy::http(address) };
            let made = made.map_err(|error| send::failed(&self.name, error))?;
            builder = builder.proxy(made.no_proxy(NoProxy::from_string(&settings.proxies.except)));
        }
        let own = self.own_authorities();
        Ok(trusting(builder, settings.authorities.iter().chain(&own)))
    }

    /// Certificates for this registry alone, in docker's layout. They are read when it is asked first.
    #[expect(clippy::disallowed_methods, reason = "docker's certificates are in files")]
    fn own_authorities(&self) -> Vec<Vec<u8>> {
        let directory = self.settings.certificates.join(&self.name);
        let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "crt"));
        paths.sort();
        let read = |path: PathBuf| match std::fs::read(&path) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                tracing::warn!("read the certificate {}: {error}", path.display());
                None
            }
        };
        paths.into_iter().filter_map(read).collect()
    }
}

/// Adds certificates. Where the system has none of its own, they are all that there is.
fn trusting<'a>(
    builder: ClientBuilder,
    authorities: impl Iterator<Item = &'a Vec<u8>>,
) -> ClientBuilder {
    let parsed = authorities.filter_map(|pem| match Certificate::from_pem_bundle(pem) {
        Ok(found) => Some(found),
        Err(error) => {
            tracing::warn!("a certificate for registries can't be used: {error}");
            None
        }
    });
    let certificates: Vec<Certificate> = parsed.flatten().collect();
    if certificates.is_empty() { builder } else { builder.tls_certs_merge(certificates) }
}
