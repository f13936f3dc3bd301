//! What a stack was when it settled: kept, found again, and thrown away.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::service::flight;
use super::{PlanInput, PlannedStep, Stage, runs};
use crate::diff::fields::fields;
use crate::diff::{
    ImageState, JobChange, LiveService, ServiceChange, declared_form, in_shape_of, named,
    references, with_live,
};
use crate::health::HealthState;
use crate::ledger::{KEPT_SETS, StableSet, pack_stable};
use crate::model::engine::{NetworkSpec, ServiceSpec};
use crate::model::{
    FieldRules, Kind, NewStable, ObjectRef, ServiceRecord, SpecHash, StableJob, StableService,
    StableStack, Step,
};

/// The engine's word for a rollout that stops where it fails.
const PAUSE: &str = "pause";

/// Steps that keep a stack which is as declared and healthy, unless it is kept already.
pub(super) fn keep(input: &PlanInput<'_>) -> Vec<PlannedStep> {
    let mut changes = services(input).peekable();
    let nothing = changes.peek().is_none() && jobs(input).next().is_none();
    let tested = runs::have_passed(input);
    if nothing || !tested || !changes.all(|change| well(change, input)) {
        return Vec::new();
    }
    let content = content(input);
    let last = input.stable.last();
    let same = last.filter(|set| set.content == content);
    if same.is_some_and(StableSet::is_whole) {
        return Vec::new();
    }
    let spec = Arc::new(stack(input));
    // It can be packed; if not, there is nothing to keep it in.
    let parts = pack_stable(&spec).map_or(0, |parts| u32::try_from(parts.len()).unwrap_or(0));
    let next = last.map_or(0, |set| set.number) + 1;
    let new = NewStable {
        stack: input.changes.stack.clone(),
        revision: same.map_or(&input.lineage.revision, |set| &set.revision).clone(),
        number: same.map_or(next, |set| set.number),
        part: (0, parts),
        content,
        uses: uses(&spec),
        spec,
    };
    let missing = same.map_or_else(|| (1..=parts).collect(), StableSet::missing);
    let step = |part| PlannedStep {
        stage: Stage::Ledger,
        step: Step::KeepStable(NewStable { part: (part, parts), ..new.clone() }),
        needs: BTreeSet::new(),
    };
    missing.into_iter().map(step).collect()
}

/// Steps that throw away all sets but the last ones, and those of which parts are missing. `more`
/// sets are about to be kept.
pub(super) fn garbage(input: &PlanInput<'_>, more: usize) -> Vec<PlannedStep> {
    let (whole, broken): (Vec<&StableSet>, Vec<&StableSet>) =
        input.stable.iter().partition(|set| set.is_whole());
    let surplus = (whole.len() + more).saturating_sub(KEPT_SETS);
    // The last one may be on its way.
    let last = input.stable.last().map(|set| set.number);
    let broken = broken.into_iter().filter(|set| Some(set.number) != last);
    whole.into_iter().take(surplus).chain(broken).flat_map(removal).collect()
}

/// Steps that throw away all sets: the stack is gone.
pub(super) fn forget(input: &PlanInput<'_>) -> Vec<PlannedStep> {
    input.stable.iter().flat_map(removal).collect()
}

fn removal(set: &StableSet) -> impl Iterator<Item = PlannedStep> {
    set.targets().map(|target| PlannedStep {
        stage: Stage::Removal,
        step: Step::Remove { kind: Kind::Config, target },
        needs: BTreeSet::new(),
    })
}

/// Services of the stack; what a hook did is not to be brought back.
fn services<'a>(input: &PlanInput<'a>) -> impl Iterator<Item = &'a ServiceChange> {
    input.changes.services.iter().filter(|change| change.hook.is_none())
}

/// Jobs that are run and were taken over; what is suspended is not to be run by what is kept.
fn jobs<'a>(input: &PlanInput<'a>) -> impl Iterator<Item = &'a JobChange> {
    let known = input.ledger.map(|entry| &entry.record.jobs);
    let taken = move |job: &&JobChange| {
        let record = known.and_then(|jobs| jobs.get(&job.change.name));
        record.and_then(|record| record.spec.as_ref()) == Some(&job.change.hash)
    };
    let jobs = input.changes.jobs.iter().filter(taken);
    jobs.filter(|job| job.change.policy.suspend.is_none())
}

/// As declared, and healthy.
fn well(change: &ServiceChange, input: &PlanInput<'_>) -> bool {
    let there = change.live.as_ref().filter(|live| flight(live).is_none());
    let health = input.health.get(&change.name);
    there.is_some() && health.is_some_and(|health| health.state == HealthState::Healthy)
}

