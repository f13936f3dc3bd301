//! Environment variables of a service.

use std::collections::BTreeMap;

use super::Stage;
use crate::load::compose::Service;
use crate::load::text::parse_env_file;
use crate::load::yaml::KeyPath;
use crate::model::Position;

impl Stage<'_, '_> {
    /// `NAME=value`, or `NAME` alone, sorted; `environment` wins over `env_file`, later files over
    /// earlier ones.
    pub(super) fn environment(&mut self, service: &Service, path: &KeyPath<'_>) -> Vec<String> {
        let mut variables: BTreeMap<String, Option<String>> = BTreeMap::new();
        for (index, name) in service.env_file.iter().flat_map(|files| files.list()).enumerate() {
            let key = path.key("env_file");
            let place = self.input.tree.locate(&key);
            let item = key.index(index);
            let listed = self.input.tree.locate(&item) != place;
            self.env_file(&name, if listed { &item } else { &key }, &mut variables);
        }
        if let Some(environment) = &service.environment {
            for (name, value) in environment.pairs() {
                let value = self.resolved(&name, value);
                variables.insert(name, value);
            }
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

    fn env_file(
        &mut self,
        name: &str,
        path: &KeyPath<'_>,
        variables: &mut BTreeMap<String, Option<String>>,
    ) {
        let Some((file, bytes)) = self.read(path, name) else { return };
        let (lines, mistakes) = parse_env_file(&bytes);
        for (line, error) in mistakes {
            let at = Position { line, column: 1 };
            let message = format!("line {} of {file}: {error}", at.line);
            self.error(path, (message, "one NAME=value per line, without quotes"));
        }
        for line in lines {
            let known = line.value.is_some();
            let value = self.resolved(&line.name, line.value);
            if known || value.is_some() {
                variables.insert(line.name, value);
            }
        }
    }

    /// A missing value is taken from the variables. An empty one is taken from the process
    /// environment, as docker does; the operator's is empty.
    fn resolved(&self, name: &str, value: Option<String>) -> Option<String> {
        let variables = self.input.variables;
        match value {
            None => variables.get(name).map(str::to_owned),
            Some(value) if value.is_empty() => {
                Some(variables.process.get(name).cloned().unwrap_or(value))
            }
            Some(value) => Some(value),
        }
    }
}
