//! `skep secret list`: sealed files of a source.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::cli::args::{Format, OutputArgs, SourceArgs};
use crate::cli::error::Failure;
use crate::cli::files::validate::loaded;
use crate::cli::start::{Environment, Variables, identities};
use crate::cli::{Exit, output};
use crate::load::{Identities, SealedUses};
use crate::model::{Entry, RepoPath};
use crate::sops::{Standing, inspect, open, standing};

/// List the sealed files of a source: who can open them, and what is made of them
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Directory, git repository (path or URL), file, or `-` for standard input
    source: String,
    #[command(flatten)]
    source_args: SourceArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// One sealed file.
#[derive(Debug, Serialize)]
struct SealedFile {
    path: String,
    /// Form of it; missing when nothing opens it.
    format: Option<String>,
    recipients: Vec<String>,
    /// Recipients whose identity is given.
    ours: Vec<String>,
    /// How many groups of keys there are, and how many have to open.
    groups: usize,
    threshold: usize,
    /// Why it does not open; missing when it does.
    trouble: Option<String>,
    /// What is made of it.
    used_by: BTreeSet<String>,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Sheet {
    format: u32,
    files: Vec<SealedFile>,
}

pub(super) async fn run(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    let file = args.source_args.credentials.age_key_file.as_deref();
    let identities = identities(file, (environment, Variables::Shared))?;
    let (loaded, files) = loaded(&args.source, &args.source_args, environment).await?;
    let known = |(path, entry): (&RepoPath, &Entry)| match entry {
        Entry::File(bytes) => sealed((path, bytes), &identities, &loaded.sealed),
        _ => None,
    };
    let files: Vec<SealedFile> = files.iter().filter_map(known).collect();
    match args.output.output {
        Format::Text => output::text(&files.iter().map(text).collect::<String>())?,
        Format::Json => output::json(&Sheet { format: crate::view::picture::FORMAT, files })?,
        _ => return Err(Failure::plain("secret list prints text and json only")),
    }
    Ok(Exit::Fine)
}

fn sealed(
    (path, bytes): (&RepoPath, &[u8]),
    identities: &Identities,
    uses: &SealedUses,
) -> Option<SealedFile> {
    let mut file = SealedFile {
        path: path.to_string(),
        format: None,
        recipients: Vec::new(),
        ours: Vec::new(),
        groups: 0,
        threshold: 0,
        trouble: None,
        used_by: uses.get(path).cloned().unwrap_or_default(),
    };
    let format = match standing(path.file_name(), bytes) {
        Standing::Plain => return None,
        Standing::Stray => {
            let trouble = "it holds sealed values without what would open them";
            return Some(SealedFile { trouble: Some(trouble.to_owned()), ..file });
        }
        Standing::Sealed(format) => format,
    };
    file.format = Some(format.to_string());
    if let Ok(metadata) = inspect(format, bytes) {
        (file.groups, file.threshold) = metadata.groups();
        file.recipients = metadata.recipients();
        let own = identities.recipients();
        file.ours = file.recipients.iter().filter(|name| own.contains(*name)).cloned().collect();
    }
    let opened = open(format, bytes, identities);
    file.trouble = opened.err().map(|error| Failure::of(&error).lines().join(": "));
    Some(file)
}

fn text(file: &SealedFile) -> String {
    let mut text = file.path.clone();
    if let Some(format) = &file.format {
        text.push_str(&format!("  {format}"));
    }
    if file.groups > 1 {
        text.push_str(&format!("  {} of {} groups", file.threshold, file.groups));
    }
    text.push('\n');
    for recipient in &file.recipients {
        let ours = if file.ours.contains(recipient) { "  yours" } else { "" };
        text.push_str(&format!("  to {recipient}{ours}\n"));
    }
    for user in &file.used_by {
        text.push_str(&format!("  used by {user}\n"));
    }
    match &file.trouble {
        Some(trouble) => text.push_str(&format!("  can't be opened: {trouble}\n")),
        None => text.push_str("  opens\n"),
    }
    text
}
