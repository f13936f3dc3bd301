//! Files on disk: read within bounds, written whole or not at all.
#![expect(clippy::disallowed_methods, reason = "commands work on files, now and by chance")]

mod rules;

use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

pub(super) use self::rules::terms_for;
use crate::cli::error::Failure;
use crate::clock::SystemClock;
use crate::load::Identities;
use crate::ports::Clock as _;
use crate::sops::bounds::MAX_BYTES;
use crate::sops::{Moment, Opened, Random, Standing, open, standing};

/// Whether a file that is there may be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overwrites {
    /// It is left alone, and that is an error.
    Never,
    /// It is replaced at once, with its permissions.
    Replaces,
}

/// A sealed file and what it holds.
pub(super) struct Found {
    pub(super) bytes: Vec<u8>,
    pub(super) opened: Opened,
}

/// Reads a file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let attempted = || format!("read {}", path.display());
    let size = std::fs::metadata(path).map_err(|error| Failure::new(attempted(), error))?.len();
    if size > MAX_BYTES as u64 {
        return Err(Failure::new(attempted(), format!("it has more than {MAX_BYTES} bytes")));
    }
    std::fs::read(path).map_err(|error| Failure::new(attempted(), error))
}

/// Opens a sealed file.
pub(super) fn opened(path: &Path, identities: &Identities) -> Result<Found, Failure> {
    let attempted = || format!("open {}", path.display());
    let bytes = read(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let Standing::Sealed(format) = standing(&name, &bytes) else {
        return Err(Failure::new(attempted(), "it is no sealed file"));
    };
    let opened =
        open(format, &bytes, identities).map_err(|error| Failure::new(attempted(), error))?;
    Ok(Found { bytes, opened })
}

/// Writes a file whole or not at all.
pub(super) fn write(path: &Path, bytes: &[u8], overwrites: Overwrites) -> Result<(), Failure> {
    let attempted = || format!("write {}", path.display());
    let written = match overwrites {
        Overwrites::Never => fresh(path, bytes),
        Overwrites::Replaces => replaced(path, bytes),
    };
    written.map_err(|error| Failure::new(attempted(), error))
}

fn fresh(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn replaced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    // A link stays, and what it leads to is replaced.
    let path = path.canonicalize()?;
    let parent = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(parent)?;
    file.write_all(bytes)?;
    let mode = std::fs::metadata(&path)?.permissions().mode();
    file.as_file().set_permissions(std::fs::Permissions::from_mode(mode))?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

/// The time, and random bytes.
pub(super) fn moment() -> Result<Moment, Failure> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| Failure::new("draw random bytes", error))?;
    let at = SystemClock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    Ok(Moment { at, random: Random::new(seed) })
}
