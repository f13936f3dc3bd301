//! Whose stacks are: which source declares them, which one had them last, and which of them no
//! source declares any more.

use std::collections::BTreeMap;

use super::desired::Wanted;
use crate::ledger::Ledgers;
use crate::model::{
    DesiredStack, Held, HeldReason, Kind, LedgerRecord, MovedFrom, ObjectRef, Problem, Severity,
    SourceName, StackName, Wholeness,
};
use crate::plan::{Custody, Declared};

/// A stack that the ledger knows and no source declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Left {
    /// The source that declared it.
    pub(super) source: SourceName,
    /// The source whose revision says that it is gone.
    pub(super) by: SourceName,
    /// In which way it is gone.
    pub(super) declared: Declared,
}

/// Stacks that are not declared any more. Those of sources that this operator does not go by, and
/// never did, are none of its business.
pub(super) fn left(ledgers: &Ledgers, wanted: &Wanted) -> BTreeMap<StackName, Left> {
    let known = ledgers.stacks.iter();
    let undeclared = known.filter(|(name, _)| !wanted.desired.stacks.contains_key(*name));
    let left =
        undeclared.filter_map(|(name, entry)| Some((name.clone(), gone(&entry.record, wanted)?)));
    left.collect()
}

fn gone(record: &LedgerRecord, wanted: &Wanted) -> Option<Left> {
    let source = record.source.clone()?;
    if let Some((_, wholeness)) = wanted.sources.get(&source) {
        let declared =
            if *wholeness == Wholeness::Whole { Declared::Gone } else { Declared::Broken };
        return Some(Left { by: source.clone(), source, declared });
    }
    let root = record.root.clone().filter(|root| wanted.root.as_ref() == Some(root))?;
    let (_, wholeness) = wanted.sources.get(&root)?;
    if wanted.followed.contains(&source) {
        return None;
    }
    // A root with errors may declare the source in the file that can't be read.
    let declared = match wholeness {
        Wholeness::Whole => Declared::Vanished,
        Wholeness::Partial => Declared::Broken,
    };
    Some(Left { source, by: root, declared })
}

/// Whether declared stacks may be written, and what is wrong with what they say of it. Stacks that
/// may are not listed.
pub(super) fn custody(
    ledgers: &Ledgers,
    wanted: &Wanted,
) -> (BTreeMap<StackName, Custody>, Vec<Problem>) {
    let (mut held, mut problems) = (BTreeMap::new(), Vec::new());
    for (name, stack) in &wanted.desired.stacks {
        let record = ledgers.stacks.get(name).map(|entry| &*entry.record);
        let case = Case { stack, record, ledgers, wanted };
        let (custody, problem) = case.decide();
        problems.extend(problem);
        if custody != Custody::Own {
            held.insert(name.clone(), custody);
        }
    }
    (held, problems)
}

/// One declared stack.
struct Case<'a> {
    stack: &'a DesiredStack,
    record: Option<&'a LedgerRecord>,
    ledgers: &'a Ledgers,
    wanted: &'a Wanted,
}

impl Case<'_> {
    fn decide(&self) -> (Custody, Option<Problem>) {
        let had = self.record.and_then(|record| record.source.as_ref());
        match (had, &self.stack.policy.moved_from) {
            (Some(had), moved) if *had != self.stack.source => (self.of_other(had, moved), None),
            // What was moved once is where it belongs, whatever the file still says.
            (Some(_), _) | (None, None) => (Custody::Own, None),
            (None, Some(moved)) => match &moved.stack {
                Some(old) => self.renamed(old, moved),
                None => (Custody::Own, Some(unknown(moved, &self.stack.name))),
            },
        }
    }

    /// A source that is there keeps what it had until it is handed over; what a source left behind
    /// that is not there any more goes to the one that declares it.
    fn of_other(&self, had: &SourceName, moved: &Option<MovedFrom>) -> Custody {
        if !self.wanted.followed.contains(had) {
            return Custody::Own;
        }
        let named = moved.as_ref().and_then(|moved| moved.source.as_ref());
        if named != Some(had) {
            let hint = format!("x-skep.moved_from: {{source: {had}}} hands it over");
            return Custody::Foreign(format!("the source {had}, which had it last ({hint})"));
        }
        match self.wanted.sources.get(had) {
            Some((_, Wholeness::Whole)) => Custody::Own,
            _ => Custody::Waits(format!("the source {had} to be read without errors")),
        }
    }

    fn renamed(&self, old: &StackName, moved: &MovedFrom) -> (Custody, Option<Problem>) {
        if let Some(other) = self.wanted.desired.stacks.get(old) {
            let file = other.files.first().map(ToString::to_string).unwrap_or_default();
            let message = format!("the stack {old} is still declared in {file}");
            let problem = problem(moved, message).hint("take one of the two out");
            let on = format!("the stack {old} to leave the source {}", other.source);
            return (Custody::Waits(on), Some(problem));
        }
        let Some(entry) = self.ledgers.stacks.get(old) else {
            return (Custody::Own, Some(unknown(moved, old)));
        };
        let had = entry.record.source.as_ref();
        let meant = moved.source.as_ref().unwrap_or(&self.stack.source);
        if had.is_some_and(|had| had != meant) {
            let had = had.map(ToString::to_string).unwrap_or_default();
            let message =
                format!("the stack {old} was declared by the source {had}, not by {meant}");
            let on = format!("a moved_from that names the source {had}");
            let problem = problem(moved, message).hint(format!("write source: {had}"));
            return (Custody::Waits(on), Some(problem));
        }
        (Custody::Renamed(old.clone()), None)
    }
}

fn problem(moved: &MovedFrom, message: String) -> Problem {
    let problem = Problem::error(moved.place.file.clone(), message).key("x-skep.moved_from");
    match moved.place.at {
        Some(at) => problem.at(at),
        None => problem,
    }
}

/// Only a warning: in a swarm that is built anew from git nothing was ever moved.
fn unknown(moved: &MovedFrom, stack: &StackName) -> Problem {
    let message = format!("nothing is known of a stack {stack} that could be moved");
    let hint = "leave moved_from out, or correct the name";
    problem(moved, message).hint(hint).severity(Severity::Warning)
}

/// What is told of a stack that two sources declare: the one that had it keeps it, and what the
/// other one declares is held.
pub(super) fn rivals(wanted: &Wanted, name: &StackName) -> Vec<Held> {
    let Some(kept) = wanted.desired.stacks.get(name) else { return Vec::new() };
    let same = |rival: &&std::sync::Arc<DesiredStack>| rival.name == *name;
    let rivals = wanted.rivals.iter().filter(same);
    rivals.flat_map(|rival| held(kept, rival)).collect()
}

fn held(kept: &DesiredStack, rival: &DesiredStack) -> Vec<Held> {
    let owner = format!(
        "the source {} ({}); what the source {} declares in {} is not used",
        kept.source,
        files(kept),
        rival.source,
        files(rival),
    );
    let reason = HeldReason::NotOurs { owner };
    let services = rival.services.keys().map(|name| ObjectRef::new(Kind::Service, name));
    services.map(|object| Held { object, reason: reason.clone() }).collect()
}

fn files(stack: &DesiredStack) -> String {
    stack.files.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
