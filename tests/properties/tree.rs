//! What is declared, as a value, and the files that say it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::script::{Part, Policy};

/// Begins the content of each secret: it must be found nowhere outside of the swarm.
pub const SECRET: &str = "TOPSECRET-";
/// Begins what may be secret too: it must be found in no document.
pub const DELICATE: &str = "PRIVATE-";

/// All stacks that are declared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    pub stacks: BTreeMap<String, Stack>,
}

/// One stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stack {
    pub services: BTreeMap<String, Service>,
    pub approval: Option<String>,
    pub suspended: Option<String>,
    pub on_failure: Option<String>,
    pub broken: bool,
}

/// One service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Service {
    pub image: Option<String>,
    pub replicas: Option<u64>,
    pub mode: Option<String>,
    pub env: BTreeMap<String, String>,
    pub labels: BTreeMap<String, String>,
    pub networks: BTreeSet<String>,
    pub secrets: BTreeMap<String, String>,
    pub configs: BTreeMap<String, String>,
    pub needs: BTreeMap<String, String>,
    pub on: Option<String>,
    pub failure_action: Option<String>,
}

impl Tree {
    /// Declares parts of a service.
    pub fn declare(&mut self, stack: &str, service: &str, parts: &[Part]) {
        let stack = self.stacks.entry(stack.to_owned()).or_default();
        let service = stack.services.entry(service.to_owned()).or_default();
        parts.iter().for_each(|part| service.declare(part));
    }

    /// Takes a service or a stack out.
    pub fn forget(&mut self, stack: &str, service: Option<&str>) {
        match service {
            None => drop(self.stacks.remove(stack)),
            Some(service) => {
                if let Some(stack) = self.stacks.get_mut(stack) {
                    stack.services.remove(service);
                    for other in stack.services.values_mut() {
                        other.needs.remove(service);
                    }
                }
            }
        }
        self.stacks.retain(|_, stack| !stack.services.is_empty());
    }

    /// Gives a stack another name.
    pub fn rename(&mut self, from: &str, to: &str) {
        if let Some(stack) = self.stacks.remove(from) {
            self.stacks.insert(to.to_owned(), stack);
        }
    }

    /// Puts a mistake into the file of a stack.
    pub fn break_file(&mut self, stack: &str) {
        self.stacks.get_mut(stack).into_iter().for_each(|stack| stack.broken = true);
    }

    /// Takes the mistake out.
    pub fn mend_file(&mut self, stack: &str) {
        self.stacks.get_mut(stack).into_iter().for_each(|stack| stack.broken = false);
    }

    /// What its author asks of skep.
    pub fn policy(&mut self, stack: &str, policy: &Policy) {
        let Some(stack) = self.stacks.get_mut(stack) else { return };
        match policy {
            Policy::Approval(word) => stack.approval = Some(word.clone()),
            Policy::Suspended(word) => {
                stack.suspended = Some(word.clone()).filter(|word| word != "no");
            }
            Policy::OnFailure(word) => stack.on_failure = Some(word.clone()),
        }
    }

    /// All files with their texts.
    pub fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        for (name, stack) in &self.stacks {
            files.insert(format!("{name}.yml"), stack.text(name));
            for service in stack.services.values() {
                for (secret, value) in &service.secrets {
                    files.insert(format!("{name}.{secret}.txt"), format!("{SECRET}{value}"));
                }
                for (config, value) in &service.configs {
                    files.insert(format!("{name}.{config}.conf"), format!("{DELICATE}{value}"));
                }
            }
        }
        files
    }
}

impl Service {
    fn declare(&mut self, part: &Part) {
        match part.clone() {
            Part::Image(image) => self.image = Some(image),
            Part::Replicas(number) => self.replicas = Some(number),
            Part::Mode(mode) => self.mode = Some(mode),
            Part::Env(name, value) => drop(self.env.insert(name, value)),
            Part::Label(name, value) => drop(self.labels.insert(name, value)),
            Part::Network(name) => drop(self.networks.insert(name)),
            Part::Secret(name, value) => drop(self.secrets.insert(name, value)),
            Part::Config(name, value) => drop(self.configs.insert(name, value)),
            Part::Needs(name, condition) => drop(self.needs.insert(name, condition)),
            Part::On(node) => self.on = Some(node),
            Part::FailureAction(word) => self.failure_action = Some(word),
        }
    }

    /// Image with tag, as declared: in the one registry, or in another one that is named.
    pub fn image(&self) -> String {
        match self.image.as_deref().unwrap_or("web:1") {
            elsewhere if elsewhere.contains('/') => elsewhere.to_owned(),
            image => format!("registry.test/{image}"),
        }
    }

