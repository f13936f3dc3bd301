//! `skep sync`: a running operator reads its sources and looks at once. It is told through the
//! ledger in the swarm, so that nobody has to know where it runs; or over HTTP, where its address
//! is known.

use std::time::Duration;

use super::switch::Switch;
use crate::cli::args::SwarmArgs;
use crate::cli::error::Failure;
use crate::cli::look::wait::{Goal, Wait, tell};
use crate::cli::start::{Engine, Environment, Peer, doors};
use crate::cli::{Exit, args, output};
use crate::ledger::decode;
use crate::model::{LedgerRecord, StackName};
use crate::reconcile::{Alive, alive};

/// Have the operator read its sources and look at once
///
/// Exit codes: 0 it does, 2 no operator acts; with `--wait` those of `skep wait`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A stack, which has to be known, or is waited for; all sources are read anyway
    stack: Option<StackName>,
    /// Tell the operator at this address instead: http://HOST:PORT, as `skep run --listen` says
    #[arg(long, value_name = "URL")]
    address: Option<Peer>,
    /// Then wait for the stack at the revision, as `skep wait` does
    #[arg(long, requires = "stack", requires = "revision")]
    wait: bool,
    #[command(flatten)]
    goal: Goal,
    #[command(flatten)]
    swarm: SwarmArgs,
    #[command(flatten)]
    output: args::OutputArgs,
}

pub(crate) async fn run(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    let engine = doors(&args.swarm, environment)?;
    let holder = match &args.address {
        Some(peer) => {
            peer.nudge().await?;
            peer.to_string()
        }
        None => ask(&engine, &args).await?,
    };
    let stack = match &args.stack {
        Some(stack) if args.wait => stack,
        _ => {
            output::text(&format!("the operator {holder} looks now\n"))?;
            return Ok(Exit::Fine);
        }
    };
    let (instance, goal) = (&args.swarm.instance, &args.goal);
    let wait = Wait { engine: &engine, instance, stack, goal, source: None };
    tell(&wait.end().await?, args.output.output)
}

/// Counts the request in the instance's record, of which the operator hears at once; then finds out
/// whether there is one.
async fn ask(engine: &Engine, args: &Args) -> Result<String, Failure> {
    let instance = &args.swarm.instance;
    if let Some(stack) = args.stack.as_ref().filter(|_| !args.wait) {
        let observed = engine.doors.swarm.look().await.map_err(|error| engine.failure(error))?;
        let ledgers = decode(&observed.configs, instance);
        if !ledgers.stacks.contains_key(stack) && !ledgers.unreadable.contains_key(stack) {
            return Err(Failure::plain(format!("no stack {stack} is known")));
        }
    }
    let count = |record: &mut LedgerRecord| record.sync = record.sync.wrapping_add(1);
    Switch { engine, instance }.change(None, count).await?;
    let waiting = |holder: &str, limit: Duration| {
        let limit = limit.as_secs();
        output::note(&format!("waiting up to {limit} s to see whether {holder} is alive\n"));
    };
    let alive = alive(&engine.lease_doors(), instance, waiting).await;
    match alive.map_err(|error| engine.failure(error))? {
        Alive::Yes(holder) => Ok(holder),
        Alive::No => Err(Failure::plain(
            "no operator acts for this instance: one that is started reads its sources anyway",
        )),
    }
}
