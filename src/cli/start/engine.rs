//! Which engine is meant: `DOCKER_HOST`, `DOCKER_CONTEXT` and docker's configuration, by docker's
//! own rules (`cli/command/cli.go` and `cli/context/store` in docker/cli).
#![expect(clippy::disallowed_methods, reason = "docker's configuration is in files")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::Environment;
use crate::cli::error::Failure;
use crate::model::SecretBytes;
use crate::swarm::{Host, Tls};

/// The context that is no context.
const DEFAULT: &str = "default";

/// An engine's address, with certificates where it is reached by TLS.
#[derive(Debug)]
pub(super) struct EngineAddress {
    pub(super) host: Host,
    pub(super) tls: Option<Tls>,
}

/// Finds the engine: `--host`, then docker's options and variables, then its current context.
pub(super) fn find(
    host: Option<&str>,
    environment: &Environment,
) -> Result<EngineAddress, Failure> {
    let docker = &environment.docker;
    if let Some(host) = host.or(docker.host.as_deref()) {
        return direct(host, environment);
    }
    match context_name(environment)? {
        Some(name) => context(&name, &docker_config(environment)),
        None => direct(environment.get("DOCKER_HOST").unwrap_or_default(), environment),
    }
}

/// Directory of docker's configuration.
pub(super) fn docker_config(environment: &Environment) -> PathBuf {
    let given = environment.docker.config.as_ref().map(PathBuf::from);
    given
        .or_else(|| environment.path("DOCKER_CONFIG"))
        .unwrap_or_else(|| environment.path("HOME").unwrap_or_default().join(".docker"))
}

/// The context that counts; `DOCKER_HOST` outweighs `DOCKER_CONTEXT`.
fn context_name(environment: &Environment) -> Result<Option<String>, Failure> {
    let named = |name: &str| Some(name.to_owned()).filter(|name| name != DEFAULT);
    if let Some(name) = &environment.docker.context {
        return Ok(named(name));
    }
    if environment.get("DOCKER_HOST").is_some() {
        return Ok(None);
    }
    if let Some(name) = environment.get("DOCKER_CONTEXT") {
        return Ok(named(name));
    }
    Ok(current_context(&docker_config(environment))?.as_deref().and_then(named))
}

fn current_context(config: &Path) -> Result<Option<String>, Failure> {
    #[derive(Deserialize)]
    struct Config {
        #[serde(rename = "currentContext")]
        current: Option<String>,
    }
    let path = config.join("config.json");
    let Ok(bytes) = std::fs::read(&path) else { return Ok(None) };
    let config: Config = serde_json::from_slice(&bytes)
        .map_err(|error| Failure::new(format!("read {}", path.display()), error))?;
    Ok(config.current.filter(|name| !name.is_empty()))
}

/// A context, by its name: `contexts/meta/SHA256/meta.json` and `contexts/tls/SHA256/docker`.
fn context(name: &str, config: &Path) -> Result<EngineAddress, Failure> {
    #[derive(Deserialize)]
    struct Meta {
        #[serde(rename = "Endpoints")]
        endpoints: BTreeMap<String, Endpoint>,
    }
    #[derive(Deserialize)]
    struct Endpoint {
        #[serde(rename = "Host", default)]
        host: String,
        #[serde(rename = "SkipTLSVerify", default)]
        skip_verify: bool,
    }
    let attempted = || format!("use the docker context '{name}'");
    let id: String = Sha256::digest(name).iter().map(|byte| format!("{byte:02x}")).collect();
    let path = config.join("contexts/meta").join(&id).join("meta.json");
    let bytes = std::fs::read(&path).map_err(|error| Failure::new(attempted(), error))?;
    let meta: Meta =
        serde_json::from_slice(&bytes).map_err(|error| Failure::new(attempted(), error))?;
    let endpoint = meta.endpoints.get("docker");
    let endpoint = endpoint.ok_or_else(|| Failure::new(attempted(), "it names no engine"))?;
    let host = parse(&endpoint.host)?;
    let certificates = config.join("contexts/tls").join(&id).join("docker");
    let tls = if certificates.is_dir() { Some(tls(&certificates)?) } else { None };
    if endpoint.skip_verify && tls.is_some() {
        let why = "it does not verify the engine's certificate, which skep always does";
        return Err(Failure::new(attempted(), why));
    }
    Ok(EngineAddress { host, tls })
}

