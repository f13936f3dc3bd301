//! What a person decides, in the ledger.

use crate::cli::error::Failure;
use crate::cli::start::Engine;
use crate::execute::ledger_write;
use crate::ledger::{Entry, FORMAT, Ledgers, decode};
use crate::model::{Instance, LedgerRecord, StackName, Target};
use crate::ports::SwarmError;

/// Times that a write is tried when somebody else writes at the same time.
const TRIES: usize = 5;

/// Whether the ledger knew a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli::act) enum Known {
    /// It did.
    Yes,
    /// It did not.
    No,
}

/// Where a person's decisions are written.
pub(in crate::cli::act) struct Switch<'a> {
    pub(in crate::cli::act) engine: &'a Engine,
    pub(in crate::cli::act) instance: &'a Instance,
}

/// A record that is to be written.
struct Turn {
    record: LedgerRecord,
    target: Option<Target>,
}

impl Switch<'_> {
    /// Changes the record of a stack, or of the instance. Compare-and-swap on what was read; when
    /// somebody else was faster, it is read again. A change that changes nothing is not written.
    pub(in crate::cli::act) async fn change(
        &self,
        stack: Option<&StackName>,
        change: impl Fn(&mut LedgerRecord),
    ) -> Result<Known, Failure> {
        let swarm = &self.engine.doors.swarm;
        for _ in 0..TRIES {
            let observed = swarm.look().await.map_err(|error| self.engine.failure(error))?;
            let mut turn = turn(&decode(&observed.configs, self.instance), stack)?;
            let known = if turn.target.is_some() { Known::Yes } else { Known::No };
            let before = turn.record.clone();
            change(&mut turn.record);
            if turn.record == before {
                return Ok(known);
            }
            turn.record.format = FORMAT;
            // What it was held for may be over by that; the next pass says.
            turn.record.held = None;
            let write = ledger_write(self.instance, stack, &turn.record, turn.target.as_ref());
            let write = write.map_err(|error| Failure::new("write the ledger", error))?;
            match swarm.write(&write).await {
                Ok(_) => return Ok(known),
                Err(SwarmError::Conflict { .. }) => {}
                Err(error) => return Err(self.engine.failure(error)),
            }
        }
        Err(Failure::new("write the ledger", "somebody else writes to it all the time"))
    }
}

fn turn(ledgers: &Ledgers, stack: Option<&StackName>) -> Result<Turn, Failure> {
    let Some(stack) = stack else {
        return Ok(of_entry(ledgers.instance.as_ref()));
    };
    if let Some(why) = ledgers.unreadable.get(stack) {
        let attempted = format!("read the ledger of {stack}");
        return Err(Failure::new(attempted, why.clone()));
    }
    Ok(of_entry(ledgers.stacks.get(stack)))
}

fn of_entry(entry: Option<&Entry>) -> Turn {
    let record = entry.map(|entry| LedgerRecord::clone(&entry.record)).unwrap_or_default();
    Turn { record, target: entry.map(|entry| entry.target.clone()) }
}
