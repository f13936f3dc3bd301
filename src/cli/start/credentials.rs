//! Credentials, by files or variables; mounted secrets are found under fixed names.
#![expect(clippy::disallowed_methods, reason = "credentials are mounted as files")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use url::Url;

use super::Environment;
use super::engine::docker_config;
use crate::cli::args::{CredentialArgs, RegistryArgs, SwarmArgs};
use crate::cli::error::Failure;
use crate::ledger::KEY_BYTES;
use crate::load::Identities;
use crate::model::{HashKey, RegistryLogins, SecretBytes};
use crate::registry::{self, Settings};
use crate::source::{CredentialParts, SecretFrom};

/// Where the engine mounts secrets.
const MOUNTED: &str = "/run/secrets";

/// What opens repositories: an option first, then a variable, then a mounted secret.
pub(super) fn for_git(args: &CredentialArgs, environment: &Environment) -> CredentialParts {
    let value = |name: &str| {
        let text = environment.get(name)?;
        Some(SecretFrom::Value(SecretBytes::new(text.as_bytes().to_vec())))
    };
    let one = |file: &Option<PathBuf>, variable: &str, secret: &str| {
        let given = file.clone().map(SecretFrom::File).or_else(|| value(variable));
        given.or_else(|| mounted(secret).map(SecretFrom::File))
    };
    CredentialParts {
        token: one(&args.token_file, "SKEP_GIT_TOKEN", "skep-git-token"),
        user: value("SKEP_GIT_USER"),
        password: value("SKEP_GIT_PASSWORD"),
        key: one(&args.ssh_key_file, "SKEP_GIT_KEY", "skep-git-key"),
        known_hosts: one(&args.known_hosts, "SKEP_GIT_KNOWN_HOSTS", "skep-git-known-hosts"),
    }
}

/// Logins to registries: the file that was named, a mounted secret, or docker's own configuration.
pub(super) fn for_registries(
    args: &SwarmArgs,
    environment: &Environment,
) -> Result<RegistryLogins, Failure> {
    let named = args.registry_config.clone().or_else(|| mounted("skep-registry-login"));
    let own = || Some(docker_config(environment).join("config.json")).filter(|path| path.is_file());
    let Some(path) = named.or_else(own) else { return Ok(RegistryLogins::default()) };
    let attempted = || format!("read logins to registries from {}", path.display());
    let bytes = std::fs::read(&path).map_err(|error| Failure::new(attempted(), error))?;
    let logins = RegistryLogins::from_docker_config(&bytes)
        .map_err(|error| Failure::new(attempted(), error))?;
    Ok(logins)
}

/// How registries are reached.
pub(super) fn registries(
    args: &RegistryArgs,
    environment: &Environment,
) -> Result<Settings, Failure> {
    let mut mirrors: BTreeMap<String, Vec<Url>> = BTreeMap::new();
    for (registry, mirror) in &args.registry_mirror {
        mirrors.entry(registry.clone()).or_default().push(mirror.clone());
    }
    let trusted = args.registry_ca.clone().or_else(|| mounted("skep-registry-ca"));
    let authorities = trusted.map(|path| {
        let attempted = || format!("read certificates for registries from {}", path.display());
        let bytes = std::fs::read(&path).map_err(|error| Failure::new(attempted(), error))?;
        registry::check_certificates(&bytes).map_err(|why| Failure::new(attempted(), why))?;
        Ok(bytes)
    });
    Ok(Settings {
        mirrors,
        insecure: args.insecure_registry.iter().cloned().collect(),
        authorities: authorities.transpose()?.into_iter().collect(),
        certificates: args.registry_certs.clone(),
        proxies: environment.proxies(),
        ..Settings::default()
    })
}

/// The key of the hashes over secret content, when one is given.
pub(super) fn hash_key(args: &SwarmArgs) -> Result<Option<HashKey>, Failure> {
    let Some(path) = args.key_file.clone().or_else(|| mounted("skep-key")) else { return Ok(None) };
    let attempted = || format!("read the key {}", path.display());
    let bytes = std::fs::read(&path).map_err(|error| Failure::new(attempted(), error))?;
    let key = <[u8; KEY_BYTES]>::try_from(bytes)
        .map_err(|_| Failure::new(attempted(), format!("it has not exactly {KEY_BYTES} bytes")))?;
    Ok(Some(HashKey::new(key)))
}

/// Whose variables count besides skep's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variables {
    /// Those of SOPS too: a command of a person, who has them for SOPS.
    Shared,
    /// None: the operator's environment is its own.
    Own,
}

/// What opens sealed files: a file that is named and what variables hold, together; else the mounted
/// secret.
pub(crate) fn identities(
    file: Option<&Path>,
    (environment, variables): (&Environment, Variables),
) -> Result<Identities, Failure> {
    let shared = |name: &'static str| Some(name).filter(|_| variables == Variables::Shared);
    let own = file.map(|path| ("--age-key-file".to_owned(), path.to_owned()));
    let theirs = shared("SOPS_AGE_KEY_FILE")
        .and_then(|name| Some((name.to_owned(), environment.path(name)?)));
    let mut found = Identities::default();
    for (name, path) in own.into_iter().chain(theirs) {
        found.extend(identities_of(&path, &name)?);
    }
    for name in ["SKEP_AGE_KEY"].into_iter().chain(shared("SOPS_AGE_KEY")) {
        let Some(text) = environment.get(name) else { continue };
        let bytes = SecretBytes::new(text.as_bytes().to_vec());
        let read = Identities::read(&bytes);
        found.extend(read.map_err(|e| Failure::new(format!("read the identity in {name}"), e))?);
    }
    match mounted("skep-age-key").filter(|_| found.count() == 0) {
        Some(path) => identities_of(&path, "the mounted secret"),
        None => Ok(found),
    }
}

fn identities_of(path: &Path, named: &str) -> Result<Identities, Failure> {
    let attempted = || format!("read age identities from {} ({named})", path.display());
    let bytes = std::fs::read(path).map_err(|error| Failure::new(attempted(), error))?;
    Identities::read(&SecretBytes::new(bytes)).map_err(|error| Failure::new(attempted(), error))
}

fn mounted(name: &str) -> Option<PathBuf> {
    Some(Path::new(MOUNTED).join(name)).filter(|path| path.is_file())
}