/// An address as it is given; empty is docker's own socket.
fn direct(text: &str, environment: &Environment) -> Result<EngineAddress, Failure> {
    let host = if text.is_empty() { Host::default() } else { parse(text)? };
    let wanted = environment.get("DOCKER_TLS_VERIFY").is_some();
    if !wanted || !matches!(host, Host::Tcp { .. }) {
        return Ok(EngineAddress { host, tls: None });
    }
    let directory =
        environment.path("DOCKER_CERT_PATH").unwrap_or_else(|| docker_config(environment));
    Ok(EngineAddress { host, tls: Some(tls(&directory)?) })
}

fn parse(text: &str) -> Result<Host, Failure> {
    text.parse().map_err(|error: crate::swarm::HostError| Failure::of(&error))
}

fn tls(directory: &Path) -> Result<Tls, Failure> {
    let read = |name: &str| {
        let path = directory.join(name);
        std::fs::read(&path).map_err(|error| {
            Failure::new(format!("read the certificate {}", path.display()), error)
        })
    };
    Ok(Tls {
        ca: read("ca.pem")?,
        certificate: read("cert.pem")?,
        key: SecretBytes::new(read("key.pem")?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A docker configuration with one context `far` at tcp://far:2376, which is the current one.
    fn config() -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a directory");
        let id: String = Sha256::digest("far").iter().map(|byte| format!("{byte:02x}")).collect();
        let meta = dir.path().join("contexts/meta").join(&id);
        let tls = dir.path().join("contexts/tls").join(&id).join("docker");
        for directory in [&meta, &tls] {
            std::fs::create_dir_all(directory).expect("a directory");
        }
        let text = r#"{"Name":"far","Endpoints":{"docker":{"Host":"tcp://far:2376"}}}"#;
        std::fs::write(meta.join("meta.json"), text).expect("a file");
        for name in ["ca.pem", "cert.pem", "key.pem"] {
            std::fs::write(tls.join(name), name).expect("a file");
        }
        let text = r#"{"currentContext":"far","auths":{}}"#;
        std::fs::write(dir.path().join("config.json"), text).expect("a file");
        dir
    }

    fn check(host: Option<&str>, variables: &[(&str, &str)]) -> String {
        let dir = config();
        let config = dir.path().to_string_lossy().into_owned();
        let variables = [variables, &[("DOCKER_CONFIG", config.as_str())]].concat();
        match find(host, &Environment::of(&variables)) {
            Ok(found) => {
                let with = if found.tls.is_some() { " with TLS" } else { "" };
                format!("{}{with}", found.host)
            }
            Err(failure) => failure.to_string(),
        }
    }

    #[test]
    fn the_order_is_dockers() {
        assert_eq!(check(None, &[]), "tcp://far:2376 with TLS");
        assert_eq!(check(Some("unix:///x"), &[]), "unix:///x");
        assert_eq!(check(None, &[("DOCKER_HOST", "tcp://b:1")]), "tcp://b:1");
        let both = [("DOCKER_HOST", "tcp://b:1"), ("DOCKER_CONTEXT", "far")];
        assert_eq!(check(None, &both), "tcp://b:1");
        assert_eq!(check(None, &[("DOCKER_CONTEXT", "default")]), "unix:///var/run/docker.sock");
    }

    #[test]
    fn what_can_t_be_used_is_named() {
        assert!(check(None, &[("DOCKER_CONTEXT", "nowhere")]).contains("context 'nowhere'"));
        assert!(check(Some("far"), &[]).contains("unix:///PATH"));
        let verify = [("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", "/nowhere")];
        assert!(check(Some("tcp://b:1"), &verify).contains("/nowhere/ca.pem"));
    }
}
