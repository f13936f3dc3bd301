//! `skep secret keygen`: a new identity.

use std::path::PathBuf;

use super::on_disk::{Overwrites, write};
use crate::cli::error::Failure;
use crate::cli::{Exit, output};
use crate::sops::generate;

/// Make an age identity, which opens, and print its recipient, which is sealed to
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// File that is made, readable for its owner only
    file: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let (identity, recipient) = generate();
    write(&args.file, identity.reveal(), Overwrites::Never)?;
    output::text(&format!("{recipient}\n"))?;
    Ok(Exit::Fine)
}
