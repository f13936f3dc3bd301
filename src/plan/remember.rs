//! What goes into the ledger: attempts before they are made, and what came of them.

use std::collections::{BTreeMap, BTreeSet};

use super::service::{flight, left_by_rollback};
use super::{Basis, PlanInput, PlannedStep, Stage, failure, jobs, order, runs, stable, whole};
use crate::diff::fields::IMAGE;
use crate::diff::{DataLive, ImageState, LeftoverKind, Owner, ServiceChange};
use crate::health::HealthState;
use crate::ledger::{FORMAT, KEPT_SETS};
use crate::model::{
    FailedRevision, HeldReason, HookRecord, Inventory, KeptPolicy, Kind, LedgerRecord, ObjectRef,
    Removed, Replicas, ServiceRecord, SpecHash, Step, StepKind, UpdateManner,
};

/// The record as it should be after this pass, given the services that are about to be written.
pub(super) fn next_record(input: &PlanInput<'_>, written: &BTreeSet<&str>) -> LedgerRecord {
    let mut record =
        input.ledger.map(|entry| LedgerRecord::clone(&entry.record)).unwrap_or_default();
    record.format = FORMAT;
    record.source = Some(input.lineage.source.clone());
    record.root.clone_from(&input.lineage.root);
    record.removed = record.removed_for(&input.lineage.revision).cloned();
    record.pin = match &input.lineage.basis {
        Basis::Declared => None,
        Basis::Pinned(pin) => Some(pin.clone()),
        Basis::Unread { .. } => record.pin,
    };
    if input.lineage.basis == Basis::Declared {
        record.policy = KeptPolicy::from(&input.lineage.policy);
    }
    let may_be_stable = whole::may_be_stable(input);
    for change in &input.changes.services {
        let service = record.services.entry(change.name.clone()).or_default();
        if let Some(known) = change.translated.as_deref() {
            service.clone_from(known);
        }
        record.failed.extend(note_failure(service, change, input));
        let spent = change.hook.is_some() && order::has_failed(service);
        if written.contains(change.name.as_str()) {
            note_attempt(service, change);
        }
        if may_be_stable && !spent {
            note_success(service, change, input);
        }
        let before = std::mem::take(&mut service.policy);
        if *service == ServiceRecord::default() {
            record.services.remove(&change.name);
        } else {
            let declared = input.lineage.basis == Basis::Declared;
            service.policy = if declared { KeptPolicy::from(&change.policy) } else { before };
        }
    }
    // What is kept has no hooks; those of the declaration are not run again for it.
    if input.lineage.basis == Basis::Declared {
        let hooks = runs::remembered(input, &record, written);
        forget_run(&mut record, hooks.as_ref());
        record.hooks = hooks;
    }
    record.jobs = jobs::remembered(input, &record, written);
    let surplus = record.failed.len().saturating_sub(KEPT_SETS);
    record.failed.drain(..surplus);
    record
}

/// Jobs of a run that is over: that one of them failed says nothing of the next.
fn forget_run(record: &mut LedgerRecord, now: Option<&HookRecord>) {
    let over = record.hooks.as_ref().filter(|before| now.is_none_or(|now| now.run != before.run));
    if let Some(run) = over.map(|before| format!("-{}", before.run)) {
        record.services.retain(|name, _| !name.ends_with(&run));
    }
}

/// What is remembered of specs that are brought back: the form in which each is written, until it
/// has its own form again.
pub(super) fn note_returns(
    input: &PlanInput<'_>,
    mut record: LedgerRecord,
    steps: &[PlannedStep],
) -> LedgerRecord {
    for change in &input.changes.services {
        let Some(service) = record.services.get_mut(&change.name) else { continue };
        let live = change.live.as_ref().map(|live| &live.hash);
        if service.stable.as_ref() == live {
            service.back = None;
        }
        let returned = |planned: &PlannedStep| {
            let object = planned.step.object().filter(|object| object.name == change.name);
            planned.step.kind() == StepKind::RollBack && object.is_some()
        };
        // One that goes back for the sake of another one did not fail: it is what it goes back to.
        if !service.quarantine.contains(&change.hash) && steps.iter().any(returned) {
            service.attempted.clone_from(&service.stable);
        }
        let back = steps.iter().find_map(|planned| match &planned.step {
            Step::UpdateService { target, spec, manner: UpdateManner::Return }
                if target.name == change.name && service.back.as_ref() != live =>
            {
                Some(stable::hash(spec, &change.ignore, input))
            }
            _ => None,
        });
        service.back = back.or(service.back.take());
    }
    record
}

