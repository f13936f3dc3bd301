//! The environment of the process, read once.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::cli::plugin::DockerOptions;
use crate::registry::Proxies;

/// Variables that hold identities themselves: they are for opening files, and nothing else sees them.
const IDENTITIES: [&str; 2] = ["SKEP_AGE_KEY", "SOPS_AGE_KEY"];

/// Variables of the process, and what docker's command line said.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    /// All variables.
    variables: Vec<(OsString, OsString)>,
    /// Options of docker's command line, when skep is its plugin.
    pub(crate) docker: DockerOptions,
}

impl Environment {
    /// The environment of this process.
    #[must_use]
    pub(crate) fn of_process() -> Self {
        Self { variables: std::env::vars_os().collect(), docker: DockerOptions::default() }
    }

    /// The same with options of docker's command line.
    #[must_use]
    pub(crate) fn with_docker(self, docker: DockerOptions) -> Self {
        Self { docker, ..self }
    }

    /// A variable that is set and not empty.
    #[must_use]
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.os(name).and_then(OsStr::to_str)
    }

    /// A path in a variable that is set and not empty.
    #[must_use]
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        self.os(name).map(PathBuf::from)
    }

    /// All variables, for `git`.
    #[must_use]
    pub(crate) fn all(&self) -> Vec<(OsString, OsString)> {
        self.others().cloned().collect()
    }

    /// All variables that are text, for interpolation.
    #[must_use]
    pub(crate) fn texts(&self) -> BTreeMap<String, String> {
        let text = |text: &OsString| text.to_str().map(str::to_owned);
        self.others().filter_map(|(key, value)| Some((text(key)?, text(value)?))).collect()
    }

    /// All but identities.
    fn others(&self) -> impl Iterator<Item = &(OsString, OsString)> {
        self.variables.iter().filter(|(key, _)| !IDENTITIES.iter().any(|name| key == name))
    }

    /// Proxies, by the variables that most programs know.
    #[must_use]
    pub(crate) fn proxies(&self) -> Proxies {
        let first = |names: &[&str]| names.iter().find_map(|name| self.get(name));
        let given = |names: &[&str]| first(names).map(str::to_owned);
        Proxies {
            https: given(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]),
            http: given(&["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"]),
            except: given(&["NO_PROXY", "no_proxy"]).unwrap_or_default(),
        }
    }

    fn os(&self, name: &str) -> Option<&OsStr> {
        let found = self.variables.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_os_str()).filter(|value| !value.is_empty())
    }

    /// An environment of these variables.
    #[cfg(test)]
    pub(crate) fn of(variables: &[(&str, &str)]) -> Self {
        let variables = variables.iter().map(|(key, value)| (key.into(), value.into())).collect();
        Self { variables, docker: DockerOptions::default() }
    }
}
