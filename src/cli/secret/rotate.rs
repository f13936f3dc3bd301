//! `skep secret rotate`: a new data key, the same recipients.

use std::path::PathBuf;

use super::KeyArgs;
use super::on_disk::{Overwrites, moment, opened, write};
use crate::cli::error::Failure;
use crate::cli::start::Environment;
use crate::cli::{Exit, output};

/// Seal all values of files anew with a new data key, for the same recipients
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
        let sealed = opened(file, &identities)?.opened.rotated(moment()?);
        let attempted = || format!("rotate {}", file.display());
        let sealed = sealed.map_err(|error| Failure::new(attempted(), error))?;
        write(file, &sealed, Overwrites::Replaces)?;
        output::note(&format!("rotated {}\n", file.display()));
    }
    Ok(Exit::Fine)
}
