//! What is kept of a stack, in the place of its declaration: where a person pinned it, and where
//! its source can't be read by this process and never could.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::desired::Wanted;
use crate::diff::declaration;
use crate::ledger::{Entry, Ledgers, StableSet};
use crate::model::{
    Against, Ancestry, DesiredJob, DesiredNetwork, DesiredService, DesiredStack, FieldRules,
    JobRecord, LedgerRecord, Pin, Place, PullPolicy, RecreatePolicy, Revision, ServicePolicy,
    ServiceRecord, SourceName, StableJob, StableService, StableStack, StackName, StackPolicy,
    Wholeness,
};
use crate::plan::{Basis, Custody, Declared, Lineage};
use crate::reconcile::Operator;
use crate::reconcile::sources::Followed;

/// Stacks that were unpacked, by name: with the config that they came from, and services that were
/// left out.
#[derive(Debug, Default)]
pub(super) struct Opened(BTreeMap<StackName, Unpacked>);

#[derive(Debug)]
struct Unpacked {
    config: String,
    unsure: BTreeSet<String>,
    stack: Arc<DesiredStack>,
}

/// A stack that is compared with what is kept of it.
#[derive(Debug, Clone)]
pub(super) struct Instead {
    /// The source that declared it.
    pub(super) source: SourceName,
    /// The revision that is kept.
    pub(super) revision: Revision,
    /// Why.
    pub(super) basis: Basis,
    /// What the source declares now, when it can be read.
    pub(super) declared: Option<Arc<DesiredStack>>,
}

impl Instead {
    /// Where it comes from.
    pub(super) fn lineage(&self, stack: &DesiredStack) -> Lineage {
        Lineage {
            source: self.source.clone(),
            root: None,
            custody: Custody::Own,
            revision: self.revision.clone(),
            ancestry: Ancestry::Same,
            declared: Declared::Here,
            policy: stack.policy.clone(),
            basis: self.basis.clone(),
        }
    }
}

impl Operator {
    /// Puts what is kept in the place of what is declared, where that is due.
    pub(super) fn instead(&mut self, wanted: &mut Wanted, ledgers: &Ledgers) {
        let mut opened = std::mem::take(&mut self.memory.opened);
        for (name, entry) in &ledgers.stacks {
            let Some(source) = &entry.record.source else { continue };
            let sets = ledgers.stable_of(name);
            if let Some(pin) = &entry.record.pin {
                pinned((name, source), (pin, sets, &entry.record), wanted, &mut opened);
            } else if self.is_unread(source, wanted) && !wanted.desired.stacks.contains_key(name) {
                unread((name, source), (entry, sets), wanted, &mut opened);
            }
        }
        opened.0.retain(|name, _| wanted.instead.contains_key(name));
        self.memory.opened = opened;
    }

    /// True when a source, or the one that declares it, was asked in vain and never answered.
    fn is_unread(&self, source: &SourceName, wanted: &Wanted) -> bool {
        let failed = |followed: &Followed| {
            followed.state.checkout.is_none() && followed.state.error.is_some()
        };
        let named = self.sources.iter().find(|followed| followed.state.name == *source);
        !wanted.sources.contains_key(source) && named.or(self.sources.first()).is_some_and(failed)
    }
}

type Known<'a> = (&'a StackName, &'a SourceName);

fn pinned(
    (name, source): Known<'_>,
    (pin, sets, record): (&Pin, &[StableSet], &LedgerRecord),
    wanted: &mut Wanted,
    opened: &mut Opened,
) {
    let declared = wanted.desired.stacks.get(name).cloned();
    let read = wanted.sources.get(source).map(|(revision, _)| revision.clone());
    let against = match (&declared, read) {
        // It left its source: that ends a pin, too.
        (None, Some(_)) => return,
        (None, None) => None,
        (Some(stack), revision) => {
            revision.map(|revision| Against { revision, declared: declaration(stack) })
        }
    };
    if is_over(pin, against.as_ref()) {
        return;
    }
    let nothing = BTreeSet::new();
    let set = sets.iter().find(|set| set.number == pin.number && set.is_whole());
    let stack = set.and_then(|set| opened.get((name, source), set, &nothing, record));
    let Some(mut stack) = stack else {
        return lost(name, pin, wanted);
    };
    if let Some(declared) = &declared
        && stack.policy.suspend != declared.policy.suspend
    {
        Arc::make_mut(&mut stack).policy.suspend.clone_from(&declared.policy.suspend);
    }
    let pin = Pin { against: pin.against.clone().or(against), ..pin.clone() };
    let (source, revision, basis) = (source.clone(), pin.revision.clone(), Basis::Pinned(pin));
    wanted.put(name, stack, Instead { source, revision, basis, declared });
}

/// Something newer is declared than what was when the pin was first seen.
fn is_over(pin: &Pin, now: Option<&Against>) -> bool {
    let moved = |(then, now): (&Against, &Against)| {
        then.declared != now.declared && then.revision != now.revision
    };
    pin.against.as_ref().zip(now).is_some_and(moved)
}

