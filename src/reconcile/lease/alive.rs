//! Whether an operator is alive, for somebody who is about to write beside it.

use std::time::Duration;

use super::machine::TAKE;
use super::{LeaseDoors, Sighting, sighting};
use crate::ledger::{Lease, lease_name};
use crate::model::Instance;
use crate::ports::SwarmError;

/// Time between two looks: a renewal is seen soon after it was made.
const LOOK: Duration = Duration::from_millis(250);

/// Whether an operator of an instance acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alive {
    /// None does.
    No,
    /// The one of this name does.
    Yes(String),
}

/// Finds out. A lease that nobody holds is an answer at once; for one that is held its renewal is
/// waited for, which `waiting` is told with the holder's name and the longest wait.
///
/// # Errors
/// The swarm does not answer.
pub async fn alive(
    doors: &LeaseDoors,
    instance: &Instance,
    waiting: impl FnOnce(&str, Duration),
) -> Result<Alive, SwarmError> {
    let name = lease_name(instance);
    let look = async || {
        let config = doors.configs.config(&name).await?;
        Ok::<_, SwarmError>(config.as_ref().map(sighting))
    };
    let Some(first) = look().await? else { return Ok(Alive::No) };
    if holder(&first).is_none() {
        return Ok(Alive::No);
    }
    let start = doors.clock.elapsed();
    waiting(&holder(&first).unwrap_or_default(), TAKE);
    while doors.clock.elapsed().saturating_sub(start) < TAKE {
        doors.clock.sleep(LOOK).await;
        match look().await? {
            Some(now) if now.version == first.version => {}
            Some(now) => return Ok(holder(&now).map_or(Alive::No, Alive::Yes)),
            None => return Ok(Alive::No),
        }
    }
    Ok(Alive::No)
}

/// Who may hold a lease: nobody when it was given up.
fn holder(seen: &Sighting) -> Option<String> {
    match &seen.lease {
        Some(Lease { holder, .. }) => holder.clone(),
        None => Some("unknown".to_owned()),
    }
}
