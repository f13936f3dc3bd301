//! `skep image history STACK`: the images that a stack ran when it was healthy. All of it is read from
//! the swarm.

use crate::cli::args::{Format, OutputArgs, SwarmArgs};
use crate::cli::error::Failure;
use crate::cli::start::{Environment, doors};
use crate::cli::{Exit, output};
use crate::ledger::decode;
use crate::model::StackName;
use crate::view::{ImageHistoryView, text};

/// Show the images of a stack at the last revisions at which it was healthy
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The stack
    stack: StackName,
    #[command(flatten)]
    swarm: SwarmArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(crate) async fn run(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    let engine = doors(&args.swarm, environment)?;
    let observed = engine.doors.swarm.look().await.map_err(|error| engine.failure(error))?;
    let ledgers = decode(&observed.configs, &args.swarm.instance);
    let stack = &args.stack;
    if !ledgers.stacks.contains_key(stack) {
        return Err(Failure::plain(format!("no stack {stack} is known")));
    }
    let mut sets = Vec::new();
    for set in ledgers.stable_of(stack) {
        let attempted = || format!("unpack what is kept of {stack} at {}", set.revision);
        sets.push((set, set.open().map_err(|why| Failure::new(attempted(), why))?));
    }
    let view = ImageHistoryView::of(stack, &sets);
    match args.output.output {
        Format::Text => output::text(&text::image_history(&view))?,
        Format::Json => output::json(&view)?,
        Format::Markdown | Format::Html => {
            return Err(Failure::plain("a history is written as text or json"));
        }
    }
    Ok(Exit::Fine)
}
