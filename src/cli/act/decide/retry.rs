//! `skep retry`: lets what failed be tried once more. It writes the ledger in the swarm: neither git
//! nor an operator is needed.

use std::cell::Cell;

use super::switch::Switch;
use crate::cli::args::SwarmArgs;
use crate::cli::error::Failure;
use crate::cli::start::{Environment, doors};
use crate::cli::{Exit, output};
use crate::model::{LedgerRecord, StackName};

/// Try again what failed and is in quarantine
///
/// A spec that failed by its own fault is not tried again until the declaration is another one. When
/// the fault was outside after all, this takes it out of quarantine: it is written once more.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The stack
    stack: StackName,
    /// Services, without the stack's name or with it; all of the stack by default
    services: Vec<String>,
    #[command(flatten)]
    swarm: SwarmArgs,
}

pub(crate) async fn run(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    let engine = doors(&args.swarm, environment)?;
    let switch = Switch { engine: &engine, instance: &args.swarm.instance };
    let released = Cell::new(0);
    let release = |record: &mut LedgerRecord| released.set(release(record, &args));
    switch.change(Some(&args.stack), release).await?;
    let what = match released.get() {
        0 => return Err(Failure::plain(format!("nothing of {} is in quarantine", args.stack))),
        1 => "one service is".to_owned(),
        many => format!("{many} services are"),
    };
    output::text(&format!("stack {}: {what} tried again\n", args.stack))?;
    Ok(Exit::Fine)
}

/// Asks for another try of each service that is meant and failed; gives their number.
fn release(record: &mut LedgerRecord, args: &Args) -> usize {
    let meant = |name: &str| {
        let own = name.strip_prefix(args.stack.as_str()).and_then(|rest| rest.strip_prefix('_'));
        args.services.is_empty() || args.services.iter().any(|s| s == name || Some(&**s) == own)
    };
    let mut released = 0;
    for (_, service) in record.services.iter_mut().filter(|(name, _)| meant(name)) {
        let failed = service.attempted.clone().filter(|spec| service.quarantine.contains(spec));
        if failed.is_some() {
            service.retry = failed;
            released += 1;
        }
    }
    released
}
