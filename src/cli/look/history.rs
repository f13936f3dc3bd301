//! `skep history STACK`: what the stack was when it was healthy, and which revisions failed. All of it
//! is read from the swarm.

use crate::cli::args::{Format, OutputArgs, SwarmArgs};
use crate::cli::error::Failure;
use crate::cli::start::{Environment, doors};
use crate::cli::{Exit, output};
use crate::ledger::decode;
use crate::model::StackName;
use crate::view::{HistoryView, text};

/// Show the last revisions of a stack: those at which it was healthy, and those that failed
///
/// `skep rollback` goes back to one at which it was healthy.
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
    if let Some(why) = ledgers.unreadable.get(stack) {
        return Err(Failure::plain(format!("the ledger of {stack} can't be read: {why}")));
    }
    let Some(entry) = ledgers.stacks.get(stack) else {
        return Err(Failure::plain(format!("no stack {stack} is known")));
    };
    let view = HistoryView::of(stack, &entry.record, ledgers.stable_of(stack));
    match args.output.output {
        Format::Text => output::text(&text::history(&view))?,
        Format::Json => output::json(&view)?,
        Format::Markdown | Format::Html => {
            return Err(Failure::plain("a history is written as text or json"));
        }
    }
    Ok(Exit::Fine)
}