/// What is written so that a port gets free is not yet what is declared.
pub(super) fn between(
    hashes: &BTreeMap<String, SpecHash>,
    written: &BTreeSet<&str>,
    record: &mut LedgerRecord,
) {
    for (name, hash) in hashes.iter().filter(|(name, _)| written.contains(name.as_str())) {
        if let Some(service) = record.services.get_mut(name) {
            service.attempted = Some(hash.clone());
        }
    }
}

/// How large a service is that is taken away and that nobody declared a size of, until it is there
/// again.
pub(super) fn scaled(input: &PlanInput<'_>, record: &mut LedgerRecord) {
    let away = record.recreating.get(&Kind::Service).cloned().unwrap_or_default();
    for change in &input.changes.services {
        let Some(service) = record.services.get_mut(&change.name) else { continue };
        match &change.live {
            Some(live) if away.get(&change.name) == Some(&live.service.id) => {
                let free = change.replicas == Replicas::Free;
                service.replicas = live.replicas().filter(|_| free);
            }
            Some(_) => service.replicas = None,
            None => {}
        }
    }
}

/// What is remembered once everything is as declared.
pub(super) fn settled_record(input: &PlanInput<'_>, mut record: LedgerRecord) -> LedgerRecord {
    let declared: BTreeSet<&str> =
        input.changes.services.iter().map(|change| change.name.as_str()).collect();
    // What left and stays has to be removed one day as its declaration said.
    let left = input.changes.leftovers.iter().map(|left| left.object.name.as_str());
    let known: BTreeSet<&str> = declared.into_iter().chain(left).collect();
    record.services.retain(|name, _| known.contains(name.as_str()));
    record.inventory = inventory(input);
    record.approvals.clear();
    record.recreating.clear();
    record.revision = Some(input.lineage.revision.clone());
    let stable = |service: &ServiceRecord| service.attempted == service.stable;
    record.under_way &= !record.services.values().all(stable);
    record
}

/// The revision counts as applied from the first step that is taken for it, and is under way until
/// nothing is left to write and all that was written was healthy. A repair at the same revision
/// does not begin it anew: that would be a write of the record for each.
pub(super) fn applied(input: &PlanInput<'_>, mut record: LedgerRecord) -> LedgerRecord {
    let revision = Some(input.lineage.revision.clone());
    record.under_way |= record.revision != revision;
    record.revision = revision;
    record
}

/// Waits for a yes to the whole of what is declared, and to what would be removed for it.
pub(super) fn unapproved(input: &PlanInput<'_>) -> Option<HeldReason> {
    let changes = input.changes;
    let services = changes.services.iter();
    let services = services.flat_map(|s| [s.name.as_str(), s.hash.as_str(), s.loose.as_str()]);
    let data = changes.data.iter().map(|data| data.object.name.as_str());
    let networks: Vec<String> = changes
        .networks
        .iter()
        .map(|network| serde_json::to_string(&network.spec).unwrap_or_default())
        .collect();
    let networks = networks.iter().map(String::as_str);
    let left = left_by_now(input).into_iter().collect();
    let jobs = changes.jobs.iter().map(|job| &job.change);
    let jobs = jobs.flat_map(|job| [job.name.as_str(), job.hash.as_str()]);
    let services = services.chain(jobs);
    let parts = [services.collect::<Vec<_>>(), data.collect(), networks.collect(), left];
    let mut words = vec!["apply"];
    for part in &parts {
        words.extend(part);
        words.push("/");
    }
    input.needs_approval("apply what is declared".to_owned(), &words)
}

