//! `skep schema`: JSON Schemas of everything that can be declared, for editors.
#![expect(clippy::disallowed_methods, reason = "the schemas are written to a directory on demand")]

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli::error::Failure;
use crate::cli::{Exit, output};
use crate::load::schemas;

/// Write JSON Schemas of compose files and of each kind of manifest
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Directory for one file per kind; without it all are printed as one object
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    match &args.out {
        None => output::json(&schemas())?,
        Some(directory) => {
            for (name, schema) in schemas() {
                write(&directory.join(name), &schema)?;
            }
        }
    }
    Ok(Exit::Fine)
}

fn write(path: &Path, schema: &Value) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("write {}", path.display()), error);
    let mut text =
        serde_json::to_string_pretty(schema).map_err(|error| Failure::new("write JSON", error))?;
    text.push('\n');
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(failed)?;
    }
    std::fs::write(path, text).map_err(failed)
}
