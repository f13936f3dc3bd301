//! One pass, and the loop that runs passes.
//!
//! A pass looks at the world afresh and does not know why it runs (law 5). Sources are read beside
//! it: a slow or broken git server delays no repair (law 9).

mod lease;
mod pass;
mod run;
mod sources;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

pub use lease::{Alive, Contender, LeaseDoors, Part, Standing, alive};
pub use run::{Nudge, Schedule, run};
pub use sources::{NamedSource, SHORTEST_POLL, SourceState};

use crate::health::Clocks;
use crate::load::Identities;
use crate::model::{HashKey, Instance, StackName};
use crate::plan::{Removals, Scope, StackPlan, Writes};
use crate::ports::{Clock, Registry, SourceOpener, Swarm};
use pass::PassMemory;
use sources::Followed;

/// Writes to the engine at the same time, over all stacks.
const WRITE_SLOTS: usize = 8;

/// What a person decides about an operator.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Name of this installation.
    pub instance: Instance,
    /// Whether anything may be written.
    pub writes: Writes,
    /// Whether anything may be removed.
    pub removals: Removals,
    /// What is done of all that is wanted.
    pub scope: Scope,
    /// Services whose tasks may be spread over the nodes anew at the same time; `None` for not at all.
    pub rebalance: Option<u32>,
    /// How long things have to last and may take.
    pub clocks: Clocks,
    /// Variables for interpolation: the process environment for commands, nothing for `run`.
    pub variables: BTreeMap<String, String>,
    /// Name for the stack of a source that holds one (`--name`).
    pub name: Option<StackName>,
    /// Which files of the sources are read; without any, YAML files by their names.
    pub globs: Vec<String>,
    /// Key of the hashes over secret content; without it the one that is kept in the swarm.
    pub key: Option<HashKey>,
    /// What opens sealed files.
    pub identities: Identities,
    /// Time between reads of a source.
    pub poll: Duration,
    /// Time after which the swarm is looked at although nothing was heard.
    pub resync: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            instance: Instance::default(),
            writes: Writes::Allowed,
            removals: Removals::Guarded,
            scope: Scope::Everything,
            rebalance: None,
            clocks: Clocks::default(),
            variables: BTreeMap::new(),
            name: None,
            globs: Vec::new(),
            key: None,
            identities: Identities::default(),
            poll: Duration::from_secs(60),
            resync: Duration::from_secs(60),
        }
    }
}

/// The doors that an operator goes through.
#[derive(Clone)]
pub struct Doors {
    /// The swarm.
    pub swarm: Arc<dyn Swarm>,
    /// Registries.
    pub registry: Arc<dyn Registry>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// One operator: its doors, its sources, and what it remembers between passes.
pub struct Operator {
    doors: Doors,
    settings: Settings,
    /// The root source first.
    sources: Vec<Followed>,
    /// Number of sources that were opened so far.
    opened: u64,
    opener: Option<Arc<dyn SourceOpener>>,
    memory: PassMemory,
    slots: Semaphore,
    standing: Standing,
    asked: Asked,
    agreement: Option<Agreement>,
}

/// Says what of the plans of all stacks is otherwise than a person agreed to.
type Agreement = Box<dyn Fn(&[&StackPlan]) -> Vec<String> + Send + Sync>;

/// Whether somebody asked through the ledger for a look at the sources (`skep sync`). A pass only
/// notes the count: what follows is the loop's affair (law 5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Asked {
    /// The count that was answered; `None` before the first pass, when the sources are read anyway.
    answered: Option<u64>,
    /// The count that the last pass saw.
    seen: Option<u64>,
}

impl Asked {
    /// True when the count moved since the last call.
    fn anew(&mut self) -> bool {
        let before = std::mem::replace(&mut self.answered, self.seen);
        before.is_some() && before != self.seen
    }
}

impl Operator {
    /// Puts an operator together; nothing is read yet. The first source is the root source.
    #[must_use]
    pub fn new(doors: Doors, sources: Vec<NamedSource>, settings: Settings) -> Self {
        let mut operator = Self {
            doors,
            settings,
            sources: Vec::new(),
            opened: 0,
            opener: None,
            memory: PassMemory::default(),
            slots: Semaphore::new(WRITE_SLOTS),
            standing: Standing::default(),
            asked: Asked::default(),
            agreement: None,
        };
        for NamedSource { name, source } in sources {
            operator.add(SourceState::new(name), source, None);
        }
        operator
    }

    /// Follows the sources that the root source declares too.
    #[must_use]
    pub fn following(mut self, opener: Arc<dyn SourceOpener>) -> Self {
        self.opener = Some(opener);
        self
    }

    /// Writes only while it is the one of several operators that acts.
    #[must_use]
    pub fn standing(mut self, standing: Standing) -> Self {
        self.standing = standing;
        self
    }

    /// Has passes write nothing until one decides just what a person agreed to; `differs` says what
    /// of its plans is otherwise. The passes after that one go on freely.
    pub fn agree(
        &mut self,
        differs: impl Fn(&[&StackPlan]) -> Vec<String> + Send + Sync + 'static,
    ) {
        self.agreement = Some(Box::new(differs));
    }

    /// True while no pass decided what a person agreed to.
    #[must_use]
    pub fn disagrees(&self) -> bool {
        self.agreement.is_some()
    }

    /// Whether anything may be written now.
    fn writes(&self) -> Writes {
        match self.settings.writes {
            Writes::Allowed if !self.standing.permit.stands() => Writes::Following,
            writes => writes,
        }
    }
}
