//! A second look at a finished plan, with other code than the one that made it. Every finding is a
//! bug in the planner: the plan is not carried out, and every test asks for none.

use std::collections::BTreeSet;
use std::fmt;

use super::{PlannedStep, StackPlan, Stage};
use crate::diff::fields::{Fields, fields};
use crate::diff::{CANARY_LABEL, RUN_LABEL, View};
use crate::model::engine::{Service, ServiceSpec, TaskState, UpdateState};
use crate::model::pattern::parents;
use crate::model::{
    Desired, DesiredStack, Kind, ObjectRef, Observed, Overlap, SLOT_LABEL, ServiceRecord, Step,
    StepKind, UpdateManner,
};

/// A rule that a plan breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A write that changes nothing (law 1).
    NoChange(String),
    /// A write into a rollout, without a newer spec (law 2).
    IntoRollout(String),
    /// A promotion that would change what tasks run, or of a service that has no canaries.
    NoPromotion(String),
    /// A rollout would be let go on that is not paused, or that would be another one.
    NotPaused(String),
    /// Tasks would be spread anew that keep data, that another write moves, or with another spec.
    Unspreadable(String),
    /// A write to a service whose declaration stops writes.
    Stopped(String),
    /// A write moves a field that others decide.
    MovesIgnored(String),
    /// A rollback of a service that has no other spec to go back to, or that is healthy for all the
    /// ledger knows (laws 2 and 3).
    NoWayBack(String),
    /// A stable spec would be brought back in a form from which the engine rolls back to what
    /// failed, or without anything that failed (law 2).
    Trap(String),
    /// Something would be kept that is not there, or not as it is there.
    KeepsUnseen(String),
    /// A service is written and the ledger does not know of it before (law 3).
    Unrecorded(String),
    /// Something that is declared would be removed (law 4).
    RemovesDeclared(String),
    /// A version of a declared secret or config would be removed that a stable spec refers to,
    /// which stays.
    RemovesKept(String),
    /// Something is taken away to be made anew that is not declared, or that something else still
    /// uses.
    Withdraws(String),
    /// A port would be published that another service has: the engine refuses it.
    PortTaken(String),
    /// A target that is not what the look saw (law 8).
    StaleTarget(String),
    /// A service is made in the same breath as one that has to be there first.
    TooEarly(String),
    /// A job that is run once is written although nobody wants it to run again.
    RunsAgain(String),
    /// A run of a job is begun that nobody declared, or before its time, or beside one that is not
    /// over although the job forbids that.
    Untimely(String),
    /// A service is made before a stack that comes first is there.
    OutOfTurn(String),
    /// A node would get another availability or role, and no declaration enforces one.
    NotAsked(String),
    /// The managers might not be able to decide any more.
    LosesQuorum(String),
    /// Steps that are not in the order of their stages.
    OutOfOrder,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoChange(name) => write!(f, "writing {name} would change nothing"),
            Self::IntoRollout(name) => write!(f, "{name} would be written during a rollout"),
            Self::NoPromotion(name) => write!(f, "{name} has no canaries of this spec"),
            Self::NotPaused(name) => write!(f, "no rollout of {name} is paused as it would go on"),
            Self::Unspreadable(name) => write!(f, "the tasks of {name} are not to be spread anew"),
            Self::Stopped(name) => write!(f, "{name} is suspended by its declaration"),
            Self::MovesIgnored(name) => {
                write!(f, "a field of {name} that others decide would move")
            }
            Self::NoWayBack(name) => write!(f, "{name} would be rolled back to nothing known"),
            Self::Trap(name) => write!(f, "{name} would be brought back so that it can't stay"),
            Self::KeepsUnseen(name) => write!(f, "{name} would be kept as it is not"),
            Self::Unrecorded(name) => write!(f, "the ledger would not know of {name}"),
            Self::RemovesDeclared(name) => write!(f, "{name} is declared and would be removed"),
            Self::RemovesKept(name) => write!(f, "{name} is kept and would be removed"),
            Self::Withdraws(name) => write!(f, "{name} would be taken away, and is still needed"),
            Self::PortTaken(name) => write!(f, "{name} would publish a port of another service"),
            Self::StaleTarget(name) => write!(f, "{name} is not what was looked at"),
            Self::TooEarly(name) => write!(f, "{name} would be made before what it depends on"),
            Self::RunsAgain(name) => write!(f, "{name} would be run again"),
            Self::Untimely(name) => write!(f, "the run {name} would be begun at a wrong time"),
            Self::OutOfTurn(name) => {
                write!(f, "{name} would be made before a stack that comes first is there")
            }
            Self::NotAsked(name) => write!(f, "nobody asked for what {name} would become"),
            Self::LosesQuorum(name) => write!(f, "{name} would take the managers' quorum away"),
            Self::OutOfOrder => f.write_str("the steps are out of order"),
        }
    }
}

