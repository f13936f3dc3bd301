//! Several operators of one instance, of which one acts.
//!
//! Only `skep run` takes part. Each operator reads the lease once a second, by itself; the one that
//! holds it writes it every few seconds. Nobody is told of these writes, and no pass comes of them.

mod alive;
mod machine;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures::future::{self, Either};
use tokio::sync::watch;

pub use self::alive::{Alive, alive};
use self::machine::{Act, Came, Machine, Sighting};
use crate::execute::Permit;
use crate::ledger::{LEASE_DATA, Lease, lease_name};
use crate::model::engine::{LiveConfig, StringMap};
use crate::model::{Instance, Kind, NewData, SecretBytes, Target};
use crate::ports::{Clock, OneConfig, Swarm, SwarmError, Write};

/// Time between two looks at the lease.
const LOOK: Duration = Duration::from_secs(1);
/// Wait after somebody else was faster.
const AGAIN: Duration = Duration::from_millis(100);
/// Longest wait for an answer: a leader that is gone must not keep anybody waiting.
const PATIENCE: Duration = Duration::from_secs(3);

/// The doors that an operator needs for the lease.
#[derive(Clone)]
pub struct LeaseDoors {
    /// Reads the lease.
    pub configs: Arc<dyn OneConfig>,
    /// Writes it.
    pub swarm: Arc<dyn Swarm>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// Which part an operator has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Part {
    /// It is the only one, or does not take part.
    #[default]
    Alone,
    /// It is not known yet: the swarm did not answer.
    Unknown,
    /// It acts.
    Acts,
    /// It follows the one of this name, where one is known.
    Follows(Option<String>),
}

/// What an operator is told of its part.
#[derive(Clone)]
pub struct Standing {
    /// Whether it may write at this moment.
    pub permit: Permit,
    /// Its part, for people; changes when the other changes.
    pub part: watch::Receiver<Part>,
}

impl Default for Standing {
    /// That of an operator that takes no part: nobody stands in its way.
    fn default() -> Self {
        Self { permit: Permit::always(), part: watch::channel(Part::Alone).1 }
    }
}

/// What became of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carried {
    /// It was done.
    Out,
    /// Somebody else was faster.
    Conflict,
    /// There was nothing to do, or it is not known to be done.
    Not,
}

/// An operator that wants to act.
pub struct Contender {
    doors: LeaseDoors,
    instance: Instance,
    name: String,
    machine: Machine,
    /// Id of the config, as it was last seen.
    id: String,
    /// Why it was not written, as it was last told.
    refused: Option<String>,
    until: watch::Sender<Duration>,
    part: watch::Sender<Part>,
}

impl Contender {
    /// An operator under a name that no other process ever had.
    #[must_use]
    pub fn new(doors: LeaseDoors, instance: &Instance, me: &str) -> Self {
        Self {
            doors,
            instance: instance.clone(),
            name: lease_name(instance),
            machine: Machine::new(me),
            id: String::new(),
            refused: None,
            until: watch::channel(Duration::ZERO).0,
            part: watch::channel(Part::Unknown).0,
        }
    }

