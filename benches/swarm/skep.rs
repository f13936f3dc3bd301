//! skep as it is measured: the rooms that `skep run` puts together, put together here.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use skep::clock::SystemClock;
use skep::model::{RegistryLogins, SourceName};
use skep::ports::Source;
use skep::reconcile::{Doors, NamedSource, Operator, Settings};
use skep::source::{CredentialParts, Manner, SourceSpec, SourceText, Times};
use skep::swarm::{Host, Options};

/// Where skep is started: between a repository and an engine.
pub struct Start {
    pub repository: PathBuf,
    pub socket: PathBuf,
    /// A docker client configuration with logins.
    pub docker_config: PathBuf,
}

impl Start {
    /// An operator that has read nothing yet.
    pub fn operator(&self) -> Operator {
        let (clock, logins) = (Arc::new(SystemClock), logins(&self.docker_config));
        let options = Options {
            own_config: skep::ledger::is_ledger_name,
            logins: logins.clone(),
            ..Options::new(clock.clone())
        };
        let host: Host = format!("unix://{}", self.socket.display()).parse().expect("a host");
        let swarm = Arc::new(skep::swarm::connect(&host, options).expect("a swarm"));
        let registry = Arc::new(skep::registry::connect(swarm.docker(), logins));
        let source = open(&self.repository);
        let source = NamedSource { name: SourceName::new("root").expect("a name"), source };
        Operator::new(Doors { swarm, registry, clock }, vec![source], Settings::default())
    }
}

fn logins(docker_config: &Path) -> RegistryLogins {
    let config = std::fs::read(docker_config.join("config.json")).expect("a configuration");
    RegistryLogins::from_docker_config(&config).expect("logins")
}

fn open(repository: &Path) -> Arc<dyn Source> {
    let location = repository.to_str().expect("a plain path");
    let text = SourceText { location, ..SourceText::default() };
    let spec = SourceSpec::parse(&text, CredentialParts::default()).expect("a source");
    let options = skep::source::Options {
        mirrors: repository.join(".git/mirrors"),
        environment: std::env::vars_os().filter(|(name, _)| name == "PATH").collect(),
        times: Times::default(),
    };
    skep::source::open(&spec.with_manner(Manner::ByCommit), &options).expect("a repository").into()
}
