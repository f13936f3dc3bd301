//! Laws 1, 2, 3, 4 and 8: judged by each write, against the swarm right before it.

use std::collections::{BTreeMap, BTreeSet};

use skep::diff::fields::fields;
use skep::diff::{NAMESPACE_LABEL, OWNER_LABEL, View, owner_label};
use skep::ledger::{decode, is_ledger_name};
use skep::model::engine::{Replicated, Service, ServiceMode, ServiceSpec, UpdateState, Version};
use skep::model::{
    Instance, Kind, LedgerRecord, Observed, ServiceRecord, SpecHash, StackName, Target,
};
use skep::ports::Write;

use super::{Found, Law, Past};
use crate::stage::{PassSeen, Seen, Stage, Wrote};

pub fn judge(pass: &PassSeen, past: &mut Past, stage: &Stage, found: &mut Found) {
    conditional(pass, found);
    for wrote in pass.writes().filter(|wrote| wrote.made) {
        no_change(wrote, found);
        if let Some((live, spec)) = service_update(wrote) {
            own_rollout(wrote, (live, spec), (pass, past), found);
            past.written.insert(live.id.clone(), tight(spec));
        }
        attempts(wrote, found);
        quarantine_stays(wrote, found);
        removal(wrote, pass, (past, stage), found);
    }
}

/// Law 1: a write that changes nothing is never sent.
fn no_change(wrote: &Wrote, found: &mut Found) {
    let before = &wrote.before;
    let same = match &wrote.write {
        Write::UpdateService { target, spec } => {
            let names = View::new(before).names;
            before.services.get(&target.name).filter(|live| !is_paused(live)).is_some_and(|live| {
                let (old, new) = (fields(&live.spec, &names), fields(spec, &names));
                let forced =
                    live.spec.task_template.force_update != spec.task_template.force_update;
                live.spec == **spec
                    || (old.hash() == new.hash() && old.loose_hash() == new.loose_hash() && !forced)
            })
        }
        Write::RollBack { target, spec } => before.services.get(&target.name).is_some_and(|live| {
            live.previous_spec.as_deref().is_none_or(|previous| previous == &**spec)
        }),
        Write::Label { kind: Kind::Config, target, labels } => {
            before.configs.get(&target.name).is_some_and(|live| live.spec.labels == *labels)
        }
        Write::Label { target, labels, .. } | Write::AdoptSecret { target, labels, .. } => {
            before.secrets.get(&target.name).is_some_and(|live| live.spec.labels == *labels)
        }
        _ => false,
    };
    if same {
        found.push((Law::NoChange, format!("{} changes nothing", subject(&wrote.write).1)));
    }
}

/// What the engine paused goes on when the same spec is written. (That what paused by its own fault
/// is not let go on is law 3's matter: it is in quarantine.)
fn is_paused(live: &Service) -> bool {
    live.update_status.as_ref().is_some_and(|status| status.state == UpdateState::Paused)
}

/// Law 2: into a rollout towards what we wrote goes only another spec; and what a rollback left is
/// not written once more (law 3), unless a person asked for it.
fn own_rollout(
    wrote: &Wrote,
    (live, spec): (&Service, &ServiceSpec),
    (pass, past): (&PassSeen, &Past),
    found: &mut Found,
) {
    let Some(ours) = past.written.get(&live.id) else { return };
    let asked = pass.look().and_then(|look| service_record(look, spec));
    if asked.is_some_and(|record| record.retry.is_some()) {
        return;
    }
    let Some(status) = &live.update_status else { return };
    let flying = !matches!(status.state, UpdateState::Completed | UpdateState::RollbackCompleted);
    let (now, new) = (tight(&live.spec), tight(spec));
    if flying && now == *ours && new == now && !is_paused(live) {
        let what = format!("{} is written during its rollout ({:?})", spec.name, status.state);
        found.push((Law::OwnRollout, what));
    }
    if status.state.is_rollback() && now != *ours && new == *ours && known(wrote, spec) {
        found.push((
            Law::Quarantine,
            format!("{}: what a rollback left is written again", spec.name),
        ));
    }
}

/// Whether the ledger still knows that this was attempted: without it a failure is forgotten.
fn known(wrote: &Wrote, spec: &ServiceSpec) -> bool {
    service_record(&wrote.before, spec).is_some_and(|record| record.stable.is_some())
}

