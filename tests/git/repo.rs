//! A repository made for one test, and the ways in which tests look at a source.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use skep::model::{Entry, FileSet, RepoPath};
use skep::ports::{Checkout, Source, SourceError};
use skep::source::{CredentialParts, Options, SourceSpec, SourceText, Times, open};

/// A work tree with its repository, and room beside it for mirrors. Gone when dropped.
pub struct Repo {
    dir: tempfile::TempDir,
}

impl Repo {
    /// An empty repository with the branch `main`.
    pub fn new() -> Self {
        let repo = Self { dir: tempfile::tempdir().expect("a directory") };
        std::fs::create_dir(repo.path()).expect("a directory");
        repo.git(&["init", "--quiet", "--initial-branch=main"]);
        repo
    }

    /// A repository with one commit of `shop/compose.yml`.
    pub fn with_shop() -> Self {
        let repo = Self::new();
        repo.commit("shop/compose.yml", "services: {}");
        repo
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join("repo")
    }

    /// A path beside the repository.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs git in the work tree and gives what it printed.
    pub fn git(&self, args: &[&str]) -> String {
        self.git_with(args, &[])
    }

    /// Runs git with something on its standard input.
    pub fn git_with(&self, args: &[&str], input: &[u8]) -> String {
        run_git(&self.path(), args, input)
    }

    /// Writes a file, for the next commit.
    pub fn write(&self, file: &str, content: &str) {
        let path = self.path().join(file);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        std::fs::write(path, content).expect("a file");
    }

    /// Writes a file and commits everything; gives the commit's id.
    pub fn commit(&self, file: &str, content: &str) -> String {
        self.write(file, content);
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", &format!("change {file}")]);
        self.head()
    }

    /// The id of the current commit.
    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// Writes an object of any content, also one that git itself would not make.
    pub fn object(&self, kind: &str, content: &[u8]) -> String {
        self.git_with(&["hash-object", "-t", kind, "-w", "--stdin", "--literally"], content)
    }

    /// Commits a tree made of these entries (`mode`, name, object id) to `main`.
    pub fn commit_tree(&self, entries: &[(&str, &[u8], &str)]) -> String {
        let mut tree = Vec::new();
        for (mode, name, id) in entries {
            tree.extend_from_slice(format!("{mode} ").as_bytes());
            tree.extend_from_slice(name);
            tree.push(0);
            tree.extend(
                (0..id.len())
                    .step_by(2)
                    .map(|at| u8::from_str_radix(&id[at..at + 2], 16).expect("hex digits")),
            );
        }
        let tree = self.object("tree", &tree);
        let commit = self.git(&["commit-tree", "-m", "forged", &tree]);
        self.git(&["update-ref", "refs/heads/main", &commit]);
        commit
    }

    /// Commits a directory of each name, with a file of each name in it: three objects.
    pub fn commit_square(&self, content: &[u8], names: &[String]) {
        let commit_all = |mode: &str, id: &str| {
            let entries: Vec<(&str, &[u8], &str)> =
                names.iter().map(|name| (mode, name.as_bytes(), id)).collect();
            self.commit_tree(&entries);
        };
        commit_all("100644", &self.object("blob", content));
        commit_all("40000", &self.git(&["rev-parse", "main^{tree}"]));
    }

    /// Options with mirrors beside the repository and short times.
    pub fn options(&self) -> Options {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let limit = Duration::from_secs(60);
        Options {
            mirrors: self.beside("mirrors"),
            environment: vec![("PATH".into(), path)],
            times: Times { ask: limit, fetch: limit, stall: limit },
        }
    }

    /// The repository as a source, by its path.
    pub fn source(&self, text: &SourceText<'_>) -> Box<dyn Source> {
        let path = self.path();
        let location = path.to_str().expect("a UTF-8 path");
        let location = if text.location.is_empty() { location } else { text.location };
        let text = SourceText { location, ..text.clone() };
        open(&spec(&text), &self.options()).expect("a source")
    }
}

/// A source without credentials.
pub fn spec(text: &SourceText<'_>) -> SourceSpec {
    SourceSpec::parse(text, CredentialParts::default()).expect("a good source")
}

/// Runs git as nobody in particular, whatever the machine's settings are.
pub fn run_git(dir: &Path, args: &[&str], input: &[u8]) -> String {
    use std::io::Write;
    let mut child = Command::new("git")
        .args(args)
        .current_dir(dir)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", "/nonexistent")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", "A")
        .env("GIT_AUTHOR_EMAIL", "a@example.com")
        .env("GIT_COMMITTER_NAME", "A")
        .env("GIT_COMMITTER_EMAIL", "a@example.com")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("git");
    child.stdin.take().expect("a pipe").write_all(input).expect("a write");
    let output = child.wait_with_output().expect("git's end");
    assert!(output.status.success(), "git {args:?} failed");
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
}

/// One line per entry: `path: what`.
pub fn listing(checkout: &Checkout) -> Vec<String> {
    checkout.files.iter().map(|(path, entry)| format!("{path}: {entry:?}")).collect()
}

/// The text of a file, or why there is none.
pub fn text(files: &FileSet, path: &str) -> Result<String, String> {
    let path = RepoPath::new(path).map_err(|error| error.to_string())?;
    let bytes = files.read(&path).map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Asserts that a source is missing something, and what.
pub fn assert_missing(result: Result<Checkout, SourceError>, words: &str) {
    match result {
        Err(SourceError::Missing { attempted, message }) => {
            let whole = format!("{attempted}: {message}");
            assert!(whole.contains(words), "{whole}");
        }
        other => panic!("not missing: {other:?}"),
    }
}

/// The entry at a path.
pub fn entry(checkout: &Checkout, path: &str) -> Option<Entry> {
    let found = checkout.files.iter().find(|(found, _)| found.as_str() == path);
    found.map(|(_, entry)| entry.clone())
}