/// Everything that is wrong with a plan.
#[must_use]
pub fn audit(plan: &StackPlan, desired: &Desired, observed: &Observed) -> Vec<Finding> {
    let mut findings: Vec<Finding> = out_of_turn(plan, desired, observed).into_iter().collect();
    if !plan.steps.is_sorted_by_key(|planned| planned.stage) {
        findings.push(Finding::OutOfOrder);
    }
    let stack = desired.stacks.get(&plan.stack).map(AsRef::as_ref);
    let written = written(plan, stack);
    for planned in &plan.steps {
        findings.extend(update(planned, observed));
        findings.extend(runs_again(planned, observed));
        findings.extend(untimely(planned, plan, (stack, observed)));
        findings.extend(stopped(planned, stack));
        findings.extend(ignored(planned, stack, observed));
        findings.extend(rollback(planned, plan, observed));
        findings.extend(back(planned, plan, observed));
        findings.extend(kept(planned, observed));
        findings.extend(recorded(planned, plan));
        findings.extend(early(planned, (&written, stack)));
        findings.extend(port(planned, observed));
        findings.extend(withdrawal(planned, plan, (stack, observed)));
        findings.extend(removal(planned, plan, desired, observed));
    }
    findings
}

fn update(planned: &PlannedStep, observed: &Observed) -> Option<Finding> {
    let Step::UpdateService { target, spec, manner } = &planned.step else { return None };
    let name = target.name.clone();
    let Some(live) = observed.services.get(&name) else { return Some(Finding::StaleTarget(name)) };
    if live.id != target.id || live.version != target.version {
        return Some(Finding::StaleTarget(name));
    }
    let paused = live.update_status.as_ref().is_some_and(|s| s.state == UpdateState::Paused);
    if *manner == UpdateManner::Resume {
        return (!paused || live.spec != **spec).then_some(Finding::NotPaused(name));
    }
    if *manner == UpdateManner::Spread {
        return (!may_be_spread(live, spec)).then_some(Finding::Unspreadable(name));
    }
    if live.spec == **spec {
        return Some(Finding::NoChange(name));
    }
    let same = live.spec.task_template == spec.task_template
        && live.spec.endpoint_spec == spec.endpoint_spec
        && live.spec.labels.contains_key(CANARY_LABEL);
    if *manner == UpdateManner::Promote && !same {
        return Some(Finding::NoPromotion(name));
    }
    let running = live.update_status.as_ref().is_some_and(|status| {
        !matches!(status.state, UpdateState::Completed | UpdateState::RollbackCompleted)
    });
    (running && *manner == UpdateManner::Update).then_some(Finding::IntoRollout(name))
}

/// The same spec asked for once more, of a service that rests and keeps nothing on its nodes.
fn may_be_spread(live: &Service, spec: &ServiceSpec) -> bool {
    let mut same = spec.clone();
    same.task_template.force_update = live.spec.task_template.force_update;
    let moves = spec.task_template.force_update > live.spec.task_template.force_update;
    let rests = live.update_status.as_ref().is_none_or(|status| !status.state.in_flight());
    let container = spec.task_template.container_spec.as_ref();
    let keeps = container.is_some_and(|c| c.mounts.iter().any(|mount| mount.kind != "tmpfs"));
    same == live.spec && moves && rests && !keeps
}

