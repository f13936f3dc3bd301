//! Jobs: services whose tasks end.

use super::{Case, Health, HealthState, progress};
use crate::model::engine::{ServiceMode, TaskState};

/// Judges a job by the tasks of its newest run.
pub(super) fn judge(case: &Case<'_>) -> Health {
    let newest = case.tasks.iter().filter_map(|seen| seen.task.job_iteration).max();
    let run = case.tasks.iter().filter(|seen| seen.task.job_iteration == newest);
    let states: Vec<TaskState> = run.clone().map(|seen| seen.task.status.state).collect();
    let (started, completed) = progress(run.clone());
    let wanted = wanted(case, &states);
    let failed = run.filter(|seen| {
        seen.task.status.state == TaskState::Failed && seen.task.desired_state > TaskState::Running
    });
    let (state, why) = match failed.count() {
        _ if completed >= wanted && !states.is_empty() => (HealthState::Healthy, String::new()),
        _ if wanted == 0 => (HealthState::Healthy, String::new()),
        failed if failed > 0 && gave_up(&states) => {
            (HealthState::Failed, format!("{failed} tasks of the job failed"))
        }
        _ => (HealthState::Progressing, "the job runs".to_owned()),
    };
    Health { state, running: completed.min(wanted), wanted, started, completed, why }
}

fn wanted(case: &Case<'_>, states: &[TaskState]) -> u64 {
    match case.mode() {
        Some(ServiceMode::ReplicatedJob(job)) => {
            job.total_completions.or(job.max_concurrent).unwrap_or(1)
        }
        _ => states.len() as u64,
    }
}

/// True when nothing of the run goes on.
fn gave_up(states: &[TaskState]) -> bool {
    states.iter().all(|state| *state > TaskState::Running)
}
