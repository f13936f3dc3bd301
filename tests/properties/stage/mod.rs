//! Where scripts are played: a simulated world, a repository, and one operator or two.

mod act;
mod foreign;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use skep::model::{Approval, HashKey, Observed, Revision, SourceName};
use skep::plan::StackPlan;
use skep::ports::Swarm;
use skep::reconcile::{Doors, NamedSource, Operator, Settings};
use skep::sim::World;
use skep::status::{Report, Settled, settled};

use crate::script::{Action, Script};
use crate::tree::Tree;
use foreign::Bystanders;
pub use watch::{Seen, Watched, Wrote};

/// Waits between the passes of `settle`, in seconds: so often, so long. What takes longest is a task
/// that no node takes, with a deadline of five minutes, and a write that is tried again after five.
const PACE: [(u32, u64); 3] = [(5, 3), (8, 15), (9, 120)];
/// Passes without a write, a change of state or of what is held, after which nothing moves.
const STILL: u32 = 2;
/// A preview goes before one pass of so many.
const FORETOLD: usize = 4;

/// A world in which a script is played.
pub struct Stage {
    pub world: World,
    /// What is declared, committed or not.
    pub tree: Tree,
    /// All commits on the branch.
    history: Vec<(Revision, Tree)>,
    /// All commits that ever were, with the branch up to each.
    commits: BTreeMap<Revision, Arc<Commit>>,
    operators: Vec<(Operator, Watched)>,
    /// Passes since the last call of `take`.
    passes: Vec<PassSeen>,
    /// True once somebody wanted something tried again that had failed.
    pub retried: bool,
    /// Looks that are not answered from now on.
    silent: usize,
    /// Passes so far.
    number: usize,
    /// Approvals that a person gave.
    pub approved: usize,
    /// What the last pass held for a person, by stack.
    asked: BTreeMap<String, BTreeSet<Approval>>,
    /// What is not ours, as it was put there.
    bystanders: Bystanders,
}

/// What a commit holds, and the commits below it, itself included.
pub struct Commit {
    pub tree: Tree,
    pub branch: Vec<Revision>,
}

/// One pass of one operator, and what it did.
pub struct PassSeen {
    /// `None` when the operator died in it.
    pub report: Option<Report>,
    pub seen: Vec<Seen>,
    /// What it read; `None` when there was nothing to read yet.
    pub commit: Option<Arc<Commit>>,
    /// What it would have done right before, as it said; `None` when it was not asked.
    pub foretold: Option<Vec<StackPlan>>,
    /// Seconds since the beginning.
    pub at: i64,
    /// The swarm right after it.
    pub after: Arc<Observed>,
}

impl PassSeen {
    /// The writes.
    pub fn writes(&self) -> impl Iterator<Item = &Wrote> {
        self.seen.iter().filter_map(|seen| match seen {
            Seen::Write(wrote) => Some(&**wrote),
            Seen::Look(_) => None,
        })
    }

    /// The look that it decided by.
    pub fn look(&self) -> Option<&Arc<Observed>> {
        self.seen.iter().find_map(|seen| match seen {
            Seen::Look(observed) => Some(observed),
            Seen::Write(_) => None,
        })
    }
}

impl Stage {
    /// A world of this seed with so many operators.
    pub fn new(seed: u64, operators: usize) -> Self {
        let world = World::new(seed);
        world.registry.disconnect("down.test");
        let bystanders = foreign::settle_in(&world);
        let operators = (0..operators).map(|_| operator(&world)).collect();
        Self {
            world,
            tree: Tree::default(),
            history: Vec::new(),
            commits: BTreeMap::new(),
            silent: 0,
            number: 0,
            operators,
            passes: Vec::new(),
            retried: false,
            approved: 0,
            asked: BTreeMap::new(),
            bystanders,
        }
    }

    /// Plays a whole script; `see` is shown what came of each action.
    pub fn play(
        &mut self,
        script: &Script,
        mut see: impl FnMut(&mut Self, &Action, Vec<PassSeen>),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        for action in &script.0 {
            runtime.block_on(self.act(action));
            let passes = std::mem::take(&mut self.passes);
            see(self, action, passes);
        }
    }