/// Services that the plan writes, by their declared names.
fn written(plan: &StackPlan, stack: Option<&DesiredStack>) -> BTreeSet<String> {
    let services = plan.steps.iter().filter(|planned| {
        planned.stage == Stage::Services && planned.step.kind() != StepKind::RollBack
    });
    let names = services.filter_map(|planned| planned.step.object()).map(|object| object.name);
    names.map(|name| declared_name(name, stack)).collect()
}

/// A run of a hook is declared without what tells it from other runs.
fn declared_name(name: String, stack: Option<&DesiredStack>) -> String {
    let hook = name.rsplit_once('-').map(|(hook, _)| hook);
    let declared = hook.and_then(|hook| stack?.services.get_key_value(hook));
    match declared.filter(|(_, service)| service.rank.is_hook()) {
        Some((hook, _)) => hook.clone(),
        None => name,
    }
}

fn stopped(planned: &PlannedStep, stack: Option<&DesiredStack>) -> Option<Finding> {
    let object = planned.step.object().filter(|object| object.kind == Kind::Service)?;
    let suspended = stack?.services.get(&object.name)?.policy.suspend.is_some();
    suspended.then_some(Finding::Stopped(object.name))
}

/// What others decide goes back as it was read, whichever way the plan came to its spec.
fn ignored(
    planned: &PlannedStep,
    stack: Option<&DesiredStack>,
    observed: &Observed,
) -> Option<Finding> {
    let Step::UpdateService { target, spec, .. } = &planned.step else { return None };
    let rules = &stack?.services.get(&target.name)?.ignore;
    if rules.is_empty() {
        return None;
    }
    let live = observed.services.get(&target.name)?;
    let names = &View::new(observed).names;
    let (before, after) = (fields(&live.spec, names), fields(spec, names));
    // A field of something that comes or goes as a whole, a mount say, comes and goes with it.
    let alone = |path: &str, other: &Fields| {
        parents(path).any(|parent| !other.iter().any(|(path, _)| path.starts_with(parent)))
    };
    let paths = before.iter().chain(after.iter()).map(|(path, _)| path);
    let mut moved = paths.filter(|path| before.get(path) != after.get(path));
    let moves = |path: &String| rules.cover(path) && !alone(path, &before) && !alone(path, &after);
    moved.any(moves).then(|| Finding::MovesIgnored(target.name.clone()))
}

fn early(
    planned: &PlannedStep,
    (written, stack): (&BTreeSet<String>, Option<&DesiredStack>),
) -> Option<Finding> {
    let Step::CreateService { spec } = &planned.step else { return None };
    let service = stack?.services.get(&declared_name(spec.name.clone(), stack))?;
    let both = service.depends_on.keys().any(|name| written.contains(name));
    let rank = |name: &String| stack?.services.get(name).map(|service| service.rank);
    let early = written.iter().filter_map(rank).any(|rank| rank < service.rank);
    (both || early).then(|| Finding::TooEarly(spec.name.clone()))
}

/// A job that is run once is written again only to be run again, and by nothing else.
fn runs_again(planned: &PlannedStep, observed: &Observed) -> Option<Finding> {
    let Step::UpdateService { target, spec, .. } = &planned.step else { return None };
    let live = observed.services.get(&target.name)?;
    let run = live.spec.labels.contains_key(RUN_LABEL);
    let asked = spec.task_template.force_update != live.spec.task_template.force_update;
    (run && !asked).then(|| Finding::RunsAgain(target.name.clone()))
}

