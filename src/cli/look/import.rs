//! `skep import`: declarations for what runs.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::cli::args::SwarmArgs;
use crate::cli::error::Failure;
use crate::cli::start::{Environment, doors};
use crate::cli::{Exit, output};
use crate::model::StackName;
use crate::view::compose::{Contents, Drawing, Drawings, Selection, document, draw};
use crate::view::text;
use crate::view::yaml::write;

/// Write declarations for what runs: compose files that differ from it in nothing
///
/// Content of secrets can't be read back: they are declared external, under the names that they
/// have. What no key of a compose file says stands there in comments, and is told on standard error.
///
/// Exit codes: 0 written, 2 error.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Stacks; all that run when none is given
    #[arg(value_name = "STACK")]
    stacks: Vec<StackName>,
    /// A stack, too; the word that other commands have for it
    #[arg(long = "name", value_name = "STACK")]
    names: Vec<StackName>,
    /// Only services that carry this label, and what they use
    #[arg(long = "label", value_name = "KEY[=VALUE]")]
    labels: Vec<String>,
    /// Also what belongs to no stack: services called STACK_NAME stand in the file of that stack,
    /// all else in that of this one
    #[arg(long, value_name = "STACK")]
    rest: Option<StackName>,
    /// Directory for STACK/compose.yml and the content of configs; without it one document for
    /// each stack goes to standard output, which every command reads as `-`
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Write over files that are there
    #[arg(long, requires = "output")]
    force: bool,
    #[command(flatten)]
    swarm: SwarmArgs,
}

pub(crate) async fn run(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    let engine = doors(&args.swarm, environment)?;
    let observed = engine.doors.swarm.look().await;
    let observed = observed.map_err(|error| engine.failure(error))?;
    let drawings = draw(&observed, &selection(&args));
    missing(&args, &drawings)?;
    match &args.output {
        Some(directory) => written(&args, directory, &drawings)?,
        None => output::text(&document(&drawings.stacks))?,
    }
    output::note(&text::remarks(&drawings.remarks));
    Ok(Exit::Fine)
}

impl Args {
    fn asked(&self) -> impl Iterator<Item = &StackName> {
        self.stacks.iter().chain(&self.names)
    }
}

fn selection(args: &Args) -> Selection {
    let label = |text: &String| match text.split_once('=') {
        Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
        None => (text.clone(), None),
    };
    Selection {
        stacks: args.asked().cloned().collect(),
        labels: args.labels.iter().map(label).collect(),
        rest: args.rest.clone(),
        contents: if args.output.is_some() { Contents::Beside } else { Contents::Inline },
    }
}

/// A stack that was named and does not run is a mistake, not an empty file.
fn missing(args: &Args, drawings: &Drawings) -> Result<(), Failure> {
    let drawn = |name: &StackName| drawings.stacks.iter().any(|one| one.stack == *name);
    let Some(name) = args.asked().find(|name| !drawn(name)) else { return Ok(()) };
    let which = if args.labels.is_empty() { "" } else { " with this label" };
    Err(Failure::plain(format!("no service of the stack {name}{which} runs")))
}

/// Writes all files, or none of them when one is in the way.
fn written(args: &Args, directory: &Path, drawings: &Drawings) -> Result<(), Failure> {
    let files: Vec<(PathBuf, Vec<u8>)> =
        drawings.stacks.iter().flat_map(|one| files(directory, one)).collect();
    let there: Vec<String> = files
        .iter()
        .filter(|(path, _)| !args.force && path.symlink_metadata().is_ok())
        .map(|(path, _)| path.display().to_string())
        .collect();
    if !there.is_empty() {
        let message = format!("{} there already; --force writes over them", verb(&there));
        return Err(Failure::plain(message));
    }
    for (path, bytes) in &files {
        let failed = |error| Failure::new(format!("write {}", path.display()), error);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(failed)?;
        }
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(true).create_new(!args.force);
        let file = options.open(path).map_err(failed);
        file?.write_all(bytes).map_err(failed)?;
    }
    let names = drawings.stacks.iter().map(|one| one.stack.as_str()).collect::<Vec<_>>();
    output::note(&format!("{}: {}\n", directory.display(), names.join(", ")));
    Ok(())
}

fn verb(names: &[String]) -> String {
    let word = if names.len() == 1 { "is" } else { "are" };
    format!("{} {word}", names.join(", "))
}

fn files(directory: &Path, drawing: &Drawing) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = directory.join(drawing.stack.as_str());
    let mut files = vec![(folder.join("compose.yml"), write(&drawing.file).into_bytes())];
    let contents = drawing.contents.iter();
    files.extend(contents.map(|(path, bytes)| (folder.join(path), bytes.clone())));
    // Content with such a name would be taken for a declaration where it looks like one.
    let yaml = |path: &String| path.ends_with(".yml") || path.ends_with(".yaml");
    if drawing.contents.keys().any(yaml) {
        files.push((folder.join(".skepignore"), b"configs/\n".to_vec()));
    }
    files
}
