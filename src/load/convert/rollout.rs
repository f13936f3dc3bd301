//! `x-skep.rollout`: a service's own, over that of its stack.

use std::time::Duration;

use super::Stage;
use crate::load::compose::{OnFailureForm, RolloutForm, Service};
use crate::load::yaml::KeyPath;
use crate::model::{OnFailure, RolloutPolicy};

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
        let times = self.times(&form, &[None; 3], &settings.key("rollout"));
        policy(times, form.on_failure.map(on_failure).unwrap_or_default())
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
        let times = form.map_or(shared, |form| self.times(&form, &shared, &here));
        policy(times, own.or(action).unwrap_or(of_all.on_failure))
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
    RolloutPolicy { min_healthy, healthy_deadline, progress_deadline, on_failure }
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
