//! What is done about one service. The rules are asked in order; the first that speaks decides.

use std::sync::Arc;

use super::whole::{self, Culprit};
use super::{Action, Contested, Drift, PlanInput, canary, failure, paused, recreate, runs};
use crate::diff::{
    HOLD_LABEL, ImageState, LiveService, Masked, Owner, ServiceChange, fields::REPLICAS,
};
use crate::model::engine::{Replicated, ServiceMode, UpdateState, UpdateStatus};
use crate::model::{
    HeldReason, Kind, ObjectRef, ServiceRecord, SpecHash, Step, SuspendedBy, UpdateManner,
};

/// What stands for a value that may be a secret (law 10).
pub(super) const HIDDEN: &str = "(hidden)";

/// What is done about a service.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verdict {
    /// Nothing differs.
    Leave,
    /// Something differs and nothing is done.
    Hold(HeldReason),
    /// A step is taken.
    Take(Step),
    /// A step is taken, and something else about the service is held.
    TakeAndHold(Step, HeldReason),
}

/// One service before the decision.
pub(super) struct Case<'a> {
    pub(super) change: &'a ServiceChange,
    pub(super) record: Option<&'a ServiceRecord>,
    pub(super) drift: Option<&'a Drift>,
    pub(super) culprit: Option<&'a Culprit>,
    pub(super) input: &'a PlanInput<'a>,
}

impl Case<'_> {
    /// Decides.
    pub(super) fn decide(&self) -> Verdict {
        let first = self.retried().or_else(|| runs::verdict(self));
        let first = first.or_else(|| failure::verdict(self));
        let first = first.or_else(|| whole::verdict(self, self.culprit));
        if let Some(verdict) = first.or_else(|| canary::verdict(self)) {
            return verdict;
        }
        if let Some(verdict) = paused::verdict(self) {
            return verdict;
        }
        let Some(drift) = self.drift else { return Verdict::Leave };
        match &self.change.live {
            None => self
                .failed_before()
                .or_else(|| self.blocked())
                .or_else(|| recreate::still_stopping(self.change, self.input))
                .map_or_else(|| self.create(), Verdict::Hold),
            Some(live) => self
                .not_ours(live)
                .or_else(|| held_by_label(live))
                .map(Verdict::Hold)
                .or_else(|| self.failed(live).map(|reason| self.after_failure(reason)))
                .or_else(|| recreate::of_service(self, live))
                .unwrap_or_else(|| self.write(live, drift)),
        }
    }

    /// What is declared failed: it is held, and what runs instead may still need something.
    fn after_failure(&self, reason: HeldReason) -> Verdict {
        failure::aftermath(self, &reason).unwrap_or(Verdict::Hold(reason))
    }

    fn write(&self, live: &LiveService, drift: &Drift) -> Verdict {
        self.runs_again(live)
            .or_else(|| self.in_flight(live))
            .or_else(|| self.blocked())
            .map_or_else(|| self.contested(live, drift), Verdict::Hold)
    }

    /// A person wants what failed to be tried once more.
    fn retried(&self) -> Option<Verdict> {
        let live = self.change.live.as_ref().filter(|_| self.change.unchangeable().is_none())?;
        let retry = self.record?.retry.as_ref().filter(|spec| **spec == self.change.hash);
        retry?;
        let held = self.not_ours(live).or_else(|| held_by_label(live)).or_else(|| self.blocked());
        Some(held.map_or_else(|| Verdict::Take(self.again(live)), Verdict::Hold))
    }

    /// The spec anew. Where it stands already, new tasks have to be asked for.
    fn again(&self, live: &LiveService) -> Step {
        let mut step = self.update(live);
        if let Step::UpdateService { spec, .. } = &mut step
            && live.hash == self.change.hash
        {
            Arc::make_mut(spec).task_template.force_update += 1;
        }
        step
    }

    fn create(&self) -> Verdict {
        let mut spec = self.change.wanted.shared();
        if let Some(ServiceMode::Replicated(Replicated { replicas: None })) = spec.mode {
            // One that is made anew is as large as it was scaled to.
            let scaled = self.record.and_then(|record| record.replicas);
            let replicas = Some(scaled.unwrap_or(1));
            let mode = ServiceMode::Replicated(Replicated { replicas });
            Arc::make_mut(&mut spec).mode = Some(mode);
        }
        Verdict::Take(Step::CreateService { spec })
    }

    /// True for what is not ours, or not yet.
    pub(super) fn is_foreign(&self, live: &LiveService) -> bool {
        self.not_ours(live).is_some()
    }

    /// Somebody else's, or ours to adopt: by itself only when no task changes.
    fn not_ours(&self, live: &LiveService) -> Option<HeldReason> {
        match &live.owner {
            Owner::Ours => None,
            Owner::Theirs(owner) => Some(HeldReason::NotOurs { owner: owner.clone() }),
            Owner::Unowned if !self.change.touches_tasks() => None,
            Owner::Unowned => {
                self.asked("take over a service that was deployed by hand and differs", live)
            }
        }
    }

    /// What failed by its own fault is not tried again (law 3). A spec that was left by a
    /// rollback, the engine's or a person's, failed.
    fn failed(&self, live: &LiveService) -> Option<HeldReason> {
        let record = self.record?;
        if record.quarantine.contains(&self.change.hash) {
            let status = live.service.update_status.as_ref().map(|status| &status.message);
            let why = record.failure.as_ref().or(status).map_or("earlier", String::as_str);
            return Some(HeldReason::Quarantined { why: why.to_owned() });
        }
        left_by_rollback(live, record, &self.change.hash)
            .map(|status| HeldReason::Quarantined { why: status.message.clone() })
    }

    /// What failed is not made anew either, when somebody removed the service (law 3), unless a
    /// person asks for it, or skep itself took it away for something else.
    fn failed_before(&self) -> Option<HeldReason> {
        let record = self.record?;
        let object = ObjectRef::new(Kind::Service, &self.change.name);
        let asked = record.retry.as_ref() == Some(&self.change.hash)
            || recreate::is_under_way(self.input, &object);
        let why = || record.failure.clone().unwrap_or_else(|| "earlier".to_owned());
        (record.quarantine.contains(&self.change.hash) && !asked)
            .then(|| HeldReason::Quarantined { why: why() })
    }

    /// Every write of a job runs it again, one that only changes a label too.
    fn runs_again(&self, live: &LiveService) -> Option<HeldReason> {
        let job = live.service.spec.mode.as_ref().is_some_and(ServiceMode::is_job);
        if !job || self.change.touches_tasks() {
            return None;
        }
        self.asked("run the job again: a change of its labels does that", live)
    }

    /// Waits for a yes to exactly this: from what is there to what is wanted.
    fn asked(&self, to: &str, live: &LiveService) -> Option<HeldReason> {
        let (from, into) = ((&live.hash, &live.loose), (&self.change.hash, &self.change.loose));
        let hashes = [from.0, from.1, into.0, into.1].map(SpecHash::as_str);
        let words = [&[to, &live.service.id][..], &hashes[..]].concat();
        self.input.needs_approval(to.to_owned(), &words)
    }

    /// A rollout of ours is left alone, but for a newer spec (law 2).
    fn in_flight(&self, live: &LiveService) -> Option<HeldReason> {
        let state = flight(live)?;
        let ours = self.record.and_then(|record| record.attempted.as_ref()) == Some(&live.hash);
        (ours && live.hash == self.change.hash)
            .then(|| HeldReason::RolloutRunning { state: state_word(state) })
    }

    /// Something that the spec needs is not there, or not known.
    pub(super) fn blocked(&self) -> Option<HeldReason> {
        if let Some(reason) = runs::blocked(self) {
            return Some(reason);
        }
        if let Some(missing) = self.change.missing.first() {
            return Some(HeldReason::Waiting { on: format!("{missing}, which does not exist") });
        }
        match &self.change.image {
            ImageState::Decided(..) => None,
            ImageState::Unasked => Some(HeldReason::Waiting { on: "the registry's answer".into() }),
            ImageState::Unreachable(why) => {
                Some(HeldReason::Waiting { on: format!("the registry: {why}") })
            }
            ImageState::Refused(why) => Some(HeldReason::Quarantined { why: why.clone() }),
        }
    }

    /// Writes, but leaves a contested field to the other side.
    fn contested(&self, live: &LiveService, drift: &Drift) -> Verdict {
        let contests = &self.input.memory.contests;
        let fields = drift.fields();
        let fight = fields.iter().find_map(|field| {
            let ours = field.change.new.as_deref().unwrap_or_default();
            let fight = contests.over(&self.change.name, &field.change.path, ours)?;
            let hidden = || Contested { ours: HIDDEN.to_owned(), theirs: HIDDEN.to_owned() };
            let shown = if field.change.masked == Masked::Yes { hidden() } else { fight };
            Some((field.change.path.clone(), shown))
        });
        let Some((path, fight)) = fight else { return Verdict::Take(self.update(live)) };
        let reason =
            HeldReason::Contested { field: path.clone(), ours: fight.ours, theirs: fight.theirs };
        let only_replicas = path == REPLICAS && fields.len() > 1;
        match self.update(live) {
            Step::UpdateService { target, mut spec, manner } if only_replicas => {
                Arc::make_mut(&mut spec).mode.clone_from(&live.service.spec.mode);
                Verdict::TakeAndHold(Step::UpdateService { target, spec, manner }, reason)
            }
            _ => Verdict::Hold(reason),
        }
    }

    fn update(&self, live: &LiveService) -> Step {
        let manner =
            if flight(live).is_some() { UpdateManner::Supersede } else { UpdateManner::Update };
        let spec = canary::first_form(self, live, self.change.wanted.shared());
        Step::UpdateService { target: live.target(), spec, manner }
    }
}

