//! What opens a repository. Values come as bytes (from the environment, which `cli` reads) or as
//! files (mounted secrets), which are read again at every use: a rotated token needs no restart.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::model::SecretBytes;
use crate::source::bounds::MAX_CREDENTIAL;

use super::Login;

/// A credential, or the file that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretFrom {
    /// The value itself.
    Value(SecretBytes),
    /// A file that is read at every use; one line end at its end does not count.
    File(PathBuf),
}

/// What opens a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Credentials {
    /// Nothing: a public repository, or one on this machine.
    #[default]
    None,
    /// A token that goes with any user, or `USER:PASSWORD`, for `https` and `http`.
    Token(SecretFrom),
    /// A user with a password or a token, for `https` and `http`.
    Login {
        /// The user.
        user: SecretFrom,
        /// Password or token.
        password: SecretFrom,
    },
    /// A deploy key, for `ssh`.
    Key {
        /// The private key, without a passphrase.
        key: SecretFrom,
        /// Lines of a `known_hosts` file; a host that is not in it is refused.
        known_hosts: SecretFrom,
    },
}

/// The credentials of one source as they are given: each part may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CredentialParts {
    /// A token that goes with any user, or `USER:PASSWORD`.
    pub token: Option<SecretFrom>,
    /// The user of a password.
    pub user: Option<SecretFrom>,
    /// The password of a user.
    pub password: Option<SecretFrom>,
    /// A private key.
    pub key: Option<SecretFrom>,
    /// Host keys of ssh servers.
    pub known_hosts: Option<SecretFrom>,
}

/// Why credentials can't be used. Holds none.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// Some parts are there and others that they need are not.
    #[error("{0}")]
    Incomplete(&'static str),
    /// A file could not be read.
    #[error("the credential file {} can't be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file is larger than any credential, or empty.
    #[error("the credential file {} is {what}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// `empty` or `too large`.
        what: &'static str,
    },
    /// A value that can't go into a request header.
    #[error("the user or password holds a control character, or the user a ':'")]
    Characters,
}

impl Credentials {
    /// Puts the parts together that fit the protocol (`https`, `http`, `ssh`, `file`); `login` is
    /// what stood in the address. Parts for the other protocol are left alone, so that one set of
    /// mounted secrets can serve several sources.
    ///
    /// # Errors
    /// When a part is missing that another one needs.
    pub fn choose(
        protocol: &str,
        parts: CredentialParts,
        login: Option<Login>,
    ) -> Result<Self, CredentialError> {
        match protocol {
            "https" | "http" => Self::for_web(parts, login),
            "ssh" => Self::for_ssh(parts),
            _ => Ok(Self::None),
        }
    }

    fn for_web(parts: CredentialParts, login: Option<Login>) -> Result<Self, CredentialError> {
        let (url_user, url_password) = match login {
            Some(login) => (Some(login.user), login.password),
            None => (None, None),
        };
        let given = parts.token.is_some() || parts.password.is_some();
        let user = parts.user.or_else(|| url_user.clone().map(SecretFrom::Value));
        let password = parts.token.or(parts.password);
        match (user, password.or_else(|| url_password.map(SecretFrom::Value))) {
            (Some(user), Some(password)) => Ok(Self::Login { user, password }),
            (None, Some(token)) => Ok(Self::Token(token)),
            // `https://TOKEN@host/…`: the form that some hosts print.
            (Some(user), None) if url_user.is_some() && !given => {
                let password = SecretFrom::Value(SecretBytes::new(Vec::new()));
                Ok(Self::Login { user, password })
            }
            (Some(_), None) => {
                Err(CredentialError::Incomplete("a user is given without password or token"))
            }
            (None, None) => Ok(Self::None),
        }
    }

    fn for_ssh(parts: CredentialParts) -> Result<Self, CredentialError> {
        match (parts.key, parts.known_hosts) {
            (Some(key), Some(known_hosts)) => Ok(Self::Key { key, known_hosts }),
            (None, _) => Err(CredentialError::Incomplete("an ssh source needs a private key")),
            (Some(_), None) => Err(CredentialError::Incomplete(
                "an ssh source needs known_hosts: without it, whoever answers would be believed",
            )),
        }
    }
}

impl SecretFrom {
    /// The value, read anew from its file if it is in one.
    ///
    /// # Errors
    /// When the file can't be read, is empty or larger than a credential can be.
    pub fn get(&self) -> Result<SecretBytes, CredentialError> {
        match self {
            Self::Value(bytes) => Ok(bytes.clone()),
            Self::File(path) => read(path),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "credentials are mounted as files")]
fn read(path: &Path) -> Result<SecretBytes, CredentialError> {
    let failed = |source| CredentialError::File { path: path.to_owned(), source };
    let content = |what| CredentialError::Content { path: path.to_owned(), what };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_CREDENTIAL + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_CREDENTIAL {
        return Err(content("too large"));
    }
    if bytes.ends_with(b"\n") {
        bytes.truncate(bytes.len() - 1);
    }
    if bytes.ends_with(b"\r") {
        bytes.truncate(bytes.len() - 1);
    }
    if bytes.is_empty() { Err(content("empty")) } else { Ok(SecretBytes::new(bytes)) }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make the files that they read")]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<SecretFrom> {
        Some(SecretFrom::Value(SecretBytes::new(text.into())))
    }

    fn login(user: &str, password: &str) -> Credentials {
        let [user, password] = [user, password].map(|text| SecretBytes::new(text.into()));
        Credentials::Login { user: SecretFrom::Value(user), password: SecretFrom::Value(password) }
    }

    #[test]
    fn parts_are_put_together_for_the_protocol() {
        let web = |parts, login| Credentials::choose("https", parts, login).ok();
        let token = CredentialParts { token: value("t"), ..Default::default() };
        assert_eq!(web(token.clone(), None), value("t").map(Credentials::Token));
        let in_url = Login { user: SecretBytes::new(b"u".to_vec()), password: None };
        assert_eq!(web(token.clone(), Some(in_url.clone())), Some(login("u", "t")));
        assert_eq!(web(CredentialParts::default(), Some(in_url)), Some(login("u", "")));
        let both = CredentialParts { user: value("u"), password: value("p"), ..Default::default() };
        assert_eq!(web(both, None), Some(login("u", "p")));
        assert_eq!(Credentials::choose("file", token, None).ok(), Some(Credentials::None));
    }

    #[test]
    fn missing_parts_are_named() {
        let parts = CredentialParts { key: value("k"), ..Default::default() };
        let error = Credentials::choose("ssh", parts, None).map_err(|error| error.to_string());
        assert!(error.as_ref().is_err_and(|text| text.contains("known_hosts")), "{error:?}");
        let parts = CredentialParts { user: value("u"), ..Default::default() };
        assert!(Credentials::choose("https", parts, None).is_err());
    }

    #[test]
    fn a_file_is_read_at_every_use_without_its_line_end() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let from = SecretFrom::File(file.path().to_owned());
        for (content, expected) in [("one\n", "one"), ("two\r\n", "two"), ("three", "three")] {
            std::fs::write(file.path(), content).expect("a write");
            assert_eq!(from.get().expect("a value").reveal(), expected.as_bytes());
        }
        std::fs::write(file.path(), vec![b'x'; 70_000]).expect("a write");
        assert!(from.get().is_err_and(|error| error.to_string().contains("too large")));
    }
}
