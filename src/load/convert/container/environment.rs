//! Environment variables of a service, and the files that they and labels come from.

use std::collections::BTreeMap;

use crate::load::compose::{KeyValues, Required, Service};
use crate::load::convert::Stage;
use crate::load::text::{EnvLine, parse_env_file};
use crate::load::yaml::{FileId, KeyPath};
use crate::model::Position;
use crate::model::engine::StringMap;

impl Stage<'_, '_> {
    /// `NAME=value`, or `NAME` alone, sorted; `environment` wins over `env_file`, later files over
    /// earlier ones.
    pub(super) fn environment(&mut self, service: &Service, path: &KeyPath<'_>) -> Vec<String> {
        let mut variables: BTreeMap<String, Option<String>> = BTreeMap::new();
        let files = service.env_file.iter().flat_map(|files| files.list());
        let key = path.key("env_file");
        for (index, (name, required)) in files.enumerate() {
            let item = key.index(index);
            let here = self.item(&key, &item);
            let file = self.input.tree.locate(&here).file;
            for line in self.lines(name, required, &here) {
                let known = line.value.is_some();
                let value = self.resolved(file, &line.name, line.value);
                if known || value.is_some() {
                    variables.insert(line.name, value);
                }
            }
        }
        let key = path.key("environment");
        for (name, value) in service.environment.iter().flat_map(|form| form.pairs()) {
            let file = self.input.tree.locate(&key.key(&name)).file;
            let value = self.resolved(file, &name, value);
            if value.as_deref().is_some_and(|v| self.refuse_sealed(v.as_bytes(), &key).is_none()) {
                continue;
            }
            variables.insert(name, value);
        }
        let mut lines: Vec<String> = variables
            .into_iter()
            .map(|(name, value)| match value {
                Some(value) => format!("{name}={value}"),
                None => name,
            })
            .collect();
        lines.sort();
        lines
    }

    /// Labels of the containers: those of files, and over them those of `labels`.
    pub(super) fn container_labels(&mut self, service: &Service, path: &KeyPath<'_>) -> StringMap {
        let key = path.key("label_file");
        let mut labels: BTreeMap<String, String> = BTreeMap::new();
        let files = service.label_file.iter().flat_map(|files| files.list());
        for (index, name) in files.enumerate() {
            let item = key.index(index);
            let here = self.item(&key, &item);
            let lines = self.lines(&name, Required::Yes, &here);
            labels.extend(lines.into_iter().map(|l| (l.name, l.value.unwrap_or_default())));
        }
        let own = service.labels.as_ref().map(KeyValues::filled).unwrap_or_default();
        labels.extend(own.iter().map(|(name, value)| (name.clone(), value.clone())));
        self.stack_labels(labels.into_iter().collect())
    }

    /// The path to an item, or to the key where one text stands instead of a list.
    fn item<'p>(&self, key: &KeyPath<'p>, item: &KeyPath<'p>) -> KeyPath<'p> {
        let listed = self.input.tree.locate(item) != self.input.tree.locate(key);
        if listed { *item } else { *key }
    }

    /// Lines of an env file.
    fn lines(&mut self, name: &str, required: Required, path: &KeyPath<'_>) -> Vec<EnvLine> {
        let missing =
            |unread: &crate::load::convert::Unread| unread.missing && required == Required::No;
        if self.read_if_there(path, name).is_err_and(|unread| missing(&unread)) {
            return Vec::new();
        }
        let Some((file, bytes)) = self.read(path, name) else { return Vec::new() };
        let (lines, mistakes) = parse_env_file(&bytes);
        for (line, error) in mistakes {
            let at = Position { line, column: 1 };
            let message = format!("line {} of {file}: {error}", at.line);
            self.error(path, (message, "one NAME=value per line, without quotes"));
        }
        lines
    }

    /// A missing value is taken from the variables that count for the file. An empty one is taken
    /// from the process environment, as docker does; the operator's is empty.
    fn resolved(&self, file: FileId, name: &str, value: Option<String>) -> Option<String> {
        match value {
            None => self.variable(file, name).map(str::to_owned),
            Some(value) if value.is_empty() => {
                Some(self.input.variables.process.get(name).cloned().unwrap_or(value))
            }
            Some(value) => Some(value),
        }
    }
}
