//! The traps that everything falls into which is built upon `docker stack deploy`: each is shown
//! with docker's own client, and beside it that skep does not fall into it. They bear the numbers
//! of the list that they come from; its F6 and F7 are not about the engine.

#![expect(clippy::disallowed_methods, reason = "a test stands outside: it writes files")]

mod names;
mod rollouts;
mod writes;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::lab::{Lab, Node, within};
use crate::world::{PATIENCE, World};

/// A stack of the same file, beside skep's, that docker's client deploys.
struct Plain<'a> {
    lab: &'a Lab,
    /// Behind the door of the hand.
    node: Node,
    name: String,
    dir: tempfile::TempDir,
}

impl<'a> Plain<'a> {
    fn new(world: &World<'a>) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let name = format!("{}-plain", world.name);
        Self { lab: world.lab, node: world.by_hand(), name, dir }
    }

    /// A file beside the stack file.
    fn write(&self, name: &str, text: &str) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    }

    /// `docker stack deploy`.
    fn try_deploy(&self, text: &str) -> Result<String, String> {
        self.try_deploy_with(text, &[])
    }

    fn try_deploy_with(&self, text: &str, options: &[&str]) -> Result<String, String> {
        let file = self.write("stack.yml", &format!("version: \"3.8\"\n{text}"));
        let words = [&["stack", "deploy"], options, &["--compose-file", &file, &self.name]];
        self.lab.try_docker(&self.node, &words.concat())
    }

    fn deploy(&self, text: &str) {
        self.try_deploy(text).unwrap_or_else(|why| panic!("stack deploy: {why}"));
    }

    /// The same with the login to the registry: without it docker's client learns no digest.
    fn deploy_logged_in(&self, text: &str) {
        let deployed = self.try_deploy_with(text, &["--with-registry-auth"]);
        deployed.unwrap_or_else(|why| panic!("stack deploy: {why}"));
    }

    /// `docker stack rm`, which is content when its network still stands.
    fn remove(&self) {
        let _ = self.lab.try_docker(&self.node, &["stack", "rm", &self.name]);
    }

    fn service(&self) -> Service<'a> {
        let name = format!("{}_web", self.name);
        Service { lab: self.lab, node: self.node.clone(), name }
    }
}

/// One service, as the engine tells of it.
struct Service<'a> {
    lab: &'a Lab,
    node: Node,
    name: String,
}

impl<'a> Service<'a> {
    /// That of skep's stack.
    fn ours(world: &World<'a>) -> Self {
        Self { lab: world.lab, node: world.by_hand(), name: world.full("web") }
    }

    fn inspect(&self) -> Value {
        let text = self.lab.docker(&self.node, &["service", "inspect", &self.name]);
        let services: Vec<Value> = serde_json::from_str(&text).expect("JSON");
        services.into_iter().next().expect("a service")
    }

    /// The variables of `Spec` or `PreviousSpec`; null when there is no such spec.
    fn variables(&self, spec: &str) -> Value {
        self.inspect()[spec]["TaskTemplate"]["ContainerSpec"]["Env"].clone()
    }

    /// What the engine says of its update; empty when it says nothing.
    fn update(&self) -> String {
        self.inspect()["UpdateStatus"]["State"].as_str().unwrap_or_default().to_owned()
    }

    /// The tasks that failed. The engine keeps a few beside the one that runs.
    fn failed(&self) -> BTreeSet<String> {
        let words = ["service", "ps", "--no-trunc", "--format", "{{.ID}} {{.CurrentState}}"];
        let tasks = self.lab.docker(&self.node, &[&words[..], &[&self.name]].concat());
        let tasks = tasks.lines().filter_map(|line| line.split_once(' '));
        let failed = tasks.filter(|(_, state)| state.starts_with("Failed"));
        failed.map(|(id, _)| id.to_owned()).collect()
    }

    fn runs(&self) -> bool {
        let words = ["service", "ps", "--filter", "desired-state=running", "--format"];
        let words = [&words[..], &["{{.CurrentState}}", &self.name]].concat();
        let states = self.lab.try_docker(&self.node, &words).unwrap_or_default();
        !states.is_empty() && states.lines().all(|state| state.starts_with("Running"))
    }

    fn wait_runs(&self) {
        assert!(within(PATIENCE, || self.runs()), "{} does not run", self.name);
    }

    fn wait_update(&self, wanted: &str) {
        let there = within(PATIENCE, || self.update() == wanted);
        assert!(there, "{} is no {wanted}: {}", self.name, self.inspect());
    }
}