/// A pin that can't be carried out stops writes: what is declared now is what somebody did not want.
fn lost(name: &StackName, pin: &Pin, wanted: &mut Wanted) {
    if let Some(stack) = wanted.desired.stacks.get_mut(name) {
        let why = format!("pinned to {}, which is not kept any more", pin.revision.short());
        Arc::make_mut(stack).policy.suspend.get_or_insert(why);
    }
}

fn unread(
    (name, source): Known<'_>,
    (entry, sets): (&Entry, &[StableSet]),
    wanted: &mut Wanted,
    opened: &mut Opened,
) {
    let Some(set) = sets.iter().rev().find(|set| set.is_whole()) else { return };
    let unsure = unsure(set, &entry.record);
    let Some(stack) = opened.get((name, source), set, &unsure, &entry.record) else { return };
    let (source, revision) = (source.clone(), set.revision.clone());
    let basis = Basis::Unread { unsure };
    wanted.put(name, stack, Instead { source, revision, basis, declared: None });
}

/// Services whose last attempt is not what is kept.
fn unsure(set: &StableSet, record: &LedgerRecord) -> BTreeSet<String> {
    let kept = set.open().unwrap_or_default();
    let other = |(name, service): &(&String, &ServiceRecord)| {
        let kept = kept.services.get(*name).and_then(|kept| kept.hash.as_ref());
        service.attempted.as_ref() != kept
    };
    record.services.iter().filter(other).map(|(name, _)| name.clone()).collect()
}

impl Opened {
    fn get(
        &mut self,
        (name, source): Known<'_>,
        set: &StableSet,
        unsure: &BTreeSet<String>,
        record: &LedgerRecord,
    ) -> Option<Arc<DesiredStack>> {
        let config = set.targets().next()?.id;
        if let Some(known) = self.0.get(name)
            && known.config == config
            && known.unsure == *unsure
        {
            return Some(Arc::clone(&known.stack));
        }
        let mut kept = set.open().ok()?;
        kept.services.retain(|name, _| !unsure.contains(name));
        if record.pin.is_none() {
            kept.jobs.retain(|name, job| is_taken_over(job, record.jobs.get(name)));
        }
        let stack = Arc::new(desired((name, source), kept, record));
        let unsure = unsure.clone();
        self.0.insert(name.clone(), Unpacked { config, unsure, stack: Arc::clone(&stack) });
        Some(stack)
    }
}

/// What is kept, as if it were declared. Secrets and configs are not made: they are there under
/// their names, or missed.
fn desired((name, source): Known<'_>, kept: StableStack, record: &LedgerRecord) -> DesiredStack {
    let services = kept.services.into_iter().filter_map(|(name, kept)| {
        // What others decided stays theirs.
        let ignore = record.services.get(&name).map(|known| known.ignore.clone());
        let service = service(kept, ignore.unwrap_or_default())?;
        Some((name, Arc::new(service)))
    });
    let jobs = kept.jobs.into_iter().filter_map(|(name, kept)| {
        let service = service(kept.service, FieldRules::default())?;
        Some((name, Arc::new(DesiredJob { service, timing: kept.timing })))
    });
    let networks = kept.networks.into_iter();
    let place = Place::default;
    DesiredStack {
        name: name.clone(),
        source: source.clone(),
        files: Vec::new(),
        wholeness: Wholeness::Whole,
        policy: StackPolicy::default(),
        networks: networks
            .map(|spec| (spec.name.clone(), DesiredNetwork { spec, place: place() }))
            .collect(),
        secrets: BTreeMap::new(),
        configs: BTreeMap::new(),
        services: services.collect(),
        jobs: jobs.collect(),
        unmade: BTreeMap::new(),
        content: None,
        external: BTreeSet::new(),
    }
}

/// Whether what is kept of a job is what its runs are made of now.
fn is_taken_over(kept: &StableJob, record: Option<&JobRecord>) -> bool {
    record.is_some_and(|known| {
        known.spec == kept.service.hash && known.schedule == kept.timing.words()
    })
}

/// A service with the image that ran: no registry is asked what it means now.
fn service(kept: StableService, ignore: FieldRules) -> Option<DesiredService> {
    let spec = Arc::unwrap_or_clone(kept.spec);
    let container = spec.task_template.container_spec.as_ref()?;
    Some(DesiredService {
        image: container.image.parse().ok()?,
        pull: PullPolicy::OnChange,
        follows: None,
        replicas: kept.replicas,
        rank: kept.rank,
        limit: None,
        recreate: RecreatePolicy::default(),
        ignore,
        reveal: FieldRules::default(),
        policy: ServicePolicy::default(),
        depends_on: kept.depends_on,
        rollout: kept.rollout,
        place: Place::default(),
        spec,
    })
}
