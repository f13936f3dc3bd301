//! `x-skep.rollout`: a service's own, over that of its stack.

use std::time::Duration;

use super::Stage;
use crate::load::compose::MODE;
use crate::load::compose::{OnFailureForm, RolloutForm, Service};
use crate::load::yaml::KeyPath;
use crate::model::{Canary, OnFailure, RolloutPolicy};

/// What an operator takes where nothing is declared, to hold one declared time against the others.
const USUAL: [Duration; 3] =
    [Duration::from_secs(10), Duration::from_secs(300), Duration::from_secs(600)];
/// The times in the order of their lengths.
const TIMES: [&str; 3] = ["min_healthy", "healthy_deadline", "progress_deadline"];

/// Times as declared, in their order; those that can't be are left out.
type Times = [Option<Duration>; 3];

impl Stage<'_, '_> {
    /// The stack's own; told once, whatever services there are.
    pub(super) fn rollout_of_all(&mut self) -> RolloutPolicy {
        let Some(form) = self.settings.rollout.clone() else { return RolloutPolicy::default() };
        let root = KeyPath::root();
        let settings = root.key("x-skep");
        let here = settings.key("rollout");
        let times = self.times(&form, &[None; 3], &here);
        let canary = self.canary(&form, None, &here);
        let on_failure = form.on_failure.map(on_failure).unwrap_or_default();
        RolloutPolicy { canary, ..policy(times, on_failure) }
    }

    /// How rollouts of a service are judged, and what follows when one failed.
    pub(super) fn rollout(&mut self, service: &Service, path: &KeyPath<'_>) -> RolloutPolicy {
        let settings = path.key("x-skep");
        let here = settings.key("rollout");
        let form = service.settings.as_ref().and_then(|settings| settings.rollout.clone());
        if form.as_ref().is_some_and(|form| form.atomic.is_some()) {
            let remark = (
                "a stack is atomic, not one of its services",
                "write it under x-skep.rollout at the top of the file",
            );
            self.error(&here.key("atomic"), remark);
        }
        let own = form.as_ref().and_then(|form| form.on_failure).map(on_failure);
        let action = failure_action(service);
        if matches!(own, Some(OnFailure::Pause | OnFailure::Continue))
            && action == Some(OnFailure::Rollback)
        {
            let message = "the engine rolls back by itself: failure_action says so";
            let remark = (message, "write failure_action: pause or continue as well");
            self.warning(&here.key("on_failure"), remark);
        }
        let of_all = self.rollout;
        let shared = [of_all.min_healthy, of_all.healthy_deadline, of_all.progress_deadline];
        let canary = self.canary_of(service, form.as_ref(), &here);
        let times = form.map_or(shared, |form| self.times(&form, &shared, &here));
        RolloutPolicy { canary, ..policy(times, own.or(action).unwrap_or(of_all.on_failure)) }
    }

    /// The canaries of a service: its own, else those of its stack. Only a replicated service that
    /// goes on for ever has any.
    fn canary_of(
        &mut self,
        service: &Service,
        form: Option<&RolloutForm>,
        path: &KeyPath<'_>,
    ) -> Option<Canary> {
        let shared = self.rollout.canary;
        let canary = match form {
            Some(form) => self.canary(form, shared, path),
            None => shared,
        };
        let mode = service.deploy.as_ref().and_then(|deploy| deploy.mode.as_deref());
        let mode = mode.filter(|mode| !mode.is_empty()).unwrap_or(MODE);
        if mode == MODE {
            return canary;
        }
        let own = form.is_some_and(|form| form.canary.is_some() || form.barrier.is_some());
        if canary.is_some() && own {
            let barrier = form.is_some_and(|form| form.canary.is_none());
            let key = if barrier { "barrier" } else { "canary" };
            let message = format!("a service of the mode {mode} has no first tasks");
            self.error(&path.key(key), (message, "remove it, or make the service replicated"));
        }
        None
    }

