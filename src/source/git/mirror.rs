//! The bare repository beside the operator that holds what was fetched. It is a cache: when it is
//! broken it is thrown away and made anew.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::time::{interval, timeout};

use crate::ports::SourceError;
use crate::source::Options;

use super::process::{Call, CallError, Fault, Git};

/// Settings for every call, in the one file that `git` reads besides the mirror's own `config`.
///
/// - `safe.directory`: `git` runs in the mirror and in the path that the operator's owner named;
///   in containers that path often belongs to another user.
/// - no credential helper, hook, fsmonitor or submodule: none of these programs may start.
/// - redirects: credentials would go along, and private addresses could be reached.
/// - files from 16 MB on are streamed, not held in memory.
/// - no check of object format (`fetch.fsckObjects`): nothing is checked out, entries are checked
///   when they are read, and old repositories hold harmless faults that it refuses.
const SETTINGS: &str = "\
[safe]
\tdirectory = *
[core]
\tfsmonitor = false
\thooksPath = /dev/null
\tattributesFile = /dev/null
\tpackedGitLimit = 128m
\tbigFileThreshold = 16m
\tdeltaBaseCacheLimit = 32m
[credential]
\thelper =
[http]
\tfollowRedirects = false
\tlowSpeedLimit = 100
[fetch]
\trecurseSubmodules = false
\tfsckObjects = false
[submodule]
\trecurse = false
[transfer]
\tbundleURI = false
[protocol]
\tversion = 2
[pack]
\tthreads = 1
\twindowMemory = 32m
[gc]
\tautoDetach = false
\tautoPackLimit = 30
[maintenance]
\tauto = false
[advice]
\tdetachedHead = false
";

/// Time for a call that only works on the mirror.
const LOCAL: Duration = Duration::from_secs(60);
/// Time for packing the mirror anew.
const REPACK: Duration = Duration::from_secs(600);
/// How often another process's lock is tried again; there is no event to wait for.
const LOCK_TRY: Duration = Duration::from_millis(20);

/// The mirror of one address.
pub(super) struct Mirror {
    /// Directory of the bare repository.
    pub(super) dir: PathBuf,
    settings: PathBuf,
    lock: PathBuf,
    git: Git,
    patience: Duration,
}

/// Held while the mirror is used: another process with the same mirror waits.
pub(super) struct Locked(#[expect(dead_code, reason = "held until dropped")] File);

/// How object ids of a repository look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Sha1,
    Sha256,
}

impl Format {
    /// The format of an id, by its length.
    pub(super) fn of(id: &str) -> Self {
        if id.len() == 64 { Self::Sha256 } else { Self::Sha1 }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }
}

impl Mirror {
    /// The mirror for an address (without credentials) below the directory of mirrors.
    pub(super) fn new(options: &Options, address: &str) -> Self {
        let digest = Sha256::digest(address);
        let name: String = digest.iter().take(10).map(|byte| format!("{byte:02x}")).collect();
        let beside = |ending: &str| options.mirrors.join(format!("{name}.{ending}"));
        let (dir, settings) = (beside("git"), beside("settings"));
        let git = Git::new(&options.environment, &dir, &settings);
        Self { dir, settings, lock: beside("lock"), git, patience: options.times.fetch }
    }

    /// A directory beside the mirror for the files of an ssh call.
    pub(super) fn ssh_dir(&self) -> PathBuf {
        self.dir.with_extension("ssh")
    }

    /// Waits until no other process uses the mirror.
    pub(super) async fn lock(&self) -> Result<Locked, Fault> {
        let wait = async {
            let mut tries = interval(LOCK_TRY);
            loop {
                tries.tick().await;
                if let Some(locked) = self.try_lock()? {
                    return Ok(locked);
                }
            }
        };
        timeout(self.patience, wait).await.unwrap_or_else(|_| {
            let attempted = format!("waiting for the mirror {}", self.dir.display());
            let message = "another process of skep uses it".to_owned();
            Err(Fault::Source(SourceError::Unreachable { attempted, message }))
        })
    }