/// A run of a job is of one that is declared and not stopped, comes at its time and not twice, is in
/// the ledger, and runs beside no other one that it must not meet.
fn untimely(
    planned: &PlannedStep,
    plan: &StackPlan,
    (stack, observed): (Option<&DesiredStack>, &Observed),
) -> Option<Finding> {
    let Step::CreateService { spec } = &planned.step else { return None };
    let slot = spec.labels.get(SLOT_LABEL)?;
    let name = spec.name.clone();
    let declared = || {
        let of = spec.labels.get(RUN_LABEL)?;
        let job = stack?.jobs.get(of).filter(|job| job.service.policy.suspend.is_none())?;
        let slot = slot.parse::<jiff::Timestamp>().ok().filter(|slot| *slot <= observed.at)?;
        Some((of, slot, job))
    };
    let Some((of, slot, job)) = declared() else { return Some(Finding::Untimely(name)) };
    let known = plan.steps.iter().all(|planned| match &planned.step {
        Step::WriteLedger { record, .. } => {
            let job = record.jobs.get(of);
            job.is_some_and(|known| known.slot == slot && known.begins)
        }
        _ => true,
    });
    if !known {
        return Some(Finding::Unrecorded(name));
    }
    let mut others = observed.services.values().filter(|service| {
        service.spec.labels.get(RUN_LABEL) == Some(of)
            && service.spec.labels.contains_key(SLOT_LABEL)
    });
    let alive = |id: &String| {
        let mut tasks = observed.tasks.get(id).into_iter().flatten().map(|seen| &seen.task);
        tasks.any(|task| {
            task.status.state == TaskState::Running && task.desired_state <= TaskState::Complete
        })
    };
    let meets = others.any(|other| {
        other.spec.name == name || (job.timing.overlap != Overlap::Allow && alive(&other.id))
    });
    meets.then_some(Finding::Untimely(name))
}

/// A service is begun while something of a stack that comes first is not even there.
fn out_of_turn(plan: &StackPlan, desired: &Desired, observed: &Observed) -> Option<Finding> {
    let own = desired.stacks.get(&plan.stack).filter(|own| !own.policy.order.is_default())?;
    let created = plan.steps.iter().find_map(|planned| match &planned.step {
        Step::CreateService { spec } => Some(spec.name.clone()),
        _ => None,
    })?;
    let order = &own.policy.order;
    let first = desired.stacks.values().filter(|other| {
        let wave = other.source == own.source && other.policy.order.wave < order.wave;
        wave || order.depends_on.contains_key(&other.name)
    });
    let services = first.flat_map(|other| &other.services);
    let mut names = services.filter(|(_, service)| !service.rank.is_hook()).map(|(name, _)| name);
    let missing = names.any(|name| !observed.services.contains_key(name));
    missing.then_some(Finding::OutOfTurn(created))
}

fn rollback(planned: &PlannedStep, plan: &StackPlan, observed: &Observed) -> Option<Finding> {
    let Step::RollBack { target, .. } = &planned.step else { return None };
    let name = target.name.clone();
    let Some(live) = observed.services.get(&name) else { return Some(Finding::StaleTarget(name)) };
    if live.id != target.id || live.version != target.version {
        return Some(Finding::StaleTarget(name));
    }
    let way = live.previous_spec.as_deref().is_some_and(|previous| *previous != live.spec);
    (!way || forgets_failure(plan, &name)).then_some(Finding::NoWayBack(name))
}

/// True when the ledger would not know after the plan that what was attempted failed, or another
/// service of the stack.
fn forgets_failure(plan: &StackPlan, name: &str) -> bool {
    plan.steps.iter().any(|planned| match &planned.step {
        Step::WriteLedger { record, .. } => {
            let failed = |service: &ServiceRecord| {
                let attempted = service.attempted.as_ref();
                attempted.is_some_and(|attempted| service.quarantine.contains(attempted))
            };
            !record.services.contains_key(name) || !record.services.values().any(failed)
        }
        _ => false,
    })
}

/// What is brought back pauses where it fails. Only what runs already is given another action.
fn back(planned: &PlannedStep, plan: &StackPlan, observed: &Observed) -> Option<Finding> {
    let Step::UpdateService { target, spec, manner: UpdateManner::Return } = &planned.step else {
        return None;
    };
    let name = target.name.clone();
    let action = |spec: &ServiceSpec| {
        let config = spec.update_config.as_ref();
        config.map_or_else(String::new, |config| config.failure_action.clone())
    };
    let pauses = matches!(action(spec).as_str(), "" | "pause");
    let live = &observed.services.get(&name)?.spec;
    let runs = live.task_template == spec.task_template && action(live) == "pause";
    (forgets_failure(plan, &name) || !(pauses || runs)).then_some(Finding::Trap(name))
}