    /// What the operator is told.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let permit = Permit::until(Arc::clone(&self.doors.clock), self.until.subscribe());
        Standing { permit, part: self.part.subscribe() }
    }

    /// Wants to act until `stop` is true, and gives the lease up then.
    pub async fn contend(mut self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let wait = self.turn().await;
            tokio::select! {
                biased;
                _ = stop.changed() => break,
                () = self.doors.clock.sleep(wait) => {}
            }
        }
        self.leave().await;
    }

    /// One look at the lease, and what follows from it. Returns the wait until the next one.
    pub async fn turn(&mut self) -> Duration {
        let seen = match self.look().await {
            Ok(seen) => seen,
            Err(error) => {
                tracing::debug!(%error, "the lease can't be read");
                self.tell(None);
                return LOOK;
            }
        };
        let act = self.machine.see(seen.as_ref(), self.doors.clock.elapsed());
        let conflict = self.carry_out(act).await == Carried::Conflict;
        self.tell(seen);
        if conflict { AGAIN } else { LOOK }
    }

    /// Stops acting, and gives the lease up: the next one need not wait.
    async fn leave(mut self) {
        self.until.send_replace(Duration::ZERO);
        let seen = self.look().await.ok().flatten();
        let act = self.machine.give_up(seen.as_ref());
        if self.carry_out(act).await == Carried::Out {
            tracing::info!(lease = self.name, "the lease is given up");
        }
    }

    async fn look(&mut self) -> Result<Option<Sighting>, SwarmError> {
        let config = self.in_time("read the lease", self.doors.configs.config(&self.name)).await?;
        Ok(config.map(|config| {
            let sighting = sighting(&config);
            self.id = config.id;
            sighting
        }))
    }

    async fn carry_out(&mut self, act: Act) -> Carried {
        let Ok(Some(write)) = self.write(act) else { return Carried::Not };
        let answer = self.in_time("write the lease", self.doors.swarm.write(&write)).await;
        let (came, carried) = match &answer {
            Ok(_) => (Came::Done, Carried::Out),
            Err(SwarmError::Conflict { .. }) => (Came::Not, Carried::Conflict),
            Err(SwarmError::Unavailable { .. }) => (Came::Unknown, Carried::Not),
            Err(_) => (Came::Not, Carried::Not),
        };
        self.machine.came(came);
        self.tell_refusal(answer.err().filter(|_| carried == Carried::Not));
        carried
    }

    /// Without the lease nobody acts: why it can't be written is told once.
    fn tell_refusal(&mut self, error: Option<SwarmError>) {
        let refused = error.map(|error| error.to_string());
        if refused != self.refused
            && let Some(why) = &refused
        {
            tracing::warn!(why, "the lease can't be written");
        }
        self.refused = refused;
    }

    fn write(&self, act: Act) -> Result<Option<Write>, serde_json::Error> {
        let name = self.name.clone();
        Ok(match act {
            Act::Nothing => None,
            Act::Create(lease) => Some(create(name, lease.labels(&self.instance)?)),
            Act::Write(version, lease) => {
                let target = Target { name, id: self.id.clone(), version };
                let labels = lease.labels(&self.instance)?;
                Some(Write::Label { kind: Kind::Config, target, labels })
            }
        })
    }

    /// An answer, or an error when it takes too long.
    async fn in_time<T>(
        &self,
        attempted: &str,
        call: impl Future<Output = Result<T, SwarmError>> + Send,
    ) -> Result<T, SwarmError> {
        let call = std::pin::pin!(call);
        match future::select(call, self.doors.clock.sleep(PATIENCE)).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => Err(SwarmError::Unavailable {
                attempted: attempted.to_owned(),
                message: format!("no answer within {} s", PATIENCE.as_secs()),
                source: None,
            }),
        }
    }

    /// Tells the operator when something is new. Permission first: who hears of the part may act.
    fn tell(&self, seen: Option<Sighting>) {
        let until = self.machine.until();
        self.until.send_replace(until);
        let acts = self.doors.clock.elapsed() < until;
        let before = self.part.borrow().clone();
        let part = match seen {
            _ if acts => Part::Acts,
            None if matches!(before, Part::Unknown | Part::Follows(_)) => before.clone(),
            seen => Part::Follows(seen.and_then(|seen| seen.lease).and_then(|l| l.holder)),
        };
        if part != before {
            log(&part);
            self.part.send_replace(part);
        }
    }
}

fn log(part: &Part) {
    match part {
        Part::Acts => tracing::info!("this operator acts now"),
        Part::Follows(Some(holder)) => {
            tracing::info!(holder, "another operator acts, this one follows");
        }
        Part::Follows(None) | Part::Unknown => tracing::warn!("no operator is known to act"),
        Part::Alone => {}
    }
}

fn sighting(config: &LiveConfig) -> Sighting {
    Sighting { version: config.version, lease: Lease::read(config) }
}

fn create(name: String, labels: StringMap) -> Write {
    let new = NewData::labelled(name, labels);
    Write::CreateConfig { new, bytes: SecretBytes::new(LEASE_DATA.to_vec()) }
}
