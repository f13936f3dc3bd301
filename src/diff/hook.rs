//! Hooks: jobs that are run once for each content of their stack.
//!
//! A run has a name of its own, `STACK_NAME-RUN`, where RUN comes of what the stack declares and of
//! the run before. So a commit that changes nothing has none, and one that goes back to what was has
//! another one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::change::{Ended, HookRun, Leftover, Run, ServiceChange, WantedSpec};
use super::objects::ServiceCase;
use super::snapshot::View;
use crate::model::{
    Condition, DesiredService, DesiredStack, HookRecord, Kind, LedgerRecord, Rank, SpecHash,
};

/// Label of a job that is run once: what it is a run of, by full name.
pub const RUN_LABEL: &str = "skep.run";
/// Hex digits of a run.
const DIGITS: usize = 10;

/// The hooks of a stack, and the run that its content asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hooks {
    /// What is declared.
    pub content: SpecHash,
    /// The run.
    pub run: String,
    /// Hooks that have ended well in it, by full name.
    pub done: BTreeSet<String>,
}

impl Hooks {
    /// The hooks of a stack; `None` where there are none, and where its content is not known: what
    /// has a mistake may change it, and nothing is run for a half of it.
    #[must_use]
    pub fn of(stack: &DesiredStack, record: &LedgerRecord) -> Option<Self> {
        let content = stack.content.clone()?;
        let before = record.hooks.as_ref();
        if let Some(HookRecord { run, done, .. }) = before.filter(|known| known.content == content)
        {
            return Some(Self { content, run: run.clone(), done: done.clone() });
        }
        let before = before.map_or("", |known| known.run.as_str());
        let run = SpecHash::of(format!("{before}/{}", content.as_str()).as_bytes());
        let run = run.as_str().chars().take(DIGITS).collect();
        Some(Self { content, run, done: BTreeSet::new() })
    }

    /// The name of a hook's run.
    #[must_use]
    pub fn name(&self, hook: &str) -> String {
        format!("{hook}-{}", self.run)
    }

    /// Puts the names of runs to what waits for hooks; nobody waits for those that are done.
    pub(super) fn rename(&self, needs: &mut BTreeMap<String, Condition>, stack: &DesiredStack) {
        let hook = |name: &&String| stack.services.get(*name).is_some_and(|s| s.rank.is_hook());
        let hooks: Vec<String> = needs.keys().filter(hook).cloned().collect();
        for hook in hooks {
            if let Some(until) = needs.remove(&hook).filter(|_| !self.done.contains(&hook)) {
                needs.insert(self.name(&hook), until);
            }
        }
    }

    /// What is remembered of them.
    #[must_use]
    pub fn record(&self) -> HookRecord {
        let Self { content, run, done } = self.clone();
        HookRecord { content, run, done }
    }
}

/// Services that can't be made. While the content of a stack is not known, its hooks are among them.
pub(super) fn unmade(stack: &DesiredStack, hooks: Option<&Hooks>) -> BTreeMap<String, Rank> {
    let waiting = stack.services.iter().filter(|(_, service)| service.rank.is_hook());
    let waiting = waiting.filter(|_| hooks.is_none());
    let waiting = waiting.map(|(name, service)| (name.clone(), service.rank));
    stack.unmade.iter().map(|(name, rank)| (name.clone(), *rank)).chain(waiting).collect()
}

/// Takes the jobs that were run once out of what is left over; the oldest first.
pub(super) fn take_runs(leftovers: &mut Vec<Leftover>, view: &View<'_>) -> Vec<Run> {
    let run = |left: &Leftover| {
        let service = view.observed.services.get(&left.object.name)?;
        let of = service.spec.labels.get(RUN_LABEL).filter(|_| left.run_of.is_none())?.clone();
        let of = (left.object.kind == Kind::Service).then_some(of)?;
        Some((service.created_at, Run { of, target: left.target.clone() }))
    };
    let mut runs: Vec<_> = leftovers.iter().filter_map(run).collect();
    let taken: BTreeSet<&String> = runs.iter().map(|(_, run)| &run.target.id).collect();
    leftovers.retain(|left| !taken.contains(&left.target.id));
    runs.sort_by(|(a, one), (b, other)| (a, &one.target.name).cmp(&(b, &other.target.name)));
    runs.into_iter().map(|(_, run)| run).collect()
}

impl ServiceCase<'_> {
    /// Compares a hook with its run. One that is there stays as it was made, because every write runs
    /// a job again; one that has ended well is not made again, also when it is gone.
    pub(super) fn compare_run(
        &self,
        (name, hook): (&str, &DesiredService),
        hooks: &Hooks,
    ) -> Option<ServiceChange> {
        let run = hooks.name(name);
        let ended = if hooks.done.contains(name) { Ended::Well } else { Ended::NotYet };
        let live = self.view.observed.services.get(&run);
        if live.is_none() && ended == Ended::Well {
            return None;
        }
        let mut wanted = hook.clone();
        wanted.spec.name.clone_from(&run);
        wanted.spec.labels.insert(RUN_LABEL.to_owned(), name.to_owned());
        let mut change = self.compare(&run, &wanted);
        change.hook = Some(HookRun { of: name.to_owned(), ended, limit: hook.limit });
        if let (Some(service), Some(live)) = (live, &change.live) {
            change.wanted = WantedSpec::AsItIs(Arc::clone(service));
            change.hash.clone_from(&live.hash);
            change.loose.clone_from(&live.loose);
            change.fields.clear();
            change.unsupported.clear();
        }
        Some(change)
    }
}