/// What is kept is there, runs that image, and names objects that are there.
fn kept(planned: &PlannedStep, observed: &Observed) -> Option<Finding> {
    let Step::KeepStable(new) = &planned.step else { return None };
    let image = |spec: &ServiceSpec| {
        spec.task_template.container_spec.as_ref().map(|container| container.image.clone())
    };
    let seen = |name: &str, spec: &ServiceSpec| {
        observed.services.get(name).is_some_and(|live| image(&live.spec) == image(spec))
    };
    let there = |object: &ObjectRef| match object.kind {
        Kind::Secret => observed.secrets.contains_key(&object.name),
        Kind::Config => observed.configs.contains_key(&object.name),
        Kind::Service | Kind::Network | Kind::Node => false,
    };
    let services = &new.spec.services;
    let unseen = services.iter().find(|(name, kept)| !seen(name, &kept.spec));
    let unseen = unseen.map(|(name, _)| name.clone());
    let missing = || new.uses.iter().find(|object| !there(object)).map(|o| o.name.clone());
    unseen.or_else(missing).map(Finding::KeepsUnseen)
}

fn recorded(planned: &PlannedStep, plan: &StackPlan) -> Option<Finding> {
    // What is taken away is asked about on its own.
    if planned.stage != Stage::Services || matches!(planned.step, Step::Withdraw { .. }) {
        return None;
    }
    let name = planned.step.object()?.name;
    let known_before = plan.steps.iter().find_map(|planned| match &planned.step {
        Step::WriteLedger { record, .. } => {
            record.services.get(&name).map(|s| s.attempted.is_some())
        }
        _ => None,
    });
    // Without a ledger step the record already holds this attempt (a write is tried again).
    (known_before == Some(false)).then_some(Finding::Unrecorded(name))
}

fn port(planned: &PlannedStep, observed: &Observed) -> Option<Finding> {
    let (Step::CreateService { spec } | Step::UpdateService { spec, .. }) = &planned.step else {
        return None;
    };
    // Number, protocol, and whether it is one of the nodes themselves.
    let ports = |spec: &ServiceSpec| -> BTreeSet<(u32, String, bool)> {
        let ports = spec.endpoint_spec.iter().flat_map(|endpoint| endpoint.ports.iter());
        let ports = ports.filter(|port| port.published_port > 0);
        ports
            .map(|port| {
                let protocol = Some(port.protocol.clone()).filter(|text| !text.is_empty());
                let protocol = protocol.unwrap_or_else(|| "tcp".to_owned());
                (port.published_port, protocol, port.publish_mode == "host")
            })
            .collect()
    };
    let wanted = ports(spec);
    let others = observed.services.iter().filter(|(name, _)| **name != spec.name);
    let taken: BTreeSet<_> = others.flat_map(|(_, other)| ports(&other.spec)).collect();
    let clash = |(number, protocol, host): &(u32, String, bool)| {
        let has = |host| taken.contains(&(*number, protocol.clone(), host));
        has(false) || (!host && has(true))
    };
    wanted.iter().any(clash).then(|| Finding::PortTaken(spec.name.clone()))
}

