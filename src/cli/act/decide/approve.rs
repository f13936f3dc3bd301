//! `skep approve`: says yes to changes that wait for a person. It writes the ledger in the swarm:
//! neither git nor an operator is needed.

use super::switch::Switch;
use crate::cli::args::SwarmArgs;
use crate::cli::error::Failure;
use crate::cli::start::{Environment, doors};
use crate::cli::{Exit, output};
use crate::model::{Approval, LedgerRecord, StackName};

/// Say yes to changes that wait for approval
///
/// `skep plan` and `skep diff` show the approval of each. It stands for exactly that change: when
/// the declaration or what runs moves on meanwhile, it is void, and the change waits again.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The stack
    stack: StackName,
    /// Approvals, as `skep plan` shows them
    #[arg(required = true)]
    approvals: Vec<Approval>,
    #[command(flatten)]
    swarm: SwarmArgs,
}

pub(crate) async fn run(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    let engine = doors(&args.swarm, environment)?;
    let switch = Switch { engine: &engine, instance: &args.swarm.instance };
    let give = |record: &mut LedgerRecord| record.approvals.extend(args.approvals.iter().cloned());
    switch.change(Some(&args.stack), give).await?;
    let what = match args.approvals.len() {
        1 => "the change is".to_owned(),
        many => format!("{many} changes are"),
    };
    output::text(&format!("stack {}: {what} approved\n", args.stack))?;
    Ok(Exit::Fine)
}