/// Ids of what is not declared any more, removed or not: what is removed first must not make
/// another change of what is left.
fn left_by_now<'a>(input: &PlanInput<'a>) -> BTreeSet<&'a str> {
    let changes = input.changes;
    let services = changes.services.iter().map(|s| (Kind::Service, s.name.as_str()));
    let networks = changes.networks.iter().map(|n| (Kind::Network, n.spec.name.as_str()));
    let data = changes.data.iter().map(|d| (d.object.kind, d.object.name.as_str()));
    let declared: BTreeSet<(Kind, &str)> = services.chain(networks).chain(data).collect();
    let inventory = input.ledger.into_iter().flat_map(|entry| &entry.record.inventory);
    let known = inventory
        .flat_map(|(kind, ids)| ids.iter().map(|(name, id)| ((*kind, name.as_str()), id.as_str())));
    let gone = known.filter(|(object, _)| !declared.contains(object)).map(|(_, id)| id);
    let left = changes.leftovers.iter().filter(|left| left.why == LeftoverKind::Undeclared);
    gone.chain(left.map(|left| left.target.id.as_str())).collect()
}

/// The step that writes a record; `None` when it is already there, or nothing is worth one.
pub(super) fn step(input: &PlanInput<'_>, record: LedgerRecord) -> Option<PlannedStep> {
    let before = input.ledger.map(|entry| &entry.record);
    let nothing = record.services.is_empty() && record.revision.is_none() && record.held.is_none();
    let nothing_yet = before.is_none() && nothing;
    if nothing_yet || before.is_some_and(|before| says_the_same(before, &record)) {
        return None;
    }
    let target = input.ledger.map(|entry| entry.target.clone());
    let stack = Some(input.changes.stack.clone());
    let step = Step::WriteLedger { stack, record: Box::new(record), target };
    Some(PlannedStep { stage: Stage::Ledger, step, needs: BTreeSet::new() })
}

/// A record is not written only because an older skep did not note who declares its source.
fn says_the_same(before: &LedgerRecord, record: &LedgerRecord) -> bool {
    before == record
        || (before.root.is_none()
            && *before == LedgerRecord { root: None, ..LedgerRecord::clone(record) })
}

/// Notes services that are about to be removed for this revision.
pub(super) fn removing(
    input: &PlanInput<'_>,
    mut record: LedgerRecord,
    services: Vec<String>,
) -> LedgerRecord {
    if !services.is_empty() {
        let revision = input.lineage.revision.clone();
        let before = record.removed.take().filter(|removed| removed.revision == revision);
        let before = before.map(|removed| removed.services).unwrap_or_default();
        let services = before.into_iter().chain(services).collect();
        record.removed = Some(Removed { revision, services });
    }
    record
}

/// The step that notes the same of a stack that is not declared any more; nothing else of its
/// record changes, so that what survives stays known.
pub(super) fn leaving(input: &PlanInput<'_>, services: Vec<String>) -> Option<PlannedStep> {
    let record = LedgerRecord::clone(&input.ledger?.record);
    step(input, removing(input, record, services))
}

/// Remembers a value. Nearly always it is there already, in each pass over many thousands of
/// services: then nothing is copied.
fn put(place: &mut Option<SpecHash>, value: &SpecHash) {
    if place.as_ref() != Some(value) {
        *place = Some(value.clone());
    }
}

fn note_attempt(service: &mut ServiceRecord, change: &ServiceChange) {
    put(&mut service.attempted, &change.hash);
    service.back = None;
    service.ignore.clone_from(&change.ignore);
    if service.retry.take().as_ref() == Some(&change.hash) {
        service.quarantine.remove(&change.hash);
        service.failure = None;
    }
    put(&mut service.loose, &change.loose);
    if let ImageState::Decided(declared, pinned) = &change.image
        && !change.ignore.cover(IMAGE)
        && service.image.as_ref().is_none_or(|(text, image)| (text, image) != (declared, pinned))
    {
        service.image = Some((declared.clone(), pinned.clone()));
    }
}