    /// What is not ours and is not any more as it was put there.
    pub fn disturbed(&self) -> Vec<String> {
        let now = foreign::seen(&self.world.swarm.picture());
        let before = self.bystanders.iter();
        let other = before.filter(|(object, seen)| now.get(*object) != Some(*seen));
        other.map(|((kind, name), _)| format!("{kind} {name}")).collect()
    }

    /// Lets every operator make a pass, all at the same time.
    async fn pass(&mut self) {
        let at = self.seconds();
        let swarm = self.world.swarm.clone();
        let foretold = self.foretell().await;
        let turns = self.operators.iter_mut().map(|(operator, _)| async {
            operator.read_sources().await;
            operator.pass().await
        });
        let reports = tokio::select! {
            biased;
            () = swarm.stopped() => None,
            reports = futures::future::join_all(turns) => Some(reports),
        };
        let died = reports.is_none();
        self.silent = self.silent.saturating_sub(self.operators.len());
        let after = Arc::new(self.world.swarm.picture());
        let mut reports = reports.unwrap_or_default().into_iter();
        for (_, watched) in &self.operators {
            let (report, seen) = (reports.next(), watched.take());
            let commit = report.as_ref().map_or_else(
                || self.history.last().map(|(revision, _)| revision),
                |report| report.sources.first().and_then(|source| source.revision.as_ref()),
            );
            let commit = commit.and_then(|revision| self.commits.get(revision)).cloned();
            let (after, foretold) = (Arc::clone(&after), foretold.clone());
            self.passes.push(PassSeen { report, seen, commit, foretold, at, after });
        }
        self.note_questions();
        if died {
            self.world.swarm.heal();
            self.restart();
        }
    }

    /// Asks a single operator what it would do now.
    async fn foretell(&mut self) -> Option<Vec<StackPlan>> {
        let [(operator, watched)] = self.operators.as_mut_slice() else { return None };
        self.number += 1;
        if self.silent > 0 || !self.number.is_multiple_of(FORETOLD) {
            return None;
        }
        operator.read_sources().await;
        let report = operator.preview().await;
        watched.take();
        Some(report.stacks.into_values().map(|stack| stack.plan).collect())
    }

    fn restart(&mut self) {
        for place in &mut self.operators {
            *place = operator(&self.world);
        }
    }

    /// Passes until nothing moves.
    async fn settle(&mut self) {
        let (mut still, mut before) = (0, None);
        for wait in PACE.into_iter().flat_map(|(times, wait)| (0..times).map(move |_| wait)) {
            self.pass().await;
            let state = self.state();
            let moving = state.is_none() || state.as_ref().is_some_and(|state| state.moving);
            still = if !moving && before == state { still + 1 } else { 0 };
            if still >= STILL {
                break;
            }
            before = state;
            self.world.clock.leap(Duration::from_secs(wait));
        }
    }

    /// Where the last passes left everything; `None` when there was none.
    fn state(&self) -> Option<State> {
        let last = &self.passes[self.passes.len() - self.operators.len()..];
        let mut state = State::default();
        for pass in last {
            let report = pass.report.as_ref()?;
            state.moving |= pass.writes().any(|wrote| wrote.made) || !report.trouble.is_empty();
            for (name, stack) in &report.stacks {
                state.moving |= settled(stack) == Settled::OnTheWay;
                let held =
                    stack.plan.held.iter().map(|held| (&held.object.name, held.reason.name()));
                state.text.push(format!(
                    "{name} {:?} {:?}",
                    settled(stack),
                    held.collect::<Vec<_>>()
                ));
            }
        }
        Some(state)
    }

    fn seconds(&self) -> i64 {
        self.world.swarm.picture().at.as_second() - 1_767_225_600
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct State {
    moving: bool,
    text: Vec<String>,
}

fn operator(world: &World) -> (Operator, Watched) {
    let watched = Watched::new(world.swarm.clone());
    let swarm: Arc<dyn Swarm> = Arc::new(watched.clone());
    let doors = Doors {
        swarm,
        registry: Arc::new(world.registry.clone()),
        clock: Arc::new(world.clock.clone()),
    };
    let name = SourceName::new("root").expect("a name");
    let source = NamedSource { name, source: Arc::new(world.source.clone()) };
    // With a key of its own each run would have other names of secrets.
    let settings = Settings { key: Some(HashKey::new([7; 32])), ..Settings::default() };
    (Operator::new(doors, vec![source], settings), watched)
}
