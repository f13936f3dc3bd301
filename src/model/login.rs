//! Logins for registries, as docker's `config.json` holds them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::SecretBytes;

/// Docker Hub's key in `config.json`, and the server name that the engine expects for it.
const HUB: &str = "https://index.docker.io/v1/";

/// How to log in to one registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryLogin {
    /// The registry, as the engine wants it named.
    pub server: String,
    /// Name and password, or a token.
    pub credential: Credential,
}

/// What proves who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// User and password; the password may be an access token.
    Password {
        /// User.
        user: String,
        /// Password.
        password: SecretBytes,
    },
    /// A token that the engine changes for an access token.
    IdentityToken(SecretBytes),
}

/// Logins by registry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegistryLogins {
    by_host: BTreeMap<String, RegistryLogin>,
    /// Credential helpers of single registries.
    helpers: BTreeMap<String, String>,
    /// The helper of all others.
    store: Option<String>,
}

/// Why a `config.json` could not be read. Texts hold nothing of its content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginsError {
    /// It is not JSON, or not of this shape.
    #[error("read docker's config.json: not valid at line {line}, column {column}")]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// The `auth` of one registry is not base64 of `user:password`.
    #[error("read docker's config.json: 'auth' of {0} is not base64 of user:password")]
    Auth(String),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ConfigFile {
    auths: BTreeMap<String, Auth>,
    #[serde(rename = "credHelpers")]
    helpers: BTreeMap<String, String>,
    #[serde(rename = "credsStore")]
    store: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Auth {
    auth: Zeroizing<String>,
    username: String,
    password: Zeroizing<String>,
    identitytoken: Zeroizing<String>,
}

impl RegistryLogins {
    /// Reads docker's `config.json`: `auths` with `auth`, `username` and `password`, or
    /// `identitytoken`.
    ///
    /// # Errors
    /// The first thing in it that can't be read.
    pub fn from_docker_config(bytes: &[u8]) -> Result<Self, LoginsError> {
        let file: ConfigFile = serde_json::from_slice(bytes)
            .map_err(|cause| LoginsError::Json { line: cause.line(), column: cause.column() })?;
        let mut logins = Self::default();
        for (key, auth) in file.auths {
            let host = host_of(&key);
            let server = RegistryLogin::server_of(host);
            if let Some(credential) = credential(&key, auth)? {
                logins.by_host.insert(host.to_owned(), RegistryLogin { server, credential });
            }
        }
        logins.store = Some(file.store).filter(|name| !name.is_empty());
        let helpers = file.helpers.into_iter().filter(|(_, name)| !name.is_empty());
        logins.helpers = helpers.map(|(key, name)| (host_of(&key).to_owned(), name)).collect();
        Ok(logins)
    }

    /// The login for a registry (`docker.io`, `10.0.0.1:5000`) that stands in the file itself.
    #[must_use]
    pub fn of(&self, registry: &str) -> Option<&RegistryLogin> {
        self.by_host.get(registry)
    }

    /// The credential helper that the file names for a registry: `credHelpers`, then `credsStore`.
    #[must_use]
    pub fn helper_of(&self, registry: &str) -> Option<&str> {
        self.helpers.get(registry).or(self.store.as_ref()).map(String::as_str)
    }

    /// All credential helpers that the file names.
    #[must_use]
    pub fn helpers(&self) -> BTreeSet<&str> {
        self.helpers.values().chain(&self.store).map(String::as_str).collect()
    }
}

impl RegistryLogin {
    /// The name of a registry that the engine and credential helpers know.
    #[must_use]
    pub fn server_of(registry: &str) -> String {
        if registry == "docker.io" { HUB.to_owned() } else { registry.to_owned() }
    }
}

/// Docker keeps old keys that are URLs: `https://host/v1/`.
fn host_of(key: &str) -> &str {
    let rest = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let host = rest.split('/').next().unwrap_or(rest);
    if matches!(host, "index.docker.io" | "registry-1.docker.io") { "docker.io" } else { host }
}

fn credential(key: &str, auth: Auth) -> Result<Option<Credential>, LoginsError> {
    if !auth.identitytoken.is_empty() {
        return Ok(Some(Credential::IdentityToken(secret(&auth.identitytoken))));
    }
    if auth.auth.is_empty() {
        let password = secret(&auth.password);
        let named = !auth.username.is_empty();
        return Ok(named.then_some(Credential::Password { user: auth.username, password }));
    }
    let wrong = || LoginsError::Auth(key.to_owned());
    let plain = Zeroizing::new(STANDARD.decode(auth.auth.as_bytes()).map_err(|_| wrong())?);
    let plain = std::str::from_utf8(&plain).map_err(|_| wrong())?;
    let (user, password) = plain.split_once(':').ok_or_else(wrong)?;
    let password = secret(password.trim_matches('\0'));
    Ok(Some(Credential::Password { user: user.to_owned(), password }))
}

fn secret(text: &str) -> SecretBytes {
    SecretBytes::new(text.as_bytes().to_vec())
}

impl fmt::Display for RegistryLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.credential {
            Credential::Password { user, .. } => write!(f, "{user} at {}", self.server),
            Credential::IdentityToken(_) => write!(f, "a token at {}", self.server),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ImageRef;

    fn check(config: &str, image: &str, expected: &str) {
        let seen = match RegistryLogins::from_docker_config(config.as_bytes()) {
            Err(error) => error.to_string(),
            Ok(logins) => logins
                .of(image.parse::<ImageRef>().unwrap().registry())
                .map_or_else(|| "none".to_owned(), ToString::to_string),
        };
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_login_is_found_by_the_images_registry() {
        // me:secret
        let config = r#"{"auths":{"reg.example:5000":{"auth":"bWU6c2VjcmV0"}}}"#;
        check(config, "reg.example:5000/a/b:1", "me at reg.example:5000");
        check(config, "reg.example/a/b:1", "none");
        check(config, "nginx", "none");
    }

    #[test]
    fn docker_hub_goes_by_its_old_address() {
        let config = r#"{"auths":{"https://index.docker.io/v1/":{"auth":"bWU6c2VjcmV0"}}}"#;
        check(config, "nginx", "me at https://index.docker.io/v1/");
    }

    #[test]
    fn a_token_stands_in_for_name_and_password() {
        let config = r#"{"auths":{"r.io":{"auth":"bWU6c2VjcmV0","identitytoken":"t"}}}"#;
        check(config, "r.io/a", "a token at r.io");
    }

    #[test]
    fn errors_hold_nothing_of_the_content() {
        let bad = r#"{"auths":{"r.io":{"auth":"aHVudGVyMg=="}}}"#;
        let text = "read docker's config.json: 'auth' of r.io is not base64 of user:password";
        check(bad, "r.io/a", text);
        let bad = r#"{"auths":{"r.io":{"auth":"hunter2"#;
        check(bad, "r.io/a", "read docker's config.json: not valid at line 1, column 33");
    }

    #[test]
    fn credential_helpers_are_named() {
        let config = br#"{"credHelpers":{"https://r.io":"ecr-login"},"credsStore":"pass"}"#;
        let logins = RegistryLogins::from_docker_config(config).unwrap();
        assert_eq!(logins.helpers().into_iter().collect::<Vec<_>>(), ["ecr-login", "pass"]);
        assert_eq!(logins.helper_of("r.io"), Some("ecr-login"));
        assert_eq!(logins.helper_of("docker.io"), Some("pass"));
    }
}