/// Tasks that fail, or a rollback, mean that what was attempted failed. The reason is kept from when
/// it did: after a rollback nothing in the swarm tells it any more.
fn note_failure(
    service: &mut ServiceRecord,
    change: &ServiceChange,
    input: &PlanInput<'_>,
) -> Option<FailedRevision> {
    let (live, attempted) = (change.live.as_ref()?, service.attempted.clone()?);
    let left = left_by_rollback(live, service, &attempted).map(|status| status.message.clone());
    let failed = failure::failed(input, change, service).map(|(_, why)| why);
    let why = failed.or(left)?;
    let revision = match attempted == change.hash && input.lineage.basis == Basis::Declared {
        true => Some(&input.lineage.revision),
        false => input.ledger.and_then(|entry| entry.record.revision.as_ref()),
    };
    let new = service.quarantine.insert(attempted);
    if new {
        service.failure = Some(why.clone());
    }
    let began = live.service.update_status.as_ref().and_then(|status| status.started_at);
    let (at, service) = (began.or(live.service.updated_at), change.name.clone());
    let revision = revision.filter(|_| new)?.clone();
    Some(FailedRevision { revision, service, at, why })
}

/// A spec whose tasks are all well is stable. A service that is as declared although it was never
/// written (it was adopted) counts as attempted.
fn note_success(service: &mut ServiceRecord, change: &ServiceChange, input: &PlanInput<'_>) {
    let Some(live) = &change.live else { return };
    if live.hash != change.hash
        || !change.fields.is_empty()
        || !matches!(live.owner, Owner::Ours | Owner::Unowned)
    {
        return;
    }
    let health = input.health.get(&change.name);
    if flight(live).is_none() && health.is_some_and(|h| h.state == HealthState::Healthy) {
        note_attempt(service, change);
        put(&mut service.stable, &change.hash);
        service.quarantine.remove(&change.hash);
        if service.quarantine.is_empty() {
            service.failure = None;
        }
    }
}

/// Everything of the stack that is there and ours, with its ids.
fn inventory(input: &PlanInput<'_>) -> Inventory {
    let mut inventory = Inventory::new();
    let mut put = |kind, name: &str, id: &str| {
        inventory.entry(kind).or_default().insert(name.to_owned(), id.to_owned());
    };
    for change in &input.changes.networks {
        if let Some((target, Owner::Ours | Owner::Unowned)) = &change.live {
            put(Kind::Network, &target.name, &target.id);
        }
    }
    for change in &input.changes.data {
        if let DataLive::Same { target, .. } = &change.live {
            put(change.object.kind, &target.name, &target.id);
        }
    }
    // Runs of hooks say by their labels whose they are, and go one by one.
    for change in input.changes.services.iter().filter(|change| change.hook.is_none()) {
        if let Some(live) = change.live.as_ref().filter(|l| !matches!(l.owner, Owner::Theirs(_))) {
            put(Kind::Service, &change.name, &live.service.id);
        }
    }
    for left in &input.changes.leftovers {
        put(left.object.kind, &left.object.name, &left.target.id);
    }
    keep_unseen(&mut inventory, input);
    inventory
}

/// What could not be seen may still be there: it stays known.
fn keep_unseen(inventory: &mut Inventory, input: &PlanInput<'_>) {
    let known = input.ledger.filter(|_| !input.view.observed.gaps.is_empty());
    for (kind, names) in known.iter().flat_map(|entry| &entry.record.inventory) {
        let unseen =
            names.iter().filter(|(name, _)| !input.view.has(&ObjectRef::new(*kind, name.as_str())));
        for (name, id) in unseen {
            inventory.entry(*kind).or_default().entry(name.clone()).or_insert(id.clone());
        }
    }
}
