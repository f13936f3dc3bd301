//! Faults on demand: by script, one after the other, or by chance under the seed.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::ports::{SwarmError, Written};

use super::{Outcome, SimSwarm};
use crate::sim::control::Refusal;
use crate::sim::random::Random;

/// What happens to a write instead of its being made and answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteFault {
    /// The engine refuses it with these words.
    Refused(String),
    /// Somebody wrote in between.
    Conflict,
    /// It never arrives and there is no answer.
    NotDone,
    /// It is made, and the answer never arrives.
    DoneWithoutAnswer,
}

/// How often faults come by chance, in a thousand calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FaultRates {
    /// [`WriteFault::Refused`].
    pub refused: u16,
    /// [`WriteFault::Conflict`].
    pub conflict: u16,
    /// [`WriteFault::NotDone`].
    pub not_done: u16,
    /// [`WriteFault::DoneWithoutAnswer`].
    pub without_answer: u16,
    /// Looks that are not answered.
    pub looks: u16,
}

/// The faults to come.
pub(super) struct Faults {
    next: VecDeque<WriteFault>,
    by_name: BTreeMap<String, WriteFault>,
    looks: usize,
    rates: FaultRates,
    random: Random,
    /// Writes that are still made before the swarm stops answering.
    left: Option<usize>,
}

/// The lot of one write.
pub(super) enum Decision {
    Make,
    MakeAndHide,
    Fail(WriteFault),
}

impl Faults {
    pub(super) fn new(random: Random) -> Self {
        Self {
            next: VecDeque::new(),
            by_name: BTreeMap::new(),
            looks: 0,
            rates: FaultRates::default(),
            random,
            left: None,
        }
    }

    /// Decides over a write of this object.
    pub(super) fn for_write(&mut self, name: &str) -> Decision {
        let scripted = self.next.pop_front().or_else(|| self.by_name.get(name).cloned());
        match scripted.or_else(|| self.by_chance()) {
            None => Decision::Make,
            Some(WriteFault::DoneWithoutAnswer) => Decision::MakeAndHide,
            Some(fault) => Decision::Fail(fault),
        }
    }

    /// The error of a look that fails.
    pub(super) fn for_look(&mut self) -> Option<SwarmError> {
        let scripted = self.looks > 0;
        self.looks = self.looks.saturating_sub(1);
        (scripted || self.random.chance(self.rates.looks)).then(|| silence("look at the swarm"))
    }

    /// Counts a write that was made.
    pub(super) fn count(&mut self, outcome: &Outcome) {
        if *outcome == Outcome::Made {
            self.left = self.left.map(|left| left.saturating_sub(1));
        }
    }

    /// True when the write that was just made was the last one that is allowed.
    pub(super) fn is_last_write(&self) -> bool {
        self.left == Some(0)
    }

    fn by_chance(&mut self) -> Option<WriteFault> {
        let FaultRates { refused, conflict, not_done, without_answer, .. } = self.rates;
        let faults = [
            (refused, WriteFault::Refused("refused by chance".to_owned())),
            (conflict, WriteFault::Conflict),
            (not_done, WriteFault::NotDone),
            (without_answer, WriteFault::DoneWithoutAnswer),
        ];
        faults.into_iter().find_map(|(rate, fault)| self.random.chance(rate).then_some(fault))
    }
}

impl WriteFault {
    /// What is logged and what the writer gets when the write is not made.
    pub(super) fn answer(self, attempted: &str) -> (Outcome, Result<Written, SwarmError>) {
        match self {
            Self::Refused(words) => super::log::answer(Err(Refusal::Refused(words)), attempted),
            Self::Conflict => super::log::answer(Err(Refusal::out_of_sequence()), attempted),
            Self::NotDone | Self::DoneWithoutAnswer => {
                (Outcome::NotMade("no answer".to_owned()), Err(silence(attempted)))
            }
        }
    }
}

/// The error of a call that nobody answers.
pub(super) fn silence(attempted: &str) -> SwarmError {
    SwarmError::Unavailable {
        attempted: attempted.to_owned(),
        message: "no answer within 20 s".to_owned(),
        source: None,
    }
}

impl SimSwarm {
    /// Adds a fault for the next write; several come one after the other.
    pub fn fail_next_write(&self, fault: WriteFault) {
        self.with(|state| state.faults.next.push_back(fault));
    }

    /// Fails every write of the objects of this name.
    pub fn fail_writes_of(&self, name: &str, fault: WriteFault) {
        self.with(|state| state.faults.by_name.insert(name.to_owned(), fault));
    }

    /// Fails so many looks from now on.
    pub fn fail_looks(&self, count: usize) {
        self.with(|state| state.faults.looks += count);
    }

    /// Lets faults come by chance.
    pub fn fail_by_chance(&self, rates: FaultRates) {
        self.with(|state| state.faults.rates = rates);
    }

    /// Ends all faults that were asked for. A swarm that has stopped answering answers again.
    pub fn heal(&self) {
        self.with(|state| {
            let random = state.faults.random.clone();
            state.faults = Faults::new(random);
        });
        self.0.stopped.send_replace(false);
    }

    /// Lets so many writes through; the last one is made and not answered, and after it nothing is
    /// answered, neither writes nor looks. Wait for [`SimSwarm::stopped`], drop the operator's
    /// future, and [`SimSwarm::heal`]: that was a crash.
    pub fn fail_after(&self, writes: usize) {
        self.with(|state| state.faults.left = Some(writes));
        self.0.stopped.send_replace(writes == 0);
    }

    /// Loses so many events from now on.
    pub fn lose_events(&self, count: usize) {
        self.with(|state| state.stream.lose(count));
    }

    /// Breaks all event streams; they are connected again after this time and tell nothing of what
    /// happened meanwhile.
    pub fn break_events(&self, time: Duration) {
        self.with(|state| {
            let now = state.cluster.store.now;
            state.stream.break_for(time, now);
        });
    }
}
