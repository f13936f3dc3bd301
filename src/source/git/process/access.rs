//! What a call to a remote needs: its address, and the credentials in ways that neither the
//! process list nor the mirror shows.
//!
//! `https` credentials go into the environment as a request header for this address only
//! (`GIT_CONFIG_COUNT`; an argument would be readable by every user of the machine). `ssh` keys go
//! into a file that only this user can read, for the time of the call.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::model::SecretBytes;
use crate::ports::SourceError;
use crate::source::spec::{CredentialError, Credentials, SecretFrom, SourceSpec};

/// Everything that a call to the remote needs; ends with the files that it made.
pub(in crate::source::git) struct Access {
    /// Variables for the call.
    pub(in crate::source::git) environment: Vec<(String, OsString)>,
    /// What must not show in texts.
    pub(in crate::source::git) secrets: Vec<SecretBytes>,
    _files: Option<SshFiles>,
}

/// What can go wrong while credentials are made ready.
#[derive(Debug, thiserror::Error)]
enum AccessError {
    #[error(transparent)]
    Credential(#[from] CredentialError),
    #[error("the files for ssh can't be written: {0}")]
    Files(#[from] std::io::Error),
    #[error("the path of the files for ssh can't be quoted")]
    Quote,
}

/// The remote of one source, as `git` is told.
pub(in crate::source::git) struct Address<'a> {
    /// URL without credentials, or an absolute path.
    pub(in crate::source::git) remote: OsString,
    /// What opens it.
    pub(in crate::source::git) spec: &'a SourceSpec,
    /// Where files for ssh go.
    pub(in crate::source::git) ssh_dir: PathBuf,
    /// After so long without data the connection counts as lost.
    pub(in crate::source::git) stall: Duration,
}

impl Access {
    /// Reads the credentials and makes a call's variables.
    pub(in crate::source::git) fn new(address: &Address<'_>) -> Result<Self, SourceError> {
        Self::try_new(address).map_err(|error| {
            let attempted = format!("opening {}", address.spec.location);
            let mut message = error.to_string();
            if let AccessError::Credential(CredentialError::File { source, .. }) = &error {
                message = format!("{message}: {source}");
            }
            SourceError::Denied { attempted, message }
        })
    }

    fn try_new(address: &Address<'_>) -> Result<Self, AccessError> {
        let mut opened = Opened::new(address)?;
        opened.settings.push(("remote.origin.url".into(), address.remote.clone()));
        let stall = address.stall.as_secs().max(1).to_string();
        opened.settings.push(("http.lowSpeedTime".into(), stall.into()));
        let Opened { settings, mut environment, secrets, files } = opened;
        let protocol = address.spec.location.protocol();
        environment.push(("GIT_ALLOW_PROTOCOL".into(), protocol.into()));
        if let Some(path) = &address.spec.ca_file {
            environment.push(("GIT_SSL_CAINFO".into(), path.into()));
        }
        environment.push(("GIT_CONFIG_COUNT".into(), settings.len().to_string().into()));
        for (number, (key, value)) in settings.into_iter().enumerate() {
            environment.push((format!("GIT_CONFIG_KEY_{number}"), key.into()));
            environment.push((format!("GIT_CONFIG_VALUE_{number}"), value));
        }
        Ok(Self { environment, secrets, _files: files })
    }
}

/// Credentials in the form that `git` takes them.
#[derive(Default)]
struct Opened {
    settings: Vec<(String, OsString)>,
    environment: Vec<(String, OsString)>,
    secrets: Vec<SecretBytes>,
    files: Option<SshFiles>,
}

impl Opened {
    fn new(address: &Address<'_>) -> Result<Self, AccessError> {
        match &address.spec.credentials {
            Credentials::None => Ok(Self::default()),
            Credentials::Token(token) => Self::web(address, of_token(token.get()?)),
            Credentials::Login { user, password } => {
                Self::web(address, (user.get()?, password.get()?))
            }
            Credentials::Key { key, known_hosts } => {
                let files = SshFiles::write(&address.ssh_dir, key, known_hosts)?;
                let environment = files.environment(address.stall)?;
                Ok(Self { environment, files: Some(files), ..Self::default() })
            }
        }
    }

