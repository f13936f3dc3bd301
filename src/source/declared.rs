//! Opens sources that are declared in a source.

use std::sync::Arc;

use super::{CredentialParts, Location, Manner, Options, SecretFrom, SourceSpec, SourceText, open};
use crate::model::{CredentialFiles, DeclaredSource, SecretBytes};
use crate::ports::{Source, SourceError, SourceOpener};

/// Opens declared sources. What opens a repository is only what its declaration names: no
/// credential of this machine is shown to an address that somebody wrote into a file.
#[derive(Debug, Clone)]
pub struct DeclaredOpener {
    options: Options,
}

impl DeclaredOpener {
    /// Opens them with what sources need of the machine.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self { options }
    }
}

impl SourceOpener for DeclaredOpener {
    fn open(&self, declared: &DeclaredSource) -> Result<Arc<dyn Source>, SourceError> {
        let spec = spec(declared).map_err(|message| SourceError::Broken {
            attempted: format!("using the source {}", declared.name),
            message,
        })?;
        open(&spec, &self.options).map(Arc::from)
    }
}

fn spec(declared: &DeclaredSource) -> Result<SourceSpec, String> {
    let text = SourceText {
        location: &declared.url,
        reference: None,
        branch: declared.branch.as_deref(),
        tag: declared.tag.as_deref(),
        commit: declared.commit.as_deref(),
        path: declared.path.as_deref(),
    };
    let (location, login) = Location::parse(text.location).map_err(|error| error.to_string())?;
    let parts = parts(&declared.credentials);
    let of_web = matches!(location, Location::Https(_) | Location::Http(_));
    if login.is_some() && of_web {
        return Err("its address holds credentials: they go into files that `credentials` names, \
                    and the user into `credentials.user`"
            .to_owned());
    }
    let spec = SourceSpec::parse(&text, parts).map_err(|error| error.to_string())?;
    Ok(spec.with_ca_file(declared.ca_file.clone()).with_manner(Manner::ByCommit))
}

fn parts(files: &CredentialFiles) -> CredentialParts {
    let file = |path: &Option<_>| path.clone().map(SecretFrom::File);
    CredentialParts {
        token: file(&files.token),
        user: files
            .user
            .as_ref()
            .map(|user| SecretFrom::Value(SecretBytes::new(user.clone().into_bytes()))),
        password: file(&files.password),
        key: file(&files.key),
        known_hosts: file(&files.known_hosts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Place, RepoPath, SourceName};
    use crate::source::{Credentials, Wanted};

    fn declared(url: &str, credentials: CredentialFiles) -> DeclaredSource {
        DeclaredSource {
            name: SourceName::new("team").unwrap(),
            url: url.to_owned(),
            branch: None,
            tag: Some("v1".to_owned()),
            commit: None,
            path: Some("stacks".to_owned()),
            files: Vec::new(),
            poll: None,
            suspend: None,
            credentials,
            ca_file: Some("/run/secrets/ca".into()),
            place: Place { file: RepoPath::new("team.yml").unwrap(), at: None },
        }
    }

    fn check(url: &str, credentials: CredentialFiles) -> String {
        match spec(&declared(url, credentials)) {
            Ok(spec) => format!("{} {} {}", spec.location, spec.wanted, spec.path),
            Err(why) => why,
        }
    }

    #[test]
    fn a_declaration_says_where_and_what() {
        let seen = check("https://git.test/team.git", CredentialFiles::default());
        assert_eq!(seen, "https://git.test/team.git tag 'v1' stacks");
        let seen = check("ftp://git.test/team.git", CredentialFiles::default());
        assert!(!seen.starts_with("ftp"), "{seen}");
    }

    #[test]
    fn only_the_files_that_it_names_open_it() {
        let none = spec(&declared("https://git.test/t.git", CredentialFiles::default())).unwrap();
        assert_eq!(
            (none.credentials, none.wanted.to_string().as_str()),
            (Credentials::None, "tag 'v1'")
        );
        let token = CredentialFiles {
            token: Some("/run/secrets/token".into()),
            user: Some("ci".to_owned()),
            ..CredentialFiles::default()
        };
        let spec = spec(&declared("https://git.test/t.git", token)).unwrap();
        let user = SecretFrom::Value(SecretBytes::new(b"ci".to_vec()));
        let password = SecretFrom::File("/run/secrets/token".into());
        assert_eq!(spec.credentials, Credentials::Login { user, password });
        assert_eq!(spec.ca_file.as_deref(), Some(std::path::Path::new("/run/secrets/ca")));
        assert!(matches!(spec.wanted, Wanted::Tag(_)));
        let seen = check("git@git.test:t.git", CredentialFiles::default());
        assert_eq!(seen, "an ssh source needs a private key");
    }

    #[test]
    fn an_address_with_credentials_is_refused_and_not_repeated() {
        for url in ["https://ci:hunter2@git.test/t.git", "https://hunter2@git.test/t.git"] {
            let seen = check(url, CredentialFiles::default());
            assert!(seen.starts_with("its address holds credentials"), "{seen}");
            assert!(!seen.contains("hunter2"), "{seen}");
        }
    }
}
