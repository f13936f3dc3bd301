//! Logins with the help of programs: docker's credential helpers, those that are allowed by name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

use super::lock;
use crate::model::{Credential, RegistryLogin, RegistryLogins, SecretBytes};
use crate::ports::{Clock, Logins};

/// Longest time that a helper may take.
const TIME_OUT: Duration = Duration::from_secs(15);
/// Most bytes that a helper may print.
const MOST_BYTES: u64 = 64 * 1024;
/// How long its answer is used: tokens of clouds hold for an hour or more.
const KEPT: Duration = Duration::from_secs(300);
/// User by which a helper says that the secret is an identity token (docker's `tokenUsername`).
const TOKEN_USER: &str = "<token>";

/// Logins from a file, and from the programs that it names as far as they are allowed.
pub struct HelpedLogins {
    file: RegistryLogins,
    allowed: BTreeSet<String>,
    clock: Arc<dyn Clock>,
    time_out: Duration,
    /// Where helpers are, when not where programs are.
    directory: PathBuf,
    /// By registry. Each has one lock: its helper is started once, whoever waits.
    kept: Mutex<BTreeMap<String, Slot>>,
}

type Slot = Arc<tokio::sync::Mutex<Option<(Duration, Option<RegistryLogin>)>>>;

#[derive(Deserialize)]
struct Told {
    #[serde(rename = "Username", default)]
    user: String,
    #[serde(rename = "Secret", default)]
    secret: Zeroizing<String>,
}

impl HelpedLogins {
    /// Logins of a file with these helpers allowed: `ecr-login` is the program
    /// `docker-credential-ecr-login`.
    #[must_use]
    pub fn new(file: RegistryLogins, allowed: BTreeSet<String>, clock: Arc<dyn Clock>) -> Self {
        let (directory, kept) = (PathBuf::new(), Mutex::default());
        Self { file, allowed, clock, time_out: TIME_OUT, directory, kept }
    }

    /// The same with helpers from this directory.
    #[must_use]
    pub fn with_directory(self, directory: PathBuf) -> Self {
        Self { directory, ..self }
    }

    /// The same with another longest time for a helper.
    #[must_use]
    pub fn with_time_out(self, time_out: Duration) -> Self {
        Self { time_out, ..self }
    }

    /// Helpers that the file names and that are not started: logins that only they know are missing.
    #[must_use]
    pub fn left_out(&self) -> BTreeSet<&str> {
        let allowed = |name: &&str| !self.allowed.contains(*name);
        self.file.helpers().into_iter().filter(allowed).collect()
    }

    async fn find(&self, registry: &str) -> Result<Option<RegistryLogin>, String> {
        let in_file = || self.file.of(registry).cloned();
        let helper = self.file.helper_of(registry).filter(|name| self.allowed.contains(*name));
        let Some(helper) = helper else { return Ok(in_file()) };
        let slot = Arc::clone(lock(&self.kept).entry(registry.to_owned()).or_default());
        let mut kept = slot.lock().await;
        let now = self.clock.elapsed();
        if let Some((_, login)) = kept.as_ref().filter(|(until, _)| now < *until) {
            return Ok(login.clone().or_else(in_file));
        }
        let login = self.ask(helper, registry).await.map_err(|why| {
            format!("the login for {registry} is not known: docker-credential-{helper} {why}")
        })?;
        *kept = Some((self.clock.elapsed().saturating_add(KEPT), login.clone()));
        Ok(login.or_else(in_file))
    }

    async fn ask(&self, helper: &str, registry: &str) -> Result<Option<RegistryLogin>, String> {
        let server = RegistryLogin::server_of(registry);
        let program = self.directory.join(format!("docker-credential-{helper}"));
        let child = start(&program).map_err(|error| format!("does not start: {error}"))?;
        let answer = tokio::time::timeout(self.time_out, talk(child, &server)).await;
        let silent = |_| format!("gives no answer within {} s", self.time_out.as_secs_f32());
        let (well, output) = answer.map_err(silent)??;
        if !well {
            // The words are docker's (`credentials.errCredentialsNotFoundMessage`); others might
            // hold anything.
            let text = String::from_utf8_lossy(&output);
            let nothing = text.trim() == "credentials not found in native keychain";
            return if nothing { Ok(None) } else { Err("fails".to_owned()) };
        }
        let told: Told = serde_json::from_slice(&output)
            .map_err(|_| "prints something that is no login".to_owned())?;
        let secret = SecretBytes::new(told.secret.as_bytes().to_vec());
        let credential = match told.user.as_str() {
            TOKEN_USER => Credential::IdentityToken(secret),
            user => Credential::Password { user: user.to_owned(), password: secret },
        };
        Ok(Some(RegistryLogin { server, credential }))
    }
}

impl Logins for HelpedLogins {
    fn of<'a>(&'a self, registry: &'a str) -> BoxFuture<'a, Result<Option<RegistryLogin>, String>> {
        Box::pin(self.find(registry))
    }
}

/// Starts a helper by its name, without a shell. What it writes to standard error is not kept: it
/// might hold anything.
#[expect(clippy::disallowed_methods, reason = "credential helpers are programs")]
fn start(program: &Path) -> std::io::Result<Child> {
    Command::new(program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
}

/// Gives the server's name to a helper and reads what it prints. True when it ended well.
async fn talk(mut child: Child, server: &str) -> Result<(bool, Zeroizing<Vec<u8>>), String> {
    let broken = |error: std::io::Error| format!("broke off: {error}");
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let (Some(mut stdin), Some(stdout)) = (stdin, stdout) else {
        return Err("has no input and output".to_owned());
    };
    // One that does not read its input may still answer.
    let _ = stdin.write_all(server.as_bytes()).await;
    drop(stdin);
    let mut output = Zeroizing::new(Vec::new());
    stdout.take(MOST_BYTES + 1).read_to_end(&mut output).await.map_err(broken)?;
    if output.len() as u64 > MOST_BYTES {
        return Err(format!("prints more than {MOST_BYTES} bytes"));
    }
    let status = child.wait().await.map_err(broken)?;
    Ok((status.success(), output))
}
