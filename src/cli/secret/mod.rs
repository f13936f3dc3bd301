//! `skep secret`: files that are sealed with SOPS.

mod edit;
mod keygen;
mod list;
mod on_disk;
mod open;
mod rekey;
mod rotate;
mod seal;

use std::path::PathBuf;

use clap::Subcommand;

use super::Exit;
use super::error::Failure;
use super::start::{Environment, Variables, identities};
use crate::load::Identities;

/// Seal secrets into files for git (SOPS with age), and open them
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Keygen(keygen::Args),
    Seal(seal::Args),
    Open(open::Args),
    Edit(edit::Args),
    Rekey(rekey::Args),
    Rotate(rotate::Args),
    List(Box<list::Args>),
}

/// What opens sealed files.
#[derive(Debug, clap::Args)]
struct KeyArgs {
    /// File with age identities; SKEP_AGE_KEY, SOPS_AGE_KEY_FILE and SOPS_AGE_KEY count too
    /// [default: /run/secrets/skep-age-key]
    #[arg(long, value_name = "FILE", env = "SKEP_AGE_KEY_FILE")]
    age_key_file: Option<PathBuf>,
}

impl KeyArgs {
    fn identities(&self, environment: &Environment) -> Result<Identities, Failure> {
        identities(self.age_key_file.as_deref(), (environment, Variables::Shared))
    }
}

pub(crate) async fn run(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    match args.command {
        Command::Keygen(args) => keygen::run(&args),
        Command::Seal(args) => seal::run(&args),
        Command::Open(args) => open::run(&args, environment),
        Command::Edit(args) => edit::run(args, environment).await,
        Command::Rekey(args) => rekey::run(&args, environment),
        Command::Rotate(args) => rotate::run(&args, environment),
        Command::List(args) => list::run(*args, environment).await,
    }
}