    /// `global`, `job` or `replicated`.
    pub fn mode(&self) -> &str {
        self.mode.as_deref().unwrap_or("replicated")
    }

    fn text(&self, stack: &Stack) -> String {
        let mut text = format!("    image: {}\n", self.image());
        map(&mut text, "    environment:", &self.env);
        let list =
            |names: Vec<&String>| names.iter().map(|n| n.as_str()).collect::<Vec<_>>().join(", ");
        if !self.networks.is_empty() {
            let _ = writeln!(text, "    networks: [{}]", list(self.networks.iter().collect()));
        }
        if !self.secrets.is_empty() {
            let _ = writeln!(text, "    secrets: [{}]", list(self.secrets.keys().collect()));
        }
        if !self.configs.is_empty() {
            let _ = writeln!(text, "    configs: [{}]", list(self.configs.keys().collect()));
        }
        let there = |(name, _): &(&String, &String)| stack.services.contains_key(*name);
        let needs: Vec<_> = self.needs.iter().filter(there).collect();
        if !needs.is_empty() {
            text.push_str("    depends_on:\n");
            for (name, condition) in needs {
                let _ = writeln!(text, "      {name}: {{condition: service_{condition}}}");
            }
        }
        text.push_str(&self.deploy());
        text
    }

    fn deploy(&self) -> String {
        let mut text = "    deploy:\n".to_owned();
        match self.mode() {
            "global" => text.push_str("      mode: global\n"),
            "job" => text.push_str("      mode: replicated-job\n"),
            _ => {}
        }
        if let Some(replicas) = self.replicas.filter(|_| self.mode() != "global") {
            let _ = writeln!(text, "      replicas: {replicas}");
        }
        map(&mut text, "      labels:", &self.labels);
        if let Some(node) = &self.on {
            let _ = writeln!(text, "      placement: {{constraints: [node.hostname == {node}]}}");
        }
        if let Some(word) = self.failure_action.as_ref().filter(|_| self.mode() != "job") {
            let _ = writeln!(text, "      update_config: {{failure_action: {word}}}");
        }
        if text.lines().count() == 1 { String::new() } else { text }
    }
}

fn map(text: &mut String, head: &str, entries: &BTreeMap<String, String>) {
    if entries.is_empty() {
        return;
    }
    let indent = head.len() - head.trim_start().len() + 2;
    let _ = writeln!(text, "{head}");
    for (name, value) in entries {
        let _ = writeln!(text, "{:indent$}{name}: '{value}'", "");
    }
}

impl Stack {
    fn text(&self, name: &str) -> String {
        let mut text = self.policy();
        text.push_str("services:\n");
        for (service, declared) in &self.services {
            let _ = write!(text, "  {service}:\n{}", declared.text(self));
        }
        let all = |of: fn(&Service) -> Vec<&String>| -> BTreeSet<&String> {
            self.services.values().flat_map(of).collect()
        };
        let networks = all(|service| service.networks.iter().collect());
        let secrets = all(|service| service.secrets.keys().collect());
        let configs = all(|service| service.configs.keys().collect());
        objects(&mut text, "networks", networks.iter().map(|n| format!("{n}: {{}}")).collect());
        let file =
            |name: &str, key: &str, end: &str| format!("{key}: {{file: ./{name}.{key}.{end}}}");
        let secrets = secrets.iter().map(|key| file(name, key, "txt")).collect();
        objects(&mut text, "secrets", secrets);
        let configs = configs.iter().map(|key| file(name, key, "conf")).collect();
        objects(&mut text, "configs", configs);
        if self.broken {
            text.push_str("servces: {}\n  odd: [\n");
        }
        text
    }

    fn policy(&self) -> String {
        let approval = self.approval.as_ref().map(|word| format!("approval: {word}"));
        let suspend = self.suspended.as_ref().map(|word| format!("suspend: '{word}'"));
        let rollout =
            self.on_failure.as_ref().map(|word| format!("rollout: {{on_failure: {word}}}"));
        let keys: Vec<String> = [approval, suspend, rollout].into_iter().flatten().collect();
        if keys.is_empty() { String::new() } else { format!("x-skep: {{{}}}\n", keys.join(", ")) }
    }
}

fn objects(text: &mut String, head: &str, entries: Vec<String>) {
    if !entries.is_empty() {
        let _ = writeln!(text, "{head}:");
        for entry in entries {
            let _ = writeln!(text, "  {entry}");
        }
    }
}
