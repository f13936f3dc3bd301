//! `skep secret seal`: a plain file becomes a sealed one.

use std::path::{Path, PathBuf};

use super::on_disk::{Overwrites, moment, read, terms_for, write};
use crate::cli::error::Failure;
use crate::cli::{Exit, output};
use crate::model::SecretBytes;
use crate::sops::{Format, Recipient, Rule, Terms, seal};

/// Seal a file: its values in YAML, JSON and .env, all of it otherwise
///
/// Recipients are those of --age, or those of the first creation rule of .sops.yaml that fits.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// File with the secret in clear; it is replaced
    file: PathBuf,
    /// File that is written instead
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Recipient (age1…), several times for several
    #[arg(long, value_name = "RECIPIENT", value_delimiter = ',')]
    age: Vec<String>,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let attempted = || format!("seal {}", args.file.display());
    let terms = match args.age.as_slice() {
        [] => terms_for(&args.file)?,
        recipients => terms_of(recipients).map_err(|e| Failure::new(attempted(), e))?,
    };
    let plain = SecretBytes::new(read(&args.file)?);
    let format = format_of(&args.file);
    let sealed = seal((format, &plain), &terms, moment()?);
    let sealed = sealed.map_err(|error| Failure::new(attempted(), error))?;
    let target = args.output.as_deref().unwrap_or(&args.file);
    let overwrites = if args.output.is_some() { Overwrites::Never } else { Overwrites::Replaces };
    write(target, &sealed, overwrites)?;
    output::note(&format!("sealed {} as {format}\n", target.display()));
    Ok(Exit::Fine)
}

fn terms_of(recipients: &[String]) -> Result<Terms, crate::sops::RecipientError> {
    let group = recipients.iter().map(|text| Recipient::read(text)).collect::<Result<_, _>>()?;
    let rule = Rule::default();
    Ok(Terms { groups: vec![group], threshold: None, rule, mac_only_encrypted: false })
}

fn format_of(path: &Path) -> Format {
    Format::of_name(&path.file_name().unwrap_or_default().to_string_lossy())
}
