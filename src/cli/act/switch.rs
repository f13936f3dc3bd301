//! What a person decides, in the ledger.

use crate::cli::error::Failure;
use crate::cli::start::Engine;
use crate::ledger::{FORMAT, LEDGER_DATA, Ledgers, decode, ledger_labels, ledger_name};
use crate::model::{Instance, Kind, LedgerRecord, NewData, SecretBytes, StackName, Target};
use crate::ports::{SwarmError, Write};

/// Times that a write is tried when somebody else writes at the same time.
const TRIES: usize = 5;

/// Whether the ledger knew a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// It did.
    Yes,
    /// It did not.
    No,
}

/// Where a person's decisions are written.
pub(super) struct Switch<'a> {
    pub(super) engine: &'a Engine,
    pub(super) instance: &'a Instance,
}

/// A record that is to be written.
struct Turn {
    record: LedgerRecord,
    target: Option<Target>,
}

impl Switch<'_> {
    /// Changes the record of a stack, or of the instance. Compare-and-swap on what was read; when
    /// somebody else was faster, it is read again. A change that changes nothing is not written.
    pub(super) async fn change(
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

fn turn(ledgers: &Ledgers, stack: Option<&StackName>) -> Result<Turn, Failure> {
    let Some(stack) = stack else {
        let suspension = ledgers.suspension.clone();
        let record = LedgerRecord { suspension, ..LedgerRecord::default() };
        return Ok(Turn { record, target: ledgers.instance.clone() });
    };
    if let Some(why) = ledgers.unreadable.get(stack) {
        let attempted = format!("read the ledger of {stack}");
        return Err(Failure::new(attempted, why.clone()));
    }
    let entry = ledgers.stacks.get(stack);
    let record = entry.map(|entry| entry.record.clone()).unwrap_or_default();
    Ok(Turn { record, target: entry.map(|entry| entry.target.clone()) })
}
