//! `skep secret rekey`: other recipients, the same values.

use std::path::{Path, PathBuf};

use super::KeyArgs;
use super::on_disk::{Overwrites, moment, opened, terms_for, write};
use crate::cli::error::Failure;
use crate::cli::start::Environment;
use crate::cli::{Exit, output};
use crate::load::Identities;

/// Seal the data key of files to the recipients that .sops.yaml names now
///
/// Who was a recipient before may know the data key: rotate makes a new one.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Sealed files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    keys: KeyArgs,
}

pub(super) fn run(args: &Args, environment: &Environment) -> Result<Exit, Failure> {
    let identities = args.keys.identities(environment)?;
    for file in &args.files {
        let told = if one(file, &identities)? { "rekeyed" } else { "unchanged" };
        output::note(&format!("{told} {}\n", file.display()));
    }
    Ok(Exit::Fine)
}

/// True when the recipients were others.
fn one(file: &Path, identities: &Identities) -> Result<bool, Failure> {
    let terms = terms_for(file)?;
    let found = opened(file, identities)?;
    if found.opened.is_sealed_to(&terms) {
        return Ok(false);
    }
    let groups = (terms.groups.as_slice(), terms.threshold);
    let sealed = found.opened.rekeyed(&found.bytes, groups, moment()?.random);
    let sealed =
        sealed.map_err(|error| Failure::new(format!("rekey {}", file.display()), error))?;
    write(file, &sealed, Overwrites::Replaces)?;
    Ok(true)
}
