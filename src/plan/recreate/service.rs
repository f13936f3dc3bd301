//! Services whose mode or endpoint mode differs: removed, and made again by the ordinary rules once
//! their tasks ended.

use super::users::{is_alive, volumes_that_stay};
use super::{PlanInput, id_of, unsafe_load};
use crate::diff::{LiveService, ServiceChange};
use crate::health::HealthState;
use crate::model::{HeldReason, Kind, ObjectRef, RecreatePolicy, Step};
use crate::plan::service::{Case, Verdict};

/// What is done about a service that can't be changed in place; `None` for any other.
pub(in crate::plan) fn of_service(case: &Case<'_>, live: &LiveService) -> Option<Verdict> {
    let path = case.change.unchangeable()?;
    let what = match path {
        "deploy.mode" => "the mode of a service",
        _ => "the endpoint mode of a service",
    };
    if case.change.recreate == RecreatePolicy::Never {
        return Some(Verdict::Hold(HeldReason::Immutable { what: what.to_owned() }));
    }
    let object = ObjectRef::new(Kind::Service, &case.change.name);
    let begun = id_of(case.input, &object) == Some(&live.service.id);
    let asks = case.change.recreate == RecreatePolicy::Confirm && !begun;
    let held = unsafe_load(case.input)
        .or_else(|| asks.then(|| approval(case, live, what)).flatten())
        .or_else(|| case.blocked());
    Some(held.map_or_else(|| Verdict::Take(withdrawal(live)), Verdict::Hold))
}

/// The step that takes a service away.
pub(super) fn withdrawal(live: &LiveService) -> Step {
    Step::Withdraw { kind: Kind::Service, target: live.target() }
}

fn approval(case: &Case<'_>, live: &LiveService, what: &str) -> Option<HeldReason> {
    let change = case.change;
    let tasks = case.input.health.get(&change.name).map_or(0, |health| health.wanted);
    let to = format!(
        "make service/{} anew, as {what} can't be changed: its {tasks} tasks end before new ones begin{}",
        change.name,
        volumes_that_stay(std::iter::once(change)),
    );
    let (from, into) = (live.hash.as_str(), change.hash.as_str());
    let words = ["make anew", change.name.as_str(), &live.service.id, from, into];
    case.input.needs_approval(to, &words)
}

/// A service that was taken away comes back once the tasks of the one before it ended: two of them
/// would share its volumes.
pub(in crate::plan) fn still_stopping(
    change: &ServiceChange,
    input: &PlanInput<'_>,
) -> Option<HeldReason> {
    let id = id_of(input, &ObjectRef::new(Kind::Service, &change.name))?;
    let tasks = input.view.observed.tasks.get(id).into_iter().flatten();
    let alive = tasks.filter(|seen| is_alive(&seen.task, input)).count();
    let on = || format!("{alive} tasks that were taken away with the service and still stop");
    (alive > 0).then(|| HeldReason::Waiting { on: on() })
}

/// True while a service is away, and while the one that came after it is on its way.
pub(super) fn lasts(input: &PlanInput<'_>, name: &str, id: &str) -> bool {
    let Some(change) = input.changes.services.iter().find(|change| change.name == name) else {
        return false;
    };
    let Some(live) = &change.live else { return true };
    let health = input.health.get(name);
    let open = health.is_none_or(|health| health.state == HealthState::Progressing);
    live.service.id != id && open
}
