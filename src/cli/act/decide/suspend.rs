//! `skep suspend`: stops writes to a stack, or to all. It writes the ledger in the swarm: neither
//! git nor an operator is needed.

use std::time::Duration;

use jiff::SignedDuration;

use super::switch::{Known, Switch};
use crate::cli::args::{SwarmArgs, duration};
use crate::cli::error::Failure;
use crate::cli::start::{Environment, doors};
use crate::cli::{Exit, output};
use crate::model::{LedgerRecord, StackName, Suspension};
use crate::view::clean;

/// Stop writes to some stacks or to all; what differs is still reported
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    what: What,
    /// Resume by itself after this time
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    time: Option<Duration>,
    /// Why, for those who look at it
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    #[command(flatten)]
    swarm: SwarmArgs,
}

/// Some stacks, or everything.
#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct What {
    /// The stacks
    #[arg(value_name = "STACK")]
    pub(super) stacks: Vec<StackName>,
    /// All stacks of the instance
    #[arg(long)]
    all: bool,
}

impl What {
    /// Each stack that is meant; `None` is all of the instance.
    pub(super) fn each(&self) -> Vec<Option<&StackName>> {
        if self.all { vec![None] } else { self.stacks.iter().map(Some).collect() }
    }
}

pub(crate) async fn run(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    let engine = doors(&args.swarm, environment)?;
    let until = match args.time {
        None => None,
        Some(time) => {
            let end = SignedDuration::try_from(time)
                .ok()
                .and_then(|time| engine.doors.clock.now().checked_add(time).ok());
            Some(end.ok_or_else(|| Failure::plain("--for leads beyond the end of time"))?)
        }
    };
    let suspension = Suspension { reason: args.reason, until };
    let switch = Switch { engine: &engine, instance: &args.swarm.instance };
    let set = |record: &mut LedgerRecord| record.suspension = Some(suspension.clone());
    let until = until.map_or_else(String::new, |until| format!(" until {until}"));
    for stack in args.what.each() {
        let known = switch.change(stack, set).await?;
        let what = stack.map_or("everything".to_owned(), |stack| format!("stack {stack}"));
        output::text(&format!("{} is suspended{until}\n", clean(&what)))?;
        if known == Known::No && stack.is_some() {
            output::note("no stack of this name is known yet; it is suspended for when it comes\n");
        }
    }
    Ok(Exit::Fine)
}
