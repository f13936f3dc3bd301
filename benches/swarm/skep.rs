//! skep as it is measured: the rooms that `skep run` puts together, put together here.

use std::path::{Path, PathBuf};

use skep::model::RegistryLogins;
use skep::reconcile::{Operator, Settings};
use skep::source::Times;

use crate::doors::{doors, sources};

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
        let options = skep::source::Options {
            mirrors: self.repository.join(".git/mirrors"),
            environment: std::env::vars_os().filter(|(name, _)| name == "PATH").collect(),
            times: Times::default(),
        };
        let location = self.repository.to_str().expect("a plain path");
        let doors = doors(&self.socket, logins(&self.docker_config));
        Operator::new(doors, sources(location, &options), Settings::default())
    }
}

fn logins(docker_config: &Path) -> RegistryLogins {
    let config = std::fs::read(docker_config.join("config.json")).expect("a configuration");
    RegistryLogins::from_docker_config(&config).expect("logins")
}
