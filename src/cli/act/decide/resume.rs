//! `skep resume`: lets writes to a stack, or to all, go on.

use super::suspend::What;
use super::switch::{Known, Switch};
use crate::cli::args::SwarmArgs;
use crate::cli::error::Failure;
use crate::cli::start::{Environment, doors};
use crate::cli::{Exit, output};
use crate::model::LedgerRecord;

/// Let writes to some stacks or to all go on; a stack that is pinned is so no more
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    swarm: SwarmArgs,
}

pub(crate) async fn run(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    let engine = doors(&args.swarm, environment)?;
    let switch = Switch { engine: &engine, instance: &args.swarm.instance };
    let go_on = |record: &mut LedgerRecord| (record.suspension, record.pin) = (None, None);
    for stack in args.what.each() {
        let known = switch.change(stack, go_on).await?;
        let text = match (stack, known) {
            (Some(stack), Known::No) => {
                return Err(Failure::plain(format!("no stack {stack} is known")));
            }
            (Some(stack), Known::Yes) => format!("stack {stack} goes on\n"),
            (None, _) => {
                "everything goes on, but for stacks that are suspended one by one\n".to_owned()
            }
        };
        output::text(&text)?;
    }
    Ok(Exit::Fine)
}