    /// The canaries that a form says, over those that hold without it.
    fn canary(
        &mut self,
        form: &RolloutForm,
        shared: Option<Canary>,
        path: &KeyPath<'_>,
    ) -> Option<Canary> {
        let barrier = form.barrier == Some(true);
        if barrier && form.canary.is_some() {
            let remark =
                ("'canary' stands beside it", "write one of the two: a barrier is one task");
            self.error(&path.key("barrier"), remark);
        }
        let tasks = match (form.canary, form.barrier) {
            (Some(tasks), _) => Some(tasks),
            (None, Some(true)) => Some(1),
            (None, Some(false)) => None,
            (None, None) => shared.map(|canary| canary.tasks),
        };
        let own = form.promote_after.as_ref().map(|time| time.0);
        if own.is_some_and(i64::is_negative) {
            let remark = ("this time can't be shorter than none", "write 10m or the like");
            self.error(&path.key("promote_after"), remark);
        }
        let Some(tasks) = tasks.filter(|tasks| *tasks > 0) else {
            if own.is_some() {
                let remark =
                    ("there are no first tasks that it could be about", "write canary: 1 as well");
                self.error(&path.key("promote_after"), remark);
            }
            return None;
        };
        let own = own.map(|time| Duration::from_nanos(u64::try_from(time).unwrap_or_default()));
        let inherited = shared.and_then(|canary| canary.promote_after);
        let promote_after = own.or(if barrier { Some(Duration::ZERO) } else { inherited });
        Some(Canary { tasks, promote_after })
    }

    /// The three times of a form, over those that hold without it. Each has to be shorter than the
    /// next: a task that has to run longer than it may take never becomes healthy in time.
    fn times(&mut self, form: &RolloutForm, shared: &Times, path: &KeyPath<'_>) -> Times {
        let declared = times(form);
        let mut times = *shared;
        for (index, nanos) in declared.iter().enumerate() {
            let Some(nanos) = nanos else { continue };
            match u64::try_from(*nanos) {
                Ok(nanos) if nanos > 0 => times[index] = Some(Duration::from_nanos(nanos)),
                _ => {
                    let remark = ("this time has to be longer than none", "write 10s or the like");
                    self.error(&path.key(TIMES[index]), remark);
                    return *shared;
                }
            }
        }
        let whole = [0, 1, 2].map(|index| times[index].unwrap_or(USUAL[index]));
        let wrong = [0, 1].into_iter().find(|index| whole[*index] >= whole[*index + 1]);
        if let Some(index) = wrong.filter(|_| declared != [None; 3]) {
            let (short, long) = (TIMES[index], TIMES[index + 1]);
            let culprit = if declared[index].is_some() { short } else { long };
            let lengths = [index, index + 1].map(|index| whole[index]);
            let message = format!(
                "'{short}' ({:?}) is not shorter than '{long}' ({:?})",
                lengths[0], lengths[1]
            );
            let hint =
                "a task has to last within its deadline, and tasks become healthy one by one";
            self.error(&path.key(culprit), (message, hint));
        }
        times
    }
}

fn policy(
    [min_healthy, healthy_deadline, progress_deadline]: Times,
    on_failure: OnFailure,
) -> RolloutPolicy {
    let canary = None;
    RolloutPolicy { min_healthy, healthy_deadline, progress_deadline, on_failure, canary }
}

fn times(form: &RolloutForm) -> [Option<i64>; 3] {
    let times = [&form.min_healthy, &form.healthy_deadline, &form.progress_deadline];
    times.map(|time| time.as_ref().map(|time| time.0))
}

fn on_failure(form: OnFailureForm) -> OnFailure {
    match form {
        OnFailureForm::Rollback => OnFailure::Rollback,
        OnFailureForm::Pause => OnFailure::Pause,
        OnFailureForm::Continue => OnFailure::Continue,
    }
}

/// What the engine was told to do by the file itself; its default was not told by anybody.
fn failure_action(service: &Service) -> Option<OnFailure> {
    let update = service.deploy.as_ref()?.update_config.as_ref()?;
    OnFailure::of_action(update.failure_action.as_deref()?)
}