    #[expect(clippy::disallowed_methods, reason = "the lock file of the mirror")]
    fn try_lock(&self) -> Result<Option<Locked>, Fault> {
        if let Some(above) = self.lock.parent() {
            std::fs::create_dir_all(above).map_err(|error| self.broken(&error))?;
        }
        let file = File::create(&self.lock).map_err(|error| self.broken(&error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Locked(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(self.broken(&error)),
        }
    }

    /// Something of the machine stands in the way; throwing the mirror away would not help.
    fn broken(&self, error: &std::io::Error) -> Fault {
        Fault::Source(self.error(error.to_string()))
    }

    /// The mirror does not hold what it should.
    pub(super) fn damaged(&self, message: impl Into<String>) -> Fault {
        Fault::Mirror(self.error(message.into()))
    }

    fn error(&self, message: String) -> SourceError {
        let attempted = format!("using the mirror {}", self.dir.display());
        SourceError::Broken { attempted, message }
    }

    /// True when git finds all that history and directories need.
    pub(super) async fn is_sound(&self) -> bool {
        let call = local(["fsck", "--connectivity-only", "--no-dangling", "--no-progress"]);
        self.git.run(call).await.is_ok()
    }

    /// Writes the settings that every call reads.
    #[expect(clippy::disallowed_methods, reason = "the settings of the mirror")]
    pub(super) fn prepare(&self) -> Result<(), Fault> {
        std::fs::write(&self.settings, SETTINGS).map_err(|error| self.broken(&error))
    }

    /// Makes the mirror unless it is there, and takes away what killed calls left.
    pub(super) async fn ensure(&self, format: Format) -> Result<(), Fault> {
        if self.dir.join("objects").is_dir() && self.format() == Some(format) {
            self.sweep();
            return Ok(());
        }
        self.throw_away()?;
        let name = format.name();
        let call = Call::new(["init", "--quiet", "--bare", "--template="], 4096, LOCAL)
            .arg(format!("--object-format={name}"))
            .arg("--")
            .arg(&self.dir);
        self.run(call).await.map(drop)
    }

    /// The format that the mirror was made with; nothing when it is not there or half made.
    #[expect(clippy::disallowed_methods, reason = "the configuration of the mirror")]
    fn format(&self) -> Option<Format> {
        let config = std::fs::read_to_string(self.dir.join("config")).ok()?;
        self.dir.join("HEAD").is_file().then_some(())?;
        Some(if config.contains("sha256") { Format::Sha256 } else { Format::Sha1 })
    }

    /// Removes the packs that killed fetches left half written.
    #[expect(clippy::disallowed_methods, reason = "the files of the mirror")]
    fn sweep(&self) {
        let left = |name: &OsString| name.to_string_lossy().starts_with("tmp_");
        for place in [self.dir.join("objects/pack"), self.dir.join("objects")] {
            let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
            for entry in entries.filter(|entry| left(&entry.file_name())) {
                // What can't be removed only takes room.
                let path = entry.path();
                let _ = std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir_all(&path));
            }
        }
    }

    /// Removes the mirror.
    pub(super) fn throw_away(&self) -> Result<(), Fault> {
        let removed = match std::fs::remove_dir_all(&self.dir) {
            Err(error) if error.kind() == ErrorKind::NotADirectory => {
                std::fs::remove_file(&self.dir)
            }
            removed => removed,
        };
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(self.broken(&error)),
            _ => Ok(()),
        }
    }

    /// Runs a call whose failure means that the mirror is broken.
    pub(super) async fn run(&self, call: Call) -> Result<Vec<u8>, Fault> {
        self.git.run(call).await.map_err(|error| match error {
            CallError::Start(error) => self.broken(&error),
            error => self.damaged(error.to_string()),
        })
    }

    /// Runs a call whose failure the caller judges.
    pub(super) async fn try_run(&self, call: Call) -> Result<Vec<u8>, CallError> {
        self.git.run(call).await
    }

    /// What a ref of the mirror points to.
    pub(super) async fn resolve(&self, reference: &str) -> Option<String> {
        let call = local(["rev-parse", "--verify", "--quiet", "--end-of-options"]).arg(reference);
        let output = self.git.run(call).await.ok()?;
        Some(String::from_utf8(output).ok()?.trim().to_owned())
    }

    /// True when history was cut off by a shallow remote.
    pub(super) fn is_shallow(&self) -> bool {
        self.dir.join("shallow").exists()
    }

    /// Packs the mirror anew when many fetches have left many packs.
    pub(super) async fn tidy(&self) {
        let call = Call::new(["gc", "--auto", "--quiet"], 4096, REPACK);
        if let Err(error) = self.git.run(call).await {
            tracing::warn!(mirror = %self.dir.display(), %error, "the mirror could not be packed");
        }
    }
}

/// A call that works on the mirror and prints little.
pub(super) fn local<const N: usize>(args: [&str; N]) -> Call {
    Call::new(args, 64 * 1024, LOCAL)
}

/// A call that works on the mirror and prints up to so many bytes.
pub(super) fn listing<const N: usize>(args: [&str; N], max_output: u64) -> Call {
    Call::new(args, max_output, LOCAL)
}

/// The mirror's name for a ref of the remote: flat, so that branches `a` and `a/b`, which can
/// follow each other on a remote, do not get into each other's way.
pub(super) fn tracking(reference: &str) -> String {
    let digest = Sha256::digest(reference);
    let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("refs/skep/{name}")
}