/// Stands for all that is declared of a stack: another one is worth another set.
fn content(input: &PlanInput<'_>) -> SpecHash {
    let mut words = Vec::new();
    for change in services(input) {
        words.extend([change.name.as_str(), change.hash.as_str(), change.declared.as_str()]);
    }
    let networks = input.changes.networks.iter().map(|network| network.spec.name.as_str());
    words.push("/");
    words.extend(networks);
    let timings: Vec<String> = jobs(input).map(|job| format!("{:?}", job.timing)).collect();
    for (job, timing) in jobs(input).zip(&timings) {
        words.extend([job.change.name.as_str(), job.change.hash.as_str(), timing.as_str()]);
    }
    SpecHash::of(words.join(" ").as_bytes())
}

fn stack(input: &PlanInput<'_>) -> StableStack {
    let services = services(input).map(|change| (change.name.clone(), service(change, input)));
    let networks = input.changes.networks.iter().map(|network| NetworkSpec::clone(&network.spec));
    let jobs = jobs(input).map(|job| {
        let (service, timing) = (service(&job.change, input), job.timing.clone());
        (job.change.name.clone(), StableJob { service, timing })
    });
    StableStack { networks: networks.collect(), services: services.collect(), jobs: jobs.collect() }
}

fn service(change: &ServiceChange, input: &PlanInput<'_>) -> StableService {
    let spec = change.wanted.spec().clone();
    let image = match &change.image {
        ImageState::Decided(declared, _) => declared.clone(),
        _ => String::new(),
    };
    StableService {
        spec: Arc::new(named(spec, change.replicas, &input.view.names)),
        hash: Some(change.hash.clone()),
        image,
        replicas: change.replicas,
        rank: change.rank,
        depends_on: change.depends_on.clone(),
        rollout: change.rollout,
    }
}

fn uses(stack: &StableStack) -> BTreeSet<ObjectRef> {
    let services = stack.services.values().chain(stack.jobs.values().map(|job| &job.service));
    let named = services.flat_map(|service| references(&service.spec));
    named.filter(|object| matches!(object.kind, Kind::Secret | Kind::Config)).collect()
}

/// The spec that a service goes back to.
pub(super) struct Home<'a> {
    spec: Arc<ServiceSpec>,
    /// Fields that others decide: they stay as they are on the way back.
    ignore: &'a FieldRules,
}

impl<'a> Home<'a> {
    /// The last spec that was stable, if it is kept; else the last that is kept.
    pub(super) fn of(
        change: &'a ServiceChange,
        record: &ServiceRecord,
        input: &PlanInput<'_>,
    ) -> Option<Self> {
        let (name, ignore) = (&change.name, &change.ignore);
        let whole = input.stable.iter().rev().filter(|set| set.is_whole());
        let mut newest = None;
        for set in whole {
            let Some(service) = set.open().ok().and_then(|mut kept| kept.services.remove(name))
            else {
                continue;
            };
            if service.hash == record.stable {
                return Some(Self { spec: service.spec, ignore });
            }
            newest.get_or_insert(service.spec);
        }
        newest.map(|spec| Self { spec, ignore })
    }

    /// The spec in its own form.
    pub(super) fn own(&self, live: &LiveService, input: &PlanInput<'_>) -> Arc<ServiceSpec> {
        self.shaped(ServiceSpec::clone(&self.spec), live, input)
    }

    /// The spec in the form that the engine does not roll back from: the spec before it is the one
    /// that failed (law 2).
    pub(super) fn paused(&self, live: &LiveService, input: &PlanInput<'_>) -> Arc<ServiceSpec> {
        let mut spec = ServiceSpec::clone(&self.spec);
        // Without a word it pauses, too.
        if let Some(config) = &mut spec.update_config
            && !config.failure_action.is_empty()
        {
            config.failure_action = PAUSE.to_owned();
        }
        self.shaped(spec, live, input)
    }

    fn shaped(
        &self,
        spec: ServiceSpec,
        live: &LiveService,
        input: &PlanInput<'_>,
    ) -> Arc<ServiceSpec> {
        let (there, names) = (declared_form(&live.service.spec).0, &input.view.names);
        let spec = with_live(spec, &there, (self.ignore, names));
        Arc::new(in_shape_of(spec, &there, names))
    }
}

/// Hash of a spec without what others decide.
pub(super) fn hash(spec: &ServiceSpec, ignore: &FieldRules, input: &PlanInput<'_>) -> SpecHash {
    fields(spec, &input.view.names).without(ignore).hash()
}
