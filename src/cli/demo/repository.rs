//! The demo's git repository, which is made and changed with the reader's own `git`.
#![expect(clippy::disallowed_methods, reason = "the demo makes and changes files of its own")]

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::shop::{Change, ShopFile};
use crate::cli::error::Failure;
use crate::cli::start::Environment;

/// Settings of the repository, so that whoever tries it out can commit at once: with a name, and
/// without keys or hooks that are set up for other repositories.
const SETTINGS: [(&str, &str); 4] = [
    ("user.name", "skep demo"),
    ("user.email", "demo@skep.invalid"),
    ("commit.gpgSign", "false"),
    ("core.hooksPath", "/dev/null"),
];

/// A repository with a work tree.
pub(super) struct Repository {
    path: PathBuf,
    search: OsString,
}

impl Repository {
    /// Makes a repository in a directory that is empty or not there, and commits these files.
    pub(super) async fn make(
        path: &Path,
        files: Vec<ShopFile>,
        environment: &Environment,
    ) -> Result<Self, Failure> {
        let path = empty(path)?;
        let search = environment.path("PATH").unwrap_or_default().into_os_string();
        let repository = Self { path, search };
        repository.git(&["init", "--quiet", "--template="]).await?;
        repository.git(&["symbolic-ref", "HEAD", "refs/heads/main"]).await?;
        for (name, value) in SETTINGS {
            repository.git(&["config", name, value]).await?;
        }
        for file in files {
            repository.write(file.path, &file.text)?;
        }
        repository.git(&["add", "--all"]).await?;
        repository.git(&["commit", "--quiet", "--message", "The shop"]).await?;
        Ok(repository)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Id of the newest commit.
    pub(super) async fn head(&self) -> Result<String, Failure> {
        Ok(self.git(&["rev-parse", "HEAD"]).await?.trim().to_owned())
    }

    /// Changes files and commits; what `git` says to it.
    pub(super) async fn commit(&self, change: &Change) -> Result<String, Failure> {
        for edit in change.edits {
            let path = self.path.join(edit.path);
            let text = std::fs::read_to_string(&path);
            let text = text.map_err(|e| Failure::new(format!("read {}", path.display()), e))?;
            self.write(edit.path, &text.replace(edit.old, edit.new))?;
        }
        self.git(&["commit", "--all", "--message", change.subject]).await
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        let path = self.path.join(name);
        let above = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        let written = above.and_then(|()| std::fs::write(&path, text));
        written.map_err(|error| Failure::new(format!("write {}", path.display()), error))
    }

    /// Runs `git` here, with none of the user's settings.
    async fn git(&self, arguments: &[&str]) -> Result<String, Failure> {
        let attempted = || format!("git {} in {}", arguments.join(" "), self.path.display());
        let mut command = tokio::process::Command::new("git");
        command.env_clear().env("PATH", &self.search).env("GIT_CONFIG_NOSYSTEM", "1");
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("HOME", &self.path);
        command.current_dir(&self.path).args(arguments).kill_on_drop(true);
        let output = command.output().await.map_err(|e| Failure::new(attempted(), e))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(Failure::new(attempted(), said.trim().to_owned()));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// The directory, made where it was not there.
fn empty(path: &Path) -> Result<PathBuf, Failure> {
    let attempted = || format!("make a repository in {}", path.display());
    let failed = |error| Failure::new(attempted(), error);
    std::fs::create_dir_all(path).map_err(failed)?;
    if std::fs::read_dir(path).map_err(failed)?.next().is_some() {
        return Err(Failure::new(attempted(), "the directory is not empty"));
    }
    path.canonicalize().map_err(failed)
}
