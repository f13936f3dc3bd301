//! `skep secret open`: what a sealed file holds.

use std::io::Write as _;
use std::path::PathBuf;

use super::KeyArgs;
use super::on_disk::{Overwrites, opened, write};
use crate::cli::Exit;
use crate::cli::error::Failure;
use crate::cli::start::Environment;
use crate::sops::pick;

/// Print what a sealed file holds in clear
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Sealed file
    file: PathBuf,
    /// Only the value with these keys, with dots between them
    #[arg(long, value_name = "KEYS")]
    key: Option<String>,
    /// File that is written instead, readable for its owner only
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    keys: KeyArgs,
}

pub(super) fn run(args: &Args, environment: &Environment) -> Result<Exit, Failure> {
    let found = opened(&args.file, &args.keys.identities(environment)?)?;
    let plain = match &args.key {
        Some(key) => pick(found.opened.format(), &found.opened.plain, key)
            .map_err(|error| Failure::new(format!("open {}", args.file.display()), error))?,
        None => found.opened.plain,
    };
    match &args.output {
        Some(path) => write(path, plain.reveal(), Overwrites::Never)?,
        None => {
            let mut out = std::io::stdout().lock();
            let written = out.write_all(plain.reveal()).and_then(|()| out.flush());
            written.map_err(|error| Failure::new("write to standard output", error))?;
        }
    }
    Ok(Exit::Fine)
}