/// What is taken away is declared, is what was seen, is known to the ledger as taken away, and is not
/// needed by anything that is there or that the same plan makes.
fn withdrawal(
    planned: &PlannedStep,
    plan: &StackPlan,
    (stack, observed): (Option<&DesiredStack>, &Observed),
) -> Option<Finding> {
    let Step::Withdraw { kind, target } = &planned.step else { return None };
    let (name, id) = (target.name.clone(), target.id.as_str());
    if seen_id(observed, *kind, &name) != Some(id) {
        return Some(Finding::StaleTarget(name));
    }
    let unknown = plan.steps.iter().any(|planned| match &planned.step {
        Step::WriteLedger { record, .. } => {
            let ids = record.recreating.get(kind);
            ids.and_then(|ids| ids.get(&name)).is_none_or(|known| known != id)
        }
        _ => false,
    });
    if unknown {
        return Some(Finding::Unrecorded(name));
    }
    let declared = stack.is_some_and(|stack| match kind {
        Kind::Service => stack.services.contains_key(&name),
        Kind::Network => stack.networks.contains_key(&name),
        Kind::Secret => stack.secrets.contains_key(&name),
        Kind::Config => stack.configs.contains_key(&name),
        Kind::Node => false,
    });
    let made = plan.steps.iter().any(|other| match &other.step {
        Step::CreateService { spec } => *kind == Kind::Service && spec.name == name,
        _ => needs(other, *kind, &name),
    });
    let used = observed.services.values().any(|service| {
        let task = &service.spec.task_template;
        let container = task.container_spec.as_ref();
        match kind {
            Kind::Service | Kind::Node => false,
            Kind::Network => task.networks.iter().any(|network| network.target == id),
            Kind::Secret => container.is_some_and(|c| c.secrets.iter().any(|s| s.secret_id == id)),
            Kind::Config => container.is_some_and(|c| c.configs.iter().any(|s| s.config_id == id)),
        }
    });
    (!declared || made || used).then_some(Finding::Withdraws(name))
}

fn seen_id<'a>(observed: &'a Observed, kind: Kind, name: &str) -> Option<&'a str> {
    let id = match kind {
        Kind::Service => observed.services.get(name).map(|s| &s.id),
        Kind::Network => observed.networks.get(name).map(|n| &n.id),
        Kind::Secret => observed.secrets.get(name).map(|s| &s.id),
        Kind::Config => observed.configs.get(name).map(|c| &c.id),
        Kind::Node => None,
    };
    id.map(String::as_str)
}

fn removal(
    planned: &PlannedStep,
    plan: &StackPlan,
    desired: &Desired,
    observed: &Observed,
) -> Option<Finding> {
    let Step::Remove { kind, target } = &planned.step else { return None };
    let name = target.name.clone();
    let declared = desired.stacks.values().any(|stack| match kind {
        Kind::Service => stack.services.contains_key(&name),
        Kind::Network => stack.networks.contains_key(&name),
        Kind::Node => true,
        Kind::Secret | Kind::Config => plan.steps.iter().any(|other| needs(other, *kind, &name)),
    });
    if declared {
        return Some(Finding::RemovesDeclared(name));
    }
    let version = desired.stacks.get(&plan.stack).is_some_and(|s| is_version(*kind, &name, s));
    if version && is_needed(&name, plan, observed) {
        return Some(Finding::RemovesKept(name));
    }
    let stale = seen_id(observed, *kind, &name) != Some(target.id.as_str());
    stale.then_some(Finding::StaleTarget(name))
}

/// True for versions of what is declared. What left the declaration is removed all the same.
fn is_version(kind: Kind, name: &str, stack: &DesiredStack) -> bool {
    let declared = match kind {
        Kind::Secret => &stack.secrets,
        Kind::Config => &stack.configs,
        Kind::Service | Kind::Network | Kind::Node => return false,
    };
    let rest = |declared: &String| name.strip_prefix(declared.as_str());
    declared.keys().filter_map(rest).any(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// True when something that is kept, and goes on being kept, names it.
fn is_needed(name: &str, plan: &StackPlan, observed: &Observed) -> bool {
    let goes = |id: &String| {
        let mut steps = plan.steps.iter();
        steps.any(|p| matches!(&p.step, Step::Remove { target, .. } if target.id == *id))
    };
    let quoted = format!("\"{name}\"");
    observed.configs.values().any(|config| {
        let uses = config.spec.labels.get("skep.uses");
        uses.is_some_and(|uses| uses.contains(&quoted)) && !goes(&config.id)
    })
}

fn needs(planned: &PlannedStep, kind: Kind, name: &str) -> bool {
    planned.needs.iter().any(|need| need.kind == kind && need.name == name)
}
