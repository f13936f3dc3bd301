//! `skep suspend`: stops writes to a stack, or to all. It writes the ledger in the swarm: neither
//! git nor an operator is needed.

use std::time::Duration;

use jiff::SignedDuration;

use crate::cli::args::{SwarmArgs, duration};
use crate::cli::error::Failure;
use crate::cli::start::{Engine, Environment, doors};
use crate::cli::{Exit, output};
use crate::ledger::{FORMAT, LEDGER_DATA, Ledgers, decode, ledger_labels, ledger_name};
use crate::model::{
    Instance, Kind, LedgerRecord, NewData, SecretBytes, StackName, Suspension, Target,
};
use crate::ports::{SwarmError, Write};
use crate::view::clean;

/// Stop writes to a stack or to all stacks; what differs is still reported
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

/// A stack, or everything.
#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct What {
    /// The stack
    pub(super) stack: Option<StackName>,
    /// All stacks of the instance
    #[arg(long)]
    all: bool,
}

/// Times that a write is tried when somebody else writes at the same time.
const TRIES: usize = 5;

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
    let known = switch.set(args.what.stack.as_ref(), Some(&suspension)).await?;
    let until = until.map_or_else(String::new, |until| format!(" until {until}"));
    let stack = args.what.stack.as_ref();
    let what = stack.map_or("everything".to_owned(), |stack| format!("stack {stack}"));
    output::text(&format!("{} is suspended{until}\n", clean(&what)))?;
    if known == Known::No && stack.is_some() {
        output::note("no stack of this name is known yet; it is suspended for when it comes\n");
    }
    Ok(Exit::Fine)
}

/// Whether the ledger knew a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// It did.
    Yes,
    /// It did not.
    No,
}

/// Where suspensions are written.
pub(super) struct Switch<'a> {
    pub(super) engine: &'a Engine,
    pub(super) instance: &'a Instance,
}

/// One write of a switch that is to be made.
struct Turn {
    record: LedgerRecord,
    target: Option<Target>,
}

impl Switch<'_> {
    /// Writes a suspension of a stack, or of the instance; `None` ends it. Compare-and-swap on
    /// what was read; when somebody else was faster, it is read again.
    pub(super) async fn set(
        &self,
        stack: Option<&StackName>,
        suspension: Option<&Suspension>,
    ) -> Result<Known, Failure> {
        let swarm = &self.engine.doors.swarm;
        for _ in 0..TRIES {
            let observed = swarm.look().await.map_err(|error| self.engine.failure(error))?;
            let ledgers = decode(&observed.configs, self.instance);
            let turn = turn(&ledgers, stack, suspension)?;
            let known = if turn.target.is_some() { Known::Yes } else { Known::No };
            if known == Known::No && suspension.is_none() {
                return Ok(known);
            }
            match swarm.write(&self.write(stack, turn)?).await {
                Ok(_) => return Ok(known),
                Err(SwarmError::Conflict { .. }) => {}
                Err(error) => return Err(self.engine.failure(error)),
            }
        }
        Err(Failure::new("write the ledger", "somebody else writes to it all the time"))
    }

    fn write(&self, stack: Option<&StackName>, turn: Turn) -> Result<Write, Failure> {
        let labels = ledger_labels(self.instance, stack, &turn.record)
            .map_err(|error| Failure::new("write the ledger", error))?;
        if let Some(target) = turn.target {
            return Ok(Write::Label { kind: Kind::Config, target, labels });
        }
        let name = ledger_name(self.instance, stack);
        let (data, hash, driver, templating) = (None, None, None, None);
        let new = NewData { name, labels, data, hash, driver, templating };
        Ok(Write::CreateConfig { new, bytes: SecretBytes::new(LEDGER_DATA.to_vec()) })
    }
}

fn turn(
    ledgers: &Ledgers,
    stack: Option<&StackName>,
    suspension: Option<&Suspension>,
) -> Result<Turn, Failure> {
    let suspension = suspension.cloned();
    let Some(stack) = stack else {
        let record = LedgerRecord { format: FORMAT, suspension, ..LedgerRecord::default() };
        return Ok(Turn { record, target: ledgers.instance.clone() });
    };
    if let Some(why) = ledgers.unreadable.get(stack) {
        let attempted = format!("read the ledger of {stack}");
        return Err(Failure::new(attempted, why.clone()));
    }
    let entry = ledgers.stacks.get(stack);
    let before = entry.map(|entry| entry.record.clone());
    let record = LedgerRecord { format: FORMAT, suspension, ..before.unwrap_or_default() };
    Ok(Turn { record, target: entry.map(|entry| entry.target.clone()) })
}
