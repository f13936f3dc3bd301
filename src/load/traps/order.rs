//! `depends_on` that waits for something that never comes.

use crate::load::findings::Remark;
use crate::model::engine::ServiceMode;
use crate::model::{Condition, DesiredService};

/// A service that is started again whenever it ends has never completed.
pub fn never_completes(until: Condition, first: &DesiredService) -> Option<Remark> {
    let job = first.spec.mode.as_ref().is_some_and(ServiceMode::is_job);
    let policy = first.spec.task_template.restart_policy.as_deref();
    let ends = policy.is_some_and(|policy| matches!(&*policy.condition, "none" | "on-failure"));
    if until != Condition::Completed || job || ends {
        return None;
    }
    let message = "this service is started again whenever it ends, so it never counts as completed";
    let hint = "give it deploy: {mode: replicated-job}, or restart_policy: {condition: on-failure}";
    Some(Remark::from((message, hint)))
}