/// Law 3: the ledger knows what is attempted before it is written, and it is not in quarantine.
fn attempts(wrote: &Wrote, found: &mut Found) {
    let (Write::CreateService { spec } | Write::UpdateService { spec, .. }) = &wrote.write else {
        return;
    };
    let names = View::new(&wrote.before).names;
    let hash = fields(spec, &names).hash();
    let Some(record) = service_record(&wrote.before, spec) else {
        let what = format!("{} is written and the ledger does not know it", spec.name);
        return found.push((Law::Quarantine, what));
    };
    // What was healthy may be on its way back from what failed, and gets its own form there.
    let known = [&record.attempted, &record.back, &record.stable];
    if !known.contains(&&Some(hash.clone())) {
        found.push((Law::Quarantine, format!("{}: the ledger knows another attempt", spec.name)));
    }
    if record.quarantine.contains(&hash) {
        found.push((Law::Quarantine, format!("{} is in quarantine and written", spec.name)));
    }
}

/// Law 3: a spec leaves quarantine by a person's wish or because it runs well.
fn quarantine_stays(wrote: &Wrote, found: &mut Found) {
    let Write::Label { kind: Kind::Config, target, labels } = &wrote.write else { return };
    if !is_ledger_name(&target.name) {
        return;
    }
    let mut after = Observed::clone(&wrote.before);
    if let Some(config) = after.configs.get_mut(&target.name) {
        std::sync::Arc::make_mut(config).spec.labels.clone_from(labels);
    }
    let (before, after) = (records(&wrote.before), records(&after));
    for (stack, record) in &before {
        let Some(next) = after.get(stack) else { continue };
        for (name, service) in &record.services {
            let Some(now) = next.services.get(name) else { continue };
            let gone: BTreeSet<&SpecHash> =
                service.quarantine.difference(&now.quarantine).collect();
            let allowed = |spec: &SpecHash| {
                service.retry.as_ref() == Some(spec) || now.stable.as_ref() == Some(spec)
            };
            if gone.iter().any(|spec| !allowed(spec)) {
                found.push((Law::Quarantine, format!("{name}: quarantine was forgotten")));
            }
        }
    }
}

/// Law 4: ours, undeclared in a whole load at a later revision, within the quota.
fn removal(wrote: &Wrote, pass: &PassSeen, (past, stage): (&mut Past, &Stage), found: &mut Found) {
    let Write::Remove { object, target } = &wrote.write else { return };
    let mut wrong = |why: &str| found.push((Law::Removal, format!("{object} is removed: {why}")));
    let ledger = object.kind == Kind::Config && is_ledger_name(&object.name);
    if !ledger && !is_ours(&wrote.before, object.kind, target) {
        wrong("it is not ours");
    }
    let Some(commit) = &pass.commit else { return wrong("nothing was read") };
    if commit.tree.stacks.values().any(|stack| stack.broken) {
        wrong("a file has a mistake");
    }
    let declared = commit.tree.stacks.iter().any(|(name, stack)| match object.kind {
        Kind::Service => stack.services.keys().any(|s| object.name == format!("{name}_{s}")),
        Kind::Network => {
            let mut networks = stack.services.values().flat_map(|service| &service.networks);
            networks.any(|network| object.name == format!("{name}_{network}"))
        }
        Kind::Secret | Kind::Config | Kind::Node => false,
    });
    if declared {
        wrong("it is declared");
    }
    if remembered(&wrote.before, &target.id) {
        wrong("a spec or the one before it refers to it");
    }
    if object.kind != Kind::Service {
        return;
    }
    let applied = pass.look().and_then(|look| {
        let records = records(look);
        let mut holders = records.values().filter(|record| {
            record.services.contains_key(&object.name)
                || record
                    .inventory
                    .get(&Kind::Service)
                    .is_some_and(|s| s.contains_key(&object.name))
        });
        holders.next().and_then(|record| record.revision.clone())
    });
    if applied.is_some_and(|applied| !commit.branch.contains(&applied)) {
        wrong("the revision does not follow the one that was applied");
    }
    let removed = past.removed.entry(commit.branch.last().cloned()).or_default();
    *removed += 1;
    if *removed > 3.max(wrote.before.services.len() / 10) && stage.approved == 0 {
        found.push((Law::Removal, format!("{removed} services were removed at once")));
    }
}

/// Law 8: what is written is what was looked at, once for each look.
fn conditional(pass: &PassSeen, found: &mut Found) {
    let (mut look, mut since) = (None, BTreeSet::new());
    for seen in &pass.seen {
        let wrote = match seen {
            Seen::Look(observed) => {
                (look, since) = (Some(observed), BTreeSet::new());
                continue;
            }
            Seen::Write(wrote) => wrote,
        };
        let (target, (kind, name)) = (target(&wrote.write), subject(&wrote.write));
        if !since.insert((kind, name.clone())) {
            found.push((Law::Conditional, format!("{name} is written twice after one look")));
        }
        let Some(target) = target else { continue };
        let known = look.and_then(|look| version(look, kind, &name));
        if known.as_ref() != Some(&(target.id.clone(), target.version)) {
            found.push((Law::Conditional, format!("{name} is written as nobody saw it")));
        }
        let there = version(&wrote.before, kind, &name);
        let removes = matches!(wrote.write, Write::Remove { .. });
        if wrote.made && !removes && there.as_ref() != known.as_ref() {
            found.push((Law::Conditional, format!("{name} was written over a change")));
        }
    }
}