/// The plain label with which a person stops writes to one service.
pub(super) fn held_by_label(live: &LiveService) -> Option<HeldReason> {
    let why = live.service.spec.labels.get(HOLD_LABEL)?;
    Some(HeldReason::Suspended { by: SuspendedBy::Label, why: why.clone(), until: None })
}

/// The rollback that left exactly what was attempted last, if there is one.
pub(super) fn left_by_rollback<'a>(
    live: &'a LiveService,
    record: &ServiceRecord,
    wanted: &crate::model::SpecHash,
) -> Option<&'a UpdateStatus> {
    let status = live.service.update_status.as_ref()?;
    let left = record.attempted.as_ref() == Some(wanted) && live.hash != *wanted;
    (status.state.is_rollback() && left).then_some(status)
}

/// The state of a rollout in flight.
pub(super) fn flight(live: &LiveService) -> Option<&UpdateState> {
    let state = &live.service.update_status.as_ref()?.state;
    state.in_flight().then_some(state)
}

/// The engine's word for a rollout's state.
pub(super) fn state_word(state: &UpdateState) -> String {
    serde_json::to_value(state)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// What is more than an update of a service that is there.
pub(super) fn action_of(change: &ServiceChange) -> Option<Action> {
    let live = change.live.as_ref()?;
    match live.owner {
        _ if change.unchangeable().is_some() => Some(Action::Recreate),
        Owner::Unowned => Some(Action::Adopt),
        _ => None,
    }
}
