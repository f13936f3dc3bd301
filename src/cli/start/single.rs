//! A source of one file: standard input, or a file with what lies beside it.
#![expect(clippy::disallowed_methods, reason = "a file is named on the command line")]

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use sha2::{Digest as _, Sha256};

use crate::cli::error::Failure;
use crate::model::{Ancestry, Entry, FileSet, RepoPath, Revision};
use crate::ports::{Checkout, Source, SourceError};
use crate::source::bounds::MAX_FILE;

/// Files that are there once and do not change.
pub(super) struct Fixed(Checkout);

impl Fixed {
    /// One file under this name.
    pub(super) fn new(name: &str, bytes: &[u8]) -> Result<Self, Failure> {
        let path = RepoPath::new(name).map_err(|error| Failure::of(&error))?;
        let hash: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
        let mut files = FileSet::default();
        files.insert(path, Entry::File(Arc::from(bytes)));
        let revision = Revision::Tree(hash);
        Ok(Self(Checkout { revision, subject: String::new(), files: Arc::new(files), stale: None }))
    }

    /// Standard input, as far as a declaration may go.
    pub(super) fn standard_input() -> Result<Self, Failure> {
        let mut bytes = Vec::new();
        std::io::stdin()
            .take(MAX_FILE + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| Failure::new("read standard input", error))?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(Failure::plain(format!("standard input is larger than {MAX_FILE} bytes")));
        }
        Self::new("stdin.yml", &bytes)
    }
}

impl Source for Fixed {
    fn read(&self) -> BoxFuture<'_, Result<Checkout, SourceError>> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }

    fn ancestry<'a>(&'a self, old: &'a Revision, new: &'a Revision) -> BoxFuture<'a, Ancestry> {
        let answer = if old == new { Ancestry::Same } else { Ancestry::Unordered };
        Box::pin(std::future::ready(answer))
    }

    fn changes(&self) -> BoxStream<'static, ()> {
        Box::pin(stream::pending())
    }
}

/// A file in its directory, from which it may name others. Where the directory is more than skep
/// reads (a home directory, `/tmp`), the file is read alone.
pub(super) struct Beside {
    /// The directory.
    pub(super) directory: Box<dyn Source>,
    /// The file.
    pub(super) file: PathBuf,
}

impl Beside {
    async fn read_either(&self) -> Result<Checkout, SourceError> {
        let broken = match self.directory.read().await {
            Err(error @ SourceError::Broken { .. }) => error,
            answer => return answer,
        };
        let name = self.file.file_name().map(|name| name.to_string_lossy().into_owned());
        let bytes = std::fs::File::open(&self.file).and_then(|file| {
            let mut bytes = Vec::new();
            file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
            Ok(bytes)
        });
        match bytes.ok().filter(|bytes| bytes.len() as u64 <= MAX_FILE) {
            Some(bytes) => Fixed::new(&name.unwrap_or_default(), &bytes)
                .map(|fixed| fixed.0)
                .map_err(|_| broken),
            None => Err(broken),
        }
    }
}

impl Source for Beside {
    fn read(&self) -> BoxFuture<'_, Result<Checkout, SourceError>> {
        Box::pin(self.read_either())
    }

    fn ancestry<'a>(&'a self, old: &'a Revision, new: &'a Revision) -> BoxFuture<'a, Ancestry> {
        self.directory.ancestry(old, new)
    }

    fn changes(&self) -> BoxStream<'static, ()> {
        self.directory.changes()
    }
}