/// A spec without what the hash leaves out.
fn tight(spec: &ServiceSpec) -> ServiceSpec {
    let mut spec = spec.clone();
    spec.labels = Default::default();
    if let Some(ServiceMode::Replicated(replicated)) = &mut spec.mode {
        *replicated = Replicated { replicas: None };
    }
    spec
}

fn service_update(wrote: &Wrote) -> Option<(&Service, &ServiceSpec)> {
    let Write::UpdateService { target, spec } = &wrote.write else { return None };
    Some((wrote.before.services.get(&target.name)?, spec))
}

fn records(observed: &Observed) -> BTreeMap<StackName, LedgerRecord> {
    let ledgers = decode(&observed.configs, &Instance::default());
    ledgers
        .stacks
        .into_iter()
        .map(|(name, entry)| (name, LedgerRecord::clone(&entry.record)))
        .collect()
}

fn service_record(observed: &Observed, spec: &ServiceSpec) -> Option<ServiceRecord> {
    let stack = StackName::new(spec.labels.get(NAMESPACE_LABEL)?).ok()?;
    records(observed).remove(&stack)?.services.remove(&spec.name)
}

fn is_ours(observed: &Observed, kind: Kind, target: &Target) -> bool {
    let labels = match kind {
        Kind::Service => observed.services.get(&target.name).map(|live| &live.spec.labels),
        Kind::Network => observed.networks.get(&target.name).map(|live| &live.labels),
        Kind::Secret => observed.secrets.get(&target.name).map(|live| &live.spec.labels),
        Kind::Config => observed.configs.get(&target.name).map(|live| &live.spec.labels),
        Kind::Node => None,
    };
    let own = owner_label(&Instance::default(), kind, &target.name);
    let listed = |record: &LedgerRecord| {
        let named = record.inventory.get(&kind).and_then(|names| names.get(&target.name));
        named == Some(&target.id)
    };
    labels.is_some_and(|labels| labels.get(OWNER_LABEL) == Some(&own))
        || records(observed).values().any(listed)
}

/// Whether a spec, or the one that the engine would go back to, refers to a secret or config.
fn remembered(observed: &Observed, id: &str) -> bool {
    let specs = observed
        .services
        .values()
        .flat_map(|live| std::iter::once(&live.spec).chain(live.previous_spec.as_deref()));
    specs.filter_map(|spec| spec.task_template.container_spec.as_ref()).any(|container| {
        container.secrets.iter().any(|secret| secret.secret_id == id)
            || container.configs.iter().any(|config| config.config_id == id)
    })
}

/// Kind and name of what is written.
pub fn subject(write: &Write) -> (Kind, String) {
    match write {
        Write::CreateNetwork(spec) => (Kind::Network, spec.name.clone()),
        Write::CreateSecret { new, .. } => (Kind::Secret, new.name.clone()),
        Write::CreateConfig { new, .. } => (Kind::Config, new.name.clone()),
        Write::AdoptSecret { target, .. } => (Kind::Secret, target.name.clone()),
        Write::Label { kind, target, .. } => (*kind, target.name.clone()),
        Write::CreateService { spec } => (Kind::Service, spec.name.clone()),
        Write::UpdateService { target, .. } | Write::RollBack { target, .. } => {
            (Kind::Service, target.name.clone())
        }
        Write::UpdateNode { target, .. } => (Kind::Node, target.name.clone()),
        Write::Remove { object, .. } => (object.kind, object.name.clone()),
    }
}

fn target(write: &Write) -> Option<&Target> {
    match write {
        Write::AdoptSecret { target, .. }
        | Write::Label { target, .. }
        | Write::UpdateService { target, .. }
        | Write::RollBack { target, .. }
        | Write::UpdateNode { target, .. }
        | Write::Remove { target, .. } => Some(target),
        _ => None,
    }
}

fn version(observed: &Observed, kind: Kind, name: &str) -> Option<(String, Version)> {
    match kind {
        Kind::Service => observed.services.get(name).map(|live| (live.id.clone(), live.version)),
        Kind::Secret => observed.secrets.get(name).map(|live| (live.id.clone(), live.version)),
        Kind::Config => observed.configs.get(name).map(|live| (live.id.clone(), live.version)),
        Kind::Network => {
            observed.networks.get(name).map(|live| (live.id.clone(), Version::default()))
        }
        Kind::Node => observed.nodes.get(name).map(|live| (live.id.clone(), live.version)),
    }
}