    fn web(address: &Address<'_>, login: (SecretBytes, SecretBytes)) -> Result<Self, AccessError> {
        let (header, secrets) = basic(login)?;
        let settings = vec![(header_for(address), header)];
        Ok(Self { settings, secrets, ..Self::default() })
    }
}

/// The setting with which `git` sends a header to this address and to no other.
fn header_for(address: &Address<'_>) -> String {
    format!("http.{}.extraHeader", address.spec.location)
}

/// User and password of a token. Of the names that go with a bare token GitHub wants this one,
/// GitLab and Gitea take any.
fn of_token(token: SecretBytes) -> (SecretBytes, SecretBytes) {
    match token.reveal().iter().position(|byte| *byte == b':') {
        Some(colon) => {
            let (user, password) = token.reveal().split_at(colon);
            let password = password.get(1..).unwrap_or_default();
            (SecretBytes::new(user.to_vec()), SecretBytes::new(password.to_vec()))
        }
        None => (SecretBytes::new(b"x-access-token".to_vec()), token),
    }
}

/// The header of HTTP basic authentication (RFC 7617), and what must not show of it.
fn basic(
    (user, password): (SecretBytes, SecretBytes),
) -> Result<(OsString, Vec<SecretBytes>), CredentialError> {
    let control = |bytes: &[u8]| bytes.iter().any(u8::is_ascii_control);
    if control(user.reveal()) || control(password.reveal()) || user.reveal().contains(&b':') {
        return Err(CredentialError::Characters);
    }
    let pair = SecretBytes::new([user.reveal(), b":", password.reveal()].concat());
    let encoded = STANDARD.encode(pair.reveal());
    let header = format!("Authorization: Basic {encoded}").into();
    let mut secrets = vec![SecretBytes::new(encoded.into_bytes()), pair];
    // A bare token stands in the place of the user.
    secrets.push(if password.reveal().is_empty() { user } else { password });
    Ok((header, secrets))
}

/// Key and known hosts in files, removed when dropped. The directory's name is fixed and its use
/// guarded by the mirror's lock, so what a killed process left is overwritten by the next.
struct SshFiles(PathBuf);

impl SshFiles {
    fn write(dir: &Path, key: &SecretFrom, known_hosts: &SecretFrom) -> Result<Self, AccessError> {
        let _ = std::fs::remove_dir_all(dir);
        std::fs::DirBuilder::new().mode(0o700).create(dir)?;
        let files = Self(dir.to_owned());
        for (name, content) in [("key", key), ("known_hosts", known_hosts)] {
            let mut options = OpenOptions::new();
            let mut file = options.write(true).create_new(true).mode(0o600).open(dir.join(name))?;
            file.write_all(content.get()?.reveal())?;
            // OpenSSH refuses a key without the line end that mounted secrets often lost.
            file.write_all(b"\n")?;
        }
        Ok(files)
    }

    /// `GIT_SSH_COMMAND` with every option fixed: no configuration of the user or the machine, no
    /// agent, no other key, and nothing that starts a program or opens a port.
    fn environment(&self, stall: Duration) -> Result<Vec<(String, OsString)>, AccessError> {
        let path = |name: &str| self.0.join(name).to_string_lossy().into_owned();
        let seconds = stall.as_secs().max(1);
        let known_hosts = path("known_hosts");
        let known_hosts = shlex::try_quote(&known_hosts).map_err(|_| AccessError::Quote)?;
        let key = path("key");
        let key = shlex::try_quote(&key).map_err(|_| AccessError::Quote)?;
        let command = format!(
            "ssh -F none -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityAgent=none \
             -o StrictHostKeyChecking=yes -o UserKnownHostsFile={known_hosts} \
             -o GlobalKnownHostsFile=/dev/null -o UpdateHostKeys=no -o ProxyCommand=none \
             -o PermitLocalCommand=no -o ControlPath=none -o ForwardAgent=no \
             -o ClearAllForwardings=yes -o PreferredAuthentications=publickey \
             -o ConnectTimeout={seconds} -o ServerAliveInterval={seconds} \
             -o ServerAliveCountMax=1 -i {key}"
        );
        Ok(vec![
            ("GIT_SSH_COMMAND".into(), command.into()),
            ("GIT_SSH_VARIANT".into(), "ssh".into()),
        ])
    }
}

impl Drop for SshFiles {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
