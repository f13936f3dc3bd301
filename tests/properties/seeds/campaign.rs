//! Many seeds, and what was found in them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::generate::{Scope, healing, script};
use super::shrink::shrink;
use crate::laws::{Finding, Judge, Law};
use crate::script::Script;
use crate::stage::Stage;

/// Failures that are cut down; the others are only counted.
const SHRUNK: usize = 3;

/// Judges one script in the world of a seed.
pub fn judge(seed: u64, script: &Script) -> Vec<Finding> {
    let mut judge = Judge::default();
    let mut actions = script.0.clone();
    actions.extend(healing());
    let mut last = Vec::new();
    Stage::new(seed, 1).play(&Script(actions), |stage, _, passes| {
        passes.iter().for_each(|pass| judge.pass(pass, stage));
        judge.world(stage);
        last = passes;
    });
    judge.end(&last);
    judge.findings
}

/// A law that was broken in the world of a seed.
#[derive(Debug, Clone)]
pub struct Failure {
    pub seed: u64,
    pub finding: Finding,
    pub script: Script,
}

impl Failure {
    /// The same with as short a script as can be found.
    pub fn shrunk(self) -> Self {
        let law = self.finding.law;
        let broken = |script: &Script| {
            judge(self.seed, script).into_iter().find(|finding| finding.law == law)
        };
        let script = shrink(&self.script, |script| broken(script).is_some());
        let finding = broken(&script).unwrap_or(self.finding);
        Self { finding, script, ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {}", self.seed, self.finding)?;
        writeln!(
            f,
            "--- tests/properties/found/NAME.txt ---\n# seed {}\n{}",
            self.seed, self.script
        )
    }
}

/// Runs the seeds from `first` on, on all processors; at most one failure for each law of a seed.
pub fn run(first: u64, count: u64) -> Vec<Failure> {
    let next = AtomicU64::new(first);
    let failures = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    let found = of_seed(seed);
                    failures.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
                }
            });
        }
    });
    failures.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn of_seed(seed: u64) -> Vec<Failure> {
    let script = script(seed, Scope::All);
    let mut laws: BTreeMap<Law, Finding> = BTreeMap::new();
    for finding in judge(seed, &script) {
        laws.entry(finding.law).or_insert(finding);
    }
    let failure = |finding| Failure { seed, finding, script: script.clone() };
    laws.into_values().map(failure).collect()
}

/// The failures of one law, told for somebody who has to find out why.
pub fn tell(failures: &[Failure], law: Law) -> String {
    let of_law = failures.iter().filter(|failure| failure.finding.law == law);
    let told: Vec<String> =
        of_law.clone().take(SHRUNK).map(|failure| failure.clone().shrunk().to_string()).collect();
    let seeds: Vec<u64> = of_law.map(|failure| failure.seed).collect();
    if seeds.is_empty() { String::new() } else { format!("{}seeds: {seeds:?}\n", told.concat()) }
}
