//! skep as it is measured: the rooms that `skep run` puts together, put together here.

use std::path::PathBuf;

use skep::model::{ImageAnswer, RegistryLogins};
use skep::reconcile::{Operator, Settings};
use skep::source::Times;

use crate::doors::{doors, sources};

/// Where skep is started: between a repository and an engine.
pub struct Start {
    pub repository: PathBuf,
    pub socket: PathBuf,
    pub logins: RegistryLogins,
}

impl Start {
    /// Asks a registry, as the first pass does before it makes anything.
    pub async fn ask(&self, image: &str) {
        let doors = doors(&self.socket, self.logins.clone());
        let answer = doors.registry.resolve(&image.parse().expect("an image")).await;
        assert!(matches!(answer, ImageAnswer::Pinned(_)), "{answer:?}");
    }

    /// An operator that has read nothing yet.
    pub fn operator(&self) -> Operator {
        let options = skep::source::Options {
            mirrors: self.repository.join(".git/mirrors"),
            environment: std::env::vars_os().filter(|(name, _)| name == "PATH").collect(),
            times: Times::default(),
        };
        let location = self.repository.to_str().expect("a plain path");
        let doors = doors(&self.socket, self.logins.clone());
        Operator::new(doors, sources(location, &options), Settings::default())
    }
}
