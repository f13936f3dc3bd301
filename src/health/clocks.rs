//! The three clocks of a rollout, and what a service itself declares about them.

use std::time::Duration;

use crate::model::RolloutPolicy;
use crate::model::engine::{Healthcheck, ServiceSpec, UpdateConfig};

/// The engine's default for the time between health probes, and for how long one may take.
const PROBE: Duration = Duration::from_secs(30);
/// The engine's default for failed probes in a row.
const RETRIES: u32 = 3;
/// The engine's default for the time that a new task is watched (`defaultMonitor`, swarmkit).
const MONITOR: Duration = Duration::from_secs(5);
/// The engine's default for the time between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_secs(10);

/// How long things have to last, and how long they may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// So long a task has to run before it counts.
    pub min_healthy: Duration,
    /// In this time each task has to become healthy.
    pub healthy_deadline: Duration,
    /// So long a rollout may go on without another task becoming healthy.
    pub progress_deadline: Duration,
    /// So long a job may run; `None` for as long as it likes.
    pub job_limit: Option<Duration>,
}

impl Default for Clocks {
    /// Nomad's defaults: 10 seconds, 5 minutes and 10 minutes.
    fn default() -> Self {
        Self {
            min_healthy: Duration::from_secs(10),
            healthy_deadline: Duration::from_secs(300),
            progress_deadline: Duration::from_secs(600),
            job_limit: None,
        }
    }
}

impl Clocks {
    /// These clocks where a policy says nothing else.
    #[must_use]
    pub fn under(self, policy: &RolloutPolicy) -> Self {
        Self {
            min_healthy: policy.min_healthy.unwrap_or(self.min_healthy),
            healthy_deadline: policy.healthy_deadline.unwrap_or(self.healthy_deadline),
            progress_deadline: policy.progress_deadline.unwrap_or(self.progress_deadline),
            ..self
        }
    }

    /// These clocks for a job that may run so long.
    #[must_use]
    pub fn limited_to(self, job_limit: Option<Duration>) -> Self {
        Self { job_limit, ..self }
    }

    /// The clocks with the time that the service asks for by its own declaration.
    ///
    /// * A task that its author has watched for longer than `min_healthy` (`monitor`) is not
    ///   trusted earlier. A health check adds nothing here: the engine calls a task running only
    ///   after the first healthy answer.
    /// * A task may take until the engine itself would give its health check up: the start period,
    ///   then each retry with its interval and timeout. Before, it may wait for the task that it
    ///   replaces to stop (`stop_grace_period`), and for the delay before a restart.
    /// * Between two tasks that become healthy there may be the update's delay, and the time that
    ///   the engine watches the last one (`monitor`), which a longer delay prolongs
    ///   (`updater.go`: a delay of at least the monitor makes the monitor one second longer than it).
    pub(super) fn extended_by(self, spec: &ServiceSpec) -> Self {
        let update = spec.update_config.as_deref();
        let (delay, monitor) = (delay(update), monitor(update));
        let task = probing(spec) + grace(spec) + restart(spec);
        let between = task + delay + monitor.unwrap_or(MONITOR).max(delay);
        Self {
            min_healthy: self.min_healthy.max(monitor.unwrap_or_default()),
            healthy_deadline: self.healthy_deadline + task,
            progress_deadline: self.progress_deadline + between,
            ..self
        }
    }
}

/// A time of the engine's API; `None` when it is zero or negative, which stands for its default.
fn nanos(time: i64) -> Option<Duration> {
    u64::try_from(time).ok().filter(|time| *time > 0).map(Duration::from_nanos)
}

fn delay(update: Option<&UpdateConfig>) -> Duration {
    update.and_then(|update| nanos(update.delay)).unwrap_or_default()
}

fn monitor(update: Option<&UpdateConfig>) -> Option<Duration> {
    update.and_then(|update| nanos(update.monitor))
}

/// Time until the engine would give a health check up for the first time.
fn probing(spec: &ServiceSpec) -> Duration {
    let container = spec.task_template.container_spec.as_ref();
    let probe = container.and_then(|container| container.healthcheck.as_deref());
    let Some(probe) = probe.filter(|probe| !is_none(probe)) else { return Duration::ZERO };
    let retries = u32::try_from(probe.retries).ok().filter(|retries| *retries > 0);
    let each = nanos(probe.interval).unwrap_or(PROBE) + nanos(probe.timeout).unwrap_or(PROBE);
    nanos(probe.start_period).unwrap_or_default() + each.saturating_mul(retries.unwrap_or(RETRIES))
}

fn is_none(probe: &Healthcheck) -> bool {
    probe.test.first().is_some_and(|word| word == "NONE")
}

/// Only a grace that was declared longer than the engine's own counts: the clocks have room for
/// the usual one.
fn grace(spec: &ServiceSpec) -> Duration {
    let container = spec.task_template.container_spec.as_ref();
    let grace = container.and_then(|container| container.stop_grace_period).and_then(nanos);
    grace.map_or(Duration::ZERO, |grace| grace.saturating_sub(GRACE))
}

fn restart(spec: &ServiceSpec) -> Duration {
    let policy = spec.task_template.restart_policy.as_deref();
    policy.and_then(|policy| policy.delay).and_then(nanos).unwrap_or_default()
}
