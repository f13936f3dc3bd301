//! skep's doors as `skep run` opens them, for those who put an operator together themselves.

#![expect(clippy::expect_used, reason = "a test may fail")]

use std::path::Path;
use std::sync::Arc;

use skep::clock::SystemClock;
use skep::model::{RegistryLogins, SourceName};
use skep::ports::{Clock, Logins};
use skep::reconcile::{Doors, NamedSource};
use skep::registry::{Registries, Settings};
use skep::source::{CredentialParts, Manner, SourceSpec, SourceText};
use skep::swarm::{Host, Options};

/// To the engine behind a socket, and through it to registries.
pub fn doors(socket: &Path, logins: RegistryLogins) -> Doors {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let host: Host = format!("unix://{}", socket.display()).parse().expect("a host");
    let logins: Arc<dyn Logins> = Arc::new(logins);
    let options = Options {
        logins: Arc::clone(&logins),
        own_config: skep::ledger::is_ledger_name,
        unheard_config: skep::ledger::is_lease_name,
        ..Options::new(Arc::clone(&clock))
    };
    let swarm = skep::swarm::connect(&host, options).expect("a usable socket");
    let engine = skep::registry::connect(swarm.docker(), Arc::clone(&logins));
    let registries = Registries::new(Settings::default(), logins, Arc::clone(&clock));
    let registry = Arc::new(registries.or_through(engine));
    Doors { swarm: Arc::new(swarm), registry, clock }
}

/// To a repository, by its address or path.
pub fn sources(location: &str, options: &skep::source::Options) -> Vec<NamedSource> {
    let text = SourceText { location, ..SourceText::default() };
    let spec = SourceSpec::parse(&text, CredentialParts::default()).expect("a good source");
    let source = skep::source::open(&spec.with_manner(Manner::ByCommit), options);
    let name = SourceName::new("root").expect("a name");
    vec![NamedSource { name, source: Arc::from(source.expect("a source")) }]
}
